"""Customers in tenths by what was expected of them, and what the tenths did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..validation.deciles import compute_deciles
from ..validation.forecasters import in_words
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation

_MOST_NAMED = 20  # ticks


def plot_deciles(
    validation: Validation, models: Any = None, of: str = "purchases", groups: int = 10, ax: Axes | None = None
) -> Axes:
    """Draw expected and actual means of the tenths of customers, the highest expectations first.

    `compute_deciles` gives the numbers and explains ``validation``, ``models``, ``of`` and ``groups``; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: bars, what each tenth did, should fall from left to right and end at their markers. A marker above
    its bar promised too much. Each model sorts customers by its own expectation, so the tenths differ.

    Decision: who gets the dear treatment. If the first tenth does what was expected of it, its expectation may be spent
    against; if bars do not fall, the order is no better than chance there.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_deciles(found)
    >>> ax.get_xlabel()
    'tenth of customers by expected purchases (1: highest)'
    >>> plt.close(ax.figure)
    """
    table = compute_deciles(validation, models, of, groups)
    ax = canvas.axes(ax, 7.0, 4.6)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    wide = 0.8 / len(rows)
    for i, (name, part) in enumerate(rows.items()):
        look = canvas.style(i)
        here = part["decile"] + marks.apart(i, len(rows), 0.8)
        own = "" if len(rows) == 1 else f"{titles[name]}: "
        ax.bar(
            here, part["actual"], wide, label=f"{own}actual", color=canvas.actual(ax) if len(rows) == 1 else look.color,
            alpha=1.0 if len(rows) == 1 else 0.5, hatch=look.hatch, edgecolor=canvas.edge(ax),
        )  # fmt: skip
        ax.plot(
            here, part["expected"], look.marker, color=look.color, markeredgecolor=canvas.ink(ax), zorder=3,
            label=f"{titles[name]}: expected",
        )  # fmt: skip
    number = rows[next(iter(rows))]["decile"].tolist()
    ax.set_xticks(number if groups <= _MOST_NAMED else number[:: -(-groups // _MOST_NAMED)])
    ax.set_ylim(bottom=0)
    part_of = "tenth" if groups == 10 else f"1/{groups}"
    marks.x_label(ax, f"{part_of} of customers by expected {of} (1: highest)")
    canvas.y_label(ax, f"{of} per customer")
    canvas.title(ax, f"{of.capitalize()} in the holdout, in order of what was expected")
    canvas.legend(ax, loc="upper right")
    canvas.caption(
        ax,
        "How to read it: bars should fall from left to right and end at their markers; a marker above its bar promised "
        "too much.",
    )
    return ax
