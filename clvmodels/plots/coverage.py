"""Do intervals hold as many customers as they promise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..validation.coverage import compute_coverage
from ..validation.forecasters import in_words
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation


def plot_coverage(validation: Validation, models: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the share of customers within their 50, 80 and 95 % intervals, nominal, expected and actual.

    `compute_coverage` gives the numbers and explains ``validation`` and ``models``; ``ax`` are matplotlib Axes to draw
    on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax`` is
    no Axes.

    Notes
    -----
    How to read it: hold the filled marker, how many customers were within, against the hollow one, how many should have
    been by the model itself. Intervals of whole purchases hold more than their name says, so the hollow markers lie
    above the lines. Whiskers are two standard errors if the model is right.

    Decision: whether the interval of a customer may be shown to anybody. A filled marker clearly below the hollow one
    says that intervals are too narrow.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_coverage(found)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['50 %', '80 %', '95 %']
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    table = compute_coverage(validation, models)
    ax = canvas.axes(ax, 6.4, 4.6)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    levels = next(iter(rows.values()))["level"].to_numpy()
    at = np.arange(len(levels))
    ax.hlines(levels, at - 0.4, at + 0.4, color=canvas.edge(ax), linewidth=2, label="nominal")
    for i, (name, part) in enumerate(rows.items()):
        look, here = canvas.style(i), at + marks.apart(i, len(rows), min(0.3 * len(rows), 0.8))
        aside = min(0.3, 0.8 / len(rows)) / 6
        ax.plot(
            here - aside, part["expected"], look.marker, color=look.color, markerfacecolor=canvas.paper(ax),
            markeredgewidth=1.5, label=f"{titles[name]}: expected", zorder=3,
        )  # fmt: skip
        marks.whiskers(ax, here + aside, part["actual"], 2 * part["standard_error"])
        ax.plot(
            here + aside, part["actual"], look.marker, color=look.color, markeredgecolor=canvas.ink(ax),
            label=f"{titles[name]}: actual", zorder=4,
        )  # fmt: skip
    ax.set_xticks(at, [f"{100 * level:g} %" for level in levels])
    ax.set_ylim(min(0.4, float(table["actual"].min()) - 0.05), 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    marks.x_label(ax, "interval of a customer's purchases in the holdout")
    canvas.y_label(ax, "customers within it")
    canvas.title(ax, "How many customers bought as much as their interval says")
    canvas.legend(ax, loc="lower right")
    canvas.caption(
        ax,
        "How to read it: filled markers below hollow ones: intervals are too narrow. Intervals of whole purchases hold "
        "more than their name says, so hold actual against expected, not against the lines.",
    )
    return ax
