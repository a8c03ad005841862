"""What validating costs: a backtest of all of CDNOW, and the validation of a million customers.

    python tests/benchmarks/validation.py [--customers 1000000]

The first is 4 cutoffs x 4 models on the log of 69,659 lines that the package ships. For the second a log of two years
is simulated (Pareto/NBD purchases and Gamma-Gamma spend at CDNOW's estimates; everybody joins in the first year), kept
as Parquet, and validated over its last half year with two models and the four baselines, in a process of its own, whose
peak memory is that of everything it did. Prints a Markdown table; the exit code is 1 if a bar is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import clvmodels as clv

SEED = 20240229
PARETO_NBD = (0.553, 10.578, 0.606, 11.669)  # Fader & Hardie 2005, in weeks
GAMMA_GAMMA = (6.25, 3.74, 15.44)  # Fader & Hardie 2013
MODELS = ("pareto_nbd", "bg_nbd", "mbg_nbd", "nbd")
BACKTEST_SECONDS, VALIDATE_SECONDS, VALIDATE_MIB = 20.0, 60.0, 2048.0


def write_log(path: Path, customers: int) -> int:
    """Two years of purchases by day; returns the number of lines."""
    import pyarrow as pa
    from pyarrow import parquet

    from clvmodels.families import gamma_gamma, pareto_nbd

    generator = np.random.default_rng(SEED)
    joined = generator.integers(0, 365, customers)
    owner, times = pareto_nbd.simulate(generator, (730 - joined) / 7, *PARETO_NBD)
    customer = np.concatenate([np.arange(customers), owner])
    day = np.concatenate([joined, np.minimum(joined[owner] + np.floor(7 * times).astype(np.int64), 729)])
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order]
    counts = np.bincount(customer, minlength=customers)
    amount = np.round(np.maximum(gamma_gamma.simulate(generator, counts, *GAMMA_GAMMA), 0.01), 2)
    dates = pa.array(np.datetime64("2022-01-01") + day)
    parquet.write_table(pa.table({"customer_id": customer, "date": dates, "amount": amount}), path)
    return len(customer)


def backtest_seconds() -> dict[str, Any]:
    """Four cutoffs, four models, all of CDNOW."""
    log = clv.load_cdnow()
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        found = clv.backtest(log, cutoffs=4, horizon=13, models=list(MODELS))
    return {"seconds": time.perf_counter() - started, "rows": len(found.scores)}


def validate_seconds(path: str) -> dict[str, Any]:
    """One validation of a log in a file."""
    started = time.perf_counter()
    found = clv.validate(path, calibration_end="2023-06-30", models=["pareto_nbd", "bg_nbd"])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "mib": peak, "customers": len(found.scored)}


def in_a_process(*words: str) -> dict[str, Any]:
    """Run this script on one job and read what it prints last."""
    run = [sys.executable, __file__, *words]
    out = subprocess.run(run, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--job", choices=("backtest", "validate"), help=argparse.SUPPRESS)
    parser.add_argument("--log", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.job:
        print(json.dumps(backtest_seconds() if words.job == "backtest" else validate_seconds(words.log)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        lines = write_log(path, words.customers)
        tested = in_a_process("--job", "backtest")
        validated = in_a_process("--job", "validate", "--log", str(path))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print("| job | found | bar |\n|---|---|---|")
    print(
        f"| backtest, 4 cutoffs x 4 models, CDNOW's 69,659 lines | {tested['seconds']:.1f} s | {BACKTEST_SECONDS:g} s |"
    )
    what = f"validate, {words.customers:,} customers, {lines:,} lines, 2 models and 4 baselines"
    print(
        f"| {what} | {validated['seconds']:.1f} s, {validated['mib']:,.0f} MiB | "
        f"{VALIDATE_SECONDS:g} s, {VALIDATE_MIB:,.0f} MiB |"
    )
    met = (
        tested["seconds"] <= BACKTEST_SECONDS
        and validated["seconds"] <= VALIDATE_SECONDS
        and validated["mib"] <= VALIDATE_MIB
    )
    return int(not met)


if __name__ == "__main__":
    raise SystemExit(main())
