"""How few customers hold how much of all value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..economics.concentration import compute_concentration, gini, top_share
from ..economics.value_columns import read_values
from ..errors import NotEnoughData
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TOP = 0.2


def plot_concentration(scored: Any, value: str = "clv", ax: Axes | None = None) -> Axes:
    """Draw what share of all value the most valuable customers (whale curve) and the least valuable (Lorenz) hold.

    `compute_concentration` gives the numbers and explains ``scored`` and ``value``; ``ax`` are matplotlib Axes to draw
    on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, NotEnoughData if the sum of all
    values is not above 0, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: the upper curve at 20 % is the part of all value that the most valuable fifth of customers hold, the
    lower one at 20 % that of the least valuable fifth. If all were worth the same, both would lie on the straight line.
    The upper curve rises above 100 % where some customers are worth less than nothing.

    Decision: how few customers are worth care of their own, and how many may be served cheaply: where the upper curve
    flattens, more customers hardly add value.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> ax = clv.plots.plot_concentration([50.0, 30.0, 10.0, 5.0, 5.0])
    >>> ax.get_title()
    'The most valuable 20 % of customers hold 50 % of clv; Gini 0.46'
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    table = compute_concentration(scored, value)
    top = top_share(scored, _TOP, value)
    if np.isnan(top):
        raise NotEnoughData(
            f"shares of value need a sum above 0: expected at least one customer with {value} above 0, and not as much "
            f"below; found {len(read_values(scored, value)[1]):,} customers"
        )
    ax = canvas.axes(ax, 6.4, 5.4)
    share, whale, lorenz = (table[name] for name in ("share_of_customers", "share_of_value", "lorenz"))
    best, rest = canvas.style(0), canvas.style(1)
    ax.plot(share, whale, best.line, color=best.color, label="most valuable first (whale curve)", zorder=3)
    ax.plot(share, lorenz, rest.line, color=rest.color, label="least valuable first (Lorenz curve)", zorder=3)
    ax.plot([0, 1], [0, 1], "-", color=canvas.edge(ax), linewidth=1, label="all worth the same")
    ax.plot([_TOP], [top], best.marker, color=best.color, markeredgecolor=canvas.ink(ax), zorder=4)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlim(0, 1)
    ax.set_ylim(min(0.0, 1.02 * float(lorenz.min())), 1.02 * float(whale.max()))
    marks.x_label(ax, "share of customers")
    canvas.y_label(ax, f"share of all {value}")
    told = f"The most valuable {_TOP:.0%} of customers hold {top:.0%} of {value}".replace("%", " %")
    below_nothing = bool((read_values(scored, value)[1] < 0).any())
    canvas.title(ax, told if below_nothing else f"{told}; Gini {gini(scored, value):.2f}")
    canvas.legend(ax, loc="best")
    canvas.caption(
        ax,
        "How to read it: the upper curve at 20 % is the part of all value that the most valuable fifth of customers "
        "hold, the lower one that of the least valuable fifth. If all were worth the same, both would be straight.",
    )
    return ax
