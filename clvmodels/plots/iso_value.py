"""Customers of one age who are worth the same, though they bought differently."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models.cash_flows import money
from ..models.clv import CLVModel
from ..models.given_models import purchase_model
from ..models.time_units import numbers, one_or_endless
from ..numerics.arrays import Array
from ..units import length
from . import canvas
from .customers import customers_of_age, spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_CURVES = 8
_ROUND = (1.0, 2.0, 5.0)


def compute_iso_value(
    model: Any,
    T: float | None = None,
    horizon: float = math.inf,
    annual_discount_rate: float | None = None,
    monetary_value: float | None = None,
    margin: float | None = None,
    max_frequency: int | None = None,
) -> pd.DataFrame:
    """Discounted value of customers of one age, one row per frequency and recency.

    Of a purchase model ∫ over (0, horizon] of e^(-delta·u) dE[purchases in (T, T + u] | x, t_x, T] (DERT for
    horizon = inf); of a CLVModel that times margin · E[M | m_x, x], with one mean spend m_x for all of them.

    Parameters
    ----------
    model
        A `PurchaseModel` or `CLVModel` with parameters, of a family that reads frequency, recency and T.
    T
        The age of the customers in the model's time unit, above 0; the largest that the model was fitted on if None.
    horizon
        In the model's time unit; inf for the whole residual lifetime.
    annual_discount_rate
        0.10 for 10 % a year; if None that of a CLVModel, and 0.10 of a purchase model.
    monetary_value
        Of a CLVModel: the mean spend m_x of the repeat purchases of all these customers; the mean spend of the
        population if None.
    margin
        Of a CLVModel: a share of spend; the model's own, if that is a number, if None.
    max_frequency
        The largest frequency; if None that of all but 1 % of the customers fitted on, and at least 10.

    Returns
    -------
    pandas.DataFrame
        frequency, recency (whole units, in at most 100 steps) and ``discounted_expected_purchases``, of a CLVModel
        ``clv``; missing where there can be no such customer.

    Raises
    ------
    NotAvailable
        If the family reads other statistics.
    NotFitted, InvalidInput
        If the model has no parameters, or an age, horizon, rate, amount or frequency cannot be used.

    Notes
    -----
    Source: Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of
    Marketing Research 42(4), 415-430.

    Examples
    --------
    With 1, 3 and 7 purchases, the last of them 30 weeks after the first, and 78, which is now:

    >>> import clvmodels as clv
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> model = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> table = clv.plots.compute_iso_value(model, T=78, max_frequency=7)
    >>> shown = table.set_index(["frequency", "recency"])["discounted_expected_purchases"].unstack()
    >>> shown.loc[[1, 3, 7], [30, 78]].round(1).values.tolist()
    [[1.8, 4.0], [2.0, 9.2], [0.5, 19.5]]
    """
    purchases, whole = purchase_model(model), isinstance(model, CLVModel)
    x, t_x, possible, customers = customers_of_age(purchases, T, max_frequency, "a map of value")
    terms: dict[str, Any] = {} if annual_discount_rate is None else {"annual_discount_rate": annual_discount_rate}
    if whole:
        terms = {"annual_discount_rate": model.annual_discount_rate} | terms
        customers["monetary_value"], share = _spend(model, monetary_value), _margin(model, margin)
    elif monetary_value is not None or margin is not None:
        raise InvalidInput("monetary_value and margin belong to a CLVModel; found them with a PurchaseModel")
    value = purchases.discounted_expected_purchases(customers, one_or_endless(horizon), **terms)
    if whole:
        value = money(value.to_numpy(), model.spend.expected_spend(customers).to_numpy(), share)
    name = "clv" if whole else "discounted_expected_purchases"
    found: pd.DataFrame = frames.long_table(
        {"frequency": x.astype(np.int64), "recency": t_x, name: spread(value, possible)}, customers
    )
    return found


def plot_iso_value(
    model: Any,
    T: float | None = None,
    horizon: float = math.inf,
    annual_discount_rate: float | None = None,
    monetary_value: float | None = None,
    margin: float | None = None,
    max_frequency: int | None = None,
    levels: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw curves of equal discounted value over recency and frequency, for customers of age T.

    `compute_iso_value` gives the numbers and explains ``model``, ``T``, ``horizon``, ``annual_discount_rate``,
    ``monetary_value``, ``margin`` and ``max_frequency``; ``levels`` are the values to draw curves at, round ones if
    None; ``ax`` are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the
    table raises, and InvalidInput if ``ax`` is no Axes or the levels are not rising numbers above 0.

    Notes
    -----
    How to read it: all customers on a curve are worth the same. Where a curve bends back, a customer of more purchases
    but as long a silence is worth less: he has probably left.

    Decision: how much to spend on keeping or winning back a customer, whatever mix of frequency and recency he has;
    and that a score which adds up frequency and recency ranks customers wrongly where curves bend back.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> model = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> ax = clv.plots.plot_iso_value(model, T=78, levels=[1, 2, 5, 10])
    >>> ax.get_title()
    'Discounted purchases still to come, customers of 78 weeks (Pareto/NBD)'
    >>> plt.close(ax.figure)
    """
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    table = compute_iso_value(model, T, horizon, annual_discount_rate, monetary_value, margin, max_frequency)
    purchases, name = purchase_model(model), table.columns[-1]
    # without a repeat purchase recency can only be 0: there is no curve there
    frequency, recency = np.unique(table["frequency"])[1:], np.unique(table["recency"])
    values = table[name].to_numpy()[len(recency) :].reshape(len(frequency), len(recency))
    cells = np.ma.masked_array(values, np.isnan(values))
    heights = _round_levels(cells) if levels is None else _checked_levels(levels)
    unit, age = purchases._unit, float(recency[-1])
    ax = canvas.axes(ax, 7.0, 5.4)
    shades = colormaps["cividis"](np.linspace(0.15, 1.0, len(heights) + 1))
    ax.contourf(recency, frequency, cells, levels=[0, *heights], colors=shades, alpha=0.45, extend="max", zorder=0)
    curves = ax.contour(recency, frequency, cells, levels=heights, colors=canvas.ink(ax), linewidths=1.2)
    for text in ax.clabel(curves, fmt=lambda value: f"{value:,.6g}", fontsize="small", inline=True):
        text.set_clip_on(True)
    ax.set_xlabel(f"recency: first to last purchase ({unit}s)")
    canvas.y_label(ax, "frequency: repeat purchases")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    what = "Discounted value (clv)" if name == "clv" else "Discounted purchases"
    when = "still to come" if math.isinf(horizon) else f"in the next {length(float(horizon), unit)}"
    spent = f", mean spend {_spend(model, monetary_value):,.4g}" if name == "clv" else ""
    canvas.title(ax, f"{what} {when}, customers of {length(age, unit)}{spent} ({purchases.family.title})")
    canvas.caption(
        ax,
        "How to read it: all customers on a curve are worth the same, the number on it. To the right he bought just "
        "now. Where a curve bends back, more purchases before as long a silence mean less value: he has probably left.",
    )
    return ax


