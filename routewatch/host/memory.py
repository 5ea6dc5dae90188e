"""A host in memory: for tests, replay and demonstration. Kept honest by the contract it shares with the real ones.

Its owner plays the world: adds and removes routes, lets links come and go, advances the clocks, and says who is acting.
What the world does is not checked; what ``apply`` is asked to do is, as a kernel would. It touches no operating system
but for the pipes of its doorbells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from routewatch.core.model import Author, Moment, Place, PolicyRule, Route
from routewatch.core.snapshot import Snapshot
from routewatch.core.steps import Step
from routewatch.errors import KernelRefusedError, PermissionRefusedError, StateError
from routewatch.host.memory_doorbell import MemoryDoorbell
from routewatch.host.memory_kernel import ageless, objection, weak_id
from routewatch.host.memory_world import MemoryWorld
from routewatch.host.packed import PackedCodec, packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from routewatch.core.model import Link, Login, Process
    from routewatch.core.table import Codec
    from routewatch.host.port import Outcome

ROUTEWATCH = Author(kind="routewatch")


class MemoryHost(MemoryWorld):
    """One machine's routing, in memory.

    Its owner may also set ``logins``, ``privileged``, ``complete`` and ``unstartable`` as they are.
    """

    platform: Literal["linux", "macos"] = "linux"

    def __init__(
        self, routes: Iterable[Route] = (), rules: Iterable[PolicyRule] = (), links: Iterable[Link] = ()
    ) -> None:
        """Begin with these routes, rules and links."""
        super().__init__(routes, rules, links)
        self.logins: tuple[Login, ...] | None = ()
        self.privileged = True
        self.complete = True
        self.started: list[tuple[str, ...]] = []
        self.unstartable: StateError | None = None
        self._refusals: dict[Route | PolicyRule, str] = {}

    def now(self) -> Moment:
        """Read the three clocks; they stand still until their owner advances them."""
        return self._moment

    def place(self) -> Place:
        """Return the boot and namespace its owner has set in ``here``."""
        return self.here

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        """Take a snapshot; it has every process there is, so nothing is to be looked after besides."""
        del also
        return Snapshot(
            platform=self.platform,
            place=self.here,
            taken=self._moment,
            routes=packed(self.routes),
            rules=tuple(sorted(self.rules, key=lambda rule: (rule.family, rule.priority))),
            links=tuple(self.links),
            neighbours=self.neighbours,
            processes=self.processes,
            complete=self.complete,
        )

    def doorbell(self) -> MemoryDoorbell:
        """Open a doorbell: each listener has its own."""
        made = MemoryDoorbell()
        self._doorbells.append(made)
        return made

    def apply(self, step: Step) -> Outcome:
        """Take one step as the kernel would: compared before it is deleted, checked before it is added."""
        if not self.privileged:
            raise PermissionRefusedError("Operation not permitted")
        for entry in (step.route, step.policy_rule, step.replaces):
            if entry is not None:
                self._object_to(entry)
        with self.acting_as(ROUTEWATCH):
            match step:
                case Step(action="replace", route=Route() as new, replaces=Route() as old):
                    return self._replace(old, new)
                case Step(action="add", route=Route() as entry) | Step(action="add", policy_rule=PolicyRule() as entry):
                    return self._add(entry, leading=step.leading)
                case Step(route=Route() as entry) | Step(policy_rule=PolicyRule() as entry):
                    return self._delete(entry)
                case _:
                    raise ValueError(f"a step without a route or rule: {step}")

    def may_act(self) -> bool:
        """Tell whether its owner has left it the privilege."""
        return self.privileged

    def login_peers(self) -> tuple[Login, ...] | None:
        """Return the logins its owner has set in ``logins``."""
        return self.logins

    def start_detached(self, arguments: Sequence[str]) -> None:
        """Note in ``started`` what would run beside us; raise what its owner has set in ``unstartable``."""
        if self.unstartable is not None:
            raise self.unstartable
        self.started.append(tuple(arguments))

    def codec(self, name: str, names: Mapping[int, str]) -> Codec:  # noqa: ARG002 - these bytes need no names
        """Return the codec of this name. Raises StateError for another format than ours."""
        if name != PackedCodec.name:
            raise StateError(f"routes stored as {name} can't be read here", f"this host reads {PackedCodec.name}")
        return PackedCodec()

    def refuse(self, entry: Route | PolicyRule, words: str) -> None:
        """Refuse every step with this route or rule, in these words."""
        self._refusals[entry] = words

    def _object_to(self, entry: Route | PolicyRule) -> None:
        if entry in self._refusals:
            raise KernelRefusedError(self._refusals[entry])
        if entry.unwritable:
            raise KernelRefusedError(f"it could not be written again: {', '.join(entry.unwritable)}")

    def _add(self, entry: Route | PolicyRule, *, leading: bool = False) -> Outcome:
        if self._there(entry):
            return "present"
        words = objection(entry, self.routes, self.links) if isinstance(entry, Route) else None
        if words:
            raise KernelRefusedError(words)
        rivals = [place for place, other in enumerate(self._entries) if leading and _are_rivals(other, entry)]
        self.add(entry, rivals[0] if rivals else None)
        return "done"

    def _delete(self, entry: Route | PolicyRule) -> Outcome:
        there = self._there(entry)
        if there is None:
            return "absent"
        self.remove(there)
        return "done"

    def _replace(self, old: Route, new: Route) -> Outcome:
        there = self._there(old)
        if there is None:
            return "present" if self._there(new) else "absent"
        words = objection(new, [route for route in self.routes if route != there], self.links)
        if words:
            raise KernelRefusedError(words)
        self._entries[self._entries.index(there)] = new
        self._ring("add", new)  # NLM_F_REPLACE tells of the new route only
        return "done"

    def _there(self, entry: Route | PolicyRule) -> Route | PolicyRule | None:
        """Return this very entry as it is held: with what is left of its lifetime, which is no part of what it is."""
        return next((held for held in self._entries if ageless(held) == ageless(entry)), None)


def _are_rivals(one: Route | PolicyRule, other: Route | PolicyRule) -> bool:
    return isinstance(one, Route) and isinstance(other, Route) and weak_id(one) == weak_id(other)
