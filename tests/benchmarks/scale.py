"""Millions of customers: time and memory of the batch jobs, beside the bare engine, pandas and lifetimes.

    make benchmark-scale
    python tests/benchmarks/scale.py [--lines 10000000] [--repeats 3] [--only 1,4] [--folder build/scale]

Logs are simulated once, with ten lines a customer over two years, and kept in the folder: one of --lines, one ten times
and one a tenth as long. Every measurement is a process of its own (see `scale_jobs.py`), without its start and its
imports; where two are compared they take turns, and the median of the repeats counts. Memory is the peak of the process
and of what it starts; "added" leaves out what it held before the work began: Python, imports, a warm-up.
Prints Markdown tables; the exit code is 1 if two sides that must agree do not, whatever the times. Bars are those of
the full size; the smaller a log, the more what does not grow with it weighs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from run import ROOT, processor, told

JOBS = Path(__file__).with_name("scale_jobs.py")
FULL_SIZE = 10_000_000
LINES_A_CUSTOMER = 10
FAMILIES = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}
GIB = 2**30
SAME_VALUE = 0.02  # lifetimes counts twelve months of 30 days, discounted from their ends


class Row(NamedTuple):
    """One line of a table."""

    job: str
    ours: str
    other: str
    ratio: str
    peak: str
    bar: str
    met: bool | None


class Runs:
    """Runs jobs, and remembers whether what had to agree did."""

    def __init__(self, folder: Path, repeats: int) -> None:
        self.folder, self.repeats = folder, repeats
        self.agree, self.notes = True, []

    def job(self, name: str, **words: object) -> dict[str, Any]:
        told(f"{name} {' '.join(f'{k}={v}' for k, v in words.items())}")
        command = [sys.executable, str(JOBS), name, *(f"{k}={v}" for k, v in words.items())]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} {words} failed:\n{done.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def in_turns(self, *jobs: tuple[str, dict[str, object]], repeats: int | None = None) -> list[dict[str, Any]]:
        """Of each job the last answer, with the medians of its costs."""
        runs = [[self.job(name, **words) for name, words in jobs] for _ in range(repeats or self.repeats)]
        costs = ("wall", "cpu", "peak", "added")
        return [
            {**same[-1], **{cost: statistics.median(run[cost] for run in same) for cost in costs}}
            for same in map(list, zip(*runs, strict=True))
        ]

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.agree = False
            self.notes.append(f"DIFFERENT: {what}")

    def log(self, lines: int) -> Path:
        """The log of about so many lines, made if it is not there."""
        path = self.folder / f"log_{lines}.parquet"
        if not path.is_file():
            made = self.job("make", log=path, customers=max(lines // LINES_A_CUSTOMER, 1))
            (self.folder / f"log_{lines}.json").write_text(json.dumps(made), encoding="utf-8")
        return path

    def made(self, lines: int) -> dict[str, Any]:
        self.log(lines)
        found: dict[str, Any] = json.loads((self.folder / f"log_{lines}.json").read_text(encoding="utf-8"))
        return found

    def keep(self, log: Path, scored: dict[str, dict[str, Any]]) -> None:
        """What `tools/scale_plan.py` plans from."""
        made = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
        costs = {
            name: {cost: found[cost] for cost in ("wall", "cpu", "peak", "bytes")} for name, found in scored.items()
        }
        customers = next(iter(scored.values()))["customers"]
        told = {"machine": machine(), "lines": made["lines"], "customers": customers}
        told |= {"log_bytes": log.stat().st_size, "scored": costs}
        (self.folder / "measured.json").write_text(json.dumps(told, indent=1), encoding="utf-8")

    def model(self, family: str, lines: int) -> Path:
        """Fitted to the smallest log."""
        path = self.folder / f"{family}.json"
        if not path.is_file():
            self.job("models", log=self.log(lines // 10), folder=self.folder)
        return path


def simulating(runs: Runs, lines: int, *, large: bool) -> list[Row]:
    """What the logs took to make; they are made where they are missing."""
    rows = []
    for size in (lines, *((10 * lines,) if large else ())):
        made = runs.made(size)
        what = f"`clvmodels simulate`: {made['lines']:,} lines, {size // LINES_A_CUSTOMER:,} customers, sorted by date"
        bar, met = ("< 2 GiB", made["peak"] < 2 * GIB) if size > lines else ("", None)
        rows.append(Row(what, cost(made), "", "", memory(made), bar, met))
    return rows


def scoring(runs: Runs, lines: int, *, large: bool) -> list[Row]:
    """1. and 2.: a log to scored files, beside the GROUP BY; and ten times as many lines in bounded memory."""
    log = runs.log(lines)
    jobs: list[tuple[str, dict[str, object]]] = [("bare", {"log": log})]
    for family in FAMILIES:
        model = runs.model(family, lines)
        jobs.append(("score", {"log": log, "model": model, "out": runs.folder / f"scored_{family}"}))
    group_by, *ours = runs.in_turns(*jobs)
    rows, before = [], {}
    for (family, title), found in zip(FAMILIES.items(), ours, strict=True):
        runs.must(found["customers"] == group_by["customers"], f"customers scored and grouped, {title}")
        runs.must(found["finite"], f"values that are not finite, {title}")
        before[family] = found
        ratio = found["wall"] / group_by["wall"]
        met = ratio <= 2 and found["peak"] < GIB
        what = f"log to scored files, {title}: {runs.made(lines)['lines']:,} lines; beside the bare `GROUP BY`"
        bar = "≤ 2 ×, < 1 GiB"
        rows.append(Row(what, cost(found), cost(group_by), f"{ratio:.2f} ×", memory(found), bar, met))
    if not large:
        runs.keep(log, before)
        return rows
    after = {}
    log, limit = runs.log(10 * lines), {"memory_limit": "1GB"}
    for family, title in FAMILIES.items():
        words = {"log": log, "model": runs.model(family, lines), "out": runs.folder / f"scored_{family}"}
        (found,) = runs.in_turns(("score", {**words, **limit}), repeats=1)
        after[family] = found
        ratio = found["wall"] / before[family]["wall"]
        met = ratio <= 12 and found["peak"] < 2 * GIB
        what = (
            f"the same, {title}: {runs.made(10 * lines)['lines']:,} lines with memory_limit 1GB; beside the line above"
        )
        bar = "≤ 12 ×, < 2 GiB"
        rows.append(Row(what, cost(found), cost(before[family]), f"{ratio:.1f} ×", memory(found), bar, met))
        runs.notes.append(
            f"{title}: {1e6 * found['wall'] / found['customers']:.2f} s a million customers, "
            f"{found['bytes'] / found['customers']:.0f} bytes a scored customer."
        )
    runs.keep(log, after)
    return rows


def fitting(runs: Runs, lines: int) -> list[Row]:
    """3.: the fit of ten million customers, from a Parquet summary."""
    summary = runs.folder / f"summary_{10 * lines}.parquet"
    if not summary.is_file():
        runs.job("summary", log=runs.log(10 * lines), out=summary)
    rows = []
    for (family, title), most in zip(FAMILIES.items(), (60, 180), strict=True):
        (found,) = runs.in_turns(("fit", {"summary": summary, "family": family}), repeats=1)
        what = f"{title} fit of {found['customers']:,} customers, patterns included"
        rows.append(Row(what, cost(found), "", "", memory(found), f"< {most} s", found["wall"] < most))
        runs.notes.append(
            f"{title}: {found['patterns']:,} patterns, merged in {found['merging']:.1f} s of the whole. "
            + found["verdict"]
        )
    return rows


def beside_others(runs: Runs, lines: int) -> list[Row]:
    """4.: lifetimes, the whole job; and pandas, the summary alone."""
    log, rows = runs.log(lines // 10), []
    for (family, title), least in zip(FAMILIES.items(), (10, 40), strict=True):
        theirs = runs.job("their_job", log=log, family=family)
        (ours,) = runs.in_turns(("whole_job", {"log": log, "family": family}))
        ratio, part = theirs["wall"] / ours["wall"], ours["added"] / theirs["added"]
        met = ratio >= least and part <= 1 / 3
        what = f"whole job, {title}: {runs.made(lines // 10)['lines']:,} lines; beside lifetimes"
        peaks = f"{memory(ours)}, {memory(theirs)}; added {memory(ours, 'added')}, {memory(theirs, 'added')}"
        rows.append(Row(what, cost(ours), cost(theirs), f"{ratio:.1f} ×", peaks, f"≥ {least} ×, added ≤ 1/3", met))
        runs.must(ours["repeats"] == theirs["repeats"], f"repeat purchases of the two summaries, {title}")
        better = theirs["log_likelihood_of_ours"] - theirs["log_likelihood"]
        runs.must(better > -1e-6 * abs(theirs["log_likelihood"]), f"lifetimes found a higher likelihood, {title}")
        apart = abs(ours["value"] / theirs["value"] - 1)
        runs.notes.append(
            f"{title}: mean value {ours['value']:.2f} of {ours['finite']:,} customers; lifetimes' "
            f"{theirs['value']:.2f} of the {theirs['finite']:,} of {theirs['customers']:,} whose value is finite; its "
            "log-likelihood lies "
            f"{better:.3g} below ours."
        )
        if theirs["finite"] == theirs["customers"] and better < 1:
            runs.must(apart < SAME_VALUE, f"mean values, {title}: apart by {apart:.1%}")
    log = runs.log(lines)
    ours, theirs = runs.in_turns(("our_summary", {"log": log}), ("pandas_summary", {"log": log}))
    ratio = theirs["wall"] / ours["wall"]
    what = f"summary alone: {runs.made(lines)['lines']:,} lines; beside pandas' groupby"
    peaks = f"{memory(ours)}, {memory(theirs)}"
    rows.append(Row(what, cost(ours), cost(theirs), f"{ratio:.1f} ×", peaks, "≥ 4 ×", ratio >= 4))
    runs.must(ours["customers"] == theirs["customers"], "customers of our summary and pandas'")
    for name in ("frequency", "recency", "T", "monetary_value"):
        runs.must(abs(ours[name] / theirs[name] - 1) < 1e-9, f"{name} of our summary and pandas'")
    return rows


def cost(found: dict[str, Any]) -> str:
    return f"{found['wall']:.2f} s (CPU {found['cpu']:.2f} s)"


def memory(found: dict[str, Any], which: str = "peak") -> str:
    return f"{found[which] / 2**20:,.0f} MiB"


def machine() -> str:
    packages = ("clvmodels", "numpy", "scipy", "pandas", "pyarrow", "duckdb", "lifetimes")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return f"{processor()}, {total:.0f} GiB of memory; Python {platform.python_version()}, {versions}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=FULL_SIZE)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--only", default="1,2,3,4", help="1 scoring, 2 ten times as many lines, 3 fits, 4 others")
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "scale")
    asked = options.parse_args()
    parts = set(asked.only.split(","))
    if not parts <= set("1234") or asked.lines < 1000:
        options.error("--only takes some of 1,2,3,4; --lines at least 1000")
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    runs = Runs(folder, asked.repeats)
    rows = simulating(runs, asked.lines, large=bool(parts & {"2", "3"}))
    if parts & {"1", "2"}:
        rows += scoring(runs, asked.lines, large="2" in parts)
    if "3" in parts:
        rows += fitting(runs, asked.lines)
    if "4" in parts:
        rows += beside_others(runs, asked.lines)
    print(f"{machine()}.\n")
    print("| job | clvmodels | beside | ratio | peak memory | bar | met |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "NO"
        print(f"| {' | '.join([*row[:-1], met])} |")
    print("\n" + "\n".join(f"- {note}" for note in runs.notes))
    if asked.lines != FULL_SIZE:
        print(f"\nBars are those of {FULL_SIZE:,} lines: this was a run with {asked.lines:,}.")
    return 0 if runs.agree else 1


if __name__ == "__main__":
    sys.exit(main())
