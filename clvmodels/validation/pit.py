"""Is the whole predictive distribution right, not its mean alone?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .forecasters import asked
from .metrics import distributions

if TYPE_CHECKING:
    import pandas as pd

    from .result import Validation

_NORMAL_95 = 1.959964


def compute_pit(validation: Validation, models: Any = None, bins: int = 10) -> pd.DataFrame:
    """Histogram of the probability integral transform of purchases in the holdout, exact for counts.

    Height of bin j: J (F̄(j/J) − F̄((j−1)/J)), F̄(u) the mean over customers of u's place between P(X < y) and P(X ≤ y),
    cut to [0, 1]. Flat at 1 if the predictive distributions are right.

    Source: Czado, Gneiting & Held (2009), Biometrics 65(4), 1254-1261, equation 2.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models or baselines; all models with predictive distributions if None.
    bins
        How many bins J of equal width.

    Returns
    -------
    pandas.DataFrame
        One row per model and bin: model, low, high, height (1 where uniform), band_low, band_high (within which 95 % of
        the heights of a bin would lie if every customer fell into one bin by chance, 1 ± 1.96 √((J − 1)/n); for counts,
        which spread over bins, it is wider than it need be), p_value (of uniformity; see
        `clvmodels.validation.metrics.pit_uniformity`).

    Raises
    ------
    InvalidInput
        If a name or ``bins`` cannot be used.
    NotAvailable
        If one that is named, or every model, has no predictive distribution.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_pit(found)
    >>> len(table), round(float(table["height"].mean()), 6)
    (10, 1.0)
    """
    import pandas as pd

    held = asked(validation, models, ("below", "probability"), "A histogram of the probability integral transform")
    tables = []
    for name, arrays in held.items():
        found = distributions.pit_histogram(arrays["below"], arrays["probability"], bins)
        wide = _NORMAL_95 * np.sqrt((bins - 1) / len(arrays["below"]))
        tables.append(
            pd.DataFrame(
                {
                    "model": name,
                    **found,
                    "band_low": max(1 - wide, 0.0),
                    "band_high": 1 + wide,
                    "p_value": distributions.pit_uniformity(arrays["below"], arrays["probability"]),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
