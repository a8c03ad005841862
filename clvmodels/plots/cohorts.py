"""Cohorts in one picture: stacked by period of the calendar, or side by side by age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..economics.cohorts import QUANTITIES, compute_cohorts, wide
from ..economics.periods import number_of, period_of_label, starts_of
from ..errors import InvalidInput
from . import canvas, marks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["compute_cohorts", "plot_cohorts"]

_MOST_TICKS = 14
_TICK = 0.19  # inches that the name of a cohort needs beside the map
_SEAM = 0.3  # points between layers: neighbours of many are of nearly one colour
_NARROW = 4.0  # inches


def plot_cohorts(
    cohorts: pd.DataFrame, quantity: str | None = None, per_head: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw what the cohorts brought: stacked period by period, or as a heat map of cohort and age.

    Parameters
    ----------
    cohorts
        The table that `compute_cohorts` gave: with ``by="calendar"`` the cohorts are stacked (the customer cohort
        chart, C3), with ``by="age"`` each is a row of the map.
    quantity
        "customers", "orders", "revenue" or "profit"; by default revenue, without amounts orders.
    per_head
        Divided by the size of the cohort; for the map.
    ax
        Matplotlib Axes to draw on; a new figure's if None.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on. Periods and ages that observation_end cuts short are left out.

    Raises
    ------
    InvalidInput
        If the table or the quantity is none, nothing is left to draw, stacked cohorts are asked for per head, or ``ax``
        is no Axes.
    NotAvailable
        If the table holds no such quantity.

    Notes
    -----
    How to read it: stacked, the height is what all customers brought in a period, and each layer a cohort that thins
    out as it ages; a firm that lives from ever new customers has thick young layers and thin old ones. In the map a row
    is a cohort growing older from left to right; a column compares cohorts of one age, and one that darkens from top to
    bottom says that later customers are worth less. The scale of colours is that of ages from 1 on. Stripes along the
    diagonal are seasons.

    Decision: whether growth comes from winning customers or from keeping them, and whether the newest ones are still
    worth what they cost.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> table = clv.economics.compute_cohorts(clv.load_cdnow(sample=True), by="calendar")
    >>> ax = clv.plots.plot_cohorts(table)
    >>> ax.get_title()
    'Revenue by month of the first purchase'
    >>> plt.close(ax.figure)
    """
    columns = set(getattr(cohorts, "columns", ()))
    if not {"cohort", "cohort_size", "complete", "orders"} <= columns:
        raise InvalidInput(f"expected the table that compute_cohorts gave; found {type(cohorts).__name__}")
    if quantity is not None and quantity not in QUANTITIES:
        raise InvalidInput(f"quantity must be one of {', '.join(QUANTITIES)}; found {quantity!r}")
    quantity = quantity or ("revenue" if "revenue" in columns else "orders")
    by_age = "age" in columns
    if per_head and not by_age:
        raise InvalidInput('cohorts of different sizes cannot be stacked per head: take by="age" in compute_cohorts')
    table = wide(cohorts, quantity, per_head).drop(columns="cohort_size").astype("float64")
    table = table.dropna(axis="columns", how="all").dropna(axis="index", how="all")
    if table.empty:
        raise InvalidInput("no period of these cohorts is over yet: there is nothing to draw")
    ax = canvas.axes(ax, 7.0, 4.8)
    (_map if by_age else _stack)(ax, table, cohorts, quantity, per_head)
    return ax


