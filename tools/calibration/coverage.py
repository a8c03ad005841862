"""Do predictive intervals hold what they promise, when the parameters had to be estimated?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.families import purchase_family, spend_family
from clvmodels.models.predictive.counts import count_quantiles
from clvmodels.models.predictive.predicting import exact_thetas
from clvmodels.models.predictive.result import quantile_name

from .posteriors import posterior_of
from .worlds import CUSTOMERS, LONGEST, SHORTEST, drawn_parameters, fitted, generator_of, history, mean_spend, prior_of

LEVELS = (0.5, 0.8, 0.95)
TAILS = tuple(tail for level in LEVELS for tail in ((1 - level) / 2, (1 + level) / 2))
AHEAD = 26.0  # weeks of the holdout
SPEND = "gamma_gamma"
DRAWS = 1_000
QUANTITIES = ("purchases", "spend", "purchases of all", "spend of all")


@dataclass(frozen=True)
class Study:
    """What is drawn, and how much of it.

    Attributes
    ----------
    title, told
        For the page: a heading and a sentence.
    family
        Of purchases; spend is Gamma-Gamma.
    customers, shortest, longest
        How many, and for how many weeks they are watched before the holdout.
    fixed
        Parameters of purchases and of spend by name; None to draw them from the prior in each world, and to infer with
        that prior. With fixed parameters the inference has the package's own prior.
    """

    title: str
    told: str
    family: str
    customers: int = CUSTOMERS
    shortest: float = float(SHORTEST)
    longest: float = float(LONGEST)
    fixed: tuple[Mapping[str, float], Mapping[str, float]] | None = None


def _from_prior(name: str) -> Study:
    told = f"Parameters from the prior, {AHEAD:g} weeks of holdout, intervals in percent."
    return Study(f"{purchase_family(name).title} and Gamma-Gamma", told, name)


def _few_repeaters(name: str, parameters: Mapping[str, float]) -> Study:
    spend = {"p": 6.25, "q": 3.74, "v": 15.44}  # Fader & Hardie (2013), note 025
    written = ", ".join(f"{key} {value:g}" for key, value in (parameters | spend).items())
    told = (
        f"Fixed parameters ({written}), the package's default prior, {AHEAD:g} weeks of holdout, intervals in percent. "
        "Not a promise: parameters come from no prior here."
    )
    title = f"{purchase_family(name).title} and Gamma-Gamma, few repeaters"
    return Study(title, told, name, customers=100, shortest=8.0, longest=26.0, fixed=(parameters, spend))


STUDIES: dict[str, Study] = {
    "bg_nbd": _from_prior("bg_nbd"),
    "pareto_nbd": _from_prior("pareto_nbd"),
    # Fader, Hardie & Lee (2005); Fader & Hardie (2005)
    "bg_nbd_few": _few_repeaters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}),
    "pareto_nbd_few": _few_repeaters("pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}),
}


class Future(NamedTuple):
    """A world with a holdout: the summary at T, and what each customer then buys and spends."""

    summary: pd.DataFrame
    purchases: Any
    spend: Any


def future_of(study: Study, generator: np.random.Generator) -> Future:
    """Customers watched up to T and for the holdout after it."""
    buys, spends = study.fixed or (drawn_parameters(study.family, generator), drawn_parameters(SPEND, generator))
    T = generator.uniform(study.shortest, study.longest, study.customers)
    simulate = purchase_family(study.family).simulate
    assert simulate is not None
    owner, times = simulate(generator, T + AHEAD, *buys.values())
    summary = history(owner, times, T)
    seen = summary["frequency"].to_numpy().astype(np.intp)
    all_counts = np.bincount(owner, minlength=len(T))
    amounts = spend_family(SPEND).simulate(generator, all_counts, *spends.values())
    first = np.cumsum(all_counts) - all_counts
    later = np.arange(len(amounts)) - first[np.repeat(np.arange(len(T)), all_counts)] >= np.repeat(seen, all_counts)
    summary["monetary_value"] = mean_spend(amounts[~later], seen)
    spent = np.bincount(np.repeat(np.arange(len(T)), all_counts)[later], amounts[later], minlength=len(T))
    return Future(summary, (all_counts - seen).astype(np.float64), spent)


def held(actual: Any, low: Sequence[Any], high: Sequence[Any], level: float) -> Any:
    """P(u within the central interval of the level | actual), one a customer, of u = P(X < x) + V P(X = x).

    ``low`` and ``high`` are its ends, each with P(X ≤ end) and P(X < end): with a = (1 − level)/2 it is
    P(u > a) + P(u < 1 − a) − 1, and an end that happened counts by the share of its probability on the right side.
    """
    a = (1 - level) / 2
    (bottom, at_bottom, below_bottom), (top, at_top, below_top) = low, high
    with np.errstate(divide="ignore", invalid="ignore"):
        share_above = np.where(at_bottom > below_bottom, (at_bottom - a) / (at_bottom - below_bottom), 1.0)
        share_below = np.where(at_top > below_top, (1 - a - below_top) / (at_top - below_top), 1.0)
    above = np.where(actual == bottom, share_above, actual > bottom)
    below = np.where(actual == top, share_below, actual < top)
    return above + below - 1


def covered_world(key: str, seed: int, world: int, draws: int = DRAWS) -> dict[str, Any]:
    """Simulate one world, infer, predict: ``"purchases posterior 0.8"`` -> share held, and how many came back."""
    study = STUDIES[key]
    generator = generator_of(seed, "coverage", key, world)
    made = future_of(study, generator)
    *seeds, start = (int(value) for value in generator.integers(2**31, size=3))
    found: dict[str, Any] = {"repeaters": int(np.sum(made.summary["frequency"] > 0))}
    # what a fit or a posterior warns of is in its verdict
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        try:
            ways, doubts = _models(study, made.summary, seeds, draws)
            for way, models in ways.items():
                shares = shares_held(clv.CLVModel(*models), made, draws, start)
                found |= {f"{quantity} {way} {level:g}": share for (quantity, level), share in shares.items()}
        except clv.ClvError as error:
            return {"failure": str(error)}
    return found | ({"doubt": doubts[0]} if doubts else {})


def _models(
    study: Study, summary: pd.DataFrame, seeds: Sequence[int], draws: int
) -> tuple[dict[str, list[Any]], list[str]]:
    """Models of purchases and of spend, with a posterior and with estimates alone; what speaks against the former."""
    posterior, plug_in, doubts = [], [], []
    for name, seed in zip((study.family, SPEND), seeds, strict=True):
        prior = None if study.fixed else prior_of(name)
        model, drawn = posterior_of(name, summary, prior, seed, draws)
        doubts += [f"{name}: {reason}" for reason in drawn.reasons]
        posterior.append(model.with_posterior(drawn))
        estimates = fitted(name, summary, None).parameters
        unit = {} if name == SPEND else {"time_unit": "week"}
        plug_in.append(type(model).from_parameters(name, estimates, **unit))
    return {"posterior": posterior, "plug-in": plug_in}, doubts


def shares_held(model: Any, made: Future, draws: int, seed: int) -> dict[tuple[str, float], float]:
    """Share of customers held, of each quantity and level; of all together, 1 if their sum is held and 0 if not."""
    wanted = ("purchases", "spend")
    future = model.predict_distribution(
        made.summary, horizon=AHEAD, draws=draws, quantities=wanted, quantiles=TAILS, seed=seed
    )
    purchases = model.purchases
    statistics = [made.summary[name].to_numpy(np.float64) for name in purchases.family.statistics]
    # the same exact distributions again: what lies at an end and below it is not in the table
    exact = count_quantiles(purchases.family, exact_thetas(purchases, seed), statistics, AHEAD, TAILS)
    totals = future.total.set_index("quantity")
    found = {}
    for j, level in enumerate(LEVELS):
        at = 2 * j, 2 * j + 1
        counts = [(exact.values[i], exact.at_most[i], exact.below[i]) for i in at]
        found["purchases", level] = float(np.mean(held(made.purchases, counts[0], counts[1], level)))
        money = [_end(future.table[f"spend_{quantile_name(TAILS[i])}"].to_numpy(), exact.none) for i in at]
        found["spend", level] = float(np.mean(held(made.spend, money[0], money[1], level)))
        for quantity, actual in zip(wanted, (made.purchases.sum(), made.spend.sum()), strict=True):
            low, high = (totals.loc[quantity, quantile_name(TAILS[i])] for i in at)
            found[f"{quantity} of all", level] = float(low <= actual <= high)
    return found


def _end(value: Any, none: Any) -> tuple[Any, Any, Any]:
    """An end of an interval of money with P(spend ≤ end) and P(spend < end): 0 alone has a probability."""
    return value, np.where(value == 0, none, 0.0), np.zeros_like(value)
