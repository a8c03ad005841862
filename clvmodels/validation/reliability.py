"""Of customers said to buy with probability p, does the share p buy?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .forecasters import asked
from .metrics import buying

if TYPE_CHECKING:
    import pandas as pd

    from .result import Validation


def compute_reliability(
    validation: Validation, models: Any = None, bins: int = 10, binning: str = "width"
) -> pd.DataFrame:
    """Predicted probability of at least one purchase in the holdout, and the share of customers who made one.

    Source: Murphy & Winkler (1977), Applied Statistics 26(1), 41-47.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models or baselines; all models that give probabilities if None.
    bins
        How many classes of predicted probability at most.
    binning
        ``"width"``: of equal width on [0, 1]; ``"quantile"``: of as many customers each as ties allow.

    Returns
    -------
    pandas.DataFrame
        One row per model and class that has customers, lowest first: model, predicted (mean probability), actual
        (share who bought), n, standard_error (√(Σ p(1 − p))/n: the scatter of the share if the probabilities are
        right).

    Raises
    ------
    InvalidInput
        If a name, ``bins`` or ``binning`` cannot be used.
    NotAvailable
        If one that is named, or every model, gives no probabilities.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_reliability(found, bins=2)
    >>> int(table["n"].sum())
    2357
    """
    import pandas as pd

    held = asked(validation, models, ("probability_of_purchase",), "The reliability of probabilities")
    tables = [
        pd.DataFrame(
            {"model": name, **buying.reliability(arrays["actual"], arrays["probability_of_purchase"], bins, binning)}
        )
        for name, arrays in held.items()
    ]
    return pd.concat(tables, ignore_index=True).astype({"n": "int64"})
