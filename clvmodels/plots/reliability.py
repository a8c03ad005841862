"""Of customers said to buy with probability p, does the share p buy?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..validation.forecasters import in_words
from ..validation.reliability import compute_reliability
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation

_TALLEST = 0.35  # part of the height that the bars of the predictions take


def plot_reliability(
    validation: Validation, models: Any = None, bins: int = 10, binning: str = "width", ax: Axes | None = None
) -> Axes:
    """Draw the share of customers who bought at all against the probability predicted of them.

    `compute_reliability` gives the numbers and explains ``validation``, ``models``, ``bins`` and ``binning``; ``ax``
    are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: on the diagonal as many buy as were said to; above it more do. Whiskers are two standard errors of
    the share if the probabilities were right, bars (right axis) the share of customers with such predictions.

    Decision: whether a probability may be used as one, for instance to mail everybody above 5 %. Where the curve bends
    away, rank customers by it but set the threshold by a test.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_reliability(found)
    >>> ax.get_xlabel()
    'predicted probability of a purchase in the holdout'
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    table = compute_reliability(validation, models, bins, binning)
    ax = canvas.axes(ax, 6.4, 5.4)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    right = ax.twinx()
    wide = 0.7 / bins / len(rows)
    for i, (name, part) in enumerate(rows.items()):
        look, shares = canvas.style(i), part["n"] / part["n"].sum()
        aside = marks.apart(i, len(rows), 0.7 / bins)
        right.bar(part["predicted"] + aside, shares, wide, color=look.color, alpha=0.35, hatch=look.hatch)
        marks.whiskers(ax, part["predicted"], part["actual"], 2 * part["standard_error"])
        marks.line(ax, i, part["predicted"], part["actual"], titles[name])
    top = float((table["n"] / table.groupby("model")["n"].transform("sum")).max())
    right.set_ylim(0, top / _TALLEST)
    right.set_yticks([0.0, round(top, 2)])
    right.set_ylabel("share of customers (bars)", loc="bottom")
    right.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_zorder(right.get_zorder() + 1)  # points stand before the bars
    ax.patch.set_visible(False)
    ax.plot([0, 1], [0, 1], color=canvas.edge(ax), linewidth=1, label="as predicted")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    marks.x_label(ax, "predicted probability of a purchase in the holdout")
    canvas.y_label(ax, "share who bought")
    canvas.title(ax, "Who buys at all: predicted and actual")
    canvas.legend(ax, loc="upper left")
    canvas.caption(
        ax,
        "How to read it: on the diagonal as many buy as were said to; above it more do. Whiskers are two standard "
        "errors, bars the share of customers with such a prediction.",
    )
    return ax
