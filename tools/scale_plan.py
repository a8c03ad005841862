"""Plan a run over very many customers from what was measured: print the table of docs/scale.md, or --write it there.

    make benchmark-scale
    python tools/scale_plan.py --spark-seconds SECONDS --spark-cores 2 [--customers 1000000000] [--write]

SECONDS is the wall time that Spark took for a million customers of such a log, on so many cores; without it the table
has no lines about Spark. Costs are taken to grow with the number of customers, and to be shared evenly by the cores:
neither skew nor waiting for a network is in them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- plan: made by tools/scale_plan.py -->\n", "<!-- end of plan -->\n"
TITLES = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}
CORES = (64, 256, 1024)
MILLION, LINE_IN_SHUFFLE = 1e6, 32  # bytes: id 8, day 4, decimal 16, and their lengths


def plan(measured: Mapping[str, Any], customers: float, spark_seconds: float | None, spark_cores: int) -> str:
    """Build the table, as Markdown."""
    millions, factor = measured["customers"] / MILLION, customers / measured["customers"]
    lines = measured["lines"] * factor
    scored = measured["scored"]
    size = max(found["bytes"] for found in scored.values())
    rows = [
        ("lines", f"{measured['lines'] / millions:,.0f}", f"{lines:,.0f}"),
        ("log, Parquet", _bytes(measured["log_bytes"] / millions), _bytes(measured["log_bytes"] * factor)),
        ("scored table, Parquet", _bytes(size / millions), _bytes(size * factor)),
    ]
    for name, found in scored.items():
        told = f"{found['wall'] / millions:.2f} s ({found['cpu'] / millions:.2f} core-seconds)"
        title = f"one machine, {TITLES.get(name, name)}, 1 GB of memory for the engine"
        rows.append((title, told, _time(found["wall"] * factor)))
    if spark_seconds is not None:
        core_seconds = spark_seconds * spark_cores
        whole = core_seconds * customers / MILLION
        told = f"{spark_seconds:.2f} s on {spark_cores} cores ({core_seconds:.2f} core-seconds)"
        rows.append(("Spark", told, f"{whole / 3600:,.1f} core-hours"))
        rows += [(f"Spark, {cores:,} cores", "", _time(whole / cores)) for cores in CORES]
        rows.append(("Spark, shuffled at most", "", _bytes(lines * LINE_IN_SHUFFLE)))
    head = f"| | measured, a million customers | {customers:,.0f} customers |\n|---|---|---|\n"
    source = (
        f"\nMeasured on {measured['customers']:,} customers with {measured['lines']:,} lines: {measured['machine']}.\n"
    )
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows) + source


def with_plan(page: str, table: str) -> str:
    """Return the page with what stands between its marks replaced."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table + END + after


def _bytes(size: float) -> str:
    for unit, below in (("MB", 1e9), ("GB", 1e12)):
        if size < below:
            return f"{size / (below / 1e3):,.1f} {unit}"
    return f"{size / 1e12:,.1f} TB"


def _time(seconds: float) -> str:
    if seconds < 3600:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds / 3600:.1f} hours"


def main() -> None:
    """Print or write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--measured", type=Path, default=ROOT / "build" / "scale" / "measured.json")
    options.add_argument("--customers", type=float, default=1e9)
    options.add_argument("--spark-seconds", type=float)
    options.add_argument("--spark-cores", type=int, default=2)
    options.add_argument("--write", action="store_true")
    asked = options.parse_args()
    if not asked.measured.is_file():
        options.error(f"{asked.measured} is not there: run make benchmark-scale first")
    measured = json.loads(asked.measured.read_text(encoding="utf-8"))
    table = plan(measured, asked.customers, asked.spark_seconds, asked.spark_cores)
    if asked.write:
        PAGE.write_text(with_plan(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")
    else:
        sys.stdout.write(table)


if __name__ == "__main__":
    main()
