"""Cohorts so long after their first purchase: who still buys, and who would if the model were right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..economics.cohort_survival import ALL, compute_cohort_survival
from ..errors import InvalidInput
from . import canvas, marks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["compute_cohort_survival", "plot_cohort_survival"]

_NARROW = 4.0  # inches
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_NEEDED = {"cohort", "from_age", "until_age", "actual_share", "expected_share", "standard_error", "p_alive"}


def plot_cohort_survival(table: pd.DataFrame, time_unit: str = "week", ax: Axes | None = None) -> Axes:
    """Draw the share of each cohort that buys so long after its first purchase, actual and expected.

    Parameters
    ----------
    table
        What `compute_cohort_survival` gave.
    time_unit
        The model's, for the label of the axis.
    ax
        Matplotlib Axes to draw on; a new figure's if None.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on; those of the model's survival lie over them, with a scale of their own to the right.

    Raises
    ------
    InvalidInput
        If the table is none or has no rows, or ``ax`` is no Axes.

    Notes
    -----
    How to read it: the dots of all customers should lie on the line within their bars, two standard errors either way.
    Dots that fall below it further and further say that customers leave faster than the model has it; single thin lines
    that lie apart are cohorts that differ from the others. The dashed line is the share still alive, if the model is
    right: that cannot be seen in any data, and lies above, because not everybody who is alive buys in each window.

    Decision: whether one model may speak of all cohorts, and for how long after the first purchase it may be believed.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> model = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    >>> table = clv.economics.compute_cohort_survival(model, clv.load_cdnow(sample=True), cohort="month")
    >>> ax = clv.plots.plot_cohort_survival(table)
    >>> ax.get_xlabel()
    'weeks since the first purchase (middle of the window)'
    >>> plt.close(ax.figure)
    """
    if _NEEDED - set(getattr(table, "columns", ())):
        raise InvalidInput(f"expected the table that compute_cohort_survival gave; found {type(table).__name__}")
    if not len(table):
        raise InvalidInput("nobody was watched for a whole window: there is nothing to draw. Take a shorter period")
    ax = canvas.axes(ax, 7.0, 4.8)
    all_customers = table[table["cohort"] == ALL]
    single = [rows for name, rows in table.groupby("cohort", sort=False) if name != ALL]
    for i, rows in enumerate(single if len(single) > 1 else []):
        label = "single cohorts" if i == 0 else None
        ax.plot(_middle(rows), rows["actual_share"], "-", color=canvas.actual(ax), linewidth=1, label=label, zorder=1)
    at, look = _middle(all_customers), canvas.style(0)
    marks.whiskers(ax, at, all_customers["actual_share"], 2 * all_customers["standard_error"])
    ax.plot(
        at, all_customers["actual_share"], "o", color=canvas.paper(ax), markeredgecolor=canvas.ink(ax), label="actual",
        zorder=4,
    )  # fmt: skip
    ax.plot(
        at, all_customers["expected_share"], look.line, color=look.color, label="expected of new customers", zorder=3
    )
    right, other = ax.twinx(), canvas.style(1)
    ax.plot([], [], other.line, color=other.color, label="alive, by the model (right)")
    ends = [*all_customers["from_age"], all_customers["until_age"].iloc[-1]]
    right.plot(ends[:-1], all_customers["p_alive"], other.line, color=other.color)
    right.set_ylim(0, 1.02)
    right.set_yticks(_SHARES[:: 2 if marks.width(ax) < _NARROW else 1])
    ax.set_ylim(bottom=0)
    for axis in (ax.yaxis, right.yaxis):
        marks.in_per_cent(axis)
    canvas.y_label(right, "share alive, by the model")
    ax.set_xlim(0, ends[-1])
    marks.x_label(ax, f"{time_unit}s since the first purchase (middle of the window)")
    canvas.y_label(ax, "share who bought in the window")
    canvas.title(ax, "Who still buys, so long after the first purchase")
    canvas.legend(ax, loc="upper right")
    canvas.caption(
        ax,
        "How to read it: dots should lie on the line within their bars (two standard errors). The share who buy in a "
        "window can be seen, the share who are alive, still customers, cannot: it is the model's own.",
        beside=[right],
    )
    top = ax.get_ylim()[1]
    canvas.room_above(ax)
    right.set_ylim(top=1.02 * ax.get_ylim()[1] / top)  # the legend stands above its line, too
    return ax


def _middle(rows: pd.DataFrame) -> pd.Series:
    return (rows["from_age"] + rows["until_age"]) / 2
