"""What decisions cost for a million customers: CPU seconds of each question, and the peak of the whole process.

    python tests/benchmarks/economics.py [--customers 1000000]

Prints a Markdown table. The customers are those of predictive.py (T runs from 27 to 39 weeks by day), with mean spends
drawn at random, and a Pareto/NBD model at the CDNOW estimates.
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings

import numpy as np
import pandas as pd
from predictive import ESTIMATES, SEED, peak, seconds, simulated

import clvmodels as clv

MONEY = {"p": 6.25, "q": 3.74, "v": 15.44}  # Fader & Hardie (2013), note 025


def summary_of(customers):
    """A summary of so many customers, and groups for them."""
    columns, _ = simulated(customers, by_day=True)
    generator = np.random.default_rng(SEED)
    frame = pd.DataFrame(dict(zip(("frequency", "recency", "T"), columns, strict=True)))
    mean = 35 * generator.gamma(4, 0.25, len(frame))
    frame["monetary_value"] = np.where(frame["frequency"] > 0, mean, np.nan)
    frame.insert(0, "customer_id", np.arange(len(frame)))
    return frame, np.array(["search", "mail", "shop"])[generator.integers(0, 3, len(frame))]


def questions(model, summary, scored, later, groups):
    """Name of each question, and what answers it."""
    eco = clv.economics
    return {
        "`predict`, for comparison": lambda: model.predict(summary, 52),
        "`customer_equity` by channel": lambda: clv.customer_equity(model, summary, by=groups),
        "`equity_change` between two dates": lambda: eco.equity_change(scored, later),
        "`compute_concentration` and `gini`": lambda: (eco.compute_concentration(scored), eco.gini(scored)),
        "`value_tiers` and `tier_table`": lambda: (eco.value_tiers(scored), eco.tier_table(scored)),
        "`rfm_segments`": lambda: eco.rfm_segments(summary),
        "`value_segments`": lambda: eco.value_segments(scored),
        "`at_risk`, the top 20 %": lambda: eco.at_risk(model, summary, observation_end="1997-09-30"),
        "`falls_below`": lambda: eco.falls_below(model, summary),
        "`migration` of value segments": lambda: eco.migration(
            scored.assign(segment=eco.value_segments(scored)), later.assign(segment=eco.value_segments(later))
        ),
        "`retention_action`": lambda: eco.retention_action(scored, cost=1.5, uplift=0.1),
        "`what_if`, three levers, by channel": lambda: clv.what_if(
            model, summary, dropout=0.95, purchase_rate=1.05, spend=1.05, by=groups
        ),
        "`compute_tornado`": lambda: eco.compute_tornado(model, summary),
        "`new_customer_value` of three channels": lambda: eco.new_customer_value(summary, groups, time_unit="week"),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description="What decisions cost for a million customers.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    summary, groups = summary_of(options.customers)
    purchases = clv.PurchaseModel.from_parameters(
        "pareto_nbd", dict(zip(("r", "alpha", "s", "beta"), ESTIMATES["pareto_nbd"], strict=True)), "week"
    )
    model = clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", MONEY), margin=0.3)
    scored = model.predict(summary, 52)
    later = model.predict(summary.assign(T=summary["T"] + 13), 52)
    print(f"{len(summary):,} customers; Python {platform.python_version()}, NumPy {np.__version__}\n")
    print("| question | CPU | wall |")
    print("|---|---:|---:|")
    for name, ask in questions(model, summary, scored, later, groups).items():
        used, began = seconds(), time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", clv.ClvWarning)
            ask()
        print(f"| {name} | {seconds() - used:.2f} s | {time.perf_counter() - began:.2f} s |", flush=True)
    print(f"\npeak memory of all: {peak():,.0f} MiB")


if __name__ == "__main__":
    main()
