"""A metric at one cutoff after another: is a model good, or was it lucky once?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, NotAvailable
from ..units import length
from ..validation.backtest import Backtest
from ..validation.forecasters import listed
from ..validation.metrics import catalogue
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGEND = 1.5  # inches that a name and its line take
_BETTER = {"lower": "lower is better", "higher": "higher is better"}


def plot_backtest(backtest: Backtest, metric: str = "bias_ratio", models: Any = None, ax: Axes | None = None) -> Axes:
    """Draw a metric of models and baselines by cutoff.

    The numbers are those of `Backtest.scores`.

    Parameters
    ----------
    backtest
        What `clvmodels.backtest` returned.
    metric
        Name of a metric.
    models
        Names of models and baselines; all of both that have the metric if None.
    ax
        Matplotlib Axes to draw on; a new figure's if None.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    InvalidInput
        If a name is not known, or ``ax`` is no Axes.
    NotAvailable
        If one that is named, or everybody, lacks the metric.

    Notes
    -----
    How to read it: each point is a forecast made with what was known on that day; the title says which direction is
    better. A line that stays on the better side of another is better; lines that cross are not told apart by so few
    cutoffs. All lines moving together is the market, not the models.

    Decision: which model to run every month, and how far its next total may be off: about as far as it was here.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
    >>> ax = clv.plots.plot_backtest(found, "spearman", models=["bg_nbd", "past_rate"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['BG/NBD', 'Past rate']
    >>> plt.close(ax.figure)
    """
    if not isinstance(backtest, Backtest):
        raise InvalidInput(f"expected what clvmodels.backtest returns; found {type(backtest).__name__}")
    (asked,) = catalogue.find([metric])
    rows = backtest.scores[backtest.scores["metric"] == metric]
    names = _names(backtest, models)
    lacking = [name for name in names if rows.loc[rows["model"] == name, "value"].isna().all()]
    if lacking and (models is not None or len(lacking) == len(names)):
        raise NotAvailable(
            f"{', '.join(backtest.titles[name] for name in lacking)} has no {metric}: leave it out of models"
        )
    ax = canvas.axes(ax, 7.0, 4.6)
    shown = [name for name in names if name not in lacking]
    for i, name in enumerate(shown):
        part = rows[rows["model"] == name].sort_values("cutoff")
        marks.line(ax, i, part["cutoff"].to_numpy(), part["value"], backtest.titles[name])
    if asked.better.startswith("near") and math.isfinite(asked.best):
        ax.axhline(asked.best, color=canvas.edge(ax), linewidth=1)
    days = sorted(rows["cutoff"].unique())
    ax.set_xticks(days, [f"{day:%Y-%m-%d}" for day in days], fontsize="small", rotation=30, ha="right")
    across = min(3, len(shown), max(1, int(marks.width(ax) / _LEGEND)))
    marks.x_label(ax, f"end of calibration (holdouts of {length(backtest.horizon, backtest.time_unit)})")
    canvas.y_label(ax, f"{asked.title}{f' ({asked.unit})' if asked.unit else ''}")
    better = _BETTER.get(asked.better, f"best near {asked.best:g}" if math.isfinite(asked.best) else "")
    canvas.title(ax, f"{asked.title} by cutoff{f': {better}' if better else ''}")
    canvas.legend(ax, loc="upper center", ncols=across)
    canvas.caption(
        ax,
        "How to read it: each point is a forecast made with what was known on that day. Lines that cross are not told "
        "apart by so few cutoffs; all lines moving together is the market, not the models.",
    )
    canvas.room_above(ax)
    return ax


def _names(backtest: Backtest, models: Any) -> list[str]:
    names = list(backtest.titles) if models is None else listed(models)
    unknown = [name for name in names if name not in backtest.titles]
    if unknown or not names:
        found = repr(unknown[0]) if unknown else "none"
        raise InvalidInput(f"models must name forecasts of the backtest ({', '.join(backtest.titles)}); found {found}")
    return names
