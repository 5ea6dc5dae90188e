"""``route`` of the stand-in: its forms, messages and exit statuses, 0 on refusal among them.

Written from network_cmds' route.tproj/route.c: main, newroute, rtmsg. What a request does is in ``kernel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos import kernel
from tests.macos.kernel import EEXIST, EINVAL, ENETUNREACH, ESRCH, RoutingError
from tests.macos.machine import Key, Row
from tests.macos.route_words import (
    EX_NOPERM,
    EX_USAGE,
    UNKNOWN_NAME,
    Complaint,
    Destination,
    bad_address,
    inet6_address,
    inet6_destination,
    inet_aton,
    inet_destination,
    inet_mask,
    prefix_length,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.macos.machine import Machine

USAGE = "usage: route [-dnqtv] command [[modifiers] args]"
SAYS = {ESRCH: "not in table", EEXIST: "File exists", EINVAL: "Invalid argument", ENETUNREACH: "Network is unreachable"}
FLAG_WORDS = {
    "reject": "R",
    "blackhole": "B",
    "cloning": "C",
    "llinfo": "L",
    "xresolve": "X",
    "proto1": "1",
    "proto2": "2",
}
METRICS = ("mtu", "hopcount", "expire", "recvpipe", "sendpipe", "ssthresh", "rtt", "rttvar")
TAKES_ONE = ("ifscope", "netmask", "prefixlen", "ifp", "ifa", "gateway", "dst", "genmask", *METRICS)


def run(machine: Machine, words: list[str]) -> tuple[int, str, str]:
    """Run ``route WORDS`` and return exit status, standard output and standard error."""
    try:
        options, rest = _options(words)
        if _permitted(machine, rest) == "flush":
            return 0, _flushed(machine, rest[1:]), ""
        request = Request(machine, rest[1:])
    except Complaint as complaint:
        return complaint.status, "", f"{complaint.text}\n"
    return _sent(machine, rest[0], request, pretend=bool(set(options) & set("td")))


def _permitted(machine: Machine, rest: list[str]) -> str:
    """Return the command, if it is one, and this caller may give it."""
    command = rest[0].lower() if rest else ""
    if command not in ("add", "delete", "change", "get", "flush"):
        raise _usage(rest[0] if rest else None)
    if command != "get" and not machine.root:
        raise Complaint(EX_NOPERM, "route: must be root to alter routing table")
    return command


def _options(words: list[str]) -> tuple[str, list[str]]:
    options = ""
    for place, word in enumerate(words):
        if not word.startswith("-"):
            return options, words[place:]
        options += word[1:]
        if set(word[1:]) - set("nqdtv"):
            raise Complaint(EX_USAGE, USAGE)
    return options, []


def _usage(keyword: str | None) -> Complaint:
    said = f"route: bad keyword: {keyword}\n" if keyword is not None else ""
    return Complaint(EX_USAGE, said + USAGE)


class Request:
    """What the words after the command ask for."""

    def __init__(self, machine: Machine, words: list[str]) -> None:
        """Read the words in their order: what changes how a word is read must stand before it."""
        self._machine = machine
        self.family = ""
        self.destination: Destination | None = None
        self.gateway = self.gateway_word = ""
        self.zone = self.scope = self.ifindex = 0
        self.flags = "US"
        self._length: int | None = None
        self._net = self._host = self._by_interface = False
        queue = list(words)
        while queue:
            word = queue.pop(0)
            if not word.startswith("-"):
                self._positional(word)
                continue
            keyword = word[1:].lower()
            if keyword in TAKES_ONE:
                if not queue:
                    raise _usage(None)
                self._valued(keyword, queue.pop(0))
            else:
                self._bare(keyword, word[1:])
        if not self._by_interface:
            self.flags += "G"

    @property
    def key(self) -> Key:
        """Return the key the kernel is given. EINVAL where no destination was."""
        if self.destination is None:
            raise RoutingError(EINVAL)
        length = None if self.is_host else self._length
        return Key(self.family, self.destination.address, length, self.destination.zone or self.scope)

    @property
    def is_host(self) -> bool:
        """Tell what the answer calls "host"; ``-net`` wins over all else."""
        named = self.destination is not None and self.destination.is_host
        return not self._net and (named or self._host)

    def _bare(self, keyword: str, written: str) -> None:
        if keyword in ("inet", "inet6"):
            self.family = keyword
        elif keyword == "net":
            self._net = True
        elif keyword == "host":
            self._host = True
        elif keyword in ("interface", "iface"):
            self._by_interface = True
        elif keyword == "nostatic":
            self.flags = self.flags.replace("S", "")
        elif keyword in FLAG_WORDS:
            self.flags += FLAG_WORDS[keyword]
        elif keyword not in ("static", "lock", "lockrest"):
            raise _usage(written)

    def _valued(self, keyword: str, word: str) -> None:
        valued: dict[str, Callable[[str], None]] = {
            "ifscope": self._ifscope,
            "netmask": self._netmask,
            "prefixlen": self._prefixlen,
            "ifp": self._ifp,
            "gateway": self._to,
            "dst": self._at,
        }
        if keyword in valued:
            valued[keyword](word)

    def _positional(self, word: str) -> None:
        if self.destination is None:
            self._at(word)
        elif not self.gateway_word:
            self._to(word)
        else:
            self._mask(word)

    def _at(self, word: str) -> None:
        self.family = self.family or "inet"
        if word == "default":
            self._net = True
            self.destination = Destination(kernel.ZERO[self.family], 0, is_host=False, echo=word)
        elif self.family == "inet6":
            self.destination = inet6_destination(word, self._index_of)
        else:
            self.destination = inet_destination(word, as_net=self._net, as_host=self._host)
        if self.destination.length is not None:
            self._length = self.destination.length

    def _to(self, word: str) -> None:
        self.family = self.family or "inet"
        self.gateway_word = word
        interface = self._machine.named(word) if self._by_interface else None
        if interface is not None:  # Ethernet's name is ignored when it is printed: its own address stands there
            self.gateway, self.ifindex = interface.mac or interface.name, interface.ifindex
        elif word == "default":
            self.gateway = kernel.ZERO[self.family]
        elif self.family == "inet6":
            self.gateway, self.zone = inet6_address(word, self._index_of)
        else:
            value = inet_aton(word)
            if value is None:
                raise bad_address(word)
            self.gateway = ".".join(map(str, value.to_bytes(4, "big")))

    def _mask(self, word: str) -> None:
        self.family = self.family or "inet"
        if self.family == "inet6":
            raise Complaint(1, f"{word}: {UNKNOWN_NAME}")  # nobody writes an IPv6 mask as an address
        self._length = 0 if word == "default" else inet_mask(word)

    def _netmask(self, word: str) -> None:
        self._mask(word)
        self._net = True

    def _prefixlen(self, word: str) -> None:
        if not self.family:
            raise Complaint(1, "prefixlen not supported in this af")
        most = kernel.BITS[self.family]
        self._length = prefix_length(word, most)
        self._net = self._length != most
        self._host |= self._length == most

    def _ifscope(self, word: str) -> None:
        self.scope = self._index_of(word)
        if not self.scope:
            raise Complaint(1, "route: bad interface name")

    def _ifp(self, word: str) -> None:
        self.ifindex = self.ifindex or self._index_of(word)

    def _index_of(self, name: str) -> int:
        interface = self._machine.named(name)
        return interface.ifindex if interface else 0


def _flushed(machine: Machine, words: list[str]) -> str:
    """Delete all that has a gateway, whoever's it is: the default, and what VPNs that live have added."""
    families = [word[1:] for word in words if word in ("-inet", "-inet6")] or ["inet", "inet6"]
    gone = [row for row in machine.rows if "G" in row.flags and row.family in families]
    machine.rows = [row for row in machine.rows if row not in gone]
    return "".join(f"{row.address:<20.20} {row.gateway:<20.20} done\n" for row in gone)


