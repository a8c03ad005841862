"""Customers drawn from a model, under the names that lifetimes gives them.

Draws are this package's own: `numpy.random.seed` makes them again, but they are not those that lifetimes makes of the
same seed. Use `PurchaseModel.simulate` in new code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...numerics import given_rates
from ...numerics.arrays import Array, Positions
from ...numerics.simulation import poisson_times
from .period_events import period_of


def beta_geometric_nbd_model(T: Any, r: float, alpha: float, a: float, b: float, size: int = 1) -> pd.DataFrame:
    """Customers of BG/NBD, alive or not at the end.

    ``frequency`` counts the whole periods with a repeat purchase; ``recency`` is the time of the last one.

    >>> np.random.seed(5)
    >>> beta_geometric_nbd_model(T=40, r=0.243, alpha=4.414, a=0.793, b=2.426, size=3).columns.tolist()
    ['frequency', 'recency', 'T', 'lambda', 'p', 'alive']
    """
    generator, watched = _generator(), _watched(T, size)
    rate, dropout, owner, times, alive = _bg_nbd(generator, watched, r, alpha, a, b, may_leave_at_once=False)
    return _customers(owner, times, watched, {"lambda": rate, "p": dropout, "alive": alive})


def modified_beta_geometric_nbd_model(
    T: Any, r: float, alpha: float, a: float, b: float, size: int = 1
) -> pd.DataFrame:
    """Customers of MBG/NBD: as BG/NBD, but they may leave after the first purchase too."""
    generator, watched = _generator(), _watched(T, size)
    rate, dropout, owner, times, alive = _bg_nbd(generator, watched, r, alpha, a, b, may_leave_at_once=True)
    return _customers(owner, times, watched, {"lambda": rate, "p": dropout, "alive": alive})


def pareto_nbd_model(T: Any, r: float, alpha: float, s: float, beta: float, size: int = 1) -> pd.DataFrame:
    """Customers of Pareto/NBD, with the dropout rate as ``mu``."""
    generator, watched = _generator(), _watched(T, size)
    rate = generator.gamma(r, 1 / alpha, len(watched))
    leaving = generator.gamma(s, 1 / beta, len(watched))
    lifetime = generator.standard_exponential(len(watched)) / np.maximum(leaving, 1e-300)
    owner, times = given_rates.purchases_until(generator, rate, np.minimum(lifetime, watched))
    return _customers(owner, times, watched, {"lambda": rate, "mu": leaving, "alive": lifetime > watched})


def beta_geometric_beta_binom_model(
    N: Any, alpha: float, beta: float, gamma: float, delta: float, size: int = 1
) -> pd.DataFrame:
    """Customers of BG/BB: purchases in N opportunities, and whether one is still there for the next."""
    generator, watched = _generator(), _watched(N, size)
    buys = generator.beta(alpha, beta, len(watched))
    leaves = generator.beta(gamma, delta, len(watched))
    stayed = given_rates.lasting(generator, leaves) - 1
    owner, times = given_rates.purchases_in_periods(generator, buys, np.minimum(stayed, watched))
    frame = _customers(owner, times, watched, {"p": buys, "theta": leaves, "alive": stayed > watched})
    return frame.rename(columns={"T": "n_periods"}).reset_index()[
        ["frequency", "recency", "n_periods", "p", "theta", "alive", "customer_id"]
    ]


def beta_geometric_nbd_model_transactional_data(
    T: Any,
    r: float,
    alpha: float,
    a: float,
    b: float,
    observation_period_end: Any = "2019-1-1",
    freq: str = "D",
    size: int = 1,
) -> pd.DataFrame:
    """Lines of customers of BG/NBD, one a purchase: the same customers as `beta_geometric_nbd_model` draws.

    >>> np.random.seed(5)
    >>> beta_geometric_nbd_model_transactional_data(40, 0.243, 4.414, 0.793, 2.426, size=1).head(1)
       customer_id       date
    0            0 2018-11-22
    """
    generator, watched = _generator(), _watched(T, size)
    _, _, owner, times, _ = _bg_nbd(generator, watched, r, alpha, a, b, may_leave_at_once=False)
    unit = pd.Timedelta(1, unit=period_of(freq))  # type: ignore[arg-type]
    born = pd.to_datetime(observation_period_end) - pd.to_timedelta(watched * unit)
    customer = np.concatenate([np.arange(len(watched)), owner])
    at = np.concatenate([np.zeros(len(watched)), times + 1])
    order = np.lexsort((at, customer))
    customer = customer[order]
    return pd.DataFrame({"customer_id": customer, "date": born[customer] + pd.to_timedelta(at[order] * unit)})


def _bg_nbd(
    generator: np.random.Generator,
    watched: Array,
    r: float,
    alpha: float,
    a: float,
    b: float,
    *,
    may_leave_at_once: bool,
) -> tuple[Array, Array, Positions, Array, Any]:
    """λ, p, the repeat purchases of each customer while watched, and who is still there at the end."""
    rate = generator.gamma(r, 1 / alpha, len(watched))
    dropout = generator.beta(a, b, len(watched))
    last = given_rates.lasting(generator, dropout) - may_leave_at_once
    owner, times = poisson_times(generator, rate, watched, last)
    return rate, dropout, owner, times, np.bincount(owner, minlength=len(watched)) < last


def _customers(owner: Positions, times: Array, watched: Array, latent: dict[str, Any]) -> pd.DataFrame:
    """One row a customer, as lifetimes lays it out."""
    size = len(watched)
    period = np.floor(times).astype(np.int64)
    periods = np.int64(period.max(initial=0)) + 1
    bought = np.sort(owner * periods + period)
    bought = bought[np.diff(bought, prepend=-1) != 0] // periods
    recency = np.zeros(size)
    np.maximum.at(recency, owner, times)
    columns = {"frequency": np.bincount(bought, minlength=size), "recency": recency, "T": watched, **latent}
    customers = pd.Index(np.arange(size, dtype=np.float64), name="customer_id")
    return pd.DataFrame(columns, index=customers, dtype=np.float64)


def _generator() -> np.random.Generator:
    """A generator seeded by NumPy's global state: notebooks of lifetimes set that."""
    return np.random.default_rng(np.random.randint(0, 2**32, size=4, dtype=np.uint64))  # noqa: NPY002


def _watched(T: Any, size: int) -> Array:
    """How long each customer is watched: T for all of them, or the first ``size`` of many."""
    watched = np.asarray(T, dtype=np.float64)
    if watched.ndim and len(watched) < size:
        raise IndexError(f"expected one T for each of {size} customers; found {len(watched)}")
    return np.full(size, watched) if not watched.ndim else watched[:size].copy()
