"""The folder that the engine spills to does not outlive its process for long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clvmodels.transactions.spill import spill_folder

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from clvmodels.transactions.engine import connection
with connection(temp_directory=sys.argv[1]) as con:
    print(con.sql("SELECT current_setting('temp_directory')").fetchall()[0][0], flush=True)
    sys.stdin.readline()
"""


def held_by_another(parent: Path) -> tuple[subprocess.Popen, Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    assert folder.parent == parent
    return process, folder


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path):
    (tmp_path / "clvmodels-of-somebody").mkdir()
    process, folder = held_by_another(tmp_path)
    (folder / "spilled").write_bytes(b"much")
    with spill_folder(tmp_path) as own:
        assert (folder / "spilled").exists()
        assert Path(own).is_dir()
    process.kill()
    process.communicate(timeout=60)
    assert (folder / "spilled").exists()
    with spill_folder(tmp_path) as own:
        assert {p.name for p in tmp_path.iterdir()} == {"clvmodels-of-somebody", Path(own).name}
    assert [p.name for p in tmp_path.iterdir()] == ["clvmodels-of-somebody"]


def test_it_is_removed_when_the_work_fails(tmp_path):
    def work():
        with spill_folder(tmp_path) as own:
            Path(own, "spilled").write_bytes(b"much")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert not list(tmp_path.iterdir())
