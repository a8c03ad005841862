"""Cost of a summary of a shop's export beside a bare GROUP BY of the same file, in the same engine.

    python tests/benchmarks/systems.py [--lines 2000000] [--repeats 2]

Prints a Markdown table of CPU and wall seconds and peak memory, each job in a process of its own, the best of the
repeats, taken in turns. The file is made anew in a temporary folder, in the layout of Shopify's orders (79 columns, the
order's own fields on its first line only): nobody's customers. The bare query brings an order's lines together by its
name, nets refunds and groups by e-mail and day, and asks nothing: no repeated export, no status, no date or amount that
cannot be read, no second currency. The exit code is 1 if the two find other customers or other purchases.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ITEMS_AN_ORDER = 1.41  # as made below
MADE = """COPY (
WITH orders AS (
  SELECT i, CAST(CEIL(RANDOM() * 1.7) AS INTEGER) AS items, CAST(FLOOR(RANDOM() * {orders} / 4) AS INTEGER) AS customer,
    TIMESTAMP '2022-01-01' + TO_SECONDS(CAST(FLOOR(i * 700 * 86400.0 / {orders}) AS BIGINT)) AS moment,
    ROUND(5 + 90 * RANDOM(), 2) AS total, RANDOM() AS kind
  FROM RANGE({orders}) AS made(i)
), lines AS (SELECT *, UNNEST(RANGE(1, items + 1)) AS line FROM orders)
SELECT '#' || i AS "Name", 'Customer' || customer || '@Example.org' AS "Email",
  CASE WHEN line = 1 THEN 'paid' END AS "Financial Status", CASE WHEN line = 1 THEN 'USD' END AS "Currency",
  CASE WHEN line = 1 THEN total END AS "Total",
  CASE WHEN line > 1 THEN NULL WHEN kind < 0.05 THEN ROUND(total / 2, 2) ELSE 0 END AS "Refunded Amount",
  STRFTIME(moment, '%Y-%m-%d %H:%M:%S -0500') AS "Created at",
  CASE WHEN line = 1 AND kind > 0.98 THEN STRFTIME(moment, '%Y-%m-%d %H:%M:%S -0500') END AS "Cancelled at",
  CASE WHEN line = 1 THEN 5000000000000 + i END AS "Id", 'Item, no. ' || line AS "Lineitem name", {filling}
FROM lines ORDER BY i, line) TO '{file}' (HEADER, DELIMITER ',')"""
BARE = """WITH orders AS (
  SELECT "Name", ANY_VALUE(LOWER("Email")) AS customer,
    ANY_VALUE(CASE WHEN "Total" <> '' THEN CAST(SUBSTR("Created at", 1, 10) AS DATE) END) AS day,
    ANY_VALUE(CAST(NULLIF("Total", '') AS DECIMAL(18, 6))) AS total,
    ANY_VALUE(CAST(NULLIF("Refunded Amount", '') AS DECIMAL(18, 6))) AS refunded,
    ANY_VALUE(NULLIF("Cancelled at", '')) AS cancelled
  FROM ({scan}) GROUP BY "Name"
), events AS (
  SELECT customer, day, SUM(total - refunded) AS total, MAX(refunded) AS refunded
  FROM orders WHERE cancelled IS NULL GROUP BY customer, day
), customers AS (
  SELECT customer, COUNT(*) - 1 AS x, MAX(day) - MIN(day), SUM(total)
  FROM events WHERE total > 0 OR refunded = 0 GROUP BY customer
)
SELECT COUNT(*), SUM(x) FROM customers"""
COLUMNS = ("Name", "Email", "Created at", "Total", "Refunded Amount", "Cancelled at")


def make(file: Path, lines: int) -> None:
    """The export."""
    import duckdb

    filling = ", ".join(f"'some text {i}' AS \"Column {i}\"" for i in range(69))
    with duckdb.connect() as con:
        con.execute("SELECT SETSEED(0.5)")
        con.execute("SET threads = 1")
        con.execute(MADE.format(orders=int(lines / ITEMS_AN_ORDER), filling=filling, file=file))


def answer(job: str, file: str) -> list[int]:
    """Customers and repeat purchases, or for what gives none, rows."""
    import clvmodels as clv
    from clvmodels.transactions.engine import connection
    from clvmodels.transactions.log_files import selection

    log = clv.SystemLog(file, "shopify")
    if job == BARE_JOB:
        with connection() as con:
            scan = selection([file], {name: name for name in COLUMNS})
            return [int(n) for n in con.execute(BARE.format(scan=scan)).fetchall()[0]]
    if job == "rfm_summary and the report":
        reports: list[clv.ExportReport] = []
        summary = clv.rfm_summary(replace(log, reports=reports))
        return [len(summary) if reports[0].sales else 0, int(summary["frequency"].sum())]
    if job == "read_log":
        return [clv.read_log(file, "shopify")["customer_id"].nunique()]
    if job == "patterns, memory_limit 500MB":
        found = clv.patterns(log, memory_limit="500MB")
        return [int(found.counts["customers"])]
    summary = clv.rfm_summary(log) if job == "rfm_summary" else clv.summarize(log).summary
    return [len(summary), int(summary["frequency"].sum())]


BARE_JOB = "bare GROUP BY"
JOBS = (
    BARE_JOB,
    "rfm_summary",
    "rfm_summary and the report",
    "summarize",
    "patterns, memory_limit 500MB",
    "read_log",
)


def measured(job: str, file: str) -> dict[str, object]:
    """What a job costs, in this process."""
    import pandas  # noqa: F401  # not part of what is measured

    import clvmodels.transactions.patterns
    import clvmodels.transactions.summarize  # noqa: F401

    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = answer(job, file)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"found": found, "cpu": cpu, "wall": wall, "memory": after.ru_maxrss / 1024}


def main() -> int:
    """Make, run in turns, print."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--lines", type=int, default=2_000_000)
    words.add_argument("--repeats", type=int, default=2)
    words.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.make:
        make(asked.make, asked.lines)
        return 0
    if asked.job:
        print(json.dumps(measured(*asked.job)))
        return 0
    best: dict[str, dict[str, float]] = {}
    found: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders_export.csv"
        # in a process of its own too: a new process is said to have had at its peak what the one that started it has
        subprocess.run([sys.executable, __file__, "--make", str(file), "--lines", str(asked.lines)], check=True)
        size = file.stat().st_size / 1e6
        for _ in range(asked.repeats):
            for job in JOBS:
                ran = subprocess.run(
                    [sys.executable, __file__, "--job", job, str(file)], check=True, capture_output=True, text=True
                )
                one = json.loads(ran.stdout.splitlines()[-1])
                found[job] = one.pop("found")
                before = best.get(job, one)
                best[job] = {name: min(before[name], one[name]) for name in one}
    bare = best[BARE_JOB]
    print(f"{asked.lines:,} lines, {size:,.0f} MB of CSV\n")
    print("| | CPU s | wall s | peak MB | CPU, bare query = 1 |\n|---|---|---|---|---|")
    for job, cost in best.items():
        times = f"{cost['cpu']:.1f} | {cost['wall']:.1f} | {cost['memory']:,.0f} | {cost['cpu'] / bare['cpu']:.1f}"
        print(f"| {job} | {times} |")
    agree = all(each == found[BARE_JOB][: len(each)] for each in found.values())
    print("\nthe same customers and purchases" if agree else f"\nDIFFERENT ANSWERS: {found}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
