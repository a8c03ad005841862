"""Do repeat buyers whom a model takes for gone really stay away?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..validation.by_p_alive import EDGES, compute_by_p_alive
from ..validation.forecasters import in_words
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation


def plot_by_p_alive(
    validation: Validation, models: Any = None, edges: Sequence[float] = EDGES, ax: Axes | None = None
) -> Axes:
    """Draw how many times as much as expected repeat buyers bought, by their P(alive).

    `compute_by_p_alive` gives the numbers and explains ``validation``, ``models`` and ``edges``; ``ax`` are matplotlib
    Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput
    if ``ax`` is no Axes.

    Notes
    -----
    How to read it: at 1 customers bought what was expected; at 2, twice that. Whiskers are two standard errors up and
    down. On most real logs the left is above 1: people pause and come back.

    Decision: whether to strike customers of low P(alive) off a list. Where the left stands at 2 or 3, they are worth
    two or three times what the model says, so write to them before writing them off.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_by_p_alive(found)
    >>> ax.get_ylabel()
    'actual / expected purchases'
    >>> plt.close(ax.figure)
    """
    table = compute_by_p_alive(validation, models, edges)
    ax = canvas.axes(ax, 7.0, 4.6)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    first = next(iter(rows.values()))
    at = np.arange(len(first))
    ax.axhline(1.0, color=canvas.edge(ax), linewidth=1, label="as expected")
    for i, (name, part) in enumerate(rows.items()):
        here, look = at + marks.apart(i, len(rows), min(0.2 * len(rows), 0.8)), canvas.style(i)
        expected = part["expected"].to_numpy()
        scatter = np.divide(part["standard_error"], expected, out=np.full(len(at), np.nan), where=expected > 0)
        marks.whiskers(ax, here, part["ratio"], 2 * scatter)
        ax.plot(
            here,
            part["ratio"],
            look.marker,
            color=look.color,
            markeredgecolor=canvas.ink(ax),
            label=titles[name],
            zorder=4,
        )
    numbers = zip(*(part["n"] for part in rows.values()), strict=True)
    texts = ["\n".join([group, *(f"{n:,}" for n in each)]) for group, each in zip(first["group"], numbers, strict=True)]
    ax.set_xticks(at, texts, fontsize="small")
    ax.set_xlim(-0.6, len(at) - 0.4)
    ax.set_ylim(bottom=0)
    below = "customers" if len(rows) == 1 else "customers by model"
    marks.x_label(ax, f"P(alive) at the end of calibration, repeat buyers (below: {below})")
    canvas.y_label(ax, "actual / expected purchases")
    canvas.title(ax, "Repeat buyers: purchases as a multiple of what was expected")
    canvas.legend(ax)
    canvas.caption(
        ax,
        "How to read it: at 1 customers bought what was expected, at 2 twice that; whiskers are two standard errors. "
        "Customers of low P(alive) often buy more than models say: they had paused, not left.",
    )
    return ax
