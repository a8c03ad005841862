"""What `scale.py` measures, each job in a process of its own: ``python scale_jobs.py JOB key=value ...``.

A job imports what it needs, does its work once on a few customers where first use costs something, and is then timed;
the last line it prints is JSON: wall and CPU seconds of the work, peak memory of the process and of those it started.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from run import MONTHLY_RATE, MONTHS, Lifetimes, annual_rate, peak_memory
from summaries import BARE, EVENT

END, FEW_END = "2024-12-31", "1997-09-30"  # of the logs here, and of CDNOW's sample, which warms up
# Pareto/NBD with CDNOW's mixing (Fader & Hardie 2005) and alpha such that two years hold ten purchases a customer.
PARETO_NBD = {"r": 0.553, "alpha": 2.23, "s": 0.606, "beta": 11.669}
GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "v": 15.44}
DAYS_A_YEAR = 365.25


def timed(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work says, and what it cost; ``added`` is the peak beyond what was held before it began."""
    held = held_memory()
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    told = work()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    peak = peak_memory() + children
    return {**told, "wall": wall, "cpu": cpu, "peak": peak, "added": peak - held}


def held_memory() -> float:
    """What this process holds now, in bytes; where that cannot be seen, the most it ever held."""
    status = Path("/proc/self/statm")
    return float(status.read_text().split()[1]) * resource.getpagesize() if status.is_file() else peak_memory()


def make(log: str, customers: int) -> dict[str, Any]:
    """Simulate a log."""
    import clvmodels as clv

    model = clv.CLVModel(
        clv.PurchaseModel.from_parameters("pareto_nbd", PARETO_NBD, time_unit="week"),
        clv.SpendModel.from_parameters("gamma_gamma", GAMMA_GAMMA),
    )
    return timed(lambda: {"lines": clv.simulate_log(model, log, int(customers), observation_end=END, seed=1).lines})


def models(log: str, folder: str) -> dict[str, Any]:
    """Fit what later jobs score with."""
    import clvmodels as clv

    def work() -> dict[str, Any]:
        summary = clv.rfm_summary(log, observation_end=END)
        for family in ("bg_nbd", "pareto_nbd"):
            clv.CLVModel(family).fit(summary).save(Path(folder, f"{family}.json"))
        return {}

    return timed(work)


def summary(log: str, out: str) -> dict[str, Any]:
    """A summary as a file."""
    import clvmodels as clv

    def work() -> dict[str, Any]:
        found = clv.rfm_summary(log, observation_end=END)
        found.to_parquet(out, index=False)
        return {"customers": len(found)}

    return timed(work)


def bare(log: str, memory_limit: str | None = None) -> dict[str, Any]:
    """The GROUP BY alone, its answer in memory."""
    import duckdb
    import pyarrow as pa  # noqa: F401  # what the answer is handed out with is no part of the work

    config = {"preserve_insertion_order": "false"} | ({"memory_limit": memory_limit} if memory_limit else {})
    query = BARE.format(event=EVENT.format(file=log), end=f"DATE_DIFF('day', DATE '1970-01-01', DATE '{END}')")

    def work() -> dict[str, Any]:
        with duckdb.connect(config=config) as con:
            found = con.sql(query).to_arrow_table()
        return {"customers": len(found), "repeats": int(found["frequency"].to_numpy().sum())}

    return timed(work)


def score(log: str, model: str, out: str, memory_limit: str | None = None) -> dict[str, Any]:
    """A log to scored files."""
    import pyarrow.dataset as ds

    import clvmodels as clv

    fitted = clv.load_model(model)
    few = {
        "customer_id": ["a", "a", "b"],
        "date": ["2024-01-01", "2024-05-01", "2024-06-01"],
        "amount": [1.0, 2.0, 3.0],
    }
    clv.rfm_summary(_frame(few), observation_end=END)  # loads the packages
    _ = fitted.predict(clv.rfm_summary(_frame(few), observation_end=END), horizon=52)

    def work() -> dict[str, Any]:
        clv.score(fitted, log, out, horizon=52, observation_end=END, memory_limit=memory_limit, overwrite=True)
        return {}

    told = timed(work)
    files = [str(file) for file in Path(out).rglob("*.parquet") if file.name != "rejects.parquet"]
    scored = ds.dataset(files)
    values = scored.to_table(["clv"])["clv"].to_numpy()
    told |= {"customers": len(values), "bytes": sum(Path(file).stat().st_size for file in files)}
    told |= {"finite": bool(np.isfinite(values).all()), "clv": float(values.sum())}
    return told


def fit(summary: str, family: str) -> dict[str, Any]:
    """The patterns of a summary, and a fit to them."""
    import clvmodels as clv

    few = clv.load_cdnow(sample=True)
    clv.PurchaseModel(family).fit(clv.patterns(few, observation_end=FEW_END))

    def work() -> dict[str, Any]:
        began = time.perf_counter()
        merged = clv.patterns(summary)
        parted = time.perf_counter() - began
        fitted = clv.PurchaseModel(family).fit(merged)
        told = {"patterns": len(merged.purchases), "merging": parted, "customers": merged.counts["customers"]}
        return told | {"parameters": fitted.parameters, "verdict": fitted.fit_report.verdict}

    return timed(work)


