"""What known VPN clients look like: their processes, links, tables, rules. Data, and the questions asked of it.

A signature is never proof: tables 52, 100 and 220 are popular with others too. It says whose a thing would be; whether
that client is gone, evidence.py decides. Sources: the clients' own code and the tables seen in their issue trackers.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec import Struct

from routewatch.core.model import MAIN_TABLE, Link, PolicyRule, Process, Route

# The kernel cuts a process name to TASK_COMM_LEN - 1 characters, include/linux/sched.h.
COMM_LENGTH = 15


class Signature(Struct, frozen=True, kw_only=True):
    """One client's marks. Empty fields say nothing."""

    client: str
    processes: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()  # globs
    tables: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    priorities: tuple[int, ...] = ()  # only together with a table, a mark or an action of the client's
    kernel_link: str | None = None  # the kind of link that is the client: it has no process


SIGNATURES: tuple[Signature, ...] = (
    Signature(client="openvpn", processes=("openvpn",), interfaces=("tun*", "tap*", "ovpn*")),
    Signature(client="openvpn3", processes=("openvpn3-service-client", "openvpn3-service-backendstart")),
    Signature(
        client="wg-quick",
        processes=("wireguard-go", "boringtun-cli", "boringtun", "wg-quick"),
        interfaces=("wg*",),
        tables=(51820,),
        marks=(51820,),
        kernel_link="wireguard",
    ),
    Signature(
        client="openconnect",
        processes=("openconnect", "gpclient", "gpservice", "vpnc", "vpnc-script", "ocproxy"),
        interfaces=("tun*", "vpn*", "gpd*"),
    ),
    Signature(client="anyconnect", processes=("vpnagentd",), interfaces=("cscotun*",)),
    Signature(client="globalprotect", processes=("PanGPS",), interfaces=("gpd*",)),
    Signature(client="openfortivpn", processes=("openfortivpn",), interfaces=("ppp*",)),
    Signature(client="ppp", processes=("pppd", "xl2tpd", "pptp"), interfaces=("ppp*",)),
    Signature(client="tinc", processes=("tincd",)),
    Signature(client="fastd", processes=("fastd",)),
    Signature(
        client="strongswan",
        processes=("charon", "charon-systemd", "charon-nm", "starter"),
        interfaces=("ipsec*",),
        tables=(220,),
        priorities=(220,),
    ),
    Signature(client="sshuttle", processes=("sshuttle",)),
    Signature(
        client="tailscale",
        processes=("tailscaled",),
        interfaces=("tailscale*",),
        tables=(52,),
        marks=(0x80000,),
        priorities=(5210, 5230, 5250, 5270),
    ),
    Signature(
        client="netbird",
        processes=("netbird",),
        interfaces=("wt*",),
        tables=(7120,),
        marks=(0x1BD00,),
        priorities=(100, 105, 110),
    ),
    Signature(
        client="mullvad",
        processes=("mullvad-daemon",),
        interfaces=("wg-mullvad", "wg0-mullvad"),
        tables=(0x6D6F6C65,),
        marks=(0x6D6F6C65,),
    ),
    Signature(
        client="nordvpn", processes=("nordvpnd",), interfaces=("nordlynx", "nordtun"), tables=(205,), marks=(0xE1F1,)
    ),
    Signature(
        client="warp", processes=("warp-svc",), interfaces=("CloudflareWARP",), tables=(65743,), marks=(0x100CF,)
    ),
    Signature(
        client="sing-box",
        processes=("sing-box", "mihomo", "clash", "verge-mihomo"),
        interfaces=("singtun*", "Meta", "utun"),
        tables=(2022,),
        priorities=tuple(range(9000, 9011)),
    ),
    Signature(client="gnosis", processes=("gnosis_vpn-root",), tables=(108,), marks=(0xFEEDCAFE,)),
    Signature(client="proton", interfaces=("proton*", "pvpn*", "ipv6leakintrf*")),
    Signature(client="zerotier", processes=("zerotier-one",), interfaces=("zt*",)),
    Signature(client="expressvpn", processes=("expressvpnd",)),
    Signature(client="demo-vpn", processes=("demo-vpn",)),
)


def client_processes(signatures: tuple[Signature, ...] = SIGNATURES) -> frozenset[str]:
    """Return the names of all clients' processes, as the kernel cuts them: for who asks of each process there is."""
    return frozenset(process[:COMM_LENGTH] for signature in signatures for process in signature.processes)


