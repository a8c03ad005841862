"""Customers in tenths by what was expected of them, and what the tenths did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .forecasters import asked, columns_of
from .metrics import ranking

if TYPE_CHECKING:
    import pandas as pd

    from .result import Validation


def compute_deciles(
    validation: Validation, models: Any = None, of: str = "purchases", groups: int = 10
) -> pd.DataFrame:
    """Expected and actual mean of the tenths of customers, the highest expectations first.

    Every group has n/groups customers; who ties at an edge belongs in fractions to both sides.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models or baselines; all models if None. Each makes groups by its own expectations.
    of
        ``"purchases"`` or ``"spend"`` in the holdout.
    groups
        How many groups.

    Returns
    -------
    pandas.DataFrame
        One row per model and group: model, decile (1 the highest), n, expected, actual (means a customer) and share,
        the group's part of the actual total (missing if that is 0).

    Raises
    ------
    InvalidInput
        If a name, ``of`` or ``groups`` cannot be used.
    NotAvailable
        If spend is asked for and there are no amounts, or one that is named expects none.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_deciles(found)
    >>> table.loc[0, ["decile", "expected", "actual"]].round(1).tolist()
    [1.0, 3.9, 3.8]
    """
    import pandas as pd

    happened, expected = columns_of(of)
    held = asked(validation, models, (happened, expected), f"A chart of deciles of {of}")
    tables = []
    for name, arrays in held.items():
        found = ranking.deciles(arrays[happened], arrays[expected], groups)
        tables.append(
            pd.DataFrame(
                {
                    "model": name,
                    "decile": found["decile"].astype("int64"),
                    "n": found["n"],
                    "expected": found["predicted_mean"],
                    "actual": found["actual_mean"],
                    "share": found["share"],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
