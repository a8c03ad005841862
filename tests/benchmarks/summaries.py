"""Time of a summary beside the bare GROUP BY that gives the same numbers, in the same engine.

    python tests/benchmarks/summaries.py [--lines 10000000] [--repeats 3]

Prints a Markdown table of CPU and wall seconds, the best of the repeats, ours and the bare query's taken in turns. The
data are made anew in a temporary folder. The bare query asks nothing of the log: no missing value, no bad amount, no
report; with refunds it nets them, as it must for the same numbers. The exit code is 1 if the numbers differ.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import clvmodels as clv

LINES_A_CUSTOMER = 10
LOGS = {
    "timestamps": ("parquet", "SELECT customer_id, date, amount FROM made"),
    "dates": ("parquet", "SELECT customer_id, CAST(date AS DATE) AS date, amount FROM made"),
    "refunds, 3 % of lines": (
        "parquet",
        "SELECT customer_id, date, CASE WHEN HASH(customer_id, date, amount) % 100 < 3 THEN -amount ELSE amount END "
        "AS amount FROM made",
    ),
    "CSV": ("csv", "SELECT customer_id, CAST(date AS DATE) AS date, amount FROM made"),
}
EVENT = """SELECT customer_id, DATE_DIFF('day', DATE '1970-01-01', CAST(date AS DATE)) AS day,
    SUM(CAST(amount AS DECIMAL(18,6))) AS total FROM '{file}' GROUP BY customer_id, day"""
NETTED = " HAVING NOT (MIN(amount) < 0 AND total <= 0)"
BARE = """WITH events AS ({event})
SELECT customer_id, COUNT(*) - 1 AS frequency, (MAX(day) - MIN(day)) / 7 AS recency,
  ({end} - MIN(day)) / 7 AS T,
  CASE WHEN COUNT(*) > 1 THEN CAST((SUM(total) - ARG_MIN(total, day)) * 1000000 AS DOUBLE)
    / CAST((COUNT(*) - 1) * 1000000 AS DOUBLE) END AS monetary_value
FROM events GROUP BY customer_id ORDER BY customer_id"""


def make(folder: Path, lines: int) -> dict[str, Path]:
    """The logs, and where they are: some customers buy often, most seldom, over two years."""
    files = {}
    with duckdb.connect() as con:
        con.execute("SELECT SETSEED(0.5)")
        con.execute("SET threads = 1")
        con.execute(
            f"""CREATE TEMP TABLE made AS SELECT
            CAST(FLOOR({lines // LINES_A_CUSTOMER} * POW(RANDOM(), 1.5)) AS BIGINT) AS customer_id,
            TIMESTAMP '2022-01-01' + INTERVAL (CAST(FLOOR(730 * RANDOM()) AS INTEGER)) DAY AS date,
            ROUND(EXP(3 + 2 * RANDOM()), 2) AS amount FROM RANGE({lines})"""
        )
        for i, (name, (suffix, query)) in enumerate(LOGS.items()):
            files[name] = folder / f"{i}.{suffix}"
            con.execute(f"COPY ({query}) TO '{files[name]}'")
    return files


def bare(file: Path, refunds: bool) -> Any:
    event = EVENT.format(file=file) + (NETTED if refunds else "")
    end = "DATE_DIFF('day', DATE '1970-01-01', DATE '2023-12-31')"
    with duckdb.connect(config={"preserve_insertion_order": "false"}) as con:
        return con.sql(BARE.format(event=event, end=end)).to_arrow_table().to_pandas()


def cost(job: Callable[[], Any]) -> tuple[float, float, Any]:
    """CPU and wall seconds, and the answer."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = job()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, answer


def same(ours: Any, theirs: Any) -> bool:
    if len(ours) != len(theirs) or not (ours["customer_id"].to_numpy() == theirs["customer_id"].to_numpy()).all():
        return False
    return all(
        np.array_equal(ours[name].to_numpy(float), theirs[name].to_numpy(float), equal_nan=True)
        for name in ("frequency", "recency", "T", "monetary_value")
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=10_000_000)
    options.add_argument("--repeats", type=int, default=3)
    asked = options.parse_args()
    agree = True
    print(f"{asked.lines:,} lines, {asked.lines // LINES_A_CUSTOMER:,} customers, DuckDB {duckdb.__version__}\n")
    print("| log | ours, CPU s | bare, CPU s | ratio | ours, wall s | bare, wall s | ratio | same numbers |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="clvmodels-benchmark-") as folder:
        for name, file in make(Path(folder), asked.lines).items():
            ours, theirs = [], []
            for _ in range(asked.repeats):
                theirs.append(cost(lambda: bare(file, name.startswith("refunds"))))  # noqa: B023
                ours.append(cost(lambda: clv.rfm_summary(file, observation_end="2023-12-31")))  # noqa: B023
            equal = same(ours[-1][2], theirs[-1][2])
            agree = agree and equal
            (cpu, wall), (their_cpu, their_wall) = (
                tuple(min(run[i] for run in runs) for i in range(2)) for runs in (ours, theirs)
            )
            print(
                f"| {name} | {cpu:.2f} | {their_cpu:.2f} | {cpu / their_cpu:.2f} | {wall:.2f} | {their_wall:.2f} "
                f"| {wall / their_wall:.2f} | {'yes' if equal else 'NO'} |",
                flush=True,
            )
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
