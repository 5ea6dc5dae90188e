"""Every saved table of the corpus, where that is beside the project: each row exact, none lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from routewatch.host.text import Saved, read
from routewatch.render.objects import route_object

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
MEMBERS = (
    "family",
    "destination",
    "zone",
    "gateway",
    "gateway_zone",
    "link",
    "interface",
    "metric",
    "expires",
    "scoped",
)


def tables() -> Iterator[Path]:
    yield from sorted((CORPUS / "netstat").glob("*.txt"))


def said(saved: Saved, *, flags: bool) -> list[dict[str, Any]]:
    members = (*MEMBERS, "flags") if flags else MEMBERS
    return [{name: route_object(route)[name] for name in members} for route in saved.routes]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project")
def test_every_table_of_the_corpus_is_read_exactly() -> None:
    for path in tables():
        expected = json.loads(path.with_suffix(".json").read_text())
        saved = read(path.read_text())
        flags = any(row["flags"] for row in expected["routes"])
        wanted = [{name: row[name] for name in row if flags or name != "flags"} for row in expected["routes"]]
        either = {each["line"] for each in expected.get("either", [])}

        assert sorted(map(str, said(saved, flags=flags))) == sorted(map(str, ordered(wanted, flags=flags))), path.name
        assert set(saved.unparsed) - either == set(expected["unparsed"]), path.name
        assert saved.platform == ("linux" if path.name.startswith("2") else "macos"), path.name


def ordered(rows: list[dict[str, Any]], *, flags: bool) -> list[dict[str, Any]]:
    members = (*MEMBERS, "flags") if flags else MEMBERS
    return [{name: row[name] for name in members} for row in rows]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project")
def test_no_incident_has_a_line_that_is_lost() -> None:
    for path in sorted((CORPUS / "incidents").glob("*/*.txt")):
        saved = read(path.read_text())

        assert saved.platform is not None, path
        assert not saved.unparsed, path