def client_of_process(name: str, signatures: tuple[Signature, ...] = SIGNATURES) -> str | None:
    """Return the client a process of this name belongs to."""
    wanted = name[:COMM_LENGTH]
    for signature in signatures:
        if any(wanted == process[:COMM_LENGTH] for process in signature.processes):
            return signature.client
    return None


def client_of_link(link: Link, signatures: tuple[Signature, ...] = SIGNATURES) -> str | None:
    """Return the client a link is likely to belong to: by who holds it, by its kind, by its name."""
    if link.owner is not None:
        return client_of_process(link.owner.name, signatures) or link.owner.name
    by_kind = (s.client for s in signatures if s.kernel_link == link.kind)
    by_name = (s.client for s in signatures if any(fnmatchcase(link.name, glob) for glob in s.interfaces))
    named = list(by_name)
    # "tun*" is everybody's: a name that several clients use says nothing.
    return next(by_kind, None) or (named[0] if len(named) == 1 else None)


# Numbers below this are picked by hand (52, 220, 2022, 7120, 51820): a table alone tells a client only from here on.
TELLING_TABLE = 65536
# wg-quick takes the first table from 51820 on that is empty, and its number for the mark (add_default() in wg-quick).
WG_QUICK_TABLES = range(51820, 51920)


def client_of_rule(rule: PolicyRule, signatures: tuple[Signature, ...] = SIGNATURES) -> Signature | None:
    """Return the client that two of a rule's mark, priority and table are of, or its unmistakable form."""
    if is_wireguards(rule) or _is_for_all_but_defaults(rule):
        # wg-quick's pair; Mullvad and others write the second of them, too
        return next((s for s in signatures if s.client == "wg-quick"), None)
    return next((s for s in signatures if _is_of(rule, s)), None)


def _is_for_all_but_defaults(rule: PolicyRule) -> bool:
    """Tell whether a rule sends all packets to table main, but not by a default there.

    For the packets of one source or interface people write it by hand, beside uplinks of their own.
    """
    return rule == PolicyRule(
        family=rule.family,
        priority=rule.priority,
        action="lookup",
        table=MAIN_TABLE,
        suppress_prefixlength=0,
        protocol=rule.protocol,
    )


def _is_of(rule: PolicyRule, signature: Signature) -> bool:
    jumps = rule.action in {"goto", "nop"} and rule.priority in signature.priorities
    return jumps or len(_marks(rule, signature)) > 1 or is_telling(rule, signature)


def _marks(rule: PolicyRule, signature: Signature) -> frozenset[str]:
    """Return what of a rule is a client's; each by itself is picked by others, too."""
    found = {
        "table": rule.table in signature.tables,
        "mark": rule.fwmark in signature.marks,
        "priority": rule.priority in signature.priorities,
    }
    return frozenset(name for name, is_so in found.items() if is_so)


def is_wireguards(rule: PolicyRule) -> bool:
    """Tell whether it is the rule by which wg-quick sends all into its table but the tunnel's own packets."""
    return rule.inverted and rule.fwmark == rule.table and rule.table in WG_QUICK_TABLES


def is_telling(rule: PolicyRule, signature: Signature) -> bool:
    """Tell whether a rule bears a client's mark beside its table or priority, or its unmistakable table."""
    if signature.kernel_link == "wireguard" and is_wireguards(rule):
        return True
    marks = _marks(rule, signature)
    return ("mark" in marks and len(marks) > 1) or ("table" in marks and (rule.table or 0) >= TELLING_TABLE)


def client_of_table(route: Route, signatures: tuple[Signature, ...] = SIGNATURES) -> Signature | None:
    """Return the client whose own table a route stands in; a popular number counts only on a link of the client's."""
    for signature in signatures:
        own = route.table in signature.tables
        if own and (route.table >= TELLING_TABLE or is_on_own_link(route, signature)):
            return signature
    return None


def is_on_own_link(route: Route, signature: Signature) -> bool:
    """Tell whether a route leads into a link of the name that a client gives its own."""
    return any(fnmatchcase(route.interface or "", glob) for glob in signature.interfaces)


def processes_of(client: str, processes: tuple[Process, ...], signatures: tuple[Signature, ...]) -> tuple[Process, ...]:
    """Return the running processes of a client."""
    return tuple(p for p in processes if p.name == client or client_of_process(p.name, signatures) == client)