def _stack(ax: Axes, table: pd.DataFrame, cohorts: pd.DataFrame, quantity: str, _: bool) -> None:
    from matplotlib import colormaps, dates

    start = cohorts.drop_duplicates("period").set_index("period")["start"].loc[table.columns]
    period = period_of_label(str(table.columns[-1]))
    numbers = number_of(start.to_numpy(), period)
    edges = dates.date2num(starts_of(np.append(numbers, numbers[-1] + 1), period))  # type: ignore[no-untyped-call]
    tops = np.cumsum(np.nan_to_num(table.to_numpy()), axis=0)
    baseline = np.zeros(len(numbers))
    across = 4 if marks.width(ax) > _NARROW else 3
    named = set(_evenly(len(table), 2 * across))
    for i, (name, top) in enumerate(zip(table.index, tops, strict=True)):
        color = colormaps["viridis"]((i + 0.5) / len(table))
        ax.stairs(
            top, edges, baseline=baseline, fill=True, facecolor=color, edgecolor=canvas.paper(ax), linewidth=_SEAM,
            label=str(name) if i in named else None,
        )  # fmt: skip
        baseline = top
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    marks.in_thousands(ax.yaxis)
    marks.x_label(ax, period)
    canvas.y_label(ax, f"{quantity} in the {period}{_money(quantity)}")
    canvas.title(ax, _title(quantity, table, ""))
    canvas.legend(
        ax, loc="upper right", ncols=min(across, len(named)), title="first purchase", title_fontsize="small",
        columnspacing=1.0,
    )  # fmt: skip
    canvas.caption(
        ax,
        "How to read it: the height is what all customers together brought, each layer one cohort, the oldest at the "
        "bottom. Layers thin out as customers leave; growth that comes from new layers alone ends with them.",
    )
    canvas.room_above(ax)


def _map(ax: Axes, table: pd.DataFrame, cohorts: pd.DataFrame, quantity: str, per_head: bool) -> None:
    cells = np.ma.masked_invalid(table.to_numpy())
    ages = np.append(table.columns.to_numpy(dtype=float), float(table.columns[-1]) + 1) - 0.5
    # the first purchases would leave no colours for all that comes later
    later = float(np.ma.max(cells[:, 1:])) if cells[:, 1:].count() else 0.0
    top = later if later > 0 else None
    edges = np.arange(len(table) + 1) - 0.5
    mesh = ax.pcolormesh(ages, edges, cells, cmap="viridis", vmin=min(0.0, float(cells.min())), vmax=top)
    ax.invert_yaxis()
    from matplotlib.ticker import MaxNLocator

    narrow = marks.width(ax) < _NARROW
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5 if narrow else 10, integer=True))
    if narrow:
        ax.tick_params(labelsize="x-small")
    share = quantity == "customers" and per_head
    each = " per customer of the cohort" if per_head else ""
    label = "share who bought" if share else f"{quantity}{each}{_money(quantity)}"
    beyond = top is not None and float(cells.max()) > top
    bar = ax.figure.colorbar(mesh, ax=ax, extend="max" if beyond else "neither")
    canvas.y_label(bar.ax, label)
    if narrow:
        bar.ax.tick_params(labelsize="x-small")
    (marks.in_per_cent if share else marks.in_thousands)(bar.ax.yaxis)
    marks.x_label(ax, "age: periods since that of the first purchase")
    canvas.y_label(ax, "first purchase")
    canvas.title(ax, _title("customers who bought" if quantity == "customers" else quantity, table, " and age"))
    canvas.caption(
        ax,
        "How to read it: a row is a cohort that grows older to the right, a column compares cohorts of one age. Where "
        "a column darkens downwards later customers are worse; stripes along the diagonal are seasons. Blank cells are "
        f"not over yet.{' First purchases go beyond the scale.' if beyond else ''}",
        beside=[bar.ax],
    )
    rows = _evenly(len(table), min(_MOST_TICKS, max(2, int(canvas.height(ax) / _TICK))))
    ax.set_yticks(rows, [str(table.index[i]) for i in rows])


def _evenly(n: int, most: int) -> list[int]:
    """At most so many of n, first and last among them, in equal steps where that can be.

    >>> _evenly(3, 8), _evenly(30, 4)
    ([0, 1, 2], [0, 10, 19, 29])
    """
    found: list[int] = np.unique(np.linspace(0, n - 1, min(most, n)).round().astype(int)).tolist()
    return found


def _money(quantity: str) -> str:
    """The unit of a quantity, where that is money."""
    return ", in the log's money" if quantity in ("revenue", "profit") else ""


def _title(quantity: str, table: pd.DataFrame, more: str) -> str:
    period = period_of_label(str(table.index[0]))
    return f"{quantity.capitalize()} by {period} of the first purchase{more}"
