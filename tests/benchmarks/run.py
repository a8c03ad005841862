"""Time and memory beside lifetimes 0.11.3, on the same simulated customers: ``make benchmark``.

Prints a Markdown table. Each job of ours is timed five times and the median counts; lifetimes, which takes long, is
timed once, warm (its functions have run on a few customers before). Both get the same numbers in memory, and their
answers are compared, lest one be fast because it is wrong: the exit code is 1 if they disagree, whatever the times.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SEED = 20240229
# CDNOW's estimates (Fader, Hardie & Lee 2005; Fader & Hardie 2013).
BG_NBD = (0.243, 4.414, 0.793, 2.426)
GAMMA_GAMMA = (6.25, 3.74, 15.44)
YEAR = 52.0  # weeks
MONTHS, MONTHLY_RATE = 12, 0.01  # lifetimes' own defaults
WEEKS_A_MONTH = 4.345  # lifetimes' month
FULL_SIZE = 1_000_000
SAME_PARAMETERS = 1e-3
SAME_VALUES = 5e-3


class Row(NamedTuple):
    """One line of the table."""

    job: str
    ours: str
    lifetimes: str
    ratio: str
    bar: str
    met: bool | None


def simulated_summary(customers: int) -> Any:
    """Customers who first bought in a quarter of a year, by day, in weeks.

    T runs from 27 to 39 weeks, as in CDNOW; purchases of a day are one. They buy and leave by the BG/NBD, from which
    the Pareto/NBD has alpha and beta well apart: lifetimes is quicker with it where the two happen to be about equal.
    """
    import pandas as pd

    from clvmodels.families import bg_nbd, gamma_gamma

    generator = np.random.default_rng(SEED)
    days = generator.integers(27 * 7, 39 * 7, customers, endpoint=True)
    hour = generator.random(customers)  # of the first purchase, in days; the last day is observed to its end
    owner, times = bg_nbd.simulate(generator, (days + 1 - hour) / 7, *BG_NBD)
    day = np.minimum(np.floor(hour[owner] + times * 7).astype(np.int64), days[owner])
    # Customers in order and times rising: a purchase on the day of the one before (or of the first) is no new one.
    new = (day > 0) & ((np.diff(owner, prepend=-1) > 0) | (np.diff(day, prepend=0) > 0))
    owner, day = owner[new], day[new]
    frequency = np.bincount(owner, minlength=customers)
    last = np.zeros(customers, dtype=np.int64)
    last[owner] = day  # the latest stays
    cents = np.maximum(np.rint(100 * gamma_gamma.simulate(generator, frequency, *GAMMA_GAMMA)), 1.0)
    total = np.bincount(owner, weights=cents, minlength=customers)
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, customers + 1),
            "frequency": frequency,
            "recency": last / 7,
            "T": days / 7,
            "monetary_value": np.where(frequency > 0, total / 100 / np.maximum(frequency, 1), np.nan),
        }
    )


class Lifetimes:
    """What lifetimes does here. It is older than pandas 2 and warns a lot."""

    def __init__(self) -> None:
        with self.quiet():
            import lifetimes
        self.package = lifetimes

    @staticmethod
    @contextlib.contextmanager
    def quiet() -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield

    def fit(self, fitter: str, *columns: Any) -> Any:
        with self.quiet():
            if fitter == "ParetoNBDFitter":  # starts from random numbers
                np.random.seed(SEED % 2**32)  # noqa: NPY002
            return getattr(self.package, fitter)(penalizer_coef=0.0).fit(*columns)

    def value(self, purchases: Any, spend: Any, frame: Any) -> Any:
        """Needs 0, not NaN, as the mean spend of customers who did not come back."""
        with self.quiet():
            return spend.customer_lifetime_value(
                purchases,
                frame["frequency"],
                frame["recency"],
                frame["T"],
                frame["monetary_value"],
                time=MONTHS,
                discount_rate=MONTHLY_RATE,
                freq="W",
            )


def annual_rate() -> float:
    """The yearly rate that is lifetimes' monthly one."""
    return (1 + MONTHLY_RATE) ** 12 - 1


def repeaters(frame: Any) -> Any:
    """Rows that a Gamma-Gamma model can be fitted to."""
    return frame.loc[frame["frequency"] > 0, ["frequency", "monetary_value"]]


def without_missing(frame: Any) -> Any:
    """The same customers as lifetimes wants them."""
    return frame.fillna({"monetary_value": 0.0})


