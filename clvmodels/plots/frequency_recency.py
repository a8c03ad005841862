"""What a model expects of a customer of a given age, over all frequencies and recencies he may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..models.purchase import PurchaseModel
from ..models.time_units import one_length
from ..numerics.arrays import Array
from ..units import units_per_year
from . import canvas
from .model import largest_frequency, purchase_model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST_STEPS = 100
_LEAST_FREQUENCY = 10


def frequency_recency_table(
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
    >>> table = clv.plots.frequency_recency_table(model, T=39, horizon=39, max_frequency=10)
    >>> table[(table["frequency"] == 2) & (table["recency"] == 30)].round(3).values.tolist()
    [[2.0, 30.0, 0.72, 1.211]]
    """
    purchases = purchase_model(model)
    if not set(purchases.family.statistics) == {"frequency", "recency", "T"}:
        raise NotAvailable(
            f"a map over frequency and recency shows families that read frequency, recency and T; "
            f"{purchases.family.title} reads {', '.join(purchases.family.statistics)}"
        )
    unit = purchases._unit
    age, ahead = _age(purchases, T), one_length(units_per_year(unit) if horizon is None else horizon, "horizon")
    discrete = purchases.family.time == "discrete"
    if discrete:
        age = float(np.floor(age))
    recency = _steps(age, discrete)
    most = _largest_frequency(purchases, max_frequency)
    if discrete and max_frequency is None:
        most = min(most, int(age))  # one purchase a period at most
    frequency = np.arange(most + 1, dtype=np.float64)
    x, t_x = (grid.ravel() for grid in np.meshgrid(frequency, recency, indexing="ij"))
    possible = (x > 0) | (t_x == 0)
    if discrete:
        possible &= x <= t_x
    customers = _customers(x[possible], t_x[possible], age, unit)
    found: pd.DataFrame = frames.long_table(
        {
            "frequency": x.astype(np.int64),
            "recency": t_x,
            "p_alive": _spread(purchases.p_alive(customers), possible),
            "expected_purchases": _spread(purchases.expected_purchases(customers, ahead), possible),
        },
        customers,
    )
    return found


def p_alive(model: Any, T: float | None = None, max_frequency: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw P(alive at T | frequency, recency) as a heat map for customers of age T.

    `frequency_recency_table` gives the numbers and explains ``model``, ``T`` and ``max_frequency``; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> model = clv.PurchaseModel.from_parameters(
    ...     "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week")
    >>> ax = clv.plots.p_alive(model, T=39)
    >>> ax.get_ylabel()
    'recency: first to last purchase (weeks)'
    >>> plt.close(ax.figure)
    """
    table = frequency_recency_table(model, T, 0.0, max_frequency)
    told = (
        "How to read it: each cell is a customer who made so many repeat purchases, the last one so long after the "
        "first; at the top he bought just now. Many purchases and then a long silence are a sign of having left."
    )
    one_timers = table.loc[(table["frequency"] == 0) & (table["recency"] == 0), "p_alive"]
    if (table["p_alive"].dropna() == 1).all():
        told += " In this model nobody ever leaves."
    elif (one_timers == 1).all():
        told += " This model gives everybody without a repeat purchase P(alive) = 1, by its construction."
    return _draw(model, table, "p_alive", "P(alive)", "P(alive) now", told, ax, (0.0, 1.0))


def expected_purchases(
    model: Any,
    T: float | None = None,
    horizon: float | None = None,
    max_frequency: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw E[purchases in (T, T + horizon] | frequency, recency] as a heat map for customers of age T.

    `frequency_recency_table` gives the numbers and explains ``model``, ``T``, ``horizon`` and ``max_frequency``; ``ax``
    are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> model = clv.PurchaseModel.from_parameters(
    ...     "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week")
    >>> ax = clv.plots.expected_purchases(model, T=39, horizon=52)
    >>> ax.get_title()
    'Expected purchases in the next 52 weeks, customers of 39 weeks (BG/NBD)'
    >>> plt.close(ax.figure)
    """
    table = frequency_recency_table(model, T, horizon, max_frequency)
    unit = purchase_model(model)._unit
    ahead = units_per_year(unit) if horizon is None else float(horizon)
    told = (
        "How to read it: each cell is a customer who made so many repeat purchases, the last one so long after the "
        "first; at the top he bought just now. The best customers bought often and lately; of those who bought often "
        "and then stopped, less is expected than of those who bought seldom."
    )
    title = f"Expected purchases in the next {_length(ahead, unit)}"
    return _draw(model, table, "expected_purchases", "expected purchases", title, told, ax, (0.0, None))


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
    ax.figure.colorbar(mesh, ax=ax, label=label)
    ax.set_xlabel("frequency: repeat purchases")
    ax.set_ylabel(f"recency: first to last purchase ({unit}s)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title(
        f"{title}, customers of {_length(float(recency[-1]), unit)} ({purchases.family.title})", fontsize="medium"
    )
    canvas.caption(ax, told + " Empty: no such customer.")
    return ax


def _age(model: PurchaseModel, T: Any) -> float:
    if T is None:
        T = model.largest_trained
        if not T:
            raise InvalidInput(
                "T is not known, since the model was not fitted: write T=52 for customers of 52 units of time"
            )
    age = one_length(T, "T")
    if age == 0 or (model.family.time == "discrete" and age < 1):
        raise InvalidInput(f"T must be above 0 (in a model of whole periods at least 1); found {T!r}")
    return age


def _steps(age: float, discrete: bool) -> Array:
    """From 0 to the age in whole units, or in a hundred steps if those are more."""
    if age <= _MOST_STEPS:
        return np.unique(np.append(np.arange(np.floor(age) + 1), age))
    steps = np.linspace(0.0, age, _MOST_STEPS + 1)
    return np.unique(np.rint(steps)) if discrete else steps


def _largest_frequency(model: PurchaseModel, given: Any) -> int:
    if given is None:
        profile = model._state.profile
        points = profile.get("points", {}).get("frequency")
        most = dict(zip(profile["percent"], points, strict=True))[99] if points else 0
        return max(int(most), _LEAST_FREQUENCY)
    return largest_frequency(given)


def _customers(x: Array, t_x: Array, age: float, unit: str) -> Any:
    import pandas as pd

    return frames.attach_facts(pd.DataFrame({"frequency": x, "recency": t_x, "T": age}), {"time_unit": unit})


def _spread(answers: Any, possible: Any) -> Array:
    """Answers at their places among all cells, NaN elsewhere."""
    result = np.full(len(possible), np.nan)
    result[possible] = answers
    return result


def _edges(centres: Array) -> Array:
    """Borders of cells half-way between their centres."""
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])


def _length(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}{'' if value == 1 else 's'}"
