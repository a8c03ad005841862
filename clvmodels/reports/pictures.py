"""The pictures of a report: which, in what order, and how each becomes part of the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .. import plots
from ..errors import ClvError
from ..validation.metrics.catalogue import METRICS
from ..validation.result import Validation
from .describing import described
from .judging import by_log_score, title

_READING = "How to read it"


class Picture(NamedTuple):
    """A picture on the page: ``source`` is a data URI, ``alt`` says in words what it shows.

    A ``map`` means its colours, and keeps them on a dark page.
    """

    heading: str
    source: str
    alt: str
    reading: str
    width: int
    height: int
    map: bool


class Wanted(NamedTuple):
    """A picture to draw: a function of `clvmodels.plots`, what it is given first, and its further arguments.

    ``numbers`` tells those that cannot be read off the axes.
    """

    heading: str
    plot: str
    given: Callable[[Any], tuple[Any, ...]]
    arguments: Mapping[str, Any]
    size: tuple[float, float] = (7.5, 4.6)
    numbers: Callable[[Any], str] | None = None


def _validation(found: Validation) -> tuple[Any, ...]:
    return (found,)


def _models_and_summary(found: Validation) -> tuple[Any, ...]:
    return ({title(found, name): model for name, model in found.models.items()}, found.scored)


def _leader(found: Validation) -> tuple[Any, ...]:
    return (found.models[by_log_score(found)[0]],)


def _scores(found: Validation) -> str:
    """The leading measures of everybody."""
    table = found.table()
    told = []
    for name in table.columns:
        each = (f"{title(found, str(one))} {value:.3g}" for one, value in table[name].dropna().items())
        told.append(f"{METRICS[name].title}: {', '.join(each)}.")
    return " ".join(told)


WANTED = (
    Wanted("All purchases, week by week", "plot_tracking", _validation, {"cumulative": True}),
    Wanted("The purchases of each week", "plot_tracking", _validation, {"cumulative": False}),
    Wanted("By purchases made before", "plot_conditional_expectation", _validation, {"by": "frequency"}),
    Wanted(
        "By the time since the last purchase",
        "plot_conditional_expectation",
        _validation,
        {"by": "time_since_last_purchase"},
    ),
    Wanted("Will this customer buy at all?", "plot_reliability", _validation, {}),
    Wanted("From the tenth forecast to buy most to the one forecast to buy least", "plot_deciles", _validation, {}),
    Wanted("Does it find the best customers?", "plot_lift", _validation, {}),
    Wanted("Are the ranges wide enough?", "plot_coverage", _validation, {}),
    Wanted("Is the whole distribution right?", "plot_pit", _validation, {}),
    Wanted("Repeat buyers, by the probability of still being customers", "plot_by_p_alive", _validation, {}),
    Wanted("Models and simple rules side by side", "plot_scores", _validation, {}, numbers=_scores),
    Wanted("Does it fit the past?", "plot_frequency_histogram", _models_and_summary, {}),
    Wanted("Who is still a customer", "plot_p_alive", _leader, {}, (7.5, 5.4)),
    Wanted("How much customers will buy", "plot_expected_purchases", _leader, {}, (7.5, 5.4)),
)


def pictures(found: Validation) -> tuple[list[Picture], list[str]]:
    """The pictures that can be drawn, and for each of the others why not."""
    drawn: list[Picture] = []
    missing = []
    for wanted in WANTED:
        try:
            drawn.append(draw(wanted, found))
        except ClvError as error:
            missing.append(f"{wanted.heading} ({error})")
    return drawn, missing


def draw(wanted: Wanted, found: Any) -> Picture:
    """Draw on a figure of its own in matplotlib's own style, whatever the caller's is; the same bytes each time."""
    import matplotlib as mpl
    from matplotlib import style
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

    # Labels are the user's: a dollar sign in them is no formula.
    with (
        style.context("default"),
        mpl.rc_context({"svg.hashsalt": "clvmodels", "svg.fonttype": "path", "text.parse_math": False}),
    ):
        figure = Figure(figsize=wanted.size, layout="constrained")
        getattr(plots, wanted.plot)(*wanted.given(found), **wanted.arguments, ax=figure.subplots())
        reading = _reading(figure)
        maps = [found for ax in figure.axes for found in ax.collections if isinstance(found, QuadMesh)]
        for one in maps:
            one.set_rasterized(True)  # as shapes, its cells would show seams
        alt = described(figure) + (f" {wanted.numbers(found)}" if wanted.numbers else "")
        size, source = figure.get_size_inches() * 96, _data(figure)
    return Picture(wanted.heading, source, alt, reading, round(float(size[0])), round(float(size[1])), bool(maps))


def _reading(figure: Any) -> str:
    """Take the sentence below the picture off it: on the page it is text, to be searched, enlarged and read out."""
    told = []
    for ax in figure.axes:
        for text in list(ax.texts):
            if text.get_text().startswith(_READING):
                told.append(" ".join(text.get_text().split()))
                text.remove()
    return " ".join(told)


def _data(figure: Any) -> str:
    drawing = io.BytesIO()
    figure.savefig(drawing, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.getvalue()).decode('ascii')}"
