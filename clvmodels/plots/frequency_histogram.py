"""How many customers made 0, 1, 2 ... repeat purchases, and how many models say would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import NotAvailable
from ..models import questions, statistics
from ..models.purchase import PurchaseModel
from ..models.time_units import check_unit_to_predict
from ..numerics.arrays import Array
from . import canvas
from .model import class_names, largest_frequency, models_of, stacked, with_the_rest

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def compute_frequency_histogram(models: Any, summary: Any, max_frequency: int = 7, weights: Any = None) -> Any:
    """Actual and fitted numbers of customers by their number of repeat purchases.

    Fitted is Σ P(X(T_i) = n) over customers i, who are no longer told apart by what they did: each is a new customer
    watched for a time T_i.

    Parameters
    ----------
    models
        A `PurchaseModel` or `CLVModel` with parameters; or a list of them, or a mapping from labels to them.
    summary
        One row a customer with frequency and T.
    max_frequency
        The last class holds this many and more.
    weights
        How many customers each row stands for: a column name, a Series or an array.

    Returns
    -------
    frame
        Of the caller's kind, max_frequency + 1 rows a model: frequency, actual, fitted (both numbers of customers);
        before them model (its label) if a list or a mapping was given.

    Raises
    ------
    NotAvailable
        If a family has no such probabilities.
    NotFitted, UnitMismatch, InvalidInput
        If a model has no parameters, or the summary or a setting cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> table = clv.plots.compute_frequency_histogram(clv.PurchaseModel("bg_nbd").fit(summary), summary)
    >>> table["actual"].astype(int).tolist()
    [1411, 439, 214, 100, 62, 38, 29, 64]
    >>> table["fitted"].round(1).tolist()
    [1407.7, 460.3, 192.5, 101.2, 59.8, 38.1, 25.5, 71.9]
    """
    frame, tables = _frequencies(models, summary, max_frequency, weights)
    return stacked(models, tables, frame)


def plot_frequency_histogram(
    models: Any, summary: Any, max_frequency: int = 7, weights: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw actual and fitted numbers of customers by their number of repeat purchases.

    `compute_frequency_histogram` gives the numbers and explains ``models``, ``summary``, ``max_frequency`` and
    ``weights``; ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what
    the table raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: a marker above its bar is a model that makes too many such customers, one below it too few. It is
    the fit to the past; whether the future is predicted shows only in a holdout.

    Decision: which models to drop before looking further. One that misses the customers who came once, or the heavy
    buyers, will misjudge them later.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> models = [clv.PurchaseModel(name).fit(summary) for name in ("bg_nbd", "nbd")]
    >>> ax = clv.plots.plot_frequency_histogram(models, summary)
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('repeat purchases in the time observed', ['actual', 'BG/NBD', 'NBD'])
    >>> plt.close(ax.figure)
    """
    _, tables = _frequencies(models, summary, max_frequency, weights)
    ax = canvas.axes(ax, 7.0, 4.8)
    at = np.arange(max_frequency + 1)
    first = next(iter(tables.values()))
    ax.bar(at, first["actual"], 0.8, label="actual", color=canvas.actual(ax), edgecolor=canvas.edge(ax))
    canvas.beside_one_another(ax, at, {label: table["fitted"] for label, table in tables.items()})
    ax.set_xticks(at, class_names(max_frequency))
    ax.set_xlabel("repeat purchases in the time observed")
    canvas.y_label(ax, "customers")
    canvas.title(ax, f"Repeat purchases, actual and fitted by {canvas.named(tables)}")
    canvas.legend(ax)
    canvas.caption(
        ax,
        "How to read it: a marker above its bar is a model that makes too many such customers, one below it too few. "
        "It is the fit to the past; whether the future is predicted shows only in a holdout.",
    )
    return ax


def _frequencies(models: Any, summary: Any, max_frequency: int, weights: Any) -> tuple[Any, dict[str, dict[str, Any]]]:
    """The summary as a frame, and the table of each model."""
    labelled = models_of(models)
    most = largest_frequency(max_frequency)
    for model in labelled.values():
        _refuse_what_cannot(model)
    frame = frames.load(summary)
    columns = statistics.read(frame, ("frequency", "T"))
    statistics.refuse_duplicates(frame)
    for model in labelled.values():
        check_unit_to_predict(model._unit, model.largest_trained, frame, columns["T"])
    weight = statistics.weights_of(frame, weights)
    # Only T matters here, and customers share it: a million of them have a few hundred.
    T, group = np.unique(columns["T"], return_inverse=True)
    customers = np.bincount(group, weight, len(T)).astype(np.float64)
    classes = np.minimum(columns["frequency"], most).astype(np.intp)
    actual = np.bincount(classes, weight, most + 1).astype(np.float64)
    tables = {
        label: {
            "frequency": np.arange(most + 1, dtype=np.int64),
            "actual": actual,
            "fitted": with_the_rest(_shares(model, T, most) @ customers, float(customers.sum())),
        }
        for label, model in labelled.items()
    }
    return frame, tables


def _refuse_what_cannot(model: PurchaseModel) -> None:
    family, _ = model.family, model._state
    if family.purchase_pmf is None:
        raise questions.cannot(family, "the distribution of frequencies")
    missing = [name for name in ("frequency", "T") if name not in family.statistics]
    if missing:
        raise NotAvailable(f"{family.title} does not read {' and '.join(missing)}, so frequencies cannot be compared")


def _shares(model: PurchaseModel, T: Array, most: int) -> Array:
    """P(X(T) = n) of a new customer, a row for each n below the last class."""
    pmf = model.family.purchase_pmf
    assert pmf is not None
    return np.array([pmf(float(n), T, *model._state.values) for n in range(most)])
