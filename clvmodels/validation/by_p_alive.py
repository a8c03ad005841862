"""Do repeat buyers whom a model takes for gone really stay away?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from .classes import means
from .forecasters import in_words, names_of

if TYPE_CHECKING:
    import pandas as pd

    from .result import Validation

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def compute_by_p_alive(validation: Validation, models: Any = None, edges: Sequence[float] = EDGES) -> pd.DataFrame:
    """Mean purchases in the holdout of repeat buyers by their P(alive), actual and expected.

    Customers with x ≥ 1 alone: with x = 0 there is no rhythm to miss, and BG/NBD gives them all P(alive) = 1. A known
    weakness of these models shows here: on most real logs repeat buyers of low P(alive) buy two to three times as much
    as expected, since people pause and come back, which no dropout process knows of.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    models
        Names of models; all if None. Each puts customers into classes by its own P(alive).
    edges
        Where classes begin and end, rising from 0 to 1; each holds its upper end, the first its lower one too.

    Returns
    -------
    pandas.DataFrame
        One row per model and class: model, group (the class in words), low, high, n, expected, actual, standard_error
        (of the actual mean) and ratio, actual / expected. Means of an empty class are missing.

    Raises
    ------
    InvalidInput
        If a name is not known, or the edges do not rise from 0 to 1.
    NotAvailable
        If a baseline is named: it has no P(alive).

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"], n_resamples=2, amount=None)
    >>> table = clv.plots.compute_by_p_alive(found)
    >>> table["group"].iloc[0], int(table["n"].iloc[0])
    ('0–0.2', 100)
    """
    import pandas as pd

    try:
        limits = np.asarray(edges, dtype=np.float64)
    except (TypeError, ValueError):
        limits = np.zeros(0)
    if limits.ndim != 1 or len(limits) < 2 or limits[0] != 0 or limits[-1] != 1 or not np.all(np.diff(limits) > 0):
        raise InvalidInput(f"edges must rise from 0 to 1, such as {EDGES}; found {edges!r}")
    names = names_of(validation, models)
    lacking = [name for name in names if validation.predicted[name].p_alive is None]
    if lacking:
        raise NotAvailable(f"{in_words(validation, lacking)[lacking[0]]} has no P(alive): leave it out of models")
    repeated = frames.numeric(validation.scored, "frequency") > 0
    return pd.concat([_classes(validation, name, repeated, limits) for name in names], ignore_index=True)


def _classes(validation: Validation, name: str, repeated: Any, limits: Any) -> pd.DataFrame:
    import pandas as pd

    said = validation.predicted[name]
    assert said.p_alive is not None
    where = np.searchsorted(limits[1:-1], said.p_alive[repeated], side="left")
    rows = len(limits) - 1
    n, actual, error = means(where, validation.actual[repeated], rows)
    expected = means(where, said.expected[repeated], rows)[1]
    ratio = np.divide(actual, expected, out=np.full(rows, np.nan), where=expected > 0)
    return pd.DataFrame(
        {
            "model": name,
            "group": [f"{low:g}–{high:g}" for low, high in pairwise(limits)],
            "low": limits[:-1],
            "high": limits[1:],
            "n": n,
            "expected": expected,
            "actual": actual,
            "standard_error": error,
            "ratio": ratio,
        }
    )
