"""Axes to draw on, and the sentence below a picture that says how to read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito (2008), Color Universal Design: told apart by the colour-blind.
BLUE, ORANGE = "#0072B2", "#E69F00"

_LETTERS_PER_INCH = 17  # of the small font


def axes(ax: Any, width: float, height: float) -> Axes:
    """The caller's Axes, or those of a new figure of so many inches."""
    from matplotlib import axes

    if isinstance(ax, axes.Axes):
        return ax
    if ax is not None:
        raise InvalidInput(f"ax must be a matplotlib Axes, such as one of plt.subplots(); found {type(ax).__name__}")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def caption(ax: Axes, text: str) -> None:
    """Write below the labels of the x axis, about as wide as the Axes are."""
    figure = ax.get_figure(root=True)
    inches = ax.get_position().width * (figure.get_figwidth() if figure is not None else 7.0)
    columns = max(30, int(_LETTERS_PER_INCH * inches))
    ax.annotate(
        textwrap.fill(text, columns),
        xy=(0.0, 0.0),
        xycoords="axes fraction",
        xytext=(0, -42),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize="small",
        alpha=0.8,
        annotation_clip=False,
    )
