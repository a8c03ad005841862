"""Axes to draw on, the looks of one model among several, and the sentence below a picture that says how to read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# Okabe & Ito (2008), Color Universal Design, told apart by the colour-blind; neighbours differ in lightness too.
BLUE, ORANGE = "#0072B2", "#E69F00"
_COLOURS = (BLUE, ORANGE, "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_HATCHES = ("", "//", "..", "xx", "--")

# What happened, as against what models say.
ACTUAL = "#BBBBBB"
EDGE = "#444444"

_LETTERS_PER_INCH = 14  # of labels
_FEWEST_LETTERS = 24  # in a line, however narrow the Axes are
_BELOW = 8  # points between the label of the x axis and the caption
_NARROW = 4.0  # inches: Axes below this have a smaller caption
_LEAST_HEIGHT = 0.4  # of the Axes, when a caption takes room from them


class _Size(NamedTuple):
    width: float
    height: float


class Style(NamedTuple):
    """How one model is drawn: told from its neighbours by colour, and without colour by line, marker and hatch."""

    color: str
    line: str
    marker: str
    hatch: str


def style(i: int) -> Style:
    """The looks of the model at position i; 84 of them differ in colour, line or marker."""
    return Style(
        _COLOURS[i % len(_COLOURS)], _LINES[i % len(_LINES)], _MARKERS[i % len(_MARKERS)], _HATCHES[i % len(_HATCHES)]
    )


def axes(ax: Any, width: float, height: float) -> Axes:
    """The caller's Axes, or those of a new figure of so many inches."""
    from matplotlib import axes

    if isinstance(ax, axes.Axes):
        return ax
    if ax is not None:
        raise InvalidInput(f"ax must be a matplotlib Axes, such as one of plt.subplots(); found {type(ax).__name__}")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def root_figure(artist: Artist) -> Figure | None:
    """The whole figure, of which a subfigure may be a part; ``get_figure(root=True)`` came with matplotlib 3.10."""
    figure = artist.figure
    return None if figure is None else figure.figure


def named(labels: Collection[str]) -> str:
    """Models in a title: the legend names more than two.

    >>> named(["BG/NBD", "NBD"]), named(["BG/NBD", "NBD", "Pareto/NBD"])
    ('BG/NBD and NBD', '3 models')
    """
    return " and ".join(labels) if len(labels) <= 2 else f"{len(labels)} models"


def beside_one_another(ax: Axes, at: Any, heights: Mapping[str, Any]) -> None:
    """A marker for each model at each whole number, moved apart so that none hides another."""
    step = min(0.16, 0.6 / len(heights))
    for i, (label, height) in enumerate(heights.items()):
        look, aside = style(i), step * (i - (len(heights) - 1) / 2)
        ax.plot(
            at + aside, height, look.marker, label=label, color=look.color, markeredgecolor="black", markersize=5,
            clip_on=False, zorder=3,
        )  # fmt: skip


def title(ax: Axes, text: str) -> None:
    """Write above the Axes, in as many lines as their width asks for."""
    # a label or an identifier with dollar signs is no formula
    written = ax.set_title(text, fontsize="medium", parse_math=False)
    _wrap(written, 1.05 * _inches(ax).width)


def y_label(ax: Axes, text: str) -> None:
    """Write beside the y axis, in as many lines as its height asks for, less what a caption takes of it."""
    ax.set_ylabel(textwrap.fill(text, max(16, int(0.7 * _LETTERS_PER_INCH * _inches(ax).height))))


def legend(ax: Axes, **where: Any) -> None:
    """Name what is drawn, small, what happened before what models say; see-through enough to leave it in sight."""
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: labels[i] != "actual")
    small = "small" if _inches(ax).width > _NARROW else "x-small"
    made = ax.legend(
        [handles[i] for i in order], [labels[i] for i in order], fontsize=small, framealpha=0.8, borderpad=0.3,
        labelspacing=0.3, **where,
    )  # fmt: skip
    for text in made.get_texts():
        text.set_parse_math(False)


def caption(ax: Axes, text: str, beside: Sequence[Axes] = ()) -> None:
    """Write below the label of the x axis, about as wide as the Axes are. Call it last.

    Where no layout engine makes room for it, the Axes, and those ``beside`` them, are raised from below.
    """
    width = _inches(ax).width
    written = ax.annotate(
        text,
        xy=(0.0, 0.0),
        xycoords=("axes fraction", ax.xaxis.label),  # as far below the label as it turns out to stand
        xytext=(0, -_BELOW),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize="small" if width > _NARROW else "x-small",
        alpha=0.8,
        annotation_clip=False,
        parse_math=False,
    )
    figure = root_figure(ax)
    _wrap(written, 0.95 * width)
    if figure is not None and figure.get_layout_engine() is None:
        _make_room(ax, written, figure, beside)


def _wrap(written: Text, width: float) -> None:
    """Break a text into lines of so many inches, by the width of its letters in the font that there is."""
    text, figure = written.get_text(), root_figure(written)
    dots = figure.dpi if figure is not None else 100.0
    each = max(written.get_window_extent().width / dots / len(text), 1e-3)
    written.set_text(textwrap.fill(text, max(_FEWEST_LETTERS, int(width / each))))


def _inches(ax: Axes) -> _Size:
    """The box of the Axes, in inches."""
    figure = root_figure(ax)
    width, height = figure.get_size_inches() if figure is not None else (7.0, 5.0)
    place = ax.get_position()
    return _Size(place.width * float(width), place.height * float(height))


def _make_room(ax: Axes, written: Text, figure: Figure, beside: Sequence[Axes]) -> None:
    """Raise the lower end of the Axes by what the caption lacks above the figure's edge or the Axes below."""
    ax.get_tightbbox()  # this is what puts the label in its place
    box, own = written.get_window_extent(), ax.get_window_extent()
    others = [other.get_tightbbox() for other in figure.axes if other is not ax and other not in beside]
    below = [there.y1 for there in others if there and there.y1 < own.y0 and there.x0 < own.x1 and there.x1 > own.x0]
    missing = (max([figure.bbox.y0, *below]) + _BELOW - box.y0) / figure.bbox.height
    if missing <= 0:
        return
    for each in (ax, *beside):
        place = each.get_position()
        raised = min(missing, place.height * (1 - _LEAST_HEIGHT))
        each.set_position((place.x0, place.y0 + raised, place.width, place.height - raised))
        each.set_in_layout(True)  # placing it by hand must not leave it out of a figure saved with tight edges
