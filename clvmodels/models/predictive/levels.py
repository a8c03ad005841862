"""Quantiles over draws of what a customer is like: of P(alive), which parameters decide, and of his spend level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import NotAvailable
from ...families.contract import PurchaseFamily, SpendFamily
from ...numerics.arrays import Array, distinct

_AT_ONCE = 200_000  # customers times draws


def p_alive_quantiles(family: PurchaseFamily, thetas: Array, statistics: Sequence[Array], q: Sequence[float]) -> Array:
    """Quantiles over the draws of P(alive at T | history, θ), of shape (len(q), customers).

    >>> from clvmodels.families import purchase_family
    >>> thetas = np.array([[0.243, 4.414, 0.793, 2.426], [0.243, 4.414, 0.9, 2.426]])
    >>> history = [np.array([2.0, 0.0]), np.array([30.43, 0.0]), np.array([38.86, 38.86])]
    >>> p_alive_quantiles(purchase_family("bg_nbd"), thetas, history, [0.0, 1.0]).round(3)
    array([[0.701, 1.   ],
           [0.727, 1.   ]])
    """
    rows, where = distinct(*statistics)
    if np.all(thetas == thetas[0]):  # parameters taken as known
        thetas = thetas[:1]
    parameters = [column[None, :] for column in thetas.T]
    step = max(1, _AT_ONCE // len(thetas))
    parts = [np.zeros((len(q), 0))]
    for i in range(0, len(rows[0]), step):
        log_alive = family.log_p_alive(*(column[i : i + step, None] for column in rows), *parameters)
        parts.append(np.quantile(np.exp(log_alive), q, axis=1))
    return np.concatenate(parts, axis=1)[:, where]


def level_quantiles(
    family: SpendFamily, thetas: Array, statistics: Sequence[Array], q: Sequence[float], seed: int
) -> Array:
    """Quantiles of each customer's own mean spend per purchase given history, of shape (len(q), customers).

    One draw of it for each draw of the parameters, so both uncertainties are in it; customers are taken block by block.
    Those with the same statistics share their draws, as they are asked about one by one: two of whom nothing is known
    have the same interval, in whatever order customers stand.

    >>> from clvmodels.families import spend_family
    >>> thetas = np.tile([6.25, 3.74, 15.44], (4000, 1))
    >>> history = [np.array([9.0]), np.array([22.35])]
    >>> level_quantiles(spend_family("gamma_gamma"), thetas, history, [0.05, 0.95], seed=0).round(0)
    array([[19.],
           [28.]])
    """
    if family.draw_level is None:
        raise NotAvailable(f"{family.name} cannot give intervals of a customer's spend (draw_level)")
    # who has not bought again has no mean spend: NaN, which equals nothing
    _, where = distinct(*(np.nan_to_num(column, nan=-1.0) for column in statistics))
    _, first = np.unique(where, return_index=True)
    rows = [np.asarray(column)[first] for column in statistics]
    parameters = [column[None, :] for column in thetas.T]
    step = max(1, _AT_ONCE // len(thetas))
    parts = [np.zeros((len(q), 0))]
    for i in range(0, len(first), step):
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))
        levels = family.draw_level(generator, *(column[i : i + step, None] for column in rows), *parameters)
        parts.append(np.quantile(levels, q, axis=1))
    return np.concatenate(parts, axis=1)[:, where]
