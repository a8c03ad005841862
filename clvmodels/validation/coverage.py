"""Do intervals hold as many customers as they promise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .forecasters import asked
from .metrics import distributions

if TYPE_CHECKING:
    import pandas as pd

    from .result import Validation

LEVELS = (50, 80, 95)


def compute_coverage(validation: Validation, models: Any = None) -> pd.DataFrame:
    """Share of customers whose purchases lay in their 50, 80 and 95 % intervals, nominal, expected and actual.

    Counts are lumpy: an interval of whole numbers that holds at least 95 % mostly holds more, so it is the mean of
    P(low ≤ X ≤ high) by the model itself that the actual share is to be held against, not the nominal level.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models or baselines; all models with predictive distributions if None.

    Returns
    -------
    pandas.DataFrame
        One row per model and level: model, level, expected (the model's own share), actual, standard_error (of the
        actual share if the model is right, √(Σ m(1 − m))/n), n.

    Raises
    ------
    InvalidInput
        If a name is not known.
    NotAvailable
        If one that is named, or every model, has no predictive distribution.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> clv.plots.compute_coverage(found)["level"].tolist()
    [0.5, 0.8, 0.95]
    """
    import pandas as pd

    needs = [f"{name}_{level}" for name in ("low", "high", "mass") for level in LEVELS]
    held = asked(validation, models, needs, "Coverage")
    rows = []
    for name, arrays in held.items():
        for level in LEVELS:
            low, high, mass = (arrays[f"{each}_{level}"] for each in ("low", "high", "mass"))
            actual, n = distributions.coverage(arrays["actual"], low, high), len(low)
            error = float(np.sqrt(np.sum(mass * (1 - mass)))) / n
            rows.append((name, level / 100, float(np.mean(mass)), actual, error, n))
    return pd.DataFrame(rows, columns=["model", "level", "expected", "actual", "standard_error", "n"])
