"""Whether frequent buyers spend more at a purchase, which the Gamma-Gamma model assumes they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import NotEnoughData
from ..inference.independence import spend_frequency_correlation
from ..numerics.arrays import Array
from . import canvas
from .model import class_names, largest_frequency
from .repeaters import Repeaters, repeaters_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def compute_spend_frequency(summary: Any, max_frequency: int = 7, weights: Any = None) -> Any:
    """Mean spend of repeaters by their number of repeat purchases: the mean of it, its quartiles, and how many.

    Parameters
    ----------
    summary
        One row a customer with frequency and monetary_value.
    max_frequency
        The last class holds this many and more.
    weights
        How many customers each row stands for: a column name, a Series or an array.

    Returns
    -------
    frame
        Of the caller's kind, a row for each frequency from 1 on: ``frequency``, ``customers``, ``mean``,
        ``quartile_25``, ``median`` and ``quartile_75`` of their mean spend; NaN in a class of nobody.

    Raises
    ------
    NotEnoughData, InvalidInput
        If nobody came back, or the summary or a setting cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> print(clv.plots.compute_spend_frequency(summary, max_frequency=3).round(1).to_string(index=False))
     frequency  customers  mean  quartile_25  median  quartile_75
             1      439.0  32.4         14.4    23.5         39.1
             2      214.0  36.7         18.3    28.6         42.2
             3      293.0  37.9         20.9    30.8         43.5
    """
    most = largest_frequency(max_frequency)
    repeaters = _refused_if_none(repeaters_of(summary, weights))
    return frames.long_table(_by_class(repeaters, most), repeaters.frame)


def plot_spend_frequency(summary: Any, max_frequency: int = 7, weights: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the mean spend of repeaters by their number of repeat purchases, and whether the two go together.

    `compute_spend_frequency` gives the numbers and explains ``summary``, ``max_frequency`` and ``weights``; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. The title tells the correlation of frequency and mean spend
    over repeaters who paid, and the p-value of the t-test for none, as the fit report of a `SpendModel` does. Returns
    the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: the boxes (quartiles, with the median and a marker at the mean) should lie at one height. They get
    shorter to the right, since a mean of many amounts varies less; that alone is no dependence.

    Decision: whether spend and purchases may be modelled apart. If the boxes rise or fall by much, fit groups of
    customers apart; a small p-value with a flat picture only says that there are many customers.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    >>> ax = clv.plots.plot_spend_frequency(summary)
    >>> ax.get_title()
    'Mean spend by frequency: correlation 0.114 (p-value 0.00045)'
    >>> plt.close(ax.figure)
    """
    most = largest_frequency(max_frequency)
    repeaters = _refused_if_none(repeaters_of(summary, weights))
    table = _by_class(repeaters, most)
    paid = repeaters.with_spend()
    correlation, p_value = spend_frequency_correlation(paid.frequency, paid.spend, paid.weights)
    ax = canvas.axes(ax, 7.0, 4.6)
    there = table["customers"] > 0
    at = table["frequency"][there]
    low, middle, high = (table[name][there] for name in ("quartile_25", "median", "quartile_75"))
    ax.bar(at, high - low, 0.6, low, color=canvas.actual(ax), edgecolor=canvas.edge(ax), label="quartiles")
    ax.hlines(middle, at - 0.3, at + 0.3, color=canvas.ink(ax), linewidth=1.5, label="median")
    look = canvas.style(0)
    ax.plot(at, table["mean"][there], look.marker, color=look.color, markeredgecolor=canvas.ink(ax), label="mean")
    level = float(paid.weights @ paid.spend / paid.weights.sum()) if paid.weights.sum() else 0.0
    ax.axhline(level, color=look.color, linestyle="--", linewidth=1, label="mean of all repeaters")
    names = class_names(most)[1:]
    counts = [f"{name}\n({n:,.6g})" for name, n in zip(names, table["customers"], strict=True)]
    ax.set_xticks(table["frequency"], counts)
    ax.set_ylim(0, 1.5 * max(float(np.max(high)), float(np.max(table["mean"][there])), 1e-9))
    ax.set_xlabel("repeat purchases (and number of customers)")
    canvas.y_label(ax, "mean spend at a repeat purchase")
    canvas.title(ax, f"Mean spend by frequency: correlation {correlation:.3f} (p-value {p_value:.2g})")
    canvas.legend(ax, loc="upper center", ncols=2)
    canvas.caption(
        ax,
        "How to read it: the boxes should lie at one height; then spend does not depend on frequency, as the "
        "Gamma-Gamma model assumes. They get shorter to the right, as a mean of many amounts varies less.",
    )
    return ax


def _refused_if_none(repeaters: Repeaters) -> Repeaters:
    if not len(repeaters.frequency):
        n = frames.n_rows(repeaters.frame)
        raise NotEnoughData(f"nobody came back: of {n} customers none has frequency > 0. Use a longer log")
    return repeaters


def _by_class(repeaters: Repeaters, most: int) -> dict[str, Array]:
    classes = np.minimum(repeaters.frequency, most).astype(np.int64)
    rows = []
    for each in range(1, most + 1):
        these = repeaters.where(classes == each)
        n = float(these.weights.sum())
        mean = float(these.weights @ these.spend) / n if n else np.nan
        rows.append((n, mean, *(these.quantiles([0.25, 0.5, 0.75]) if n else [np.nan] * 3)))
    columns = np.array(rows).T
    names = ("customers", "mean", "quartile_25", "median", "quartile_75")
    return {"frequency": np.arange(1, most + 1, dtype=np.int64), **dict(zip(names, columns, strict=True))}