def whole_job(log: str, family: str) -> dict[str, Any]:
    """Summary, fit, Gamma-Gamma and value over twelve months, by this package."""
    import clvmodels as clv

    def work(log: Any, end: str) -> dict[str, Any]:
        found = clv.rfm_summary(log, time_unit="day", observation_end=end)
        model = clv.CLVModel(family, annual_discount_rate=annual_rate()).fit(found)
        value = model.predict(found, horizon=DAYS_A_YEAR)["clv"].to_numpy()
        told = {"parameters": model.purchases.parameters, "repeats": int(found["frequency"].sum())}
        return told | {"value": float(value.mean()), "finite": int(np.isfinite(value).sum()), "customers": len(found)}

    work(clv.load_cdnow(sample=True), FEW_END)
    return timed(lambda: work(log, END))


def their_job(log: str, family: str) -> dict[str, Any]:
    """The same by lifetimes."""
    import pandas as pd

    import clvmodels as clv

    them = Lifetimes()
    utils = __import__("lifetimes.utils", fromlist=["utils"])
    fitter = {"bg_nbd": "BetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}[family]

    def work(lines: Any, end: str) -> dict[str, Any]:
        with them.quiet():
            found = utils.summary_data_from_transaction_data(
                lines, "customer_id", "date", "amount", observation_period_end=end, freq="D"
            )
        purchases = them.fit(fitter, found["frequency"], found["recency"], found["T"])
        back = found[found["monetary_value"] > 0]
        spend = them.fit("GammaGammaFitter", back["frequency"], back["monetary_value"])
        with them.quiet():
            columns = [found[name] for name in ("frequency", "recency", "T", "monetary_value")]
            value = spend.customer_lifetime_value(
                purchases, *columns, time=MONTHS, discount_rate=MONTHLY_RATE, freq="D"
            ).to_numpy()
        told = {"parameters": {k: float(v) for k, v in purchases.params_.items()}, "customers": len(found)}
        kept = np.isfinite(value)
        told |= {
            "repeats": int(found["frequency"].sum()),
            "finite": int(kept.sum()),
            "value": float(value[kept].mean()),
        }
        return told

    work(clv.load_cdnow(sample=True), FEW_END)
    told = timed(lambda: work(pd.read_parquet(log), END))
    ours = clv.PurchaseModel.from_parameters(family, told["parameters"], time_unit="day")
    found = clv.rfm_summary(log, time_unit="day", observation_end=END)
    told["log_likelihood"] = float(ours.log_likelihood(found).sum())
    told["log_likelihood_of_ours"] = float(clv.PurchaseModel(family).fit(found).fit_report.log_likelihood)
    return told


def our_summary(log: str) -> dict[str, Any]:
    """A summary by this package, as a pandas frame."""
    import pandas as pd  # noqa: F401

    import clvmodels as clv

    clv.rfm_summary(clv.load_cdnow(sample=True), observation_end=FEW_END)

    def work() -> dict[str, Any]:
        return _sums(clv.rfm_summary(log, observation_end=END))

    return timed(work)


def pandas_summary(log: str) -> dict[str, Any]:
    """The same numbers by two groupbys of pandas."""
    import pandas as pd

    def work() -> dict[str, Any]:
        lines = pd.read_parquet(log)
        lines["date"] = pd.to_datetime(lines["date"])
        events = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
        customers = events.groupby("customer_id")
        found = customers.agg(
            n=("date", "size"), first=("date", "min"), last=("date", "max"), total=("amount", "sum"),
            first_amount=("amount", "first"),
        )  # fmt: skip
        weeks = pd.Timedelta(days=7)
        repeats = found["n"] - 1
        table = pd.DataFrame(
            {
                "frequency": repeats,
                "recency": (found["last"] - found["first"]) / weeks,
                "T": (pd.Timestamp(END) - found["first"]) / weeks,
                "monetary_value": ((found["total"] - found["first_amount"]) / repeats).where(repeats > 0),
            }
        ).reset_index()
        return _sums(table)

    return timed(work)


def _sums(table: Any) -> dict[str, Any]:
    """What tells whether two summaries are the same."""
    names = ("frequency", "recency", "T", "monetary_value")
    return {"customers": len(table), **{name: float(table[name].sum()) for name in names}}


def _frame(columns: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


JOBS = (make, models, summary, bare, score, fit, whole_job, their_job, our_summary, pandas_summary)


def main() -> None:
    job = {made.__name__: made for made in JOBS}[sys.argv[1]]
    words = dict(word.split("=", 1) for word in sys.argv[2:])
    print(json.dumps(job(**words)))


if __name__ == "__main__":
    main()
