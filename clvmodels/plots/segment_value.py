"""Which segment holds the value, and how many customers make it up?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..economics.segment_value import compute_segment_value
from ..units import span
from ..validation.words import counted
from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

_MOST_DRAWN = 30  # segments: beyond, names cannot be read
_LONGEST = 28  # letters of a name
_NARROW = 4.0  # inches: below, what is written is smaller
_LOW = 0.2  # inches a bar: below, its value is not written
_ROW = 0.12  # inches that a name needs
_FEWEST = 5  # segments that are drawn, however low the Axes are
_WRITTEN, _WRITTEN_NARROW = 0.6, 1.2  # inches of caption and legend
_LETTER, _MOST_OF_WIDTH = 0.08, 0.35  # inches of a letter; what amounts may take of the width


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
    frame = frames.load(scored)
    table = compute_segment_value(frame, by, value)
    ax = canvas.axes(ax, 7.0, 2.6 + 0.34 * min(max(len(table), 2), _MOST_DRAWN))
    narrow = marks.width(ax) < _NARROW
    drawn = table.head(_most(ax))
    at = np.arange(len(drawn))
    longest = _LONGEST if not narrow else _LONGEST // 2
    names = [
        f"{_shortened(str(n), longest)} ({c:,})" for n, c in zip(drawn["segment"], drawn["customers"], strict=True)
    ]
    ax.set_yticks(at, names, parse_math=False)  # a name with dollar signs is no formula
    small = "x-small" if narrow else "small"
    ax.tick_params(axis="y", labelsize=small)
    _settle(ax)
    ax.barh(at, drawn["share_of_value"], 0.7, color=canvas.BLUE, edgecolor=canvas.edge(ax), label="share of value")
    ax.plot(
        drawn["share_of_customers"], at, "D", color=canvas.ORANGE, markeredgecolor=canvas.ink(ax), linestyle="none",
        label="share of customers", zorder=3, markersize=4 if narrow else 6,
    )  # fmt: skip
    amounts = [_money(held) for held in drawn["value"]]
    told = not narrow and _LETTER * max(map(len, amounts), default=0) < _MOST_OF_WIDTH * marks.width(ax)
    told = told and canvas.height(ax) / max(len(drawn), 1) > _LOW
    written = _write(ax, amounts if told else [], small)
    ax.set_ylim(max(len(drawn), 1) - 0.5, -0.6)  # the largest on top
    ax.axvline(0.0, color=canvas.edge(ax), linewidth=1)
    marks.in_per_cent(ax.xaxis)
    whole = _money(float(table["value"].sum()))
    marks.x_label(ax, f"share of all ({'right: ' if told else ''}value in the log's currency, {whole} in all)")
    canvas.y_label(ax, "segment (customers)")
    canvas.title(ax, "Residual value by segment")
    canvas.legend(ax, loc="upper right", ncols=1 if narrow else 2)
    more = len(table) - len(drawn)
    left_out = f" {counted(more, 'segment')} of smaller value not drawn." if more else ""
    canvas.caption(
        ax,
        "How to read it: where a bar reaches beyond its diamond, the segment's customers are worth more than the "
        f"average. Value is still to come{_terms(frame, value)}.{left_out}",
    )
    canvas.room_above(ax)
    _room_beside(ax, written)
    return ax


def _settle(ax: Axes) -> None:
    """Let the names beside the Axes find their place, which tells how wide they leave it."""
    figure = canvas.root_figure(ax)
    engine = figure.get_layout_engine() if figure is not None else None
    if figure is not None and engine is not None:
        engine.execute(figure)


def _most(ax: Axes) -> int:
    """How many segments the Axes have room for, less what will be written below them."""
    free = canvas.height(ax) - (_WRITTEN_NARROW if marks.width(ax) < _NARROW else _WRITTEN)
    return min(_MOST_DRAWN, max(_FEWEST, int(free / _ROW)))


def _write(ax: Axes, amounts: list[str], size: str) -> list[Annotation]:
    """Amounts at the right edge."""
    return [
        ax.annotate(
            each, (0.99, i), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=size, gid="value"
        )
        for i, each in enumerate(amounts)
    ]


def _room_beside(ax: Axes, written: list[Annotation]) -> None:
    """Bars and diamonds end before the amounts begin."""
    own = ax.get_window_extent()
    taken = max((each.get_window_extent().width / own.width for each in written), default=0.0) + 0.03
    low, most = ax.get_xlim()
    ax.set_xlim(low, low + (max(most, 0.0) - low) / (1 - min(taken, 2 * _MOST_OF_WIDTH)))


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
        if np.isinf(length):
            told.append("in the whole residual lifetime")
        elif unit is not None:
            told.append(f"in the next {span(length, unit)}")
    with suppress(TypeError, ValueError):
        told.append(f"discounted at {100 * float(rate):.4g} % a year")  # type: ignore[arg-type]
    with suppress(TypeError, ValueError):
        told.append("before costs" if float(margin) == 1 else f"margin {100 * float(margin):g} %")  # type: ignore[arg-type]
    return (" " + ", ".join(told)) if told and value.startswith("clv") else ""


def _shortened(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
