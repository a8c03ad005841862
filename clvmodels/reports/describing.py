"""A picture in words, for whoever cannot see it: what is drawn on its axes, with the main numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

_MOST_NUMBERS = 12  # more than that are told by their ends and extremes


def described(figure: Any) -> str:
    """What a figure shows: titles, axes, and the numbers of each labelled line, bar and map.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> _ = ax.plot([1, 2, 3], [10, 30, 20], label="actual")
    >>> _ = ax.set_xlabel("week")
    >>> described(ax.figure)
    'Across: week. actual: 10 at 1, 30 at 2, 20 at 3.'
    """
    sentences = []
    for ax in figure.axes:
        if hasattr(ax, "_colorbar"):  # it belongs to a map, which is told with its own axes
            continue
        for one in (ax, *ax.child_axes):
            sentences += _of_axes(one)
    return " ".join(sentences)


def _of_axes(ax: Any) -> list[str]:
    from matplotlib.collections import PolyCollection, QuadMesh
    from matplotlib.patches import StepPatch

    told = []
    for words, text in (("", ax.get_title()), ("Across: ", ax.get_xlabel()), ("Upwards: ", ax.get_ylabel())):
        if text:
            told.append(f"{words}{' '.join(text.split())}.")
    names = _tick_names(ax)
    bars = [(found.get_label(), found) for found in ax.containers]
    lines = [(line.get_label(), line) for line in ax.get_lines()]
    for label, found in bars:
        if _named(label) and getattr(found, "datavalues", None) is not None:
            across = [part.get_x() + part.get_width() / 2 for part in found.patches]
            told.append(_series(label, across, found.datavalues, names, ax))
        elif _named(label) and getattr(found, "lines", None):  # points with errors
            line = found.lines[0]
            if line is not None:
                told.append(_series(label, line.get_xdata(), line.get_ydata(), names, ax))
    for step in ax.patches:
        if isinstance(step, StepPatch) and _named(step.get_label()):
            heights, edges, _ = step.get_data()
            told.append(_series(step.get_label(), (edges[1:] + edges[:-1]) / 2, heights, names, ax))
    for label, line in lines:
        if _named(label) and line.get_transform() == ax.get_yaxis_transform(which="grid"):
            told.append(f"{label}: {_short(float(line.get_ydata()[0]))} everywhere.")
        elif _named(label):
            told.append(_series(label, line.get_xdata(), line.get_ydata(), names, ax))
    for band in ax.collections:
        if type(band) is PolyCollection or type(band).__name__ == "FillBetweenPolyCollection":
            told += [_band(band, names, ax)] if _named(band.get_label()) else []
    return [*told, *(_map(found) for found in ax.collections if isinstance(found, QuadMesh))]


def _band(band: Any, names: dict[float, str], ax: Any) -> str:
    """Lower and upper ends of what is filled between two lines."""
    vertices = np.concatenate([path.vertices for path in band.get_paths()])
    across = np.unique(vertices[:, 0])
    ends = [reach([v for x, v in vertices if x == at]) for reach in (min, max) for at in across]
    low, high = ends[: len(across)], ends[len(across) :]
    told = (("lower end", low), ("upper end", high))
    return " ".join(_series(f"{band.get_label()}, {end}", across, up, names, ax) for end, up in told)


def _map(mesh: Any) -> str:
    """Least and greatest value of a map, and where they are."""
    corners = mesh.get_coordinates()
    centres = (corners[1:, 1:] + corners[:-1, :-1]) / 2
    values = np.ma.asarray(mesh.get_array()).reshape(centres.shape[:2])
    label = mesh.colorbar.ax.get_ylabel() if mesh.colorbar is not None else ""
    if not np.ma.count(values):
        return f"{label or 'shading'}: nothing."
    ends = []
    for at in (values.argmin(), values.argmax()):
        across, up = centres.reshape(-1, 2)[at]
        ends.append(f"{_short(values.ravel()[at])} at {_short(across)} across and {_short(up)} upwards")
    return f"{label or 'shading'}: from {ends[0]} to {ends[1]}."


def _named(label: Any) -> bool:
    return bool(label) and not str(label).startswith("_")


def _tick_names(ax: Any) -> dict[float, str]:
    """Names that stand at places of the x axis instead of numbers; what stands below a name in brackets."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

    formatter, locator = ax.xaxis.get_major_formatter(), ax.xaxis.get_major_locator()
    if not isinstance(locator, FixedLocator):
        return {}
    places = [float(at) for at in ax.get_xticks()]
    if not isinstance(formatter, FixedFormatter | FuncFormatter):
        classes = bool(np.all(np.diff(places) == 1))
        return {at: f"{at:g}" for at in places} if classes else {}
    names = {}
    for at, text in zip(places, formatter.format_ticks(places), strict=True):
        first, *below = text.split("\n")
        names[at] = first + (f" ({' '.join(below)})" if below else "")
    return names


def _series(label: Any, across: Any, up: Any, names: dict[float, str], ax: Any) -> str:
    from matplotlib import dates

    y = np.asarray(up, dtype=np.float64)
    x = np.asarray(ax.convert_xunits(np.asarray(across)), dtype=np.float64)
    dated = isinstance(ax.xaxis.get_major_locator(), dates.DateLocator)

    def place(at: float) -> str:
        if names:
            nearest = min(names, key=lambda known: abs(known - at))
            if abs(nearest - at) <= 0.5:
                return names[nearest]
        return str(np.datetime64(int(at), "D")) if dated else _short(at)  # days since 1970-01-01

    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    if not len(y):
        return f"{label}: nothing."
    if len(y) <= _MOST_NUMBERS:
        return f"{label}: {', '.join(f'{_short(b)} at {place(a)}' for a, b in zip(x, y, strict=True))}."
    low, high = int(y.argmin()), int(y.argmax())
    way = [f"{_short(y[i])} at {place(x[i])}" for i in np.linspace(0, len(y) - 1, 5).round().astype(int)]
    return (
        f"{label}: from {way[0]} over {', '.join(way[1:-1])} to {way[-1]}; lowest {_short(y[low])} at {place(x[low])}, "
        f"highest {_short(y[high])} at {place(x[high])}."
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
