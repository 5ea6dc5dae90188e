"""What holds a utun on the stand-in: system daemons, clients that route by themselves, and NetworkExtensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos import configd
from tests.macos.machine import Interface

if TYPE_CHECKING:
    from tests.macos.mac import Mac
    from tests.macos.machine import Machine

SYSTEM_DAEMONS = ("rapportd", "identityservicesd", "sharingd", "identityservicesd")


def opened_utun(machine: Machine, process: str, *, mtu: int, pid: int | None = None) -> Interface:
    """Open a control socket: the lowest free number, an index used before if there is one, a new generation."""
    number = next(n for n in range(1000) if machine.named(f"utun{n}") is None)
    index = machine.recycled.pop(0) if machine.recycled else machine.next_index
    machine.next_index += index == machine.next_index
    holder = (process, pid or machine.next_pid)
    machine.next_pid += 1
    utun = Interface(f"utun{number}", index, machine.next_generation, "utun", mtu=mtu, holders=(holder,))
    machine.next_generation += 1
    machine.interfaces.append(utun)
    return utun


class Tunnel:
    """A utun and the process that opened it."""

    def __init__(self, mac: Mac, name: str, pid: int, *, peer: str = "") -> None:
        self._mac = mac
        self.name = name
        self.pid = pid
        self.peer = peer
        self.added: list[str] = []  # what it added by itself, as route's words

    def adds(self, words: str) -> None:
        """Let it run ``route add WORDS``."""
        self._mac.route(f"-n add {words}")
        self.added.append(words)

    def routes(self, *networks: str) -> None:
        """Let it send networks through its utun: by the peer, or by the interface's name."""
        for network in networks:
            by_name = ":" in network or not self.peer
            family = "-inet6" if ":" in network else "-inet"
            to = f"-interface {self.name}" if by_name else self.peer
            self.adds(f"{family} -net {network} {to}")

    def takes_over_inet6(self) -> None:
        """Let it add static IPv6 rows and a static scoped default, as clients do whose leftovers are well known."""
        self.adds(f"-inet6 -ifscope {self.name} default -interface {self.name}")
        self.routes("::/1", "8000::/1")

    def deletes_the_default(self) -> None:
        """Let it delete the default by destination: whatever is the unscoped one goes."""
        self._mac.route("-n delete -inet default")

    def loses_its_address(self) -> None:
        """Take its IPv4 address away; the utun stays."""
        with self._mac.state() as machine:
            utun = machine.named(self.name)
            if utun is not None:
                machine.change(utun._replace(inet=()))
                own = [row for row in machine.rows if row.ifindex == utun.ifindex and row.flags == "UH"]
                machine.rows = [row for row in machine.rows if row not in own]

    def killed(self) -> None:
        """Kill the process: its utun goes with it, what it added elsewhere stays."""
        self._mac.close_utun(self.name)

    def disconnects_cleanly(self) -> None:
        """Let it take its routes back in turn, whatever becomes of that, then close its utun."""
        for words in reversed(self.added):
            self._mac.tries_route(f"-n delete {_to_delete(words)}")
        self.added.clear()
        self._mac.close_utun(self.name)

    def keeps_its_utun_open(self) -> None:
        """Let the session end while its daemon holds the descriptor: no address any more, all rows as they were."""
        self.loses_its_address()

    def leaves_its_utun_to(self, process: str, pid: int | None = None) -> None:
        """Let another process hold the descriptor instead, so that the utun outlives the client."""
        with self._mac.state() as machine:
            utun = machine.named(self.name)
            assert utun is not None, f"{self.name} is gone"
            machine.change(utun._replace(holders=((process, pid or machine.next_pid),)))
            machine.next_pid += 1


def _to_delete(words: str) -> str:
    """Return the words without gateway and interface, which a delete doesn't look at."""
    kept: list[str] = []
    queue = words.split()
    while queue:
        word = queue.pop(0)
        if word == "-ifscope":
            kept += [word, queue.pop(0)]
        elif word.startswith("-") and word != "-interface":
            kept.append(word)
        elif not word.startswith("-"):
            return " ".join([*kept, word])
    return " ".join(kept)


class NetworkExtension(Tunnel):
    """A VPN that configd knows: it adds and removes the routes."""

    def __init__(self, mac: Mac, name: str, pid: int, *, service: str) -> None:
        super().__init__(mac, name, pid)
        self._service = service

    def disconnects_cleanly(self) -> None:
        """Let configd give the service up, then close the utun."""
        self._gives_the_service_up()
        super().disconnects_cleanly()

    def keeps_its_utun_open(self) -> None:
        """Let the session end, and configd know it, while the extension still holds the descriptor."""
        self._gives_the_service_up()
        super().keeps_its_utun_open()

    def killed(self) -> None:
        """Kill the extension: nesessionmanager lets the utun go too, and the service is disconnected."""
        self._gives_the_service_up()
        super().killed()

    def _gives_the_service_up(self) -> None:
        with self._mac.state() as machine:
            gone = [one for one in machine.services if one.id == self._service]
            machine.offered += [(one.id, one.name, one.bundle) for one in gone]
            machine.services = [one for one in machine.services if one not in gone]
            utun = machine.named(self.name)
            if utun is not None:
                machine.change(utun._replace(agent=""))
            configd.network_changed(machine)
