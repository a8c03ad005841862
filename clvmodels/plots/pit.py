"""Is the whole predictive distribution right, not its mean alone?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..validation.forecasters import in_words
from ..validation.pit import compute_pit
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..validation.result import Validation


def plot_pit(validation: Validation, models: Any = None, bins: int = 10, ax: Axes | None = None) -> Axes:
    """Draw the histogram of the probability integral transform of purchases in the holdout.

    `compute_pit` gives the numbers and explains ``validation``, ``models`` and ``bins``; ``ax`` are matplotlib Axes to
    draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax``
    is no Axes.

    Notes
    -----
    How to read it: flat at 1 if the predictive distributions are right; within the band, chance explains what is not
    flat. High on the right: more was bought than the model thought possible; high at both ends: it is too sure of
    itself; high in the middle: not sure enough.

    Decision: whether to quote probabilities, medians and intervals, or the mean alone.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, amount=None)
    >>> ax = clv.plots.plot_pit(found)
    >>> ax.get_ylabel()
    'density (1 if right)'
    >>> plt.close(ax.figure)
    """
    table = compute_pit(validation, models, bins)
    ax = canvas.axes(ax, 6.4, 4.6)
    rows = marks.by_model(table)
    titles = in_words(validation, list(rows))
    first = table.iloc[0]
    ax.axhspan(
        first["band_low"], first["band_high"], color=canvas.actual(ax), alpha=0.4, label="what chance allows (95 %)"
    )
    ax.axhline(1.0, color=canvas.edge(ax), linewidth=1)
    for i, (name, part) in enumerate(rows.items()):
        look, p = canvas.style(i), float(part["p_value"].iloc[0])
        edges = [*part["low"], part["high"].iloc[-1]]
        told = f"{titles[name]}: {_p_value(p)}"
        ax.stairs(
            part["height"],
            edges,
            color=look.color,
            linestyle=look.line,
            linewidth=2,
            label=told,
            baseline=None,
            zorder=3 + i,
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.1 * max(float(table["height"].max()), float(first["band_high"])))
    marks.x_label(ax, "place of the actual count in its predictive distribution")
    canvas.y_label(ax, "density (1 if right)")
    canvas.title(ax, "Probability integral transform of purchases in the holdout")
    canvas.legend(ax, loc="lower left")
    canvas.caption(
        ax,
        "How to read it: flat at 1 if the predictive distributions are right. High on the right: more was bought than "
        "the model thought possible; at both ends: too sure of itself; in the middle: not sure enough.",
    )
    return ax


def _p_value(p: float) -> str:
    """How a legend tells it.

    >>> _p_value(0.0321), _p_value(1e-9), _p_value(float("nan"))
    ('p = 0.032', 'p < 0.001', 'p = —')
    """
    if p != p:
        return "p = —"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
