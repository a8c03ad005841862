"""What clvmodels.compat.lifetimes costs: beside lifetimes 0.11.3 itself, and beside the native names.

    python tests/benchmarks/compat.py [--customers 100000] [--repeats 7]

Prints two Markdown tables of CPU seconds (all threads), the least of several turns; compat and native take turns, and
"over" is the median of their ratios turn by turn, so that a busy machine slows both. The bars: every fit at least 10
times as fast as lifetimes' own, and no name more than 5 % over the native one. Answers are compared, lest one be fast
because it is wrong: the exit status is 1 if they disagree, whatever the times. Customers are those of run.py (weeks, T
from 27 to 39, by day); in BG/BB they have 6 opportunities. The native way to a value in months are its own expected
purchases until the end of each.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import time
from importlib import metadata

import numpy as np
import pandas as pd
from run import BG_NBD, SEED, Lifetimes, simulated_summary

import clvmodels as clv
from clvmodels.compat import lifetimes as compat
from clvmodels.compat.lifetimes.utils import summary_data_from_transaction_data

HORIZON = 39.0
BG_BB = (1.204, 0.750, 0.657, 2.783)  # Fader, Hardie & Shang 2010
PERIODS = 6
SAME_LIKELIHOOD = 1e-6  # relative; lifetimes' optimisers stop where they think it is enough
SAME_NUMBERS = 1e-6
FAMILIES = {
    "BetaGeoFitter": "bg_nbd",
    "ModifiedBetaGeoFitter": "mbg_nbd",
    "ParetoNBDFitter": "pareto_nbd",
    "BetaGeoBetaBinomFitter": "bg_bb",
    "GammaGammaFitter": "gamma_gamma",
}


def seconds(function):
    """CPU seconds of all threads, and what came out."""
    gc.collect()
    began = time.process_time()
    found = function()
    return time.process_time() - began, found


def in_turns(one, other, repeats):
    """The least CPU seconds of two, the median of their ratios turn by turn, and what each gave."""
    took, found = np.empty((repeats, 2)), [None, None]
    for turn in range(repeats):
        for at in (0, 1) if turn % 2 else (1, 0):
            took[turn, at], found[at] = seconds((one, other)[at])
    return (*took.min(axis=0), float(np.median(took[:, 0] / took[:, 1])), *found)


def of_lifetimes(function, repeats):
    """The least CPU seconds of three times, or of as many as begin within five seconds, and what came out."""
    least, total, times = np.inf, 0.0, 0
    while times < min(3, repeats) and total < 5:
        took, found = seconds(function)
        least, total, times = min(least, took), total + took, times + 1
    return least, found


def discrete_customers(customers):
    """Customers with so many opportunities to buy, as BG/BB has them."""
    generator = np.random.default_rng(SEED)
    alpha, beta, gamma, delta = BG_BB
    p, theta = generator.beta(alpha, beta, customers), generator.beta(gamma, delta, customers)
    alive = np.minimum(generator.geometric(theta) - 1, PERIODS)
    bought = (generator.random((customers, PERIODS)) < p[:, None]) & (np.arange(PERIODS) < alive[:, None])
    last = np.where(bought.any(axis=1), PERIODS - np.argmax(bought[:, ::-1], axis=1), 0)
    return pd.DataFrame({"frequency": bought.sum(axis=1), "recency": last, "T": np.full(customers, PERIODS)})


def log_of(customers):
    """A log of about two lines a customer, by day."""
    model = clv.PurchaseModel.from_parameters(
        "bg_nbd", dict(zip(("r", "alpha", "a", "b"), BG_NBD, strict=True)), "week"
    )
    weeks = np.random.default_rng(SEED).integers(27 * 7, 39 * 7, customers) / 7
    log = model.simulate(customers, observation=weeks, seed=1).log[["customer_id", "date"]]
    return log.assign(amount=np.random.default_rng(SEED).integers(100, 9000, len(log)) / 100)


def columns_of(fitter, frame):
    """What lifetimes' fit takes, and the summary that ours does."""
    if fitter == "GammaGammaFitter":
        frame = frame[frame["frequency"] > 0]
        return [frame["frequency"], frame["monetary_value"]], frame
    return [frame["frequency"], frame["recency"], frame["T"]], frame