def _sent(machine: Machine, command: str, request: Request, *, pretend: bool) -> tuple[int, str, str]:
    """Write the request to the routing socket, and say what became of it; the exit status is 0 either way."""
    kind = "host" if request.is_host else "net"
    echo = request.destination.echo if request.destination else ""
    said = f"{command} {kind} {echo}"
    said += f": gateway {request.gateway_word}" if request.gateway_word else ""
    found = ""
    try:
        if not pretend:
            found = DOES[command.lower()](machine, request)
    except RoutingError as error:
        why = SAYS[error.number]
        said = "" if command.lower() == "get" else f"{said}: {why}\n"
        return 0, said, f"route: writing to routing socket: {why}\n"
    return 0, found if command.lower() == "get" else f"{said}\n", ""


def _add(machine: Machine, request: Request) -> str:
    key = request.key
    if not request.gateway:
        raise RoutingError(EINVAL)
    index = request.ifindex or request.zone or _towards(machine, request)
    row = Row(*key, index, request.gateway, request.zone, flags=request.flags)
    kernel.add(machine, row._replace(scope=key.scope))
    return ""


def _towards(machine: Machine, request: Request) -> int:
    return kernel.towards(machine, request.family, request.gateway, request.scope)


def _delete(machine: Machine, request: Request) -> str:
    """Delete by destination, mask and scope: gateway and interface are not looked at."""
    kernel.delete(machine, request.key)
    return ""


def _best(machine: Machine, request: Request) -> Row:
    """Return the row RTM_CHANGE and RTM_GET act on: without a mask it is the one that would be used."""
    key = request.key
    row = kernel.find(machine, key) or (
        kernel.lookup(machine, key.family, key.address, key.scope) if key.length is None else None
    )
    if row is None:
        raise RoutingError(ESRCH)
    return row


def _change(machine: Machine, request: Request) -> str:
    row = _best(machine, request)
    index = request.ifindex or request.zone or _towards(machine, request)
    changed = row._replace(gateway=request.gateway, zone=request.zone, ifindex=index)
    machine.rows[machine.rows.index(row)] = changed
    return ""


def _get(machine: Machine, request: Request) -> str:
    row = _best(machine, request)
    echo = request.destination.echo if request.destination else ""
    gateway = f"    gateway: {row.gateway}\n" if "G" in row.flags else ""
    return f"   route to: {echo}\ndestination: {echo}\n{gateway}  interface: {machine.name_of(row.ifindex)}\n"


DOES: dict[str, Callable[[Machine, Request], str]] = {"add": _add, "delete": _delete, "change": _change, "get": _get}
