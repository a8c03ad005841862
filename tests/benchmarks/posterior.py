"""What it costs to know how sure: posteriors, and intervals for every customer.

    python tests/benchmarks/posterior.py              # CDNOW's sample of 2,357 customers, in seconds
    python tests/benchmarks/posterior.py --million    # and 1,000,000 simulated customers, in minutes

Prints Markdown tables. Each job runs in a process of its own, which makes its data and one small warm-up before the
clock starts; CPU is user and system time of all threads, memory the peak of the process. The smallest number of
effective draws is that from the importance weights, over the parameters. The million are those of `make benchmark`:
BG/NBD at CDNOW's estimates, T from 27 to 39 weeks by day. The exit code is 1 if a bar is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any, NamedTuple

import run  # make benchmark's: its million customers and its measure of memory

import clvmodels as clv

DRAWS = 4_000
CDNOW_DRAWS, MILLION_DRAWS = 1_000, 200  # of predictive distributions
HORIZON = 52  # weeks
LEAST_ESS = 2_000
MOST_MIB = 2_048.0


class Job(NamedTuple):
    """What is measured, and the seconds of wall time that it may take; None without a bar."""

    title: str
    seconds: float | None


CDNOW = {
    "bg_nbd": Job("posterior of BG/NBD", 2.0),
    "mbg_nbd": Job("posterior of MBG/NBD", 2.0),
    "pareto_nbd": Job("posterior of Pareto/NBD", 5.0),
    "nbd": Job("posterior of NBD", None),
    "gamma_gamma": Job("posterior of Gamma-Gamma", None),
    "intervals bg_nbd": Job("90 % intervals, BG/NBD", 5.0),
    "intervals pareto_nbd": Job("90 % intervals, Pareto/NBD", 5.0),
}
MILLION = {
    "bg_nbd": Job("posterior of BG/NBD", 60.0),
    "pareto_nbd": Job("posterior of Pareto/NBD", 180.0),
    "intervals bg_nbd": Job("90 % intervals, BG/NBD", 120.0),
    "intervals pareto_nbd": Job("90 % intervals, Pareto/NBD", None),
}


def data(customers: int) -> Any:
    """CDNOW's sample at 39 weeks, or so many simulated customers."""
    if customers:
        return run.simulated_summary(customers)
    log = clv.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


def fitted(family: str, summary: Any) -> Any:
    """A model of purchases or of spend."""
    if family == "gamma_gamma":
        return clv.SpendModel(family).fit(summary)
    return clv.PurchaseModel(family, time_unit="week").fit(summary)


def money_scale(family: str) -> dict[str, float]:
    return {"money_scale": 20.0} if family == "gamma_gamma" else {}


def posterior(family: str, summary: Any, draws: int) -> Any:
    return clv.posterior(fitted(family, summary), summary, draws=draws, **money_scale(family))


def intervals(model: Any, summary: Any, draws: int) -> Any:
    return model.predict_distribution(summary, horizon=HORIZON, draws=draws, quantiles=(0.05, 0.95))


def measured(job: str, customers: int) -> dict[str, Any]:
    """One job in this process."""
    summary = data(customers)
    family = job.split()[-1]
    if job.startswith("intervals"):
        parts = [fitted(name, summary) for name in (family, "gamma_gamma")]
        drawn = [
            clv.posterior(model, summary, draws=1_000, **money_scale(name))
            for model, name in zip(parts, (family, "gamma_gamma"), strict=True)
        ]
        both = [model.with_posterior(part) for model, part in zip(parts, drawn, strict=True)]
        model, draws = clv.CLVModel(*both), MILLION_DRAWS if customers else CDNOW_DRAWS
        intervals(model, summary.head(50), 20)
        found, took = timed(lambda: intervals(model, summary, draws))
        told = f"{draws:,} draws; clv of all {found.total.set_index('quantity').loc['clv', 'mean']:,.0f}"
        return took | {"told": told, "good": True}
    posterior(family, summary.head(500), 1_000)
    found, took = timed(lambda: posterior(family, summary, DRAWS))
    least = min(found.ess.values())
    hat = "" if found.k_hat is None else f", k-hat {found.k_hat:.2f}"
    told = f"{DRAWS:,} draws by {found.method}, at least {least:,.0f} effective{hat}"
    return took | {"told": told, "good": found.trusted and least >= LEAST_ESS}


def timed(function: Any) -> tuple[Any, dict[str, float]]:
    """The answer; wall and CPU seconds, and the peak memory of the process up to here in MiB."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = function()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answer, {"wall": wall, "cpu": cpu, "mib": run.peak_memory() / 2**20}


def table(jobs: dict[str, Job], customers: int, title: str) -> bool:
    """Run the jobs, print their table, and say whether every bar is met."""
    print(f"{title}:\n")
    print("| | wall | wanted | CPU | peak memory | found | met |")
    print("|---|---:|---:|---:|---:|---|---|")
    every = True
    for name, job in jobs.items():
        command = [sys.executable, __file__, "--job", name, "--customers", str(customers)]
        done = subprocess.run(command, cwd=run.ROOT, check=True, stdout=subprocess.PIPE, text=True, env=environment())
        got = json.loads(done.stdout.splitlines()[-1])
        met = got["good"] and got["mib"] <= MOST_MIB and (job.seconds is None or got["wall"] <= job.seconds)
        every = every and met
        wanted = "" if job.seconds is None else f"≤ {job.seconds:g} s"
        cost = f"{got['wall']:.1f} s | {wanted} | {got['cpu']:.1f} s | {got['mib']:,.0f} MiB"
        print(f"| {job.title} | {cost} | {got['told']} | {'yes' if met else '**no**'} |", flush=True)
    print()
    return every


def environment() -> dict[str, str]:
    """That of this process; the checkout first, as here."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(run.ROOT), os.environ.get("PYTHONPATH", "")])}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true", help="1,000,000 customers too")
    parser.add_argument("--customers", type=int, help="so many simulated customers in their place")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.job:
        print(json.dumps(measured(words.job, words.customers or 0)))
        return 0
    print(f"{run.versions()}; {run.processor()}\n")
    met = table(CDNOW, 0, "CDNOW's sample, 2,357 customers")
    if words.million or words.customers:
        customers = words.customers or run.FULL_SIZE
        met &= table(MILLION, customers, f"{customers:,} simulated customers")
    print(
        f"Intervals: purchases, spend and value over {HORIZON} weeks, of each customer and of all. Memory may be "
        f"{MOST_MIB:,.0f} MiB at most, effective draws {LEAST_ESS:,} at least."
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
