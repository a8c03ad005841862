"""What a model or a baseline says of every customer of a holdout, as arrays in the order of the customers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..models import questions
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.statistics import read
from ..numerics.arrays import Array
from . import predictive
from .baselines import Baseline, Known
from .predictive import Distribution


@dataclass(frozen=True)
class Predicted:
    """One forecaster's forecast of a holdout.

    Attributes
    ----------
    name, title
        ``"pareto_nbd"`` and ``"Pareto/NBD"``.
    kind
        ``"model"`` or ``"baseline"``.
    note
        What to know about it: what a baseline assumes, or why a quantity is missing.
    expected
        E[purchases in the holdout | history], one a customer.
    distribution
        What its predictive distribution says of the actual purchases; None where there is none.
    p_alive
        P(alive at the end of calibration); None for baselines.
    expected_spend_total
        Expected money in the holdout; None without amounts.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> said = found.predicted["past_rate"]
    >>> said.title, said.kind, round(said.expected.sum()), said.p_alive
    ('Past rate', 'baseline', 2930, None)
    """

    name: str
    title: str
    kind: Literal["model", "baseline"]
    note: str
    expected: Array
    distribution: Distribution | None
    p_alive: Array | None = None
    expected_spend_total: Array | None = None

    def arrays(self, actual: Array, actual_spend: Array | None = None) -> dict[str, Array]:
        """Everything that metrics ask for, by the names that they ask by; what there is not is left out.

        ``actual`` are the purchases in the holdout, ``actual_spend`` the money, in the order of the customers. Raises
        nothing: metrics check what they are given.

        >>> import numpy as np
        >>> said = Predicted("mine", "Mine", "model", "", np.array([0.5]), None)
        >>> list(said.arrays(np.array([1.0])))
        ['actual', 'expected']
        """
        found = {"actual": actual, "expected": self.expected}
        if actual_spend is not None and self.expected_spend_total is not None:
            found |= {"actual_spend": actual_spend, "expected_spend_total": self.expected_spend_total}
        told = self.distribution
        if told is not None:
            found |= {
                "median": told.median,
                "probability_of_purchase": told.probability_of_purchase,
                "probability": told.probability,
                "log_probability": told.log_probability,
                "below": told.below,
                "crps": told.crps,
            }
            for level, (low, high) in told.intervals.items():
                percent = f"{100 * level:g}"
                found |= {f"low_{percent}": low, f"high_{percent}": high, f"mass_{percent}": told.masses[level]}
        return found


def of_model(label: str, model: PurchaseModel, frame: Any, horizon: float, actual: Array) -> Predicted:
    """The forecast of a fitted purchase model, without money."""
    family, values = model.family, model._state.values
    columns = list(read(frame, family.statistics, family.time).values())
    alive = questions.p_alive(family, 0.0, columns, values)
    expected = questions.expected_purchases(family, horizon, 0.0, columns, values, alive)
    told = predictive.of_model(family, values, columns, horizon, actual)
    note = predictive.lacks(family) or ""
    return Predicted(label, family.title, "model", note, expected, told, alive)


def of_baseline(baseline: Baseline, known: Known, duration: float, actual: Array) -> Predicted:
    """The forecast of a baseline. It has no distribution of its own: it is given a Poisson one at its mean."""
    said = baseline.forecast(known, duration)
    told = predictive.of_counts(said.expected, actual)
    if said.probability_of_purchase is not None:
        told = replace(told, probability_of_purchase=said.probability_of_purchase)
    note = f"{baseline.assumes} {said.note}".strip()
    spend = said.expected_spend_total
    return Predicted(baseline.name, baseline.title, "baseline", note, said.expected, told, None, spend)


def with_spend(predicted: Predicted, spend: SpendModel, frame: Any) -> Predicted:
    """The forecast with money: expected purchases times expected spend per purchase, taken as independent."""
    each = np.asarray(spend.expected_spend(frame))
    return replace(predicted, expected_spend_total=predicted.expected * each)
