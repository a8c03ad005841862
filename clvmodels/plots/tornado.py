"""Which lever moves the value of all customers most: bars to both sides of what it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..economics.tornado import compute_tornado
from ..models.clv import CLVModel
from . import canvas, marks

_NARROW = 4.0  # inches

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_tornado(
    model: CLVModel,
    summary: Any,
    change: float = 0.1,
    *,
    costs: Any = None,
    horizon: Any = None,
    annual_discount_rate: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what all customers are worth with each lever moved down and up, the one that moves most on top.

    `compute_tornado` gives the numbers and explains ``model``, ``summary``, ``change``, ``costs``, ``horizon`` and
    ``annual_discount_rate``; ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on.
    Raises what the table raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: the line is the value now, and each bar ends at the value with its lever down or up by ``change``,
    alone. All levers are moved by the same share, which says nothing of how hard that is, or what it costs.

    Decision: where to look first. A long bar is worth an attempt if moving its lever is possible at all; a short one is
    not, however easy it would be.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> ax = clv.plots.plot_tornado(model, summary)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['spend', 'margin', 'purchase rate', 'dropout']
    >>> plt.close(ax.figure)
    """
    table = compute_tornado(
        model, summary, change, costs=costs, horizon=horizon, annual_discount_rate=annual_discount_rate
    )
    ax = canvas.axes(ax, 7.0, 4.4)
    at, now = np.arange(len(table)), float(table["now"].iloc[0])
    share = f"{100 * float(change):g} %"
    for i, (end, label) in enumerate((("low", f"{share} less of it"), ("high", f"{share} more of it"))):
        look = canvas.style(i)
        ax.barh(
            at, table[f"{end}_change"], 0.6, left=now, label=label, color=look.color, hatch=look.hatch,
            edgecolor=canvas.edge(ax), zorder=2,
        )  # fmt: skip
    ax.axvline(now, color=canvas.ink(ax), linewidth=1, zorder=3, label="now")
    ax.set_yticks(at, [name.replace("_", " ") for name in table["lever"]])
    if marks.width(ax) < _NARROW:
        ax.tick_params(axis="y", labelsize="x-small")
    ax.set_ylim(len(table) - 0.4, -0.6)  # the first row on top
    marks.x_label(ax, "value of all customers, in the money of the log")
    canvas.y_label(ax, "lever")
    canvas.title(ax, f"Value, each lever moved by {share}")
    canvas.legend(ax, loc="upper right", ncols=3 if marks.width(ax) > _NARROW else 2)
    marks.in_thousands(ax.xaxis)
    ax.locator_params(axis="x", nbins=7 if marks.width(ax) > _NARROW else 4)
    canvas.caption(
        ax,
        "How to read it: a bar ends at the value with its lever alone less or more than it would be from now on. All "
        "are moved by the same share, which does not tell what that would cost.",
    )
    canvas.room_above(ax)
    return ax
