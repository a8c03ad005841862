"""Worlds: parameters from a stated prior, customers from the parameters.

The prior is a normal one of ln(θ / scale), with the scale 52 weeks for times, 20 for money and 1 for pure numbers. It
is narrower than the package's own, so that most worlds are ones in which there is something to learn.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

import clvmodels as clv
from clvmodels.families import SPEND_FAMILIES, purchase_family, spend_family

CUSTOMERS = 500
SHORTEST, LONGEST = 26, 52  # weeks from the first purchase to the end of observation
FEWEST_PERIODS, MOST_PERIODS = 6, 12  # of a month, where time is discrete
MONEY_SCALE = 20.0
SPREAD = 0.5  # standard deviation of ln θ: 95 % lie within a factor of 2.7
# Medians of the prior, in weeks and money, near the estimates that were published for CDNOW and, of the BG/BB, for
# donations.
CENTRES: dict[str, dict[str, float]] = {
    "bg_nbd": {"r": 0.5, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "mbg_nbd": {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "pareto_nbd": {"r": 0.6, "alpha": 8.0, "s": 0.6, "beta": 12.0},
    "nbd": {"r": 0.5, "alpha": 12.0},
    "bg_bb": {"alpha": 1.2, "beta": 0.8, "gamma": 0.7, "delta": 2.8},
    "gamma_gamma": {"p": 5.0, "q": 4.0, "v": 20.0},
}
# How often customers buy whose spend is looked at: the Gamma-Gamma says nothing about it.
COUNTS_OF_SPENDERS = (0.5, 12.0)  # r and alpha of an NBD


class World(NamedTuple):
    """What happened, and the parameters behind it.

    Attributes
    ----------
    truth
        Parameters by name.
    summary
        One row a customer: customer_id, frequency, recency, T or, for spend, monetary_value.
    """

    truth: dict[str, float]
    summary: pd.DataFrame


def generator_of(seed: int, purpose: str, family: str, world: int) -> np.random.Generator:
    """Random numbers of one world, the same whichever worlds are made beside it and by whom."""
    words = tuple(zlib.crc32(word.encode()) for word in (purpose, family))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words, world)))


def family_of(name: str) -> Any:
    """The family, of purchases or of spend."""
    return spend_family(name) if name in SPEND_FAMILIES else purchase_family(name)


def is_discrete(name: str) -> bool:
    """Whether the family counts periods."""
    return name not in SPEND_FAMILIES and purchase_family(name).time == "discrete"


def scale_of(name: str, parameter: str) -> float:
    """What a parameter is measured against: 52 weeks, 20 of money, or 1."""
    family = family_of(name)
    if parameter in getattr(family, "time_parameters", ()):
        return longest(name)
    return MONEY_SCALE if parameter in getattr(family, "money_parameters", ()) else 1.0


def prior_of(name: str) -> dict[str, Any]:
    """Parameter -> distribution of ln(θ / scale), as `clvmodels.posterior` takes it."""
    return {
        parameter: stats.norm(math.log(centre / scale_of(name, parameter)), SPREAD)
        for parameter, centre in CENTRES[name].items()
    }


def drawn_parameters(name: str, generator: np.random.Generator) -> dict[str, float]:
    """One draw from the prior."""
    return {
        parameter: float(centre * np.exp(SPREAD * generator.standard_normal()))
        for parameter, centre in CENTRES[name].items()
    }


def longest(name: str) -> float:
    """How long the first customer was watched, in the family's time: the scale of times."""
    return float(MOST_PERIODS if is_discrete(name) else LONGEST)


def lengths(name: str, generator: np.random.Generator, customers: int = CUSTOMERS) -> Any:
    """T of each customer: uniform, in weeks or, where time is discrete, in months."""
    if is_discrete(name):
        return generator.integers(FEWEST_PERIODS, MOST_PERIODS, customers, endpoint=True).astype(np.float64)
    return generator.uniform(SHORTEST, LONGEST, customers)


def history(owner: Any, times: Any, T: Any) -> pd.DataFrame:
    """Purchases up to T as a summary."""
    seen = times <= T[owner]
    x = np.bincount(owner[seen], minlength=len(T)).astype(np.float64)
    t_x = np.zeros(len(T))
    np.maximum.at(t_x, owner[seen], times[seen])
    return pd.DataFrame({"customer_id": np.arange(1, len(T) + 1), "frequency": x, "recency": t_x, "T": T})


def mean_spend(amounts: Any, counts: Any) -> Any:
    """Mean amount of each customer, customers in order, NaN where there is none."""
    totals = np.bincount(np.repeat(np.arange(len(counts)), counts), amounts, minlength=len(counts))
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def world_of(name: str, generator: np.random.Generator, customers: int = CUSTOMERS) -> World:
    """Parameters from the prior, and customers who behave as the family with these parameters says."""
    truth = drawn_parameters(name, generator)
    T = lengths(name, generator, customers)
    if name in SPEND_FAMILIES:
        r, alpha = COUNTS_OF_SPENDERS
        counts = generator.poisson(generator.gamma(r, 1 / alpha, customers) * T)
        amounts = spend_family(name).simulate(generator, counts, *truth.values())
        columns = {"customer_id": np.arange(1, customers + 1), "frequency": counts.astype(np.float64)}
        return World(truth, pd.DataFrame({**columns, "monetary_value": mean_spend(amounts, counts)}))
    simulate = purchase_family(name).simulate
    assert simulate is not None
    owner, times = simulate(generator, T, *truth.values())
    return World(truth, history(owner, times, T))


def fitted(name: str, summary: pd.DataFrame, prior: Mapping[str, Any] | None) -> Any:
    """The model of the family fitted to a world, with the prior or by likelihood alone."""
    if name in SPEND_FAMILIES:
        scale = {} if prior is None else {"money_scale": MONEY_SCALE}
        return clv.SpendModel(name).fit(summary, prior=prior, **scale)
    unit = "month" if is_discrete(name) else "week"
    length = {} if prior is None else {"observation_length": longest(name)}
    return clv.PurchaseModel(name, time_unit=unit).fit(summary, prior=prior, **length)