def timed(function: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Median time in seconds, and the last result."""
    took, result = [], None
    for _ in range(times):
        result = None
        gc.collect()
        began = time.perf_counter()
        result = function()
        took.append(time.perf_counter() - began)
    return statistics.median(took), result


# Peak memory: each side in a process of its own, which does the same job and nothing else.


def whole_job(side: str, path: str) -> None:
    """Read the summary, fit BG/NBD and Gamma-Gamma, value every customer; print the peak memory."""
    import pandas as pd

    frame = pd.read_parquet(path)
    if side == "ours":
        import clvmodels as clv

        model = clv.CLVModel("bg_nbd", "gamma_gamma", annual_discount_rate=annual_rate(), time_unit="week")
        total = float(model.fit(frame).predict(frame, horizon=YEAR)["clv"].sum())
    elif side == "lifetimes":
        them, frame = Lifetimes(), without_missing(frame)
        purchases = them.fit("BetaGeoFitter", frame["frequency"], frame["recency"], frame["T"])
        came_back = repeaters(frame)
        spend = them.fit("GammaGammaFitter", came_back["frequency"], came_back["monetary_value"])
        total = float(them.value(purchases, spend, frame).sum())
    else:  # only what both begin with
        total = float(frame["frequency"].sum())
    print(json.dumps({"peak": peak_memory(), "total": total}))


def peak_memory() -> float:
    """Most memory this process ever held, in bytes."""
    # ru_maxrss would do, but on Linux a process inherits it from the one that started it.
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) * (1 if sys.platform == "darwin" else 1024)


def run_python(*arguments: str) -> str:
    """What a fresh Python prints, started in the checkout."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def memory_of(side: str, path: Path) -> float:
    return float(json.loads(run_python(__file__, "--whole-job", side, str(path)).splitlines()[-1])["peak"])


def import_time(what: str) -> float:
    """Median of five fresh processes, in seconds, without the start of Python itself."""
    code = f"import time; began = time.perf_counter(); {what}; print(time.perf_counter() - began)"
    return statistics.median(float(run_python("-c", code)) for _ in range(5))


def demo_time(folder: Path) -> tuple[float | None, str]:
    """Seconds that the whole demo job takes, from the start of Python to the written file; or why it does not run."""
    out = folder / "cdnow_scored.parquet"
    command = [sys.executable, "-c", "import sys; from clvmodels.cli import main; sys.exit(main())"]
    command += ["forecast", str(ROOT / "data" / "cdnow_transactions.csv"), "--out", str(out)]
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - began)
        if done.returncode or not out.is_file():
            said = (done.stderr.strip() or "it wrote no file").splitlines()[-1]
            return None, f"exit code {done.returncode}: {said}"
    return min(seconds), ""


# Do both sides give the same answer?


class Agreement:
    """Compares answers and remembers whether all agree."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.good = True

    def parameters(self, job: str, ours: dict[str, float], theirs: Any, log_likelihoods: tuple[float, float]) -> None:
        apart = max(abs(ours[name] / float(theirs[name]) - 1) for name in ours)
        good = apart <= SAME_PARAMETERS
        self.good &= good
        listed = ", ".join(f"{name} {value:.5g} | {float(theirs[name]):.5g}" for name, value in ours.items())
        own, other = log_likelihoods
        same = abs(own - other) < 1e-12 * abs(own)
        best = "the same" if same else f"ours is {'higher' if own > other else 'LOWER'} by {abs(own - other):.1e}"
        self.good &= same or own > other
        self.lines.append(
            f"- {job}: {listed}; apart by {apart:.1e} at most{'' if good else ' (TOO FAR)'}; log-likelihood "
            f"{own:.3f} | {other:.3f} ({best})"
        )

    def values(self, job: str, apart: float, note: str) -> None:
        good = apart <= SAME_VALUES
        self.good &= good
        self.lines.append(f"- {job}: apart by {apart:.1e}{'' if good else ' (TOO FAR)'}{note}")


def log_likelihood_at(family: str, frame: Any, parameters: Any) -> float:
    """Our log-likelihood at somebody's parameters: theirs has other constants."""
    import clvmodels as clv

    names = {name: float(parameters[name]) for name in parameters.index}
    return float(clv.PurchaseModel.from_parameters(family, names, time_unit="week").log_likelihood(frame).sum())


def spend_log_likelihood_at(frame: Any, parameters: Any) -> float:
    from clvmodels.families import gamma_gamma

    came_back = repeaters(frame)
    values = [float(parameters[name]) for name in ("p", "q", "v")]
    x, m = (came_back[name].to_numpy(dtype=np.float64) for name in ("frequency", "monetary_value"))
    return float(gamma_gamma.log_likelihood(x, m, *values)[0].sum())


