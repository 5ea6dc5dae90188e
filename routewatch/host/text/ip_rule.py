"""Lines of ``ip rule`` and ``ip -6 rule``: one policy rule each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.model import DEFAULT_TABLE, MAIN_TABLE, PolicyRule
from routewatch.host.text import cells
from routewatch.host.text.draft import Draft, NotUnderstoodError, Words
from routewatch.host.text.ip_words import IP_PROTOCOLS, RULE_ACTIONS, protocol_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routewatch.core.model import Family
    from routewatch.host.text.echoes import Echo

_RULE = re.compile(r"(\d{1,10}):\s*((?:not\s+)?from\s.*)")
_STATES = frozenset({"[detached]", "[unresolved]"})


def is_rule(line: str) -> bool:
    """Tell whether a line is a policy rule, be it damaged further on."""
    return _RULE.match(line) is not None


def read_rules(lines: Iterable[str], echo: Echo) -> tuple[list[PolicyRule], list[str]]:
    """Read the rules of one command's output, and return the lines that were not understood beside them.

    Two lists in one go ("ip rule; ip -6 rule") are told apart by the priority that begins anew.
    """
    drafts: list[Draft] = []
    unparsed: list[str] = []
    for line in lines:
        try:
            drafts.append(_draft(line))
        except NotUnderstoodError:
            unparsed.append(line)
    blocks = _blocks(drafts)
    families = [echo.family or _family(block) for block in blocks]
    rules = [_rule(draft, family or "inet") for block, family in zip(blocks, families, strict=True) for draft in block]
    return rules, unparsed


def _blocks(drafts: Sequence[Draft]) -> list[list[Draft]]:
    blocks: list[list[Draft]] = []
    for draft in drafts:
        if not blocks or _priority(draft) < _priority(blocks[-1][-1]):
            blocks.append([])
        blocks[-1].append(draft)
    return blocks


def _priority(draft: Draft) -> int:
    priority = draft.said["priority"]
    return priority if isinstance(priority, int) else 0


def _family(block: Sequence[Draft]) -> Family | None:
    """Tell the family by an address; else by the rule for the table "default", which IPv4 alone is born with.

    net/ipv4/fib_rules.c makes it, net/ipv6/fib6_rules.c does not; both make the rule for "main".
    """
    told = next((draft.family for draft in block if draft.family), None)
    tables = {draft.said.get("table") for draft in block}
    return told or ("inet6" if MAIN_TABLE in tables and DEFAULT_TABLE not in tables else None)


def _draft(line: str) -> Draft:
    shape = _RULE.fullmatch(line)
    priority = cells.natural(shape.group(1)) if shape else None
    if shape is None or priority is None:
        raise NotUnderstoodError
    draft = Draft(said={"priority": priority})
    words = Words(shape.group(2))
    while words.left:
        _word(words.next(), words, draft)
    return draft


def _word(word: str, words: Words, draft: Draft) -> None:
    if word in _READERS:
        _READERS[word](words, draft)
    elif word in RULE_ACTIONS:
        draft.said["action"] = word
    elif word == "not":
        draft.said["inverted"] = True
    elif word in _STATES:
        return
    else:
        draft.left.append(" ".join([word, *_value(words)]))


def _value(words: Words) -> list[str]:
    """Return the value of an unknown word, if what follows is not a known one."""
    return [words.next()] if words.left and words.peek() not in _READERS and words.peek() not in RULE_ACTIONS else []


def _target(field: str) -> Callable[[Words, Draft], None]:
    def read(words: Words, draft: Draft) -> None:
        if words.took("all"):
            return
        family, found = words.value(cells.prefix)
        draft.belongs(family)
        draft.said[field] = found

    return read


def _mark(words: Words, draft: Draft) -> None:
    mark, slash, mask = words.next().partition("/")
    draft.said["fwmark"] = found = cells.bits(mark)
    draft.said["fwmask"] = bits = cells.bits(mask) if slash else None
    if found is None or (slash and bits is None):
        raise NotUnderstoodError


def _lookup(words: Words, draft: Draft) -> None:
    name = words.next()
    if name == "[l3mdev-table]":
        draft.said["l3mdev"] = True
        return
    number = cells.TABLES.get(name, cells.natural(name))
    draft.said["table"] = number
    if number is None:  # a name of the other machine's rt_tables
        draft.left.append(f"table {name}")


def _goto(words: Words, draft: Draft) -> None:
    draft.said |= {"action": "goto", "goto": words.value(cells.natural)}


def _one(field: str, reader: Callable[[str], object]) -> Callable[[Words, Draft], None]:
    def read(words: Words, draft: Draft) -> None:
        draft.said[field] = words.value(reader)

    return read


def _range(word: str) -> tuple[int, int] | None:
    low, dash, high = word.partition("-")
    first, last = cells.natural(low), cells.natural(high if dash else low)
    return None if first is None or last is None else (first, last)


def protocol_number(word: str) -> int | None:
    """Return the number of an IP protocol by name or number ("ipproto-89" is what ``ip`` says of a nameless one)."""
    return IP_PROTOCOLS.get(word, cells.natural(word.removeprefix("ipproto-")))


_READERS: dict[str, Callable[[Words, Draft], None]] = {
    "from": _target("source"),
    "to": _target("destination"),
    "fwmark": _mark,
    "iif": _one("iif", str),
    "oif": _one("oif", str),
    "tos": _one("tos", cells.bits),
    "dsfield": _one("tos", cells.bits),
    "uidrange": _one("uid_range", _range),
    "ipproto": _one("ip_protocol", protocol_number),
    "sport": _one("source_ports", _range),
    "dport": _one("destination_ports", _range),
    "lookup": _lookup,
    "table": _lookup,
    "goto": _goto,
    "suppress_prefixlength": _one("suppress_prefixlength", cells.natural),
    "suppress_ifgroup": _one("suppress_ifgroup", cells.natural),
    "proto": _one("protocol", protocol_of),
    "protocol": _one("protocol", protocol_of),
}


def _rule(draft: Draft, family: Family) -> PolicyRule:
    said = {name: value for name, value in draft.said.items() if value is not None}
    return replace(PolicyRule(family=family, unwritable=tuple(dict.fromkeys(draft.left))), **said)
