"""A run that is killed, or finds no room, leaves nothing half-written, and the same call goes on to the same bytes."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import clvmodels as clv
from clvmodels.scoring import manifest as manifest_file

ROOT = Path(__file__).resolve().parents[2]
PARTS = 12
RUN = f"""
import sys, warnings
import clvmodels as clv
import duckdb, pyarrow.parquet, pandas, scipy.special
from clvmodels.scoring import score as _
model = clv.load_model(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
clv.score(model, sys.argv[2], sys.argv[3], partitions={PARTS}, threads=int(sys.argv[4]))
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A model, a log of some size with rejects, the scores of a run that was left alone, and how long it takes."""
    folder = tmp_path_factory.mktemp("work")
    log = clv.load_cdnow()
    log = pd.concat([log.assign(customer_id=f"{i}-" + log["customer_id"].astype(str)) for i in range(3)])
    log.loc[log.index[::1999], "customer_id"] = None
    log.to_parquet(folder / "log.parquet", index=False)
    purchases = clv.PurchaseModel.from_parameters(
        "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week"
    )
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    clv.CLVModel(purchases, spend).save(folder / "model.json")
    run = started(folder, folder / "whole")
    begun = time.monotonic()
    out, error = run.communicate("\n", timeout=120)
    assert out.endswith("done\n"), error
    return folder, visible(folder / "whole"), time.monotonic() - begun


def started(folder: Path, out: Path, threads: int = 2, before=None) -> subprocess.Popen:
    """A process that has imported all it needs and waits for a word to begin."""
    words = [sys.executable, "-c", RUN, folder / "model.json", folder / "log.parquet", out, str(threads)]
    run = subprocess.Popen(
        list(map(str, words)),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )
    assert select.select([run.stdout], [], [], 60)[0]
    assert run.stdout.readline() == "ready\n", run.stderr.read()
    return run


def forked(folder: Path, out: Path, **limits) -> multiprocessing.process.BaseProcess:
    """The same at work already, forked off a process that has imported all: a tenth of the time of a new one."""
    start = multiprocessing.get_context("forkserver")
    start.set_forkserver_preload(["clvmodels.scoring.score", "duckdb", "pyarrow.parquet", "pandas", "scipy.special"])
    log, model = str(folder / "log.parquet"), clv.load_model(folder / "model.json")
    run = start.Process(target=clv.score, args=(model, log, str(out)), kwargs=limits, daemon=True)
    run.start()
    return run


def visible(out: Path) -> dict[str, bytes]:
    """Every file but the lock, which is empty, by name."""
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name != "lock"}


def check_whole(out: Path, expected: dict[str, bytes]) -> int:
    """Whatever stands under a final name is whole; gives the number of finished parts."""
    if not out.exists():
        return 0
    parts = sorted(out.glob("part-*"))
    for part in parts:
        assert part.read_bytes() == expected[part.name]
    manifest = out / "_run" / "manifest.json"
    if manifest.exists():
        listed = json.loads(manifest.read_text())["parts"]
        assert {each["name"] for each in listed} <= {part.name for part in parts}
        assert (out / "_run" / "rejects.parquet").read_bytes() == expected["_run/rejects.parquet"]
    return len(parts)


def killed_again_and_again(work, out: Path, kills: int, seed: int) -> int:
    """Kill runs into one folder (emptied when it is complete) at random moments; how many left work half done."""
    folder, expected, takes = work
    moments, partly = random.Random(seed), 0
    for kill in range(kills):
        run = forked(folder, out, partitions=PARTS, threads=1 + kill % 2)
        time.sleep(moments.uniform(0.0, takes))
        run.kill()
        run.join(60)
        assert run.exitcode in (0, -signal.SIGKILL)
        finished = check_whole(out, expected)
        partly += 0 < finished < PARTS
        if finished == PARTS:
            assert resumed(folder, out) == expected
            shutil.rmtree(out)
    return partly


def resumed(folder: Path, out: Path, **limits) -> dict[str, bytes]:
    report = clv.score(
        clv.load_model(folder / "model.json"), str(folder / "log.parquet"), out, partitions=PARTS, **limits
    )
    rows = sum(pq.read_metadata(file).num_rows for file in report.files)
    assert report.totals.customers == report.counts.customers_scored == rows
    return visible(out)


def test_the_same_bytes_after_kills_at_random_moments(work, tmp_path):
    partly = killed_again_and_again(work, tmp_path / "out", kills=12, seed=20240131)
    assert partly  # else nothing was tested
    assert resumed(work[0], tmp_path / "out", memory_limit="200MB", threads=1) == work[1]


@pytest.mark.study
def test_the_same_bytes_after_a_hundred_kills(work, tmp_path):
    assert killed_again_and_again(work, tmp_path / "out", kills=100, seed=7) > 20
    assert resumed(work[0], tmp_path / "out") == work[1]


def test_finished_parts_are_not_touched(work, tmp_path):
    folder, expected, _ = work
    shutil.copytree(folder / "whole", tmp_path / "out")
    manifest = tmp_path / "out" / "_run" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["parts"] = told["parts"][:5] + told["parts"][7:]
    manifest_file.write(manifest, told)
    (tmp_path / "out" / "part-00005-of-00012.parquet").unlink()
    (tmp_path / "out" / "part-00010-of-00012.parquet").write_bytes(b"PAR1")  # listed, and no longer of its size
    (tmp_path / "out" / "_run" / ".part-00006.x.part").write_bytes(b"left by a killed run")
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}
    assert resumed(folder, tmp_path / "out") == expected
    changed = {name for name, when in before.items() if (tmp_path / "out" / name).stat().st_mtime_ns != when}
    assert changed == {"part-00006-of-00012.parquet", "part-00010-of-00012.parquet"}


def test_a_second_run_at_once_is_refused(work, tmp_path):
    folder = work[0]
    run = started(folder, tmp_path / "out")
    run.stdin.write("\n")
    run.stdin.flush()
    while not (tmp_path / "out" / "_run" / "manifest.json").exists():
        time.sleep(0.005)
    run.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(clv.InvalidInput, match="another run is writing"):
            resumed(folder, tmp_path / "out")
    finally:
        run.send_signal(signal.SIGCONT)
        run.communicate(timeout=60)
    assert visible(tmp_path / "out") == work[1]


def no_room_left(run: subprocess.Popen) -> str:
    _, error = run.communicate("\n", timeout=60)
    assert run.returncode == 1
    assert "ClvError: no room left on the disk" in error
    return error


def test_files_that_may_not_grow(work, tmp_path):
    """The portable half of a full disk: the system refuses to write beyond a size."""
    folder, expected, _ = work
    largest = max(len(found) for name, found in expected.items() if name.startswith("part"))

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, largest - 1))

    assert "the same call goes on" in no_room_left(started(folder, tmp_path / "out", before=small))
    assert check_whole(tmp_path / "out", expected) < PARTS
    assert not list((tmp_path / "out").rglob("*.part"))
    assert resumed(folder, tmp_path / "out") == expected


@pytest.mark.system
def test_a_full_disk(work, tmp_path):
    folder, expected, _ = work
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(map(len, expected.values())) // 2
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.decode()}")
    try:
        no_room_left(started(folder, disk / "out"))
        finished = check_whole(disk / "out", expected)
        assert 0 < finished < PARTS
        assert not list((disk / "out").rglob("*.part"))
        subprocess.run(["mount", "-o", f"remount,size={4 * size}", disk], check=True)
        assert resumed(folder, disk / "out") == expected
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_single_file_is_replaced_whole_or_not_at_all(work, tmp_path):
    folder, takes = work[0], work[2]
    out, moments = tmp_path / "out.parquet", random.Random(5)
    out.write_bytes(b"what stood there")
    for _ in range(3):
        run = forked(folder, out)
        time.sleep(moments.uniform(0.2, 0.8) * takes)
        run.kill()
        run.join(60)
        assert run.exitcode in (0, -signal.SIGKILL)
        assert out.read_bytes() == b"what stood there" or pq.read_metadata(out).num_rows > 70_000
    resumed_rows = clv.score(clv.load_model(folder / "model.json"), str(folder / "log.parquet"), out).totals.customers
    assert pq.read_metadata(out).num_rows == resumed_rows
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.parquet", "out.rejects.parquet"]
