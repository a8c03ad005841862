"""What several pictures draw alike: the line of one model, error bars, a label below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from . import canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

LETTERS_PER_INCH = 13


def by_model(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each forecaster, in their order.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["b", "a", "b"], "n": [1, 2, 3]})
    >>> {name: rows["n"].tolist() for name, rows in by_model(table).items()}
    {'b': [1, 3], 'a': [2]}
    """
    return {str(name): rows for name, rows in table.groupby("model", sort=False)}


def line(ax: Axes, i: int, at: Any, height: Any, label: str) -> None:
    """A line with markers in the looks of the model at position i."""
    look = canvas.style(i)
    ax.plot(
        at, height, color=look.color, linestyle=look.line, marker=look.marker, markeredgecolor=canvas.ink(ax),
        markersize=5, label=label, zorder=3 + i / 100,
    )  # fmt: skip


def whiskers(ax: Axes, at: Any, height: Any, reach: Any) -> None:
    """Error bars without a marker of their own; none where the error is missing."""
    ax.errorbar(at, height, reach, fmt="none", ecolor=canvas.ink(ax), elinewidth=1, capsize=3, zorder=3)


def x_label(ax: Axes, text: str) -> None:
    """Write below the x axis, in as many lines as its width asks for."""
    ax.set_xlabel(textwrap.fill(text, max(20, int(LETTERS_PER_INCH * width(ax)))))


def width(ax: Axes) -> float:
    """Width of the Axes in inches."""
    figure = canvas.root_figure(ax)
    return float(ax.get_position().width) * (float(figure.get_figwidth()) if figure is not None else 7.0)


def apart(i: int, number: int, width: float) -> float:
    """How far aside the i-th of so many stands, that all together take a width.

    >>> [apart(i, 2, 0.8) for i in range(2)]
    [-0.2, 0.2]
    """
    return width / number * (i - (number - 1) / 2)


def in_thousands(axis: Axis) -> None:
    """Write the numbers of an axis in full, thousands apart, never as a power of ten."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: whole(value)))


def in_per_cent(axis: Axis) -> None:
    """Write shares as per cent, in as many digits as they have."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: per_cent(value)))


def whole(value: float) -> str:
    """A number of an axis, such as money.

    >>> whole(25000000.0), whole(-1500.0), whole(0.25)
    ('25,000,000', '−1,500', '0.25')
    """
    return f"{value:,.12g}".replace("-", "\N{MINUS SIGN}")


def per_cent(share: float) -> str:
    """A share of an axis.

    >>> per_cent(0.2), per_cent(0.025), per_cent(-0.2)
    ('20%', '2.5%', '−20%')
    """
    return f"{100 * share:.6g}%".replace("-", "\N{MINUS SIGN}")
