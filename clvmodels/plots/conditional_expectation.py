"""Purchases in the holdout of customers who were alike at the end of calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import length
from ..validation.conditional_expectation import compute_conditional_expectation
from ..validation.forecasters import in_words
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation

_TITLES = {
    "frequency": "repeat purchases in calibration",
    "recency": "recency, first to last purchase",
    "T": "age at the end of calibration, T",
    "time_since_last_purchase": "time since the last purchase, T − recency",
}


def plot_conditional_expectation(
    validation: Validation, by: str = "frequency", models: Any = None, classes: int = 8, ax: Axes | None = None
) -> Axes:
    """Draw mean purchases in the holdout of customers of one frequency, recency or age, actual and expected.

    `compute_conditional_expectation` gives the numbers and explains ``validation``, ``by``, ``models`` and ``classes``;
    ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table
    raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: each bar is what customers of a class did on average, its whisker two standard errors up and down; a
    line outside the whisker errs by more than chance. Below each class stands how many customers it has.

    Decision: which customers the forecast may be used for. A model that is right in sum may still be too low for those
    who came once and too high for the regulars, and these get other letters.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_conditional_expectation(found)
    >>> ax.get_xlabel()
    'repeat purchases in calibration (below: customers)'
    >>> plt.close(ax.figure)
    """
    table = compute_conditional_expectation(validation, by, models, classes)
    ax = canvas.axes(ax, 7.0, 4.8)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    first = next(iter(rows.values()))
    at = np.arange(len(first))
    ax.bar(at, first["actual"], 0.8, label="actual", color=canvas.actual(ax), edgecolor=canvas.edge(ax))
    marks.whiskers(ax, at, first["actual"], 2 * first["standard_error"])
    for i, (name, part) in enumerate(rows.items()):
        marks.line(ax, i, at, part["expected"], titles[name])
    slanted = max(map(len, first["group"])) > 4
    named = zip(first["group"], first["n"], strict=True)
    texts = [f"{group} ({n:,})" if slanted else f"{group}\n{n:,}" for group, n in named]
    ax.set_xticks(at, texts, fontsize="small", rotation=35 if slanted else 0, ha="right" if slanted else "center")
    ax.set_ylim(bottom=0)
    unit = "" if by == "frequency" else f", {validation.time_unit}s"
    marks.x_label(ax, f"{_TITLES[by]}{unit} ({'in brackets' if slanted else 'below'}: customers)")
    canvas.y_label(ax, "purchases per customer")
    canvas.title(ax, f"Purchases in the {length(validation.duration, validation.time_unit)} after calibration")
    canvas.legend(ax)
    canvas.caption(
        ax,
        "How to read it: bars are what customers did on average, whiskers two standard errors. A line outside the "
        "whisker errs by more than chance for such customers.",
    )
    return ax
