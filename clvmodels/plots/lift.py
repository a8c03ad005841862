"""How much of what was bought did the customers buy whom a forecast put first?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..validation.forecasters import in_words
from ..validation.lift import CHANCE, PERFECT, compute_lift
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation


def plot_lift(validation: Validation, models: Any = None, of: str = "purchases", ax: Axes | None = None) -> Axes:
    """Draw the share of actual purchases or spend that the predicted top customers made up.

    `compute_lift` gives the numbers and explains ``validation``, ``models`` and ``of``; ``ax`` are matplotlib Axes to
    draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax``
    is no Axes.

    Notes
    -----
    How to read it: the curve at 20 % is the part of all purchases that came from the fifth of customers put first. No
    forecast gets above the dotted perfect order, and one that knows nothing follows the straight line of chance.

    Decision: how many customers a campaign should reach: stop where the curve flattens. Between models take the higher
    curve at the depth that will be mailed, not the larger Gini.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_lift(found)
    >>> ax.get_ylabel()
    'share of actual purchases in the holdout'
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    table = compute_lift(validation, models, of)
    ax = canvas.axes(ax, 6.4, 5.4)
    rows = marks.by_model(table)
    perfect, chance = rows.pop(PERFECT), rows.pop(CHANCE)
    titles = in_words(validation, list(rows))
    for i, (name, part) in enumerate(rows.items()):
        look, found = canvas.style(i), part.iloc[0]
        told = f"{titles[name]}: Gini {found['gini']:.2f} ({found['normalised_gini']:.2f} of perfect)"
        ax.plot(part["share_of_customers"], part["share_of_actual"], look.line, color=look.color, label=told, zorder=3)
    told = f"{PERFECT}: Gini {perfect['gini'].iloc[0]:.2f}"
    ax.plot(perfect["share_of_customers"], perfect["share_of_actual"], ":", color=canvas.ink(ax), label=told)
    ax.plot(
        chance["share_of_customers"], chance["share_of_actual"], "-", color=canvas.edge(ax), linewidth=1, label=CHANCE
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    marks.x_label(ax, "share of customers, highest expectation first")
    canvas.y_label(ax, f"share of actual {of} in the holdout")
    canvas.title(ax, f"What part of all {of} the best customers made up")
    canvas.legend(ax, loc="lower right")
    canvas.caption(
        ax,
        f"How to read it: the curve at 20 % is the part of all {of} that came from the fifth of customers put first. "
        "Nothing gets above the perfect order; knowing nothing follows chance.",
    )
    return ax
