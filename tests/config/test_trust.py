"""What root follows: a file, a hook or a program that nobody else can have written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from routewatch.config import load
from routewatch.errors import ConfigurationError
from tests.config.files import ROOT, person, written

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own files")


@as_root
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_root_refuses_a_file_that_others_can_write(folder: Path, mode: int) -> None:
    path = written(folder, "")
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match="can be written by others") as caught:
        load(path, ROOT)

    assert caught.value.hint == f"Do: chmod go-w {path}"


@as_root
def test_root_refuses_a_file_of_somebody_else(folder: Path) -> None:
    path = written(folder, "")
    os.chown(path, 1000, 0)

    with pytest.raises(ConfigurationError, match="belongs to user 1000"):
        load(path, ROOT)


@as_root
def test_root_refuses_a_file_in_a_folder_that_others_can_write(folder: Path) -> None:
    path = written(folder / "open", "")
    path.parent.chmod(0o777)

    with pytest.raises(ConfigurationError, match=r"open can be written by others"):
        load(path, ROOT)


@as_root
def test_a_sticky_folder_higher_up_is_no_fault(folder: Path) -> None:
    path = written(folder / "sticky/own", "")
    (folder / "sticky").chmod(0o1777)

    assert load(path, ROOT).path == path


@as_root
def test_root_looks_behind_a_symbolic_link(folder: Path) -> None:
    real = written(folder / "elsewhere", "")
    os.chown(real.parent, 1000, 0)
    (folder / "link.toml").symlink_to(real)

    with pytest.raises(ConfigurationError, match="elsewhere belongs to user 1000"):
        load(folder / "link.toml", ROOT)


@as_root
def test_root_refuses_a_hook_that_others_can_write_but_a_person_may_have_it(folder: Path) -> None:
    hook = folder / "hook"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o777)
    path = written(folder, f'[hooks]\ncleaned = ["{hook}"]')

    with pytest.raises(ConfigurationError, match=r"hooks\.cleaned: root must not run it: .* .chmod go-w"):
        load(path, ROOT)
    assert load(path, person(folder)).settings.hooks.cleaned == (str(hook),)


@as_root
def test_root_refuses_a_program_of_macos_that_somebody_else_owns_but_a_person_may_have_it(folder: Path) -> None:
    program = folder / "netstat"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    os.chown(program, 1000, 0)
    path = written(folder, f'platform = "macos"\n[macos]\nnetstat = "{program}"')

    with pytest.raises(ConfigurationError, match=r"macos\.netstat: root must not run it: .* belongs to user 1000"):
        load(path, ROOT)
    assert load(path, person(folder)).settings.macos.netstat == str(program)


@as_root
def test_root_refuses_a_program_of_macos_that_leads_into_somebody_elses_folder(folder: Path) -> None:
    (theirs := folder / "theirs").mkdir()
    (program := theirs / "route").write_text("#!/bin/sh\n")
    program.chmod(0o755)
    os.chown(theirs, 1000, 0)
    (folder / "route").symlink_to(program)
    path = written(folder, f'platform = "macos"\n[macos]\nroute = "{folder / "route"}"')

    with pytest.raises(ConfigurationError, match=r"macos\.route: .*/theirs belongs to user 1000"):
        load(path, ROOT)
