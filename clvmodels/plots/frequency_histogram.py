"""How many customers made 0, 1, 2 ... repeat purchases, and how many the model says would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import NotAvailable
from ..models import questions, statistics
from ..models.time_units import check_unit_to_predict
from . import canvas
from .model import largest_frequency, purchase_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def frequency_table(model: Any, summary: Any, max_frequency: int = 7, weights: Any = None) -> Any:
    """Actual and fitted numbers of customers by their number of repeat purchases.

    Fitted is Σ P(X(T_i) = n) over customers i, who are no longer told apart by what they did: each is a new customer
    watched for a time T_i.

    Parameters
    ----------
    model
        A `PurchaseModel` or `CLVModel` with parameters.
    summary
        One row a customer with frequency and T.
    max_frequency
        The last class holds this many and more.
    weights
        How many customers each row stands for: a column name, a Series or an array.

    Returns
    -------
    frame
        Of the caller's kind, max_frequency + 1 rows: frequency, actual, fitted (both numbers of customers).

    Raises
    ------
    NotAvailable
        If the family has no such probabilities.
    NotFitted, UnitMismatch, InvalidInput
        If the model has no parameters, or the summary or a setting cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> table = clv.plots.frequency_table(clv.PurchaseModel("bg_nbd").fit(summary), summary)
    >>> table["actual"].astype(int).tolist()
    [1411, 439, 214, 100, 62, 38, 29, 64]
    >>> table["fitted"].round(1).tolist()
    [1407.7, 460.3, 192.5, 101.2, 59.8, 38.1, 25.5, 71.9]
    """
    purchases = purchase_model(model)
    family = purchases.family
    values = tuple(purchases.parameters.values())
    if family.purchase_pmf is None:
        raise questions.cannot(family, "the distribution of frequencies")
    missing = [name for name in ("frequency", "T") if name not in family.statistics]
    if missing:
        raise NotAvailable(f"{family.title} does not read {' and '.join(missing)}, so frequencies cannot be compared")
    max_frequency = largest_frequency(max_frequency)
    frame = frames.load(summary)
    columns = statistics.read(frame, ("frequency", "T"))
    statistics.refuse_duplicates(frame)
    check_unit_to_predict(purchases.time_unit or "", purchases.largest_trained, frame, columns["T"])
    weight = statistics.weights_of(frame, weights)
    # Only T matters here, and customers share it: a million of them have a few hundred.
    T, group = np.unique(columns["T"], return_inverse=True)
    customers = np.bincount(group, weight, len(T)).astype(np.float64)
    n = np.arange(max_frequency, dtype=np.float64)
    shares = np.array([family.purchase_pmf(each, T, *values) for each in n])
    fitted = shares @ customers
    classes = np.minimum(columns["frequency"], max_frequency).astype(np.intp)
    return frames.long_table(
        {
            "frequency": np.arange(max_frequency + 1),
            "actual": np.bincount(classes, weight, max_frequency + 1).astype(np.float64),
            "fitted": np.append(fitted, max(customers.sum() - fitted.sum(), 0.0)),
        },
        frame,
    )


def frequency_histogram(
    model: Any, summary: Any, max_frequency: int = 7, weights: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw actual and fitted numbers of customers by their number of repeat purchases.

    `frequency_table` gives the numbers and explains ``model``, ``summary``, ``max_frequency`` and ``weights``; ``ax``
    are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> ax = clv.plots.frequency_histogram(clv.PurchaseModel("bg_nbd").fit(summary), summary)
    >>> ax.get_xlabel()
    'repeat purchases in the time observed'
    >>> plt.close(ax.figure)
    """
    table = frequency_table(model, summary, max_frequency, weights)
    actual, fitted = frames.numeric(table, "actual"), frames.numeric(table, "fitted")
    ax = canvas.axes(ax, 7.0, 4.8)
    at = np.arange(max_frequency + 1)
    ax.bar(at - 0.2, actual, 0.4, label="actual", color=canvas.BLUE)
    ax.bar(at + 0.2, fitted, 0.4, label="fitted", color=canvas.ORANGE)
    ax.set_xticks(at, [*map(str, at[:-1]), f"{max_frequency}+"])
    ax.set_xlabel("repeat purchases in the time observed")
    ax.set_ylabel("customers")
    ax.set_title(f"Repeat purchases, actual and fitted by {purchase_model(model).family.title}")
    ax.legend()
    canvas.caption(
        ax,
        "How to read it: where the two bars differ, the model makes too many or too few such customers. It is the fit "
        "to the past; whether the future is predicted shows only in a holdout.",
    )
    return ax