def _spend(model: CLVModel, given: Any) -> float:
    mean = model.spend.population_mean if given is None else given
    value = numbers(mean, "monetary_value must be an amount of money")
    if value.ndim or not 0 <= value < np.inf:
        told = "that of the population is not finite: write an amount" if given is None else f"found {given!r}"
        raise InvalidInput(f"monetary_value must be one finite amount of at least 0; {told}")
    return float(value)


def _margin(model: CLVModel, given: Any) -> float:
    share = model.margin if given is None else given
    if isinstance(share, str):
        raise InvalidInput(f"the model's margin is a column, {share!r}, of customers: write margin=0.30 for these")
    value = numbers(share, "margin must be a number")
    if value.ndim or not np.isfinite(value):
        raise InvalidInput(f"margin must be one finite number, for example 0.30 for 30 % of spend; found {given!r}")
    return float(value)


def _round_levels(values: Any) -> Array:
    """At most eight of 1, 2, 5, 10, 20 ... between the smallest and the largest value."""
    highest = float(values.max())
    if not 0 < highest < math.inf:
        advice = "Use a finite horizon" if highest > 0 else "Use a horizon and a margin above 0"
        raise InvalidInput(f"there is no curve to draw: the largest value is {highest!r}. {advice}")
    top = math.floor(math.log10(highest))
    steps = [one * 10.0**power for power in range(top - 4, top + 1) for one in _ROUND]
    found = np.array([level for level in steps if level < highest][-_CURVES:])
    inside = found[found > float(values.min())]
    return inside if len(inside) else found[-1:]


def _checked_levels(given: Any) -> Array:
    values = np.atleast_1d(numbers(given, "levels must be numbers above 0"))
    if (
        values.ndim != 1
        or not values.size
        or not np.all((values > 0) & (values < np.inf))
        or np.any(np.diff(values) <= 0)
    ):
        raise InvalidInput(f"levels must be a list of rising, finite numbers above 0; found {str(given)[:60]}")
    return values
