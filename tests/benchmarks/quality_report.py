"""What the quality report costs: CPU of `summarize` beside that of `rfm_summary`, which makes no report.

    python tests/benchmarks/quality_report.py [--lines 10000000] [--per-event 1] [--csv]

Makes a log with a customer for every ten events, as a file, reads it with both in turn and prints the medians of three
and their ratio. ``--per-event`` is how many lines an event has, all of one day, as in a log of invoice lines.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import clvmodels as clv

SEED = 20240229
WANTED = 2.0


def write_log(path: Path, lines: int, per_event: int) -> None:
    """Customers who join over a year and buy over two, by day; a text column that no summary reads."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    rng = np.random.default_rng(SEED)
    events = lines // per_event
    customers = max(events // 10, 1)
    customer = rng.integers(0, customers, events)
    day = np.minimum(rng.integers(0, 365, customers)[customer] + rng.integers(0, 730, events), 729)
    customer, day = np.repeat(customer, per_event), np.repeat(day, per_event)
    n = len(customer)
    table = pa.table(
        {
            "customer_id": customer,
            "date": pa.array(np.datetime64("2022-01-01") + day),
            "amount": np.round(np.exp(rng.normal(3, 0.7, n)), 2),
            "item": pa.array(rng.integers(0, 5000, n)).cast(pa.string()),
        }
    )
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path)


def cpu_seconds(job: Callable[[], Any]) -> float:
    """User and system time of all threads."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    job()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the ratio; the exit code is 1 if the report costs more than the summary itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--per-event", type=int, default=1)
    parser.add_argument("--csv", action="store_true")
    words = parser.parse_args()
    clv.summarize(clv.load_cdnow(sample=True))  # what is imported on first use
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"log.{'csv' if words.csv else 'parquet'}"
        write_log(path, words.lines, words.per_event)
        times: dict[str, list[float]] = {"rfm_summary": [], "summarize": []}
        for _ in range(3):
            times["rfm_summary"].append(cpu_seconds(lambda: clv.rfm_summary(str(path))))
            times["summarize"].append(cpu_seconds(lambda: clv.summarize(str(path))))
    plain, told = (statistics.median(seconds) for seconds in times.values())
    print(f"{words.lines:,} lines, {words.per_event} an event, {path.suffix[1:]}")
    print(f"rfm_summary {plain:.2f} s CPU, summarize {told:.2f} s CPU: {told / plain:.2f} times (wanted: {WANTED:g})")
    return int(told > WANTED * plain)


if __name__ == "__main__":
    raise SystemExit(main())
