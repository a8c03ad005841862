"""From the customer equity of one date to that of another, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..inference.looks import figure
from ..validation.words import day
from . import canvas, marks

_NARROW = 4.5  # inches: Axes below this have smaller names of steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..economics.equity_between import EquityChange


def plot_equity_change(change: EquityChange, ax: Axes | None = None) -> Axes:
    """Draw the steps of a change of customer equity as a waterfall.

    ``change`` is what `clvmodels.economics.equity_change` returned, whose ``steps`` are the numbers; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises InvalidInput if ``ax`` is no
    Axes.

    Notes
    -----
    How to read it: the first and the last bar are the equity of the two dates; each bar between them begins where the
    one before it ends, and stands for what customers acquired, lost or re-valued added or took away. Whiskers, where
    there are futures, are the interval of a step.

    Decision: where to act. If acquired customers only make good what is lost, growth is bought anew each time; if
    those who stay lose value, winning more of them does not help.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> before = pandas.DataFrame({"customer_id": [1, 2], "p_alive": [0.9, 0.8], "clv": [50.0, 30.0]})
    >>> after = pandas.DataFrame({"customer_id": [1, 2, 3], "p_alive": [0.9, 0.2, 1.0], "clv": [55.0, 6.0, 20.0]})
    >>> ax = clv.plots.plot_equity_change(clv.economics.equity_change(before, after))
    >>> [label.get_text() for label in ax.get_xticklabels()][1:3]
    ['acquired\\n+20', 'lost\\n−24']
    >>> plt.close(ax.figure)
    """

    ax = canvas.axes(ax, 7.0, 4.6)
    steps = change.steps
    names, amount, level = steps["step"].tolist(), steps["amount"].to_numpy(), steps["equity"].to_numpy()
    at, between = np.arange(len(names)), np.arange(len(names))[1:-1]
    ends = [0, len(names) - 1]
    ax.bar(ends, amount[ends], 0.7, color=canvas.actual(ax), edgecolor=canvas.edge(ax), label="customer equity")
    for i, (label, chosen) in enumerate((("adds", amount >= 0), ("takes away", amount < 0))):
        here = between[chosen[between]]
        if len(here):
            look = canvas.style(i)
            ax.bar(
                here, amount[here], 0.7, bottom=level[here] - amount[here], color=look.color, hatch=look.hatch,
                edgecolor=canvas.edge(ax), label=label,
            )  # fmt: skip
    for i in at[:-1]:
        ax.plot([i, i + 1], [level[i], level[i]], "-", color=canvas.edge(ax), linewidth=0.8)
    whiskers = ""
    if "amount_low" in steps:
        whiskers = f" Whiskers hold what will happen with probability {100 * (change.interval or 0):g} %."
        low, high = (steps[f"amount_{end}"].to_numpy() for end in ("low", "high"))
        reach = np.clip([amount - low, high - amount], 0.0, None)
        marks.whiskers(ax, at, level, reach)
    ax.axhline(0, color=canvas.edge(ax), linewidth=0.8)
    narrow = marks.width(ax) < _NARROW
    signs = ["" if i in ends else "+" if amount[i] >= 0 else "−" for i in at]
    ax.set_xticks(
        at,
        [
            f"{name}\n{sign}{_written(abs(a) if sign else a, narrow)}"
            for name, sign, a in zip(names, signs, amount, strict=True)
        ],
    )
    if narrow:
        ax.tick_params(axis="x", labelsize="x-small")
    ax.use_sticky_edges = False  # a step of nothing would else cut off the bar beside it
    ax.margins(y=0.05)
    if ax.get_ylim()[0] < 0 <= min(0.0, *level, *(level - amount)[1:-1]):
        ax.set_ylim(bottom=0)
    marks.in_thousands(ax.yaxis)
    canvas.y_label(ax, "customer equity, in the log's money")
    dated = (
        f" from {day(change.before_end)} to {day(change.after_end)}" if change.before_end and change.after_end else ""
    )
    # in a narrow picture two lines of title would stand beyond it
    marks.x_label(ax, f"step{dated}" if narrow else "step")
    canvas.title(ax, "Why customer equity changed" if narrow else f"Why customer equity changed{dated}")
    canvas.legend(ax, loc="upper right", ncols=2 if narrow else 3)
    canvas.caption(
        ax,
        "How to read it: each bar between the first and the last begins where the one before it ends, and stands for "
        "what customers acquired, lost or re-valued added or took away. Customer equity is what all customers are "
        f"still expected to bring.{whiskers}",
    )
    canvas.room_above(ax)
    return ax


def _written(amount: float, narrow: bool) -> str:
    """An amount below its step, millions short where there is little room.

    >>> _written(80000000.0, True), _written(80000000.0, False), _written(20.0, True)
    ('80M', '80,000,000', '20')
    """
    return f"{amount / 1e6:,.3g}M" if narrow and abs(amount) >= 1e6 else figure(amount)
