"""Purchases in the holdout of customers who were alike at the end of calibration, actual and expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from .classes import equal_classes, label, means
from .forecasters import asked

if TYPE_CHECKING:
    import pandas as pd

    from ..numerics.arrays import Array, Positions
    from .result import Validation

BY = ("frequency", "recency", "T", "time_since_last_purchase")
_MOST = 100


def compute_conditional_expectation(
    validation: Validation, by: str = "frequency", models: Any = None, classes: int = 8
) -> pd.DataFrame:
    """Mean purchases in the holdout of customers of one frequency, recency or age, actual and expected.

    For each class C of customers: Σ over i in C of X_i(T_i, T_i + h] / n and Σ of E[X_i(T_i, T_i + h] | history] / n.

    Sources: Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 4, by frequency; Schmittlein & Peterson (1994),
    Marketing Science 13(1), by recency.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    by
        ``"frequency"``: one class for each number of repeat purchases, the last one with all above;
        ``"recency"``, ``"T"`` or ``"time_since_last_purchase"`` (T − recency): as many customers in each class as ties
        allow.
    models
        Names of models or baselines; all models if None.
    classes
        How many classes, at most.

    Returns
    -------
    pandas.DataFrame
        One row per model and class: model, group (the class in words), low, high (lowest and highest value of its
        customers, in purchases or the time unit), n, actual, standard_error (of the actual mean: s/√n), expected. Means
        of an empty class are missing.

    Raises
    ------
    InvalidInput
        If a name, ``by`` or ``classes`` is not known.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_conditional_expectation(found)
    >>> table["n"].tolist()
    [1411, 439, 214, 100, 62, 38, 29, 64]
    >>> table["actual"].round(3).tolist(), table["expected"].round(2).tolist()
    ([0.237, 0.697, 1.393, 1.56, 2.532, 2.947, 3.862, 6.359], [0.14, 0.6, 1.2, 1.71, 2.4, 2.91, 3.82, 6.4])
    """
    import pandas as pd

    if by not in BY:
        raise InvalidInput(f"by must be one of {', '.join(BY)}; found {by!r}")
    if isinstance(classes, bool) or not isinstance(classes, int | np.integer) or not 1 <= classes <= _MOST:
        raise InvalidInput(f"classes must be a whole number from 1 to {_MOST}; found {classes!r}")
    held = asked(validation, models)
    values = _values(validation, by)
    where, groups = _by_number(values, classes) if by == "frequency" else _by_share(values, classes)
    rows = len(groups["group"])
    n, actual, error = means(where, validation.actual, rows)
    tables = [
        pd.DataFrame(
            {
                "model": name, **groups, "n": n, "actual": actual, "standard_error": error,
                "expected": means(where, arrays["expected"], rows)[1],
            }
        )
        for name, arrays in held.items()
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _values(validation: Validation, by: str) -> Array:
    if by != "time_since_last_purchase":
        return frames.numeric(validation.scored, by)
    # differences of days in other units differ in their last bit, and would part customers of one day
    return np.round(frames.numeric(validation.scored, "T") - frames.numeric(validation.scored, "recency"), 9)


def _by_number(values: Array, classes: int) -> tuple[Positions, dict[str, Any]]:
    last = classes - 1
    where = np.minimum(values, last).astype(np.intp)
    number = np.arange(classes, dtype=np.float64)
    above = values[values >= last]
    high = np.append(number[:-1], above.max() if len(above) else np.nan)
    return where, {"group": [*map(str, range(last)), f"{last}+"], "low": number, "high": high}


def _by_share(values: Array, classes: int) -> tuple[Positions, dict[str, Any]]:
    where, low, high = equal_classes(values, classes)
    return where, {"group": [label(*ends) for ends in zip(low, high, strict=True)], "low": low, "high": high}
