"""Models and baselines side by side on a few metrics."""

from __future__ import annotations

import math
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, NotAvailable
from ..validation.forecasters import in_words, names_of
from ..validation.metrics import catalogue
from . import canvas, marks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..validation.metrics.catalogue import Metric
    from ..validation.result import Validation

_HALF = 0.36  # of the width of a column
_BETTER = {"lower": "← lower is better", "higher": "higher is better →"}
_ABOVE_AND_BELOW = 1.5  # inches that headings and caption will take
_TOO_NARROW = 0.8  # inches of a column, below which the words of a heading would be broken
_NARROW, _LOW = 1.1, 0.3  # inches of a column and a row, below which dots have no room for their values


def plot_scores(validation: Validation, metrics: Any = None, models: Any = None, ax: Axes | None = None) -> Axes:
    """Draw metrics of models and baselines as dots with their errors, a column per metric and a row per forecaster.

    The numbers are those of `Validation.scores`.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    metrics
        Names of metrics; the leading ones if None.
    models
        Names of models and baselines; all of both if None.
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
        If nobody has any of the metrics.

    Notes
    -----
    How to read it: each column has a scale of its own, from the lowest to the highest value with whiskers of two
    standard errors; the arrow above says which side is better, a dotted line where the best value is. Hollow markers
    are baselines; "—" means that a forecaster has no such metric.

    Decision: whether a model earns its keep. Where a hollow marker is on the better side of it, a rule that anybody can
    compute does as well for that purpose. Whether a difference is noise, `Validation.comparisons` says.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], n_resamples=20, amount=None)
    >>> ax = clv.plots.plot_scores(found, metrics=["log_score", "auc"])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['NBD', 'Past rate', 'Same as last period', 'Hiatus rule', 'Cohort average']
    >>> plt.close(ax.figure)
    """
    leading = [metric.name for metric in catalogue.METRICS.values() if metric.leads]
    chosen = catalogue.find(leading if metrics is None else metrics)
    names = names_of(validation, models, baselines=True)
    if not chosen:
        raise InvalidInput(f"metrics must name at least one metric, for example {leading[0]!r}; found none")
    titles = in_words(validation, names)
    scores = validation.scores[validation.scores["model"].isin(names)]
    columns = [scores[scores["metric"] == metric.name].set_index("model").reindex(names) for metric in chosen]
    if all(column["value"].isna().all() for column in columns):
        raise NotAvailable(f"nobody asked for has any of {', '.join(metric.name for metric in chosen)}")
    ax = canvas.axes(ax, 1.6 + 1.9 * len(chosen), 2.2 + 0.45 * len(names))
    # a name with dollar signs is no formula
    ax.set_yticks(range(len(names)), [titles[name] for name in names], fontsize="small", parse_math=False)
    whole, high = _settled_size(ax)
    each = whole / len(chosen)
    roomy = each > _NARROW and (high - _ABOVE_AND_BELOW) / len(names) > _LOW
    for i, (metric, column) in enumerate(zip(chosen, columns, strict=True)):
        _draw_column(ax, i, metric, column, roomy, [validation.predicted[name].kind == "model" for name in names])
    ax.set_ylim(len(names) - 0.5, -0.7)
    ax.set_xlim(-0.5, len(chosen) - 0.5)
    headings = [_heading(metric, max(6, int(marks.LETTERS_PER_INCH * each))) for metric in chosen]
    below = "metrics, each on a scale of its own"
    if each < _TOO_NARROW:
        headings = [f"({letter})" for letter in ascii_letters[: len(chosen)]]
        below += ": " + ", ".join(
            f"{letter} {' '.join(_heading(metric, 99).split())}"
            for letter, metric in zip(headings, chosen, strict=True)
        )
    ax.set_xticks(range(len(chosen)), headings)
    ax.tick_params(axis="x", labelsize="small" if each > _NARROW else "x-small")
    ax.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    for between in range(1, len(chosen)):
        ax.axvline(between - 0.5, color=canvas.actual(ax), linewidth=1)
    marks.x_label(ax, below)
    if each < _TOO_NARROW:
        ax.xaxis.label.set_fontsize("x-small")
    ax.set_ylabel("forecast by")
    canvas.title(ax, "Models and baselines in the holdout")
    canvas.caption(
        ax,
        "How to read it: each column has its own scale; the arrow says which side is better, a dotted line where "
        "the best value is. Whiskers are two standard errors, hollow markers baselines; — where there is no value.",
    )
    return ax


def _settled_size(ax: Axes) -> tuple[float, float]:
    """Width and height of the Axes in inches, when the names beside them have found their place."""
    figure = canvas.root_figure(ax)
    engine = figure.get_layout_engine() if figure is not None else None
    if figure is not None and engine is not None:
        engine.execute(figure)
    return marks.width(ax), float(ax.get_position().height) * (float(figure.get_figheight()) if figure else 5.0)


def _draw_column(ax: Axes, i: int, metric: Metric, column: pd.DataFrame, told: bool, is_model: list[bool]) -> None:
    values = column["value"].to_numpy(dtype=np.float64)
    reach = np.nan_to_num(2 * column["standard_error"].to_numpy(dtype=np.float64), nan=0.0, posinf=0.0)
    finite = np.isfinite(values)
    inner = values[finite]
    low = float(np.min(inner - reach[finite])) if len(inner) else 0.0
    high = float(np.max(inner + reach[finite])) if len(inner) else 1.0
    if metric.better == "near 1":  # the best value is what such ratios are held against
        low, high = min(low, 1.0), max(high, 1.0)
    span = high - low or 1.0

    def place(value: Any) -> Any:
        return i - _HALF + 2 * _HALF * (value - low) / span

    if math.isfinite(metric.best) and low <= metric.best <= high:
        ax.plot([place(metric.best)] * 2, [-0.5, len(values) - 0.5], ":", color=canvas.edge(ax), linewidth=1)
    for row, (value, error) in enumerate(zip(values, reach, strict=True)):
        look = canvas.style(row)
        if not math.isfinite(value):
            ax.text(i, row, "—" if math.isnan(value) else "∞", ha="center", va="center", gid="missing")
            continue
        ax.errorbar(
            place(value), row, xerr=2 * _HALF * error / span, fmt="none", ecolor=canvas.ink(ax), elinewidth=1, capsize=2
        )
        ax.plot(
            place(value), row, look.marker, color=look.color,
            markeredgecolor=canvas.ink(ax) if is_model[row] else look.color,
            markerfacecolor=look.color if is_model[row] else canvas.paper(ax), zorder=3,
        )  # fmt: skip
        if told:
            ax.annotate(
                f"{value:.3g}", (place(value), row), (0, -6), textcoords="offset points", ha="center", va="top",
                fontsize="x-small",
            )  # fmt: skip


def _heading(metric: Metric, wide: int) -> str:
    import textwrap

    direction = _BETTER.get(metric.better, f"best near {metric.best:g}" if math.isfinite(metric.best) else "")
    unit = f" ({metric.unit})" if metric.unit else ""
    lines = (textwrap.fill(text, wide, break_long_words=False) for text in (metric.title + unit, direction))
    return "\n".join(lines).rstrip()
