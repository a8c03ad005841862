"""Which segment holds the value, and how many customers make it up?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..economics.segment_value import compute_segment_value
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_DRAWN = 30  # segments: beyond, names cannot be read
_LONGEST = 28  # letters of a name
_NARROW = 4.0  # inches: below, what is written is smaller
_LOW = 0.3  # inches a bar: below, its value is not written
_LEGEND = 0.35  # inches


def plot_segment_value(scored: Any, by: Any = None, value: str = "clv", ax: Axes | None = None) -> Axes:
    """Draw the value that each segment of customers holds, the largest first, and its share of customers.

    `compute_segment_value` gives the numbers and explains ``scored``, ``by`` and ``value``; ``ax`` are matplotlib Axes
    to draw on, a new figure's if None. Of more than 30 segments the 30 of the largest value are drawn, and the caption
    says so. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: bars are the residual value of each segment as a share of all; diamonds are its share of customers.
    A bar that reaches beyond its diamond is a segment whose customers are worth more than the average.

    Decision: where the budget goes. Divide it by bars rather than by diamonds, and within a segment look at what an
    action changes, as value that stays without it needs no spending.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> scored = clv.CLVModel("bg_nbd", margin=0.3).fit(summary).predict(summary)
    >>> ax = clv.plots.plot_segment_value(scored, clv.economics.rfm_segments(summary))
    >>> ax.get_yticklabels()[0].get_text()
    'Champions (220)'
    >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import PercentFormatter

    frame = frames.load(scored)
    table = compute_segment_value(frame, by, value)
    drawn = table.head(_MOST_DRAWN)
    ax = canvas.axes(ax, 7.0, 2.6 + 0.34 * max(len(drawn), 2))
    at = np.arange(len(drawn))
    names = [f"{_shortened(str(name))} ({n:,})" for name, n in zip(drawn["segment"], drawn["customers"], strict=True)]
    ax.set_yticks(at, names, parse_math=False)  # a name with dollar signs is no formula
    small = "small" if marks.width(ax) > _NARROW else "x-small"
    ax.tick_params(axis="y", labelsize=small)
    high = _settled_height(ax)
    ax.barh(at, drawn["share_of_value"], 0.7, color=canvas.BLUE, edgecolor=canvas.edge(ax), label="share of value")
    ax.plot(
        drawn["share_of_customers"], at, "D", color=canvas.ORANGE, markeredgecolor=canvas.ink(ax), linestyle="none",
        label="share of customers", zorder=3,
    )  # fmt: skip
    told = high / max(len(drawn), 1) > _LOW
    for i, held in enumerate(drawn["value"].to_numpy() if told else []):
        ax.annotate(
            _money(held), (0.99, i), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=small,
            gid="value",
        )  # fmt: skip
    rows = max(len(drawn), 1)
    below = rows * _LEGEND / max(high - _LEGEND, _LEGEND)  # rows that the legend takes, below all bars
    ax.set_ylim(rows - 0.5 + below, -0.6)  # the largest on top
    low, most = ax.get_xlim()
    ax.set_xlim(low, max(most, 0.0) + 0.16 * (most - low))
    ax.axvline(0.0, color=canvas.edge(ax), linewidth=1)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    whole = _money(float(table["value"].sum()))
    marks.x_label(ax, f"share of all ({'right: ' if told else ''}value in the log's currency, {whole} in all)")
    canvas.y_label(ax, "segment (customers)")
    canvas.title(ax, "Residual value by segment")
    canvas.legend(ax, loc="lower right", ncols=2)
    more = len(table) - len(drawn)
    left_out = f" {more} segments of smaller value are not drawn." if more else ""
    canvas.caption(
        ax,
        "How to read it: where a bar reaches beyond its diamond, the segment's customers are worth more than the "
        f"average. Value is still to come{_terms(frame, value)}.{left_out}",
    )
    return ax


def _settled_height(ax: Axes) -> float:
    """Height of the Axes in inches, when the names beside them have found their place."""
    figure = canvas.root_figure(ax)
    engine = figure.get_layout_engine() if figure is not None else None
    if figure is not None and engine is not None:
        engine.execute(figure)
    return float(ax.get_position().height) * (float(figure.get_figheight()) if figure is not None else 5.0)


def _money(value: float) -> str:
    """An amount, in figures that its size asks for.

    >>> _money(12345.6), _money(3.14159), _money(0.0)
    ('12,346', '3.14', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _terms(frame: Any, value: str) -> str:
    """Over which time, at which rate and margin a table was scored, if it says so."""
    facts = frames.read_facts(frame)
    unit, horizon, rate, margin = (facts.get(k) for k in ("time_unit", "horizon", "annual_discount_rate", "margin"))
    told = []
    with suppress(TypeError, ValueError):
        length = float(horizon)  # type: ignore[arg-type]
        told.append("in the whole residual lifetime" if np.isinf(length) else f"in the next {length:.4g} {unit}s")
    with suppress(TypeError, ValueError):
        told.append(f"discounted at {100 * float(rate):.4g} % a year")  # type: ignore[arg-type]
    with suppress(TypeError, ValueError):
        told.append("before costs" if float(margin) == 1 else f"margin {float(margin):g}")  # type: ignore[arg-type]
    return (" " + ", ".join(told)) if told and value.startswith("clv") else ""


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
