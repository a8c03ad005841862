"""All that a simulation of the future needs, kept so that it can be run again with the same random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ...families.contract import PurchaseFamily, SpendFamily
from ...numerics.arrays import Array
from .money import Future, simulate_future


@dataclass(frozen=True, eq=False)
class Simulation:
    """Families, draws of their parameters, customers and terms; see `simulate_future` for what each means."""

    purchases: PurchaseFamily
    spend: SpendFamily | None
    thetas: Array
    spend_thetas: Array | None
    statistics: Mapping[str, Array]
    horizon: Any
    delta: float
    margin: Any
    seed: int
    sources: tuple[str, ...]

    @property
    def customers(self) -> int:
        """How many there are."""
        return len(next(iter(self.statistics.values())))

    @property
    def draws(self) -> int:
        """How many futures each has."""
        return len(self.thetas)

    def run(self, quantiles: Sequence[float], groups: Any = None, watch: Any = None) -> Future:
        """Simulate, and describe every customer and the totals."""
        return simulate_future(
            self.purchases,
            self.spend,
            self.thetas,
            self.spend_thetas,
            self.statistics,
            self.horizon,
            self.delta,
            self.margin,
            seed=self.seed,
            quantiles=quantiles,
            groups=groups,
            sources=self.sources,
            watch=watch,
        )

    def show(self, quantity: str, look: Any) -> None:
        """Call ``look(customers, values)`` for block after block, one at a time, of customers by draws."""
        turn = Lock()

        def watch(rows: Any, values: Mapping[str, Array]) -> None:
            with turn:
                look(rows, values[quantity])

        self.run((0.5,), watch=watch)
