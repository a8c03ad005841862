"""How the error of a forecast grows with its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..validation.shelf_life import TOLERANCE, ages_of, compute_shelf_life, compute_time_kept
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.backtest import Backtest


def plot_shelf_life(backtest: Backtest, tolerance: float = TOLERANCE, ax: Axes | None = None) -> Axes:
    """Draw how far the totals of forecasts were off, by the time since they were made.

    `compute_shelf_life` gives the numbers and explains ``backtest`` and ``tolerance``; ``ax`` are matplotlib Axes to
    draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax``
    is no Axes.

    Notes
    -----
    How to read it: a line is the mean error of a model's totals over the cutoffs, the small marks are the single
    cutoffs. Where the line stays below the tolerance a forecast of that age was good enough; where it rises for good it
    wants to be made again from a newer log. How long it was kept is told by `compute_time_kept`: where chance alone
    explains an error, as of a first week with few purchases, a mark may lie above the tolerance. Few cutoffs say
    little.

    Decision: how often to score anew, and how far ahead a total may be promised.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
    >>> ax = clv.plots.plot_shelf_life(found)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['BG/NBD: kept for 6.5 weeks (median of 2 cutoffs)', 'tolerance: 10 %']
    >>> plt.close(ax.figure)
    """
    table, kept = compute_shelf_life(backtest, tolerance), compute_time_kept(backtest, tolerance)
    single = marks.by_model(ages_of(backtest, tolerance))
    ax = canvas.axes(ax, 7.0, 4.6)
    unit = backtest.time_unit
    for i, (name, rows) in enumerate(marks.by_model(table).items()):
        look = canvas.style(i)
        own = kept[kept["model"] == name]
        span = float(np.median(own["keeps_for"]))
        least = "at least " if own["whole_horizon"].sum() * 2 > len(own) else ""
        cutoffs = f"{len(own)} cutoff{'s' if len(own) != 1 else ''}"
        label = f"{backtest.titles[name]}: kept for {least}{span:.4g} {unit}s (median of {cutoffs})"
        marks.line(ax, i, rows["age"], rows["total_error"], label)
        for _, part in single[name].groupby("cutoff", sort=False):
            ax.plot(part["ends"], part["error"], look.marker, color=look.color, markersize=3, alpha=0.5, zorder=2)
    ax.axhline(tolerance, linestyle=":", color=canvas.ink(ax), label=f"tolerance: {100 * tolerance:g} %")
    marks.in_per_cent(ax.yaxis)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    marks.x_label(ax, f"age of the forecast: {unit}s since the cutoff")
    canvas.y_label(ax, "error of total purchases until then")
    canvas.title(ax, "How long a forecast keeps")
    canvas.legend(ax, loc="upper right")
    canvas.caption(
        ax,
        "How to read it: lines are mean errors over the cutoffs, the dates from which was forecast, small marks the "
        "single ones. Below the tolerance a forecast of that age was good enough; it also counts as kept where chance "
        "alone explains the error. Few cutoffs say little.",
    )
    canvas.room_above(ax)
    return ax
