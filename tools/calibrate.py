"""Calibrate: are posteriors and predictive intervals right? Writes docs/calibration.md.

    python tools/calibrate.py                                  # everything: make calibrate
    python tools/calibrate.py --family bg_nbd --worlds 500     # one family; the other sections of the page stay
    python tools/calibrate.py --coverage bg_nbd                # one study of coverage
    python tools/calibrate.py --family nbd --worlds 20 --out build/calibration.md --dirty   # does it run?

The page is written after each section, so a run that was stopped goes on with the sections it lacks. Worlds depend on
seed, family and number alone, not on how many there are or which process makes them.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes share the cores already

from calibration import page
from calibration.coverage import STUDIES, covered_world
from calibration.judging import complaints
from calibration.posteriors import checked_world
from calibration.worlds import CENTRES, family_of

from clvmodels.versions import version_of

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "calibration.md"
SEED = 2005
WORLDS, COVERAGE_WORLDS = 500, 200


def commit_of(dirty: bool) -> str:
    """The commit that the checkout is at; changes beside it are refused, or told by a +."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", ".", f":!{PAGE.relative_to(ROOT)}")
    if changed and not dirty:
        lines = changed.splitlines()
        sys.exit(
            f"the checkout must be clean, so that the page can name the commit that made it; {len(lines)} files are "
            f"changed, first {lines[0].split()[-1]}: commit them, or try things out with --dirty and --out"
        )
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def versions() -> str:
    """What the numbers rest on; nothing about the machine."""
    packages = ("clvmodels", "numpy", "scipy", "arviz-stats")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version_of(name)}" for name in packages)])


def over_worlds(job: Callable[[int], Any], worlds: int, pool: ProcessPoolExecutor, title: str) -> list[Any]:
    """What came of each world, in order."""
    began, found = time.perf_counter(), []
    for outcome in pool.map(job, range(worlds), chunksize=max(1, min(5, worlds // 8))):
        found.append(outcome)
        if sys.stderr.isatty():
            print(f"\r{title}: {len(found)} of {worlds}", end="", file=sys.stderr, flush=True)
    took = time.perf_counter() - began
    print(f"\r{title}: {worlds} worlds in {took:.0f} s, {took / worlds:.2f} s a world", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 if the whole page, sections made before included, shows what it must."""
    parser = argparse.ArgumentParser(description="Are posteriors and predictive intervals right?")
    parser.add_argument(
        "--family", action="append", choices=list(CENTRES), help="ranks of its posterior; may be repeated"
    )
    parser.add_argument("--coverage", action="append", choices=list(STUDIES), help="a study; may be repeated")
    parser.add_argument("--worlds", type=int, help=f"by default {WORLDS}, and {COVERAGE_WORLDS} of coverage")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--dirty", action="store_true", help="let the checkout differ from its commit")
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)
    if options.worlds is not None and options.worlds < 1:
        parser.error("--worlds must be at least 1")
    everything = not options.family and not options.coverage
    families = list(CENTRES) if everything else options.family or []
    studies = list(STUDIES) if everything else options.coverage or []
    command = shlex.join(["python", "tools/calibrate.py", *words])
    made = page.Made(command, commit_of(options.dirty), f"{datetime.now(UTC):%Y-%m-%d}", versions())
    order = [f"Posterior of {family_of(name).title}" for name in CENTRES]
    order += [f"Coverage: {study.title}" for study in STUDIES.values()]

    def keep(section: str) -> None:
        text = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(page.with_section(text, section, order), encoding="utf-8")

    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for name in families:
            outcomes = over_worlds(partial(checked_world, name, options.seed), options.worlds or WORLDS, pool, name)
            keep(page.posterior_section(name, outcomes, made))
        for key in studies:
            job = partial(covered_world, key, options.seed)
            results = over_worlds(job, options.worlds or COVERAGE_WORLDS, pool, f"coverage of {key}")
            keep(page.coverage_section(STUDIES[key], results, made))
    wrong = complaints(options.out.read_text(encoding="utf-8"))
    print(f"written: {options.out}", *wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
