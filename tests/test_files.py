"""A file appears whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from clvmodels.errors import InvalidInput
from clvmodels.files import written_whole


def test_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new.txt"
    with written_whole(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".new.txt.")
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("yesterday")
    with written_whole(str(path)) as temporary:
        temporary.write_text("today")
        assert path.read_text() == "yesterday"
    assert path.read_text() == "today"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_a_failing_block_changes_nothing(error, tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("yesterday")

    def fail():
        with written_whole(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_takes_the_file_away_fails(tmp_path):
    with pytest.raises(OSError), written_whole(tmp_path / "file.txt") as temporary:
        temporary.unlink()
    assert list(tmp_path.iterdir()) == []


def test_names_what_cannot_be_written(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "file.txt"):
        with pytest.raises(InvalidInput, match="cannot write"), written_whole(path):
            pytest.fail("the block must not run")


@pytest.mark.skipif(os.name == "nt", reason="permissions")
def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with written_whole(tmp_path / "whole") as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600, "nobody else reads half a file"
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")}
    assert len(modes) == 1


@pytest.mark.skipif(os.name == "nt", reason="permissions")
def test_permissions_of_an_old_file_are_kept(tmp_path):
    path = tmp_path / "private"
    path.touch(mode=0o600)
    path.chmod(0o600)
    with written_whole(path) as temporary:
        temporary.write_text("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_text("yesterday")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with written_whole(tmp_path / "link") as temporary:
        temporary.write_text("today")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "today"


@pytest.mark.skipif(os.name == "nt", reason="lengths of names differ")
def test_a_long_name_is_fine(tmp_path):
    path = tmp_path / ("n" * 250)
    path.write_text("may exist")
    with written_whole(path) as temporary:
        temporary.write_text("x")


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with written_whole("here.txt") as temporary:
        temporary.write_text("x")
    assert Path("here.txt").read_text() == "x"


def test_an_interruption_while_the_temporary_file_is_made_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(handle):
        monkeypatch.undo()
        os.close(handle)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "close", interrupted)
    with pytest.raises(KeyboardInterrupt), written_whole(tmp_path / "a.txt"):
        pass
    assert not list(tmp_path.iterdir())
