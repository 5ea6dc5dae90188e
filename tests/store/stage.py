"""A store on real files, and a disk of its own for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from routewatch.core.model import Place
from routewatch.store.database import NAME, open_store
from routewatch.store.events import EventRow

ROOT = Path(__file__).resolve().parents[2]
HERE = Place(boot="b1", namespace="n1")
NOON = 1_790_000_000.0


def events(count: int) -> list[EventRow]:
    return [EventRow(place=HERE, wall=1.0, boot=1.0, kind="route_added", value=b"x" * 100) for _ in range(count)]


def filled(directory: Path, count: int = 3000) -> Path:
    with open_store(directory, now=NOON) as store:
        store.events.add_many(events(count))
    return directory / NAME


# A mount namespace of its own: what is mounted in it is gone with it, and nobody else sees it.
def in_a_mount_namespace(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare(1)")
    if (
        tried := subprocess.run(["unshare", "--mount", "true"], text=True, capture_output=True, check=False)
    ).returncode:
        pytest.skip(f"needs a mount namespace: {tried.stderr.strip()}")
    command = ["unshare", "--mount", sys.executable, "-c", script, str(directory)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, timeout=60)
