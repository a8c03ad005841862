"""Time and memory of the simulated future, for simulated customers.

    python tests/benchmarks/money.py [--customers 1000000] [--draws 200]

Prints a Markdown table of CPU and wall seconds and of the peak memory of a process of its own. The customers are those
of predictive.py: T runs from 27 to 39 weeks by day. Purchases, spend and value of 52 weeks, their quantiles, totals and
shares of variance; parameters differ from draw to draw by 5 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time

import numpy as np
from predictive import ESTIMATES, SEED, peak, seconds, simulated

from clvmodels.families import gamma_gamma, purchase_family
from clvmodels.models.predictive.money import simulate_future

MONEY = (6.25, 3.74, 15.44)  # Fader & Hardie (2013), note 025
DELTA = math.log(1.1) * 7 / 365.25


def measure(name, customers, draws, threads):
    """One family on the simulated customers, in this process."""
    columns, _ = simulated(customers, by_day=True)
    generator = np.random.default_rng(SEED)
    summary = dict(zip(("frequency", "recency", "T"), columns, strict=True))
    mean = 35 * generator.gamma(4, 0.25, customers)
    summary["monetary_value"] = np.where(summary["frequency"] > 0, mean, np.nan)
    thetas, money = (
        np.array(values) * np.exp(0.05 * generator.standard_normal((draws, len(values))))
        for values in (ESTIMATES[name], MONEY)
    )
    before, began, used = peak(), time.perf_counter(), seconds()
    found = simulate_future(
        purchase_family(name), gamma_gamma.FAMILY, thetas, money, summary, 52.0, DELTA, 0.3, seed=1, threads=threads
    )
    return {
        "cpu": seconds() - used,
        "wall": time.perf_counter() - began,
        "before": before,
        "peak": peak(),
        "total": float(np.mean(found.total["clv"])),
        "low": float(np.quantile(found.total["clv"], 0.05)),
        "high": float(np.quantile(found.total["clv"], 0.95)),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Time and memory of the simulated future.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--families", nargs="+", default=list(ESTIMATES), choices=list(ESTIMATES))
    parser.add_argument("--one", nargs=2, metavar=("FAMILY", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        name, threads = options.one
        print(json.dumps(measure(name, options.customers, options.draws, int(threads))))
        return
    print(f"{options.customers:,} customers, {options.draws:,} draws, 52 weeks; {os.cpu_count()} processors\n")
    print("| family | threads | CPU | wall | peak memory | before it | total value | 90 % of its draws |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for name in options.families:
        for threads in (1, 2):
            command = [sys.executable, __file__, "--customers", str(options.customers), "--draws", str(options.draws)]
            done = subprocess.run([*command, "--one", name, str(threads)], check=True, capture_output=True, text=True)
            got = json.loads(done.stdout)
            print(
                f"| {name} | {threads} | {got['cpu']:.1f} s | {got['wall']:.1f} s | {got['peak']:,.0f} MiB | "
                f"{got['before']:,.0f} MiB | {got['total']:,.0f} | {got['low']:,.0f} to {got['high']:,.0f} |"
            )


if __name__ == "__main__":
    main()
