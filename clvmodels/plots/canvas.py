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

_LETTERS_PER_INCH = 14  # of labels
_FEWEST_LETTERS = 24  # in a line, however narrow the Axes are
_FEWEST_UPRIGHT = 12
_MOST_OF_LEGEND = 0.7  # of the Axes' height
_LEAST_LABEL = 1.0  # inches that a label of the y axis may have, however low the Axes are
_POINTS = 72  # an inch
_BELOW = 8  # points between the label of the x axis and the caption
_NARROW = 4.0  # inches: Axes below this have a smaller caption
_UNPARTED = "\N{NO-BREAK SPACE}%"
_DARK, _OPAQUE = 0.4, 0.5  # a ground of less light is dark; one of less alpha is not what is seen
_LEAST_HEIGHT, _LEAST_WIDTH = 0.4, 0.6  # of the Axes, when what is written takes room from them


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


def ink(ax: Axes) -> str:
    """What stands out most: whiskers, and lines that belong to no model."""
    return "white" if _is_dark(ax) else "black"


def paper(ax: Axes) -> str:
    """What hollow markers are filled with."""
    return "black" if _is_dark(ax) else "white"


def edge(ax: Axes) -> str:
    """Outlines, and lines to hold others against."""
    return "#BBBBBB" if _is_dark(ax) else "#444444"


def actual(ax: Axes) -> str:
    """What happened, as against what models say."""
    return "#777777" if _is_dark(ax) else "#BBBBBB"


def _is_dark(ax: Axes) -> bool:
    """Whether the style in force draws on a dark ground, where black whiskers would not be seen."""
    from matplotlib.colors import to_rgba

    figure = root_figure(ax)
    ground = to_rgba(ax.get_facecolor())
    if ground[3] < _OPAQUE and figure is not None:
        ground = to_rgba(figure.get_facecolor())
    return ground[3] >= _OPAQUE and sum(ground[:3]) / 3 < _DARK


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
            at + aside, height, look.marker, label=label, color=look.color, markeredgecolor=ink(ax), markersize=5,
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

    Where no layout engine makes room for what is written, the Axes, and those ``beside`` them, are made smaller.
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
    if figure is None:
        return
    engine = figure.get_layout_engine()
    if engine is None:
        _make_room(ax, figure, beside)
        _wrap(written, 0.95 * _inches(ax).width)  # as the Axes may have become narrower
        _make_room(ax, figure, beside)
        return
    # only a layout tells how much room there is for the labels, and the labels how much is left for the caption
    engine.execute(figure)
    _wrap(ax.xaxis.label, _inches(ax).width)
    _wrap(ax.yaxis.label, max(_inches(ax).height, _LEAST_LABEL))
    engine.execute(figure)
    aside = 0.0
    outer = ax.get_tightbbox()
    if width <= _NARROW and outer is not None:  # below what stands beside the Axes there is room, too
        aside = max(0.0, ax.get_window_extent().x0 - outer.x0) / figure.dpi
        written.set_position((-_POINTS * aside, -_BELOW))
    right = max([each.get_window_extent().x1 for each in (ax, *beside)] if aside else [0.0])
    reach = max(0.0, right - ax.get_window_extent().x1) / figure.dpi
    _wrap(written, 0.9 * (_inches(ax).width + aside + reach))
    above = ax.title.get_window_extent()
    if above.x0 < figure.bbox.x0 or above.x1 > figure.bbox.x1:
        _wrap(ax.title, 0.85 * _inches(ax).width)


def room_above(ax: Axes) -> None:
    """Raise the upper end of the y axis, so that the legend at the top stands above all data. Call it after caption."""
    figure, made = root_figure(ax), ax.get_legend()
    if figure is None or made is None:
        return
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    own = ax.get_window_extent()
    taken = min((own.y1 - made.get_window_extent().y0) / own.height, _MOST_OF_LEGEND)
    low, high = ax.get_ylim()
    ax.set_ylim(low, low + (high - low) / (1 - taken))


def _wrap(written: Text, length: float) -> None:
    """Break a text into lines of so many inches, by the width of its letters in the font that there is."""
    # a number and its per cent sign stay on one line
    text, figure = " ".join(written.get_text().split()).replace(" %", _UNPARTED), root_figure(written)
    if not text:
        return
    written.set_text(text)
    dots = figure.dpi if figure is not None else 100.0
    box = written.get_window_extent()
    each = max(box.width, box.height) / dots / len(text)  # a label of the y axis stands upright
    fewest = _FEWEST_LETTERS if box.width > box.height else _FEWEST_UPRIGHT
    broken = textwrap.fill(text, max(fewest, int(length / max(each, 1e-3))))
    written.set_text(broken.replace(_UNPARTED, " %"))


def height(ax: Axes) -> float:
    """Height of the Axes in inches."""
    return _inches(ax).height


def _inches(ax: Axes) -> _Size:
    """The box of the Axes, in inches."""
    figure = root_figure(ax)
    width, height = figure.get_size_inches() if figure is not None else (7.0, 5.0)
    place = ax.get_position()
    return _Size(place.width * float(width), place.height * float(height))


def _make_room(ax: Axes, figure: Figure, beside: Sequence[Axes]) -> None:
    """Make the Axes smaller by what is written around them lacks to the figure's edges and to the Axes next to them."""
    own, outer = ax.get_window_extent(), ax.get_tightbbox()
    if outer is None:
        return
    left, below, above = [figure.bbox.x0], [figure.bbox.y0 + _BELOW], [figure.bbox.y1]
    for other in figure.axes:
        inner, there = other.get_window_extent(), other.get_tightbbox()
        if other is ax or other in beside or there is None:
            continue
        if inner.x0 < own.x1 and inner.x1 > own.x0:
            below += [there.y1 + _BELOW] if inner.y1 <= own.y0 else []
            above += [there.y0] if inner.y0 >= own.y1 else []
        elif inner.x1 <= own.x0 and inner.y0 < own.y1 and inner.y1 > own.y0:
            left.append(there.x1)
    width, height = figure.bbox.width, figure.bbox.height
    aside = max(0.0, max(left) - outer.x0) / width
    raised, lowered = max(0.0, max(below) - outer.y0) / height, max(0.0, outer.y1 - min(above)) / height
    for each in (ax, *beside):
        place = each.get_position()
        shrunk = min(1.0, place.height * (1 - _LEAST_HEIGHT) / max(raised + lowered, 1e-9))
        moved = min(aside, place.width * (1 - _LEAST_WIDTH)) if each is ax else 0.0
        each.set_position(
            (
                place.x0 + moved, place.y0 + shrunk * raised,
                place.width - moved, place.height - shrunk * (raised + lowered),
            )
        )  # fmt: skip
        each.set_in_layout(True)  # placing it by hand must not leave it out of a figure saved with tight edges
