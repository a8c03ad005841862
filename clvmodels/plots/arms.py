"""Arms of an experiment: what each is worth beyond the control, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..units import length
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..experiments.comparison import ArmComparison

_WORDS = {"observed": "observed in {window}", "projected": "projected to {horizon}"}


def plot_arms(comparison: ArmComparison, ax: Axes | None = None) -> Axes:
    """Draw how much more a customer of each arm is worth than one of the control, with intervals.

    ``comparison`` is what `clvmodels.compare_arms` returned, whose ``differences`` are the numbers; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises InvalidInput if ``ax`` is no
    Axes.

    Notes
    -----
    How to read it: a mark is the difference of an arm's mean value per customer from the control's, once as observed,
    once as projected; its whiskers are the interval of the comparison's level, all arms and planned looks together.
    Whiskers that cross the line at 0 leave open which arm is better. The per cent beside a mark are the probability
    that the arm is better than the control.

    Decision: which campaign to go on with. A difference that is projected and not observed rests on the model.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> arms = {name: "new" if int(name) % 2 else "control" for name in log["customer_id"].unique()}
    >>> found = clv.compare_arms(log, arms, window=26, horizon=0, planned_end="1998-06-30")
    >>> ax = clv.plots.plot_arms(found)
    >>> ax.get_title()
    'What customers of new are worth beyond those of control'
    >>> plt.close(ax.figure)
    """
    table = comparison.differences
    arms = list(dict.fromkeys(table["arm"]))
    measures = list(dict.fromkeys(table["measure"]))
    control = str(table["against"].iloc[0])
    ax = canvas.axes(ax, 7.0, 2.6 + 0.8 * len(arms))
    at = -np.arange(len(arms), dtype=float)
    ends = {"window": comparison.window, "horizon": comparison.horizon}
    words = {name: length(value, comparison.time_unit) for name, value in ends.items()}
    for i, measure in enumerate(measures):
        rows = table[table["measure"] == measure].set_index("arm").loc[arms]
        look = canvas.style(i)
        place = at - marks.apart(i, len(measures), 0.5)
        middle = rows["difference"].to_numpy()
        reach = [middle - rows["low"].to_numpy(), rows["high"].to_numpy() - middle]
        ax.errorbar(
            middle, place, xerr=reach, fmt=look.marker, color=look.color, ecolor=look.color,
            markeredgecolor=canvas.ink(ax), markersize=6, elinewidth=1.5, capsize=4,
            label=_WORDS[measure].format(**words),
        )  # fmt: skip
        for x, y, better in zip(middle, place, rows["probability_better"], strict=True):
            if np.isnan(better):  # nobody differs from another
                continue
            ax.annotate(
                f"{100 * better:.0f} %", (x, y), (0, 6), textcoords="offset points", ha="center", fontsize="x-small"
            )
    ax.axvline(0, color=canvas.edge(ax), linewidth=0.8)
    ax.set_yticks(at, arms, parse_math=False)
    ax.set_ylim(at[-1] - 0.6, 0.6)
    marks.in_thousands(ax.xaxis)
    marks.x_label(ax, "more value per customer, in the log's money")
    canvas.y_label(ax, "arm")
    named = canvas.named(arms) if len(arms) <= 2 else f"{len(arms)} arms"
    canvas.title(ax, f"What customers of {named} are worth beyond those of {control}")
    canvas.legend(ax, loc="upper right")
    canvas.caption(
        ax,
        "How to read it: a mark is the difference from the control, its whiskers hold the truth in "
        f"{100 * comparison.level:g} % of experiments like this one. Whiskers across 0 leave open which is better. "
        "Beside the marks: the probability that the arm is better than the control.",
    )
    canvas.room_above(ax)
    return ax
