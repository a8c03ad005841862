"""Time and memory of predictive distributions at what happened, for simulated customers.

    python tests/benchmarks/predictive.py [--customers 1000000]

Prints a Markdown table of CPU and wall seconds and of the peak memory of a process of its own, which holds numbers
alone. T runs from 27 to 39 weeks by day, purchases of a day are one, and the holdout is 39 weeks. "no two alike" has
times that are no whole days, so that nobody shares a future with anybody.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from clvmodels.families import pareto_nbd, purchase_family
from clvmodels.validation import predictive

SEED = 20240229
HORIZON = 39.0
# CDNOW's estimates (Fader & Hardie 2005; Fader, Hardie & Lee 2005; BTYDplus).
ESTIMATES = {
    "pareto_nbd": (0.553, 10.578, 0.606, 11.669),
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
    "nbd": (0.385, 12.072),
}


def simulated(customers, by_day):
    """Statistics at T, and purchases in the holdout, of customers of the Pareto/NBD."""
    generator = np.random.default_rng(SEED)
    days = generator.integers(27 * 7, 39 * 7, customers, endpoint=True)
    hour = generator.random(customers)  # of the first purchase, in days; the last day is observed to its end
    until = (days + 1 - hour) / 7
    owner, times = pareto_nbd.simulate(generator, until + HORIZON, *ESTIMATES["pareto_nbd"])
    if not by_day:
        seen = times <= until[owner]
        last = np.zeros(customers)
        np.maximum.at(last, owner[seen], times[seen])
        counts = [np.bincount(owner[some], minlength=customers).astype(np.float64) for some in (seen, ~seen)]
        return [counts[0], last, until], counts[1]
    day = np.floor(hour[owner] + times * 7).astype(np.int64)
    new = (day > 0) & ((np.diff(owner, prepend=-1) > 0) | (np.diff(day, prepend=0) > 0))
    owner, day = owner[new], day[new]
    seen = day <= days[owner]
    last = np.zeros(customers)
    np.maximum.at(last, owner[seen], day[seen])
    counts = [np.bincount(owner[some], minlength=customers).astype(np.float64) for some in (seen, ~seen)]
    return [counts[0], last / 7, days / 7], counts[1]


def seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name, customers, by_day):
    """One family on the simulated customers, in this process."""
    statistics, actual = simulated(customers, by_day)
    patterns = len(np.unique(np.column_stack(statistics), axis=0))
    family, before = purchase_family(name), peak()
    predictive.of_model(family, ESTIMATES[name], [v[:10] for v in statistics], HORIZON, actual[:10])
    began, used = time.perf_counter(), seconds()
    found = predictive.of_model(family, ESTIMATES[name], statistics, HORIZON, actual)
    wall, cpu = time.perf_counter() - began, seconds() - used
    low, high = found.intervals[0.8]
    return {
        "patterns": patterns,
        "cpu": cpu,
        "wall": wall,
        "before": before,
        "peak": peak(),
        "crps": float(np.mean(found.crps)),
        "log_score": float(np.mean(np.log(found.probability))),
        "covered": float(np.mean((low <= actual) & (actual <= high))),
        "mass": float(np.mean(found.masses[0.8])),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Time and memory of predictive distributions.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=2, metavar=("FAMILY", "BY_DAY"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measure(options.one[0], options.customers, options.one[1] == "True")))
        return
    print(f"{options.customers:,} customers, holdout of {HORIZON:g} weeks\n")
    print(
        "| family | times | patterns | CPU | wall | peak memory | before it | mean CRPS | mean ln P | in 80 % | mass |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    jobs = [(name, True) for name in ESTIMATES] + [("pareto_nbd", False), ("bg_nbd", False)]
    for name, by_day in jobs:
        command = [sys.executable, __file__, "--customers", str(options.customers), "--one", name, str(by_day)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        got = json.loads(done.stdout)
        print(
            f"| {name} | {'by day' if by_day else 'no two alike'} | {got['patterns']:,} | {got['cpu']:.1f} s | "
            f"{got['wall']:.1f} s | {got['peak']:,.0f} MiB | {got['before']:,.0f} MiB | {got['crps']:.5f} | "
            f"{got['log_score']:.5f} | {got['covered']:.4f} | {got['mass']:.4f} |"
        )


if __name__ == "__main__":
    main()