def monthly_value(purchases: Any, spend: Any, frame: Any) -> Any:
    """Value as lifetimes defines it, from our expected purchases: what a month brings, discounted from its end."""
    ends = [WEEKS_A_MONTH * month for month in range(MONTHS + 1)]
    reached = purchases.expected_purchases(frame, horizon=ends).to_numpy()
    discount = (1 + MONTHLY_RATE) ** -np.arange(1.0, MONTHS + 1)
    return spend.expected_spend(frame).to_numpy() * (np.diff(reached, axis=1) @ discount)


def compare(customers: int, few: int, repeats: int) -> tuple[list[Row], Agreement, list[str]]:
    """Run every job on both sides."""
    import clvmodels as clv

    with tempfile.TemporaryDirectory(prefix="clvmodels-benchmark-") as folder:
        frame = simulated_summary(customers)
        path = Path(folder) / "summary.parquet"
        frame.to_parquet(path, index=False)
        told("peak memory of both sides")
        memory = {side: memory_of(side, path) for side in ("neither", "ours", "lifetimes")}
        told("import and demo")
        bare, complete = import_time("import clvmodels"), import_time("import clvmodels; clvmodels.CLVModel")
        demo, why_not = demo_time(Path(folder))

    them, agreement, notes, rows = Lifetimes(), Agreement(), [], []
    filled, came_back = without_missing(frame), repeaters(frame)
    history = [filled[name] for name in ("frequency", "recency", "T")]

    told("warming up")
    few_rows = frame.head(2000)
    clv.CLVModel("bg_nbd", time_unit="week").fit(few_rows).predict(few_rows, horizon=YEAR)
    them.fit("BetaGeoFitter", *[column.head(2000) for column in history])

    told("BG/NBD fit")
    own, bg_nbd = timed(lambda: clv.PurchaseModel("bg_nbd", time_unit="week").fit(frame), repeats)
    other, their_bg_nbd = timed(lambda: them.fit("BetaGeoFitter", *history), 1)
    rows.append(speed(f"BG/NBD fit, {customers:,} customers", own, other, 30))
    agreement.parameters(
        "BG/NBD",
        bg_nbd.parameters,
        their_bg_nbd.params_,
        (bg_nbd.fit_report.log_likelihood, log_likelihood_at("bg_nbd", frame, their_bg_nbd.params_)),
    )

    told("Pareto/NBD fit")
    own, _ = timed(lambda: clv.PurchaseModel("pareto_nbd", time_unit="week").fit(frame), repeats)
    few_frame = frame.head(few)
    other, theirs = timed(lambda: them.fit("ParetoNBDFitter", *[column.head(few) for column in history]), 1)
    scaled = other * customers / few
    told_scaled = f"{scaled:.0f} s (from {other:.1f} s at {few:,})" if few != customers else None
    rows.append(speed(f"Pareto/NBD fit, {customers:,} customers", own, scaled, 250, told_scaled))
    same = clv.PurchaseModel("pareto_nbd", time_unit="week").fit(few_frame)
    agreement.parameters(
        f"Pareto/NBD, {few:,} customers",
        same.parameters,
        theirs.params_,
        (same.fit_report.log_likelihood, log_likelihood_at("pareto_nbd", few_frame, theirs.params_)),
    )
    notes.append(
        f"lifetimes fits the Pareto/NBD to the first {few:,} customers; its time is scaled linearly to {customers:,}: "
        "each of its steps looks at every customer."
    )

    told("Gamma-Gamma fit")
    own, spend = timed(lambda: clv.SpendModel("gamma_gamma").fit(frame), repeats)
    other, their_spend = timed(
        lambda: them.fit("GammaGammaFitter", came_back["frequency"], came_back["monetary_value"]), 1
    )
    rows.append(speed(f"Gamma-Gamma fit, {len(came_back):,} repeaters", own, other, 10))
    agreement.parameters(
        "Gamma-Gamma",
        spend.parameters,
        their_spend.params_,
        (spend.fit_report.log_likelihood, spend_log_likelihood_at(frame, their_spend.params_)),
    )

    told("value of every customer")
    model = clv.CLVModel(bg_nbd, spend, annual_discount_rate=annual_rate())
    own, scored = timed(lambda: model.predict(frame, horizon=YEAR), repeats)
    other, value = timed(lambda: them.value(their_bg_nbd, their_spend, filled), 1)
    rows.append(speed(f"52-week discounted value of {customers:,} customers", own, other, 50))
    compare_values(agreement, notes, bg_nbd, spend, frame, scored, value.to_numpy())
    with them.quiet():
        expected = np.asarray(their_bg_nbd.predict(YEAR, *history))
    notes.append(
        f"lifetimes' expected purchases are NaN or infinite for {(~np.isfinite(expected)).sum():,} of {customers:,} "
        f"customers, its values for {(~np.isfinite(value)).sum():,}; ours for "
        f"{(~np.isfinite(scored[['expected_purchases', 'clv']])).to_numpy().any(axis=1).sum():,}."
    )

    mib = {side: size / 2**20 for side, size in memory.items()}
    rows += [
        Row(
            "peak memory: read the summary, fit both, value everybody",
            f"{mib['ours']:,.0f} MiB",
            f"{mib['lifetimes']:,.0f} MiB",
            f"{mib['lifetimes'] / mib['ours']:.1f} ×",
            "below lifetimes'",
            memory["ours"] < memory["lifetimes"],
        ),
        Row("`import clvmodels`", f"{bare:.3f} s", "", "", "< 0.5 s", bare < 0.5),
        Row(
            "`clvmodels forecast data/cdnow_transactions.csv`, the whole demo job",
            "not run" if demo is None else f"{demo:.2f} s",
            "",
            "",
            "< 5 s",
            None if demo is None else demo < 5,
        ),
    ]
    notes.append(f"{mib['neither']:,.0f} MiB of either side are Python, pandas and the summary as it was read.")
    notes.append(f"Importing clvmodels together with all that CLVModel needs takes {complete:.2f} s.")
    if demo is None:
        notes.append(f"The demo job did not run ({why_not}).")
    return rows, agreement, notes


