"""Customers who came back: how often, and what they spent on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import frames
from ..models import statistics
from ..numerics.arrays import Array


class Repeaters(NamedTuple):
    """Their frequency and mean spend, how many customers each stands for, and the summary that they come from."""

    frequency: Array
    spend: Array
    weights: Array
    frame: Any

    def where(self, kept: Any) -> Repeaters:
        """Some of them."""
        return Repeaters(self.frequency[kept], self.spend[kept], self.weights[kept], self.frame)

    def with_spend(self) -> Repeaters:
        """Those whose purchases cost something."""
        return self.where(self.spend > 0)

    def quantiles(self, shares: Sequence[float]) -> Array:
        """Of the mean spend: the smallest one that at least such a share does not exceed."""
        order = np.argsort(self.spend)
        reached = np.cumsum(self.weights[order])
        at = np.searchsorted(reached, np.asarray(shares) * reached[-1] * (1 - 1e-12))
        return np.asarray(self.spend[order][np.minimum(at, len(order) - 1)])


def repeaters_of(summary: Any, weights: Any) -> Repeaters:
    """Read them from a summary."""
    frame = frames.load(summary)
    columns = statistics.read(frame, ("frequency", "monetary_value"))
    statistics.refuse_duplicates(frame)
    weight = statistics.weights_of(frame, weights)
    given = np.ones(frames.n_rows(frame)) if weight is None else weight
    kept = (columns["frequency"] > 0) & (given > 0)
    return Repeaters(columns["frequency"], columns["monetary_value"], given, frame).where(kept)
