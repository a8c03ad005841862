"""How far weekly curves are from what happened, in one number each: calibration and holdout apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from .metrics.aggregate import cumulative_tracking_error, tracking_error
from .tracking import CURVES

if TYPE_CHECKING:
    import pandas as pd


def compute_tracking_errors(tracking: pd.DataFrame) -> pd.DataFrame:
    """Sum up a table of weekly tracking: mean absolute percentage errors, calibration and holdout apart.

    With y_w what was bought in week w and ŷ_w what was expected, Y_w and Ŷ_w until its end: cumulative_mape is the mean
    of |Ŷ_w/Y_w − 1|, incremental_mape the mean of |ŷ_w/y_w − 1| over weeks with a purchase, incremental_wape
    Σ |ŷ_w − y_w| / Σ y_w over all weeks. Shares of at least 0, best 0: 0.1 is 10 %. A last week that is cut short is
    left out.

    How to read it: weeks scatter by chance alone, so the incremental errors are never near 0 (they would be about
    1/√y_w for independent purchases); a cumulative error far larger in the holdout than in the calibration says that
    customers leave faster or slower than the model thinks.

    Parameters
    ----------
    tracking
        What `clvmodels.plots.compute_tracking` gave, or the ``tracking`` of a `Validation`.

    Returns
    -------
    pandas.DataFrame
        A row for each model, ``what`` ("purchases", or "revenue" where there is money) and ``part`` ("calibration" or
        "holdout"): model, what, part, weeks, cumulative_mape, incremental_mape, incremental_wape.

    Raises
    ------
    InvalidInput
        If it is no such table.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> table = clv.plots.compute_tracking("pareto_nbd", log, calibration_end="1997-09-30")
    >>> print(clv.plots.compute_tracking_errors(table).round(3).drop(columns="model").to_string(index=False))
         what        part  weeks  cumulative_mape  incremental_mape  incremental_wape
    purchases calibration     39            0.075             0.218             0.192
    purchases     holdout     39            0.013             0.194             0.195
    """
    import pandas as pd

    needed = {"model", "part", "complete", "actual_cumulative", "expected_cumulative"}
    if not isinstance(tracking, pd.DataFrame) or not needed <= set(tracking.columns):
        raise InvalidInput(
            f"expected the table of compute_tracking, or the tracking of a validation; found {type(tracking).__name__}"
        )
    rows = []
    for (model, part), weeks in tracking[tracking["complete"]].groupby(["model", "part"], sort=False):
        for what, (actual, expected) in CURVES.items():
            if f"{expected}_cumulative" not in weeks:
                continue
            own = [
                weeks[f"{name}_{kind}"].to_numpy()
                for kind in ("cumulative", "incremental")
                for name in (actual, expected)
            ]
            bought = own[2] > 0
            rows.append(
                {
                    "model": model,
                    "what": what,
                    "part": part,
                    "weeks": len(weeks),
                    "cumulative_mape": cumulative_tracking_error(own[0], own[1]),
                    "incremental_mape": float(np.mean(np.abs(own[3][bought] / own[2][bought] - 1)))
                    if bought.any()
                    else np.nan,
                    "incremental_wape": tracking_error(own[2], own[3]),
                }
            )
    columns = ["model", "what", "part", "weeks", "cumulative_mape", "incremental_mape", "incremental_wape"]
    return pd.DataFrame(rows, columns=columns)