def compare_values(
    agreement: Agreement, notes: list[str], purchases: Any, spend: Any, frame: Any, scored: Any, theirs: Any
) -> None:
    finite = np.isfinite(theirs)
    ours = scored["clv"].to_numpy()[finite]
    agreement.values(
        "mean value",
        abs(float(ours.mean()) / float(theirs[finite].mean()) - 1),
        f" ({ours.mean():.4f} | {theirs[finite].mean():.4f}): ours over 52 weeks as time passes, theirs over 52.14 "
        "weeks by the ends of months, at the same rate",
    )
    some = np.flatnonzero(finite)[:: max(1, int(finite.sum()) // 5000)]
    same = monthly_value(purchases, spend, frame.iloc[some])
    agreement.values(
        "value of a customer in lifetimes' months",
        float(np.max(np.abs(same - theirs[some]) / np.maximum(np.abs(same), 1e-3))),
        f" at most, over {len(some):,} customers",
    )


def speed(job: str, ours: float, theirs: float, bar: float, told_theirs: str | None = None) -> Row:
    ratio = theirs / ours
    met = ratio >= bar
    return Row(job, f"{ours:.2f} s", told_theirs or f"{theirs:.1f} s", f"{ratio:.0f} ×", f"≥ {bar:.0f} ×", met)


def told(what: str) -> None:
    if sys.stderr.isatty():
        print(f"{time.strftime('%H:%M:%S')} {what} ...", file=sys.stderr)


def versions() -> str:
    packages = ("clvmodels", "numpy", "scipy", "pandas", "duckdb", "lifetimes")
    found = [f"Python {platform.python_version()}"]
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return ", ".join(found)


def processor() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{cores} cores ({platform.machine()}, {platform.system()}){load}"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 if both sides give the same answers."""
    parser = argparse.ArgumentParser(description="Time and memory beside lifetimes 0.11.3.")
    parser.add_argument("--customers", type=int, default=FULL_SIZE)
    parser.add_argument(
        "--pareto-lifetimes-customers",
        type=int,
        default=100_000,
        help="how many of them lifetimes fits the Pareto/NBD to",
    )
    parser.add_argument("--quick", action="store_true", help="20,000 customers, 5,000 for that: does it run?")
    parser.add_argument("--whole-job", nargs=2, metavar=("SIDE", "PARQUET"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.whole_job:
        whole_job(*options.whole_job)
        return 0
    customers = 20_000 if options.quick else options.customers
    few = min(5_000 if options.quick else options.pareto_lifetimes_customers, customers)

    machine = processor()
    rows, agreement, notes = compare(customers, few, repeats=5)
    print(f"{versions()}; {machine}\n")
    print("| | clvmodels | lifetimes | ratio | wanted | met |")
    print("|---|---:|---:|---:|---:|---|")
    for row in rows:
        met = {True: "yes", False: "**no**", None: "?"}[row.met]
        print(f"| {row.job} | {row.ours} | {row.lifetimes} | {row.ratio} | {row.bar} | {met} |")
    print("\nTimes: the median of five for clvmodels, one for lifetimes; same customers, same process.")
    if customers < FULL_SIZE:
        print(f"What is wanted of the ratios is meant for {FULL_SIZE:,} customers: here it says little.")
    print(*notes, sep="\n")
    print("\nAnswers (clvmodels | lifetimes):\n")
    print(*agreement.lines, sep="\n")
    if not agreement.good:
        print("\nThe answers are too far apart: the times do not compare the same work.")
    return 0 if agreement.good else 1


if __name__ == "__main__":
    sys.exit(main())
