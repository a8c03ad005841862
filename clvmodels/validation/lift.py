"""How much of what was bought did the customers buy whom a forecast put first?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .forecasters import asked, columns_of
from .metrics import ranking
from .metrics.order import running_totals

if TYPE_CHECKING:
    import pandas as pd

    from ..numerics.arrays import Array
    from .result import Validation

PERFECT, CHANCE = "perfect order", "chance"
_POINTS = 400  # of a curve: more are not seen


def compute_lift(validation: Validation, models: Any = None, of: str = "purchases") -> pd.DataFrame:
    """Share of actual purchases or spend that the predicted top share of customers made up.

    L(s) = Σ of the actual over the s·n customers of highest expectation / Σ over all; customers of one expectation
    share what they did evenly, so that the order of rows decides nothing. The Gini coefficient of a curve is twice its
    area less one; the normalised one divides it by that of the perfect order.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models or baselines; all models if None.
    of
        ``"purchases"`` or ``"spend"`` in the holdout.

    Returns
    -------
    pandas.DataFrame
        Per model, then for ``"perfect order"`` and ``"chance"``: model, share_of_customers, share_of_actual (both in
        [0, 1]), gini, normalised_gini; at most 401 points a curve. What cannot be, since nothing was bought, is
        missing.

    Raises
    ------
    InvalidInput
        If a name or ``of`` is not known.
    NotAvailable
        If spend is asked for and there are no amounts, or one that is named expects none.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_lift(found)
    >>> table.groupby("model", sort=False)["normalised_gini"].first().round(2).to_dict()
    {'pareto_nbd': 0.67, 'perfect order': 1.0, 'chance': 0.0}
    """
    import pandas as pd

    happened, expected = columns_of(of)
    held = asked(validation, models, (happened, expected), f"The lift of {of}")
    actual = next(iter(held.values()))[happened]
    orders = {name: arrays[expected] for name, arrays in held.items()} | {
        PERFECT: actual,
        CHANCE: np.zeros(len(actual)),
    }
    return pd.concat([_curve(name, actual, by) for name, by in orders.items()], ignore_index=True)


def _curve(name: str, actual: Array, by: Array) -> pd.DataFrame:
    import pandas as pd

    n, total = len(actual), float(np.sum(actual))
    share = np.linspace(0, 1, min(n, _POINTS) + 1)
    ends, sums = running_totals(actual, by)
    found = np.interp(share * n, ends, sums) / total if total > 0 else np.full(len(share), np.nan)
    area = float(np.trapezoid(sums, ends)) / (n * total) if total > 0 else np.nan
    return pd.DataFrame(
        {
            "model": name,
            "share_of_customers": share,
            "share_of_actual": found,
            "gini": 2 * area - 1,
            "normalised_gini": ranking.normalised_gini(actual, by),
        }
    )
