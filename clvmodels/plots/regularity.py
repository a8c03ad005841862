"""Do customers buy by chance, as all models here assume, or regularly?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import canvas, marks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_regularity(regularity: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how the last two times between purchases of a customer compare, with what chance and the fit say.

    ``regularity`` is the table that `compute_regularity` gave; ``ax`` are matplotlib Axes to draw on, a new figure's if
    None. Returns the Axes drawn on. Raises InvalidInput if it is no such table or ``ax`` is no Axes.

    Notes
    -----
    How to read it: M is the share of the first time in the sum of both. Flat bars: purchases come by chance, as the
    models assume (k = 1). A hump in the middle: the two times are alike, customers buy regularly (k above 1). High
    ends: purchases come in bursts (k below 1).

    Decision: whether these models suit the business. If buying is clearly regular, as with what is used up, a silence
    says more than they take it to, and their intervals are too wide.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> ax = clv.plots.plot_regularity(clv.plots.compute_regularity(clv.load_cdnow(sample=True)))
    >>> ax.get_ylabel()
    'share of 736 customers'
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    needed = {"low", "high", "share", "uniform", "fitted", "n_customers", "regularity", "standard_error", "p_value"}
    if not needed <= set(getattr(regularity, "columns", ())) or not len(regularity):
        raise InvalidInput(
            f"expected the table of clvmodels.plots.compute_regularity; found {type(regularity).__name__}"
        )
    ax = canvas.axes(ax, 6.4, 4.6)
    first = regularity.iloc[0]
    edges = [*regularity["low"], regularity["high"].iloc[-1]]
    k, twice = float(first["regularity"]), 2 * float(first["standard_error"])
    ax.bar(
        regularity["low"], regularity["share"], regularity["high"] - regularity["low"], align="edge", label="actual",
        color=canvas.actual(ax), edgecolor=canvas.edge(ax),
    )  # fmt: skip
    chance, fit = canvas.style(0), canvas.style(1)
    ax.stairs(
        regularity["uniform"], edges, baseline=None, color=chance.color, linestyle=chance.line, linewidth=2,
        label="chance (k = 1)",
    )  # fmt: skip
    ax.stairs(
        regularity["fitted"], edges, baseline=None, color=fit.color, linestyle=fit.line, linewidth=2,
        label=f"fitted: k = {k:.2f} ± {twice:.2f}",
    )  # fmt: skip
    ax.set_xlim(0, 1)
    top = float(regularity[["share", "uniform", "fitted"]].to_numpy().max())
    ax.set_ylim(0, 1.4 * top)  # room for the legend
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    marks.x_label(ax, "M = first / (first + second) of a customer's last two times between purchases")
    canvas.y_label(ax, f"share of {int(first['n_customers']):,} customers")
    canvas.title(ax, f"Regularity of buying (p = {float(first['p_value']):.2g} for chance)")
    canvas.legend(ax, loc="upper left")
    canvas.caption(
        ax,
        "How to read it: flat bars: purchases come by chance, as the models assume. A hump in the middle: customers "
        "buy regularly, and a silence says more than models take it to. High ends: purchases come in bursts.",
    )
    return ax