def fits(frame, discrete, repeats, original):
    """Rows of the first table, the fitted models, and which likelihoods disagree."""
    rows, fitted, wrong = [], {}, []
    for fitter, family in FAMILIES.items():
        columns, summary = columns_of(fitter, discrete if family == "bg_bb" else frame)
        kind = clv.SpendModel if family == "gamma_gamma" else clv.PurchaseModel

        def ours(fitter=fitter, columns=columns):
            return getattr(compat, fitter)().fit(*columns)

        def native(kind=kind, family=family, summary=summary):
            unit = {} if kind is clv.SpendModel else {"time_unit": "week"}
            return kind(family, **unit).fit(summary)

        took, native_took, over, ours_is, native_is = in_turns(ours, native, repeats)
        its_took, theirs = of_lifetimes(lambda: original.fit(fitter, *columns), repeats)  # noqa: B023
        # lifetimes minimises: ours must not be higher
        mine, its = ours_is._negative_log_likelihood_, theirs._negative_log_likelihood_
        if mine > its + SAME_LIKELIHOOD * abs(its):
            wrong.append(f"{fitter}: {mine} for {its}")
        fitted[fitter] = (ours_is, native_is, theirs)
        rows.append((f"`{fitter}.fit`", its_took, took, native_took, over))
    return rows, fitted, wrong


def predictions(frame, discrete, fitted, repeats, original):
    """Rows of the second table, and which numbers disagree."""
    rows, wrong = [], []
    x, t_x, T, mean = (frame[name] for name in ("frequency", "recency", "T", "monetary_value"))
    mean = mean.fillna(0.0)
    new = np.linspace(1.0, 78.0, 1000)
    for fitter, (ours, native, theirs) in fitted.items():
        theirs.params_ = ours.params_
        native = native.from_parameters(
            FAMILIES[fitter],
            {name: float(ours.params_[name]) for name in native.parameters},
            *([] if fitter == "GammaGammaFitter" else ["week"]),
        )
        fitted[fitter] = (ours, native, theirs)
        if fitter == "GammaGammaFitter":
            asked = {"conditional_expected_average_profit": ((x, mean), lambda m: m.expected_spend(frame))}
        elif fitter == "BetaGeoBetaBinomFitter":
            history = (discrete["frequency"], discrete["recency"], discrete["T"])
            asked = {
                "conditional_expected_number_of_purchases_up_to_time": (
                    (5, *history),
                    lambda m: m.expected_purchases(discrete, horizon=5),
                ),
                "conditional_probability_alive": ((0, *history), lambda m: m.p_alive(discrete)),
            }
        else:
            asked = {
                "predict": ((HORIZON, x, t_x, T), lambda m: m.expected_purchases(frame, horizon=HORIZON)),
                "conditional_probability_alive": ((x, t_x, T), lambda m: m.p_alive(frame)),
                "expected_number_of_purchases_up_to_time": (
                    (new,),
                    lambda m: m.new_customer().expected_purchases(horizon=new),
                ),
            }
        for method, (given, ask) in asked.items():
            took, native_took, over, mine, natives = in_turns(
                lambda: getattr(ours, method)(*given),  # noqa: B023
                lambda: ask(native),  # noqa: B023
                repeats,
            )
            its_took, its = of_lifetimes(lambda: silently(original, getattr(theirs, method), given), repeats)  # noqa: B023
            name = f"`{fitter}.{method}`"
            if not close(mine, its, finite_only=True) or not close(mine, natives):
                wrong.append(name)
            rows.append((name, its_took, took, native_took, over))
    return rows, wrong


def silently(original, function, given, **named):
    with original.quiet():
        return function(*given, **named)


