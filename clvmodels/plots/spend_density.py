"""What repeaters spend at a purchase on average, and what spend models say they would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..errors import InvalidInput, NotEnoughData
from ..models.spend import SpendModel
from ..numerics.arrays import Array
from ..numerics.quadrature import legendre
from . import canvas
from .model import spend_models_of, stacked
from .repeaters import Repeaters, repeaters_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scale = Literal["linear", "log"]
_NODES = 8
_LOWEST = 0.002  # a log axis begins at this quantile


class _Found(NamedTuple):
    frame: Any
    tables: dict[str, dict[str, Array]]
    repeaters: float  # all, with a mean spend above 0
    free: float  # those with a mean spend of 0


def compute_spend_density(
    models: Any, summary: Any, bins: int = 40, quantile: float = 0.99, scale: Scale = "linear", weights: Any = None
) -> Any:
    """Histogram of the mean spend of repeaters, and the density that a model gives it.

    Σ_x w_x f(m | x), w_x the share of repeaters with x repeat purchases and f the density of the mean of x amounts (for
    the Gamma-Gamma equation 1a of Fader & Hardie (2013), note 025), as a mean over each bin.

    Parameters
    ----------
    models
        A `SpendModel` or `CLVModel` with parameters; or a list of them, or a mapping from labels to them.
    summary
        One row a customer with frequency and monetary_value. Those without a repeat purchase, and those whose repeat
        purchases cost nothing, have no density and are left out.
    bins
        Into how many equal parts of the axis repeaters are sorted, 2 to 1000.
    quantile
        The axis is cut at this quantile of the observed means, above 0 and at most 1.
    scale
        ``"linear"``, or ``"log"`` for bins of equal ratio and densities per unit of ln money.
    weights
        How many customers each row stands for: a column name, a Series or an array.

    Returns
    -------
    frame
        Of the caller's kind, a row a bin: ``low`` and ``high`` (money), ``customers``, ``actual`` and ``fitted``
        (densities over all repeaters, those beyond the cut too); before them ``model``, a label, if a list or a mapping
        was given.

    Raises
    ------
    NotFitted, NotEnoughData, InvalidInput
        If a model has no parameters, nobody came back and paid, or the summary or a setting cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> table = clv.plots.compute_spend_density(clv.SpendModel().fit(summary), summary, bins=4)
    >>> print(table.round(4).to_string(index=False))
         low     high  customers  actual  fitted
      0.0000  44.1125      740.0  0.0177  0.0175
     44.1125  88.2250      158.0  0.0038  0.0042
     88.2250 132.3375       32.0  0.0008  0.0007
    132.3375 176.4500        7.0  0.0002  0.0002
    """
    found = _densities(models, summary, bins, quantile, scale, weights)
    return stacked(models, found.tables, found.frame)


def plot_spend_density(
    models: Any,
    summary: Any,
    bins: int = 40,
    quantile: float = 0.99,
    scale: Scale = "linear",
    weights: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean spend of repeaters as a histogram, and the density that spend models give it.

    `compute_spend_density` gives the numbers and explains ``models``, ``summary``, ``bins``, ``quantile``, ``scale``
    and ``weights``; ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises
    what the table raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: the line should run along the tops of the bars. Spikes that it misses are fixed prices; a second
    hill is a second sort of customers (trade and private, say), whom one model averages.

    Decision: whether spend may be taken from this model, or customers are to be split and fitted apart.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> ax = clv.plots.plot_spend_density(clv.SpendModel().fit(summary), summary)
    >>> ax.get_xlabel(), ax.get_title()
    ('mean spend at a repeat purchase', 'Mean spend of 946 repeaters, actual and Gamma-Gamma')
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    found = _densities(models, summary, bins, quantile, scale, weights)
    first = next(iter(found.tables.values()))
    low, high = first["low"], first["high"]
    ax = canvas.axes(ax, 7.0, 4.4)
    ax.bar(
        low, first["actual"], high - low, align="edge", label="actual", color=canvas.actual(ax), edgecolor="white",
        linewidth=0.4,
    )  # fmt: skip
    middle = np.sqrt(low * high) if scale == "log" else (low + high) / 2
    for i, (label, table) in enumerate(found.tables.items()):
        look = canvas.style(i)
        ax.plot(middle, table["fitted"], look.line, color=look.color, label=label)
    if scale == "log":
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(low[0], high[-1])
    ax.set_xlabel("mean spend at a repeat purchase")
    canvas.y_label(ax, "repeaters (density, per unit of ln)" if scale == "log" else "repeaters (density)")
    canvas.title(ax, f"Mean spend of {found.repeaters:,.6g} repeaters, actual and {canvas.named(found.tables)}")
    canvas.legend(ax)
    outside = found.repeaters - float(first["customers"].sum())
    canvas.caption(
        ax,
        "How to read it: the line should run along the tops of the bars; spikes are fixed prices, a second hill is a "
        "second sort of customers."
        + (f" Outside of the picture: {outside:,.6g} repeaters." if outside > 0 else "")
        + (f" Left out: {found.free:,.6g} whose purchases cost nothing." if found.free > 0 else ""),
    )
    return ax


def _densities(models: Any, summary: Any, bins: Any, quantile: Any, scale: Any, weights: Any) -> _Found:
    labelled = spend_models_of(models)
    parameters = {label: model._state.values for label, model in labelled.items()}
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or not 2 <= bins <= 1000:
        raise InvalidInput(f"bins must be a whole number from 2 to 1000; found {bins!r}")
    if isinstance(quantile, bool) or not isinstance(quantile, (int, float)) or not 0 < quantile <= 1:
        raise InvalidInput(f"quantile must be above 0 and at most 1, for example 0.99; found {quantile!r}")
    if scale not in ("linear", "log"):
        raise InvalidInput(f"scale must be 'linear' or 'log'; found {scale!r}")
    all_of_them = repeaters_of(summary, weights)
    paid = all_of_them.with_spend()
    edges = _edges(paid, int(bins), float(quantile), scale)
    customers, _ = np.histogram(paid.spend, edges, weights=paid.weights)
    total = float(paid.weights.sum())
    widths = np.diff(np.log(edges)) if scale == "log" else np.diff(edges)
    tables = {
        label: {
            "low": edges[:-1],
            "high": edges[1:],
            "customers": customers,
            "actual": customers / total / widths,
            "fitted": _fitted(model, parameters[label], paid, edges) / widths,
        }
        for label, model in labelled.items()
    }
    return _Found(paid.frame, tables, total, float(all_of_them.weights.sum()) - total)


def _edges(paid: Repeaters, bins: int, quantile: float, scale: Scale) -> Array:
    if not paid.weights.sum() > 0:
        raise NotEnoughData("nobody came back and paid: there is no mean spend to show. Check the amount column")
    low, high = paid.quantiles([_LOWEST, quantile])
    if scale == "linear":
        return np.linspace(0.0, high, bins + 1)
    if low == high:
        low, high = low / 2, high * 2
    return np.geomspace(low, high, bins + 1)


def _fitted(model: SpendModel, parameters: tuple[float, ...], paid: Repeaters, edges: Array) -> Array:
    """The share of repeaters that the model expects in each bin: ∫ of the mixed density, by Gauss-Legendre."""
    x, place = np.unique(paid.frequency, return_inverse=True)
    shares = np.bincount(place, paid.weights, len(x))
    nodes, weights = legendre(_NODES)
    widths = np.diff(edges)
    m = (edges[:-1] + nodes * widths).ravel()
    result = np.zeros(len(m))
    for count, share in zip(x, shares / shares.sum(), strict=True):  # a few dozen different counts, not customers
        result += share * np.exp(model.family.log_density(m, count, *parameters))
    return np.asarray((weights * result.reshape(_NODES, -1)).sum(axis=0) * widths)
