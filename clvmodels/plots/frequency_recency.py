"""What a model expects of a customer of a given age, over all frequencies and recencies he may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..models.given_models import purchase_model
from ..models.time_units import one_length
from ..numerics.arrays import Array
from ..units import length, units_per_year
from . import canvas
from .customers import customers_of_age, spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def compute_frequency_recency(
    model: Any, T: float | None = None, horizon: float | None = None, max_frequency: int | None = None
) -> pd.DataFrame:
    """P(alive) and expected purchases of customers of one age, one row per frequency and recency.

    P(alive at T | x, t_x, T) and E[purchases in (T, T + horizon] | x, t_x, T], over a grid of x and t_x.

    Parameters
    ----------
    model
        A `PurchaseModel` or `CLVModel` with parameters, of a family that reads frequency, recency and T.
    T
        The age of the customers in the model's time unit, above 0; the largest that the model was fitted on if None.
    horizon
        How far ahead purchases are expected, in the model's time unit; one year if None.
    max_frequency
        The largest frequency; if None that of all but 1 % of the customers fitted on, and at least 10.

    Returns
    -------
    pandas.DataFrame
        frequency, recency, p_alive, expected_purchases: recency in whole units (in at most 100 steps) from 0 to T. Both
        answers are missing where there can be no such customer: with frequency 0 recency is 0, and in a model of whole
        periods there is at most one purchase in each.

    Raises
    ------
    NotAvailable
        If the family reads other statistics.
    NotFitted, InvalidInput
        If the model has no parameters, or an age, horizon or frequency cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters(
    ...     "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week")
    >>> table = clv.plots.compute_frequency_recency(model, T=39, horizon=39, max_frequency=10)
    >>> table[(table["frequency"] == 2) & (table["recency"] == 30)].round(3).values.tolist()
    [[2.0, 30.0, 0.72, 1.211]]
    """
    purchases = purchase_model(model)
    unit = purchases._unit
    ahead = one_length(units_per_year(unit) if horizon is None else horizon, "horizon")
    x, t_x, possible, customers = customers_of_age(purchases, T, max_frequency, "a map over frequency and recency")
    found: pd.DataFrame = frames.long_table(
        {
            "frequency": x.astype(np.int64),
            "recency": t_x,
            "p_alive": spread(purchases.p_alive(customers), possible),
            "expected_purchases": spread(purchases.expected_purchases(customers, ahead), possible),
        },
        customers,
    )
    return found


def plot_p_alive(model: Any, T: float | None = None, max_frequency: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw P(alive at T | frequency, recency) as a heat map for customers of age T.

    `compute_frequency_recency` gives the numbers and explains ``model``, ``T`` and ``max_frequency``; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: each cell is a customer of so many repeat purchases, the last one so long after the first; at the
    top he bought just now. To the right, the colour fades downwards sooner: a frequent buyer's silence says more.

    Decision: after how long a silence to write to a customer, which depends on how often he used to buy.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> model = clv.PurchaseModel.from_parameters(
    ...     "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week")
    >>> ax = clv.plots.plot_p_alive(model, T=39)
    >>> ax.get_ylabel()
    'recency: first to last purchase (weeks)'
    >>> plt.close(ax.figure)
    """
    table = compute_frequency_recency(model, T, 0.0, max_frequency)
    told = (
        "How to read it: each cell is a customer who made so many repeat purchases, the last one so long after the "
        "first; at the top he bought just now."
    )
    one_timers = table.loc[(table["frequency"] == 0) & (table["recency"] == 0), "p_alive"]
    if (table["p_alive"].dropna() == 1).all():
        told += " In this model nobody ever leaves."
    else:
        told += " Many purchases and then a long silence are a sign of having left."
        if (one_timers == 1).all():
            told += " This model gives everybody without a repeat purchase P(alive) = 1, by its construction."
    return _draw(model, table, "p_alive", "P(alive)", "P(alive) now", told, ax, (0.0, 1.0))


def plot_expected_purchases(
    model: Any,
    T: float | None = None,
    horizon: float | None = None,
    max_frequency: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw E[purchases in (T, T + horizon] | frequency, recency] as a heat map for customers of age T.

    `compute_frequency_recency` gives the numbers and explains ``model``, ``T``, ``horizon`` and ``max_frequency``;
    ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table
    raises, and InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: each cell is a customer of so many repeat purchases, the last one so long after the first. The best
    customers, top right, bought often and lately; of those who bought often and then stopped, bottom right, less is
    expected than of those who bought seldom.

    Decision: whom to expect purchases of without doing anything, and which once good customers to win back.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> model = clv.PurchaseModel.from_parameters(
    ...     "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week")
    >>> ax = clv.plots.plot_expected_purchases(model, T=39, horizon=52)
    >>> ax.get_title()
    'Expected purchases in the next 52 weeks, customers of 39 weeks (BG/NBD)'
    >>> plt.close(ax.figure)
    """
    table = compute_frequency_recency(model, T, horizon, max_frequency)
    unit = purchase_model(model)._unit
    ahead = units_per_year(unit) if horizon is None else float(horizon)
    told = (
        "How to read it: each cell is a customer who made so many repeat purchases, the last one so long after the "
        "first; at the top he bought just now."
    )
    if _silence_tells(table):
        told += (
            " The best customers bought often and lately; of those who bought often and then stopped, less is expected "
            "than of those who bought seldom."
        )
    title = f"Expected purchases in the next {length(ahead, unit)}"
    return _draw(model, table, "expected_purchases", "expected purchases", title, told, ax, (0.0, None))


def _silence_tells(table: pd.DataFrame) -> bool:
    """Whether somewhere less is expected of more purchases before as long a silence; never where nobody leaves."""
    cells = table["expected_purchases"].to_numpy().reshape(table["frequency"].nunique(), -1)
    return bool((np.diff(cells[1:], axis=0) < 0).any())


def _draw(
    model: Any,
    table: pd.DataFrame,
    name: str,
    label: str,
    title: str,
    told: str,
    ax: Axes | None,
    limits: tuple[float, float | None],
) -> Axes:
    from matplotlib.ticker import MaxNLocator

    purchases = purchase_model(model)
    unit = purchases._unit
    frequency, recency = np.unique(table["frequency"]), np.unique(table["recency"])
    cells = np.ma.masked_invalid(table[name].to_numpy().reshape(len(frequency), len(recency)).T)
    ax = canvas.axes(ax, 7.0, 6.0)
    mesh = ax.pcolormesh(
        _edges(frequency.astype(np.float64)), _edges(recency), cells, cmap="viridis", vmin=limits[0], vmax=limits[1]
    )
    canvas.title(ax, f"{title}, customers of {length(float(recency[-1]), unit)} ({purchases.family.title})")
    bar = ax.figure.colorbar(mesh, ax=ax, label=label)
    ax.set_xlabel("frequency: repeat purchases")
    canvas.y_label(ax, f"recency: first to last purchase ({unit}s)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    canvas.caption(ax, told + " Empty: no such customer.", beside=[bar.ax])
    return ax


def _edges(centres: Array) -> Array:
    """Borders of cells half-way between their centres."""
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])