def close(one, other, finite_only=False):
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    kept = np.isfinite(other) if finite_only else np.ones(len(other), dtype=bool)
    return bool(np.isfinite(one).all()) and np.allclose(one[kept], other[kept], rtol=SAME_NUMBERS, atol=1e-9)


def others(frame, fitted, customers, repeats, original):
    """What is more than one formula: values in lifetimes' own months, and summaries."""
    rows, wrong = [], []
    spend, native_spend, their_spend = fitted["GammaGammaFitter"]
    given = (frame["frequency"], frame["recency"], frame["T"], frame["monetary_value"].fillna(0.0))
    for fitter in ("BetaGeoFitter", "ParetoNBDFitter"):
        ours, native, theirs = fitted[fitter]
        took, native_took, over, mine, natives = in_turns(
            lambda: spend.customer_lifetime_value(ours, *given, freq="W"),  # noqa: B023
            lambda: in_months(native, native_spend, frame),  # noqa: B023
            repeats,
        )
        function = their_spend.customer_lifetime_value
        its_took, its = of_lifetimes(
            lambda: silently(original, function, (theirs, *given), freq="W"),  # noqa: B023
            repeats,
        )
        name = f"`GammaGammaFitter.customer_lifetime_value`, 12 months, `{fitter}`"
        if not close(mine, its, finite_only=True) or not close(mine, natives):
            wrong.append(name)
        rows.append((name, its_took, took, native_took, over))
    log = log_of(customers)
    names = (log, "customer_id", "date", "amount")
    took, native_took, over, mine, _ = in_turns(
        lambda: summary_data_from_transaction_data(*names),
        lambda: clv.rfm_summary(log, time_unit="day"),
        min(repeats, 3),
    )
    function = original.package.utils.summary_data_from_transaction_data
    its_took, its = of_lifetimes(lambda: silently(original, function, names), repeats)
    name = f"`summary_data_from_transaction_data`, {len(log):,} lines"
    if not mine.index.equals(its.index) or not all(close(mine[column], its[column]) for column in its):
        wrong.append(name)
    rows.append((name, its_took, took, native_took, over))
    return rows, wrong


def in_months(purchases, spend, frame):
    """lifetimes' value by native names."""
    ends = np.arange(1, 13)
    expected = purchases.expected_purchases(frame, horizon=list(4.345 * ends)).to_numpy()
    return np.diff(expected, axis=1, prepend=0.0) @ 1.01 ** -ends.astype(float) * spend.expected_spend(frame)


def table(rows):
    yield "| | lifetimes | compat | native | lifetimes / compat | compat over native |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, its, ours, native, over in rows:
        ratios = f"{its / ours:,.{0 if its > 10 * ours else 1}f} × | {over - 1:+.0%}"
        yield f"| {name} | {shown(its)} | {shown(ours)} | {shown(native)} | {ratios} |"


def shown(took):
    return f"{took:.1f} s" if took >= 1 else f"{1000 * took:.1f} ms"


def main(arguments=None):
    parser = argparse.ArgumentParser(description="What the names of lifetimes cost, beside lifetimes and native ones.")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args(arguments)
    original = Lifetimes()
    frame, discrete = simulated_summary(options.customers), discrete_customers(options.customers)
    rows, fitted, wrong = fits(frame, discrete, options.repeats, original)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "pandas", "lifetimes"))
    print(f"{options.customers:,} customers; Python {platform.python_version()}, {versions}\n")
    print("\n".join(table(rows)), flush=True)
    asked, differ = predictions(frame, discrete, fitted, options.repeats, original)
    more, differ_too = others(frame, fitted, options.customers, options.repeats, original)
    print("\n" + "\n".join(table([*asked, *more])))
    for name in (*wrong, *differ, *differ_too):
        print(f"DISAGREE: {name}", file=sys.stderr)
    return int(bool(wrong or differ or differ_too))


if __name__ == "__main__":
    sys.exit(main())
