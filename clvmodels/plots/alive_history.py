"""P(alive) of one customer over time, as it looked on each day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..models import questions
from ..models.purchase import PurchaseModel
from . import canvas
from .model import models_of, several

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def compute_alive_history(models: Any, log: Any, customer: Any = None, **reading: Any) -> pd.DataFrame:
    """P(alive) of one customer over time, with what it was just before each of his purchases.

    Between purchases it is P(alive at T | x, t_x, T) with T moving on, `PurchaseModel.p_alive_if_no_purchase`; at a
    purchase it jumps.

    Parameters
    ----------
    models
        A `PurchaseModel` or `CLVModel` with parameters; or a list of them, or a mapping from labels to them.
    log, customer
        As for `PurchaseModel.alive_path`: a log and whose path it is, or the dates of one customer's purchases.
    **reading
        customer_id, date, event_grain, observation_end, points, tz, date_format, as for `PurchaseModel.alive_path`.

    Returns
    -------
    pandas.DataFrame
        ``date``, ``frequency``, ``recency``, ``T``, ``p_alive`` and ``purchase``, which is True in the row of a
        purchase; before it stands a row of the same date with the history until then (not in discrete time, where a
        period is a row). ``model``, a label, comes first if a list or a mapping was given.

    Raises
    ------
    NotFitted, InvalidInput, NotEnoughData, NotAvailable
        As `PurchaseModel.alive_path` does.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
    >>> model = clv.PurchaseModel.from_parameters("mbg_nbd", parameters, time_unit="week")
    >>> dates = ["2024-01-01", "2024-01-08"]
    >>> path = clv.plots.compute_alive_history(model, dates, observation_end="2024-01-29", points=2)
    >>> print(path.to_string(index=False, float_format="{:.3f}".format))
          date  frequency  recency     T  p_alive  purchase
    2024-01-01      0.000    0.000 0.000    0.644      True
    2024-01-08      0.000    0.000 1.000    0.626     False
    2024-01-08      1.000    1.000 1.000    0.746      True
    2024-01-29      1.000    1.000 4.000    0.633     False
    """
    import pandas as pd

    labelled = models_of(models)
    if customer is None and hasattr(log, "__next__"):
        log = list(log)  # every model reads it
    paths = {label: _path(model, log, customer, reading) for label, model in labelled.items()}
    if not several(models):
        return next(iter(paths.values()))
    return pd.concat([path.assign(model=label)[["model", *path]] for label, path in paths.items()], ignore_index=True)


def plot_alive_history(models: Any, log: Any, customer: Any = None, ax: Axes | None = None, **reading: Any) -> Axes:
    """Draw P(alive) of one customer over time, with a line for each of his purchases.

    `compute_alive_history` gives the numbers and explains ``models``, ``log``, ``customer`` and ``**reading``; ``ax``
    are matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: each point is what the model said on that day, knowing nothing of what came later. It falls while
    he is silent, faster after many purchases, and jumps at a purchase (vertical lines); it stays at 1 in a model that
    knows no leaving, and in one that lets customers leave only at a repeat purchase until there is one.

    Decision: when his silence has become long enough to write to him.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> parameters = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
    >>> model = clv.PurchaseModel.from_parameters("mbg_nbd", parameters, time_unit="week")
    >>> ax = clv.plots.plot_alive_history(model, ["2024-01-01", "2024-01-08"], observation_end="2024-01-29")
    >>> ax.get_title(), ax.get_ylabel()
    ('P(alive) of one customer, day by day (MBG/NBD)', 'P(alive)')
    >>> plt.close(ax.figure)
    """
    from matplotlib import dates

    labelled = models_of(models)
    table = compute_alive_history(labelled, log, customer, **reading)
    ax = canvas.axes(ax, 7.0, 4.4)
    bought = np.unique(table.loc[table["purchase"], "date"].to_numpy())
    ax.vlines(bought, 0, 1, colors=canvas.edge(ax), linewidths=0.8, linestyles=(0, (1, 2)), label="purchase", zorder=1)
    for i, label in enumerate(labelled):
        look, path = canvas.style(i), table[table["model"] == label]
        ax.plot(path["date"].to_numpy(), path["p_alive"].to_numpy(), look.line, color=look.color, label=label)
    ax.set_ylim(0, 1.03)
    canvas.y_label(ax, "P(alive)")
    ax.set_xlabel("date")
    locator: Any = dates.AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    who = "one customer" if customer is None else f"customer {str(customer)[:40]}"
    first = next(iter(labelled.values()))
    grain = first._unit if first.family.time == "discrete" else reading.get("event_grain", "day")
    how = f", {grain} by {grain}" if grain != "line" else ""
    canvas.title(ax, f"P(alive) of {who}{how} ({canvas.named(labelled)})")
    canvas.legend(ax)
    canvas.caption(
        ax,
        "How to read it: each point is what the model said on that day, knowing nothing of what came later. Where "
        "a model lets him leave, it falls while he is silent, faster after many purchases, and jumps at a purchase.",
    )
    return ax


def _path(model: PurchaseModel, log: Any, customer: Any, reading: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    path = model.alive_path(log, customer, **reading)
    bought = np.diff(path["frequency"].to_numpy(), prepend=-1.0) > 0
    path["purchase"] = bought
    if model.family.time == "discrete" or bought.sum() < 2:
        return path
    # what was known of him just before: T has moved on, the last purchase stays
    again = np.flatnonzero(bought)[1:]
    before = path.iloc[again].copy()
    before[["frequency", "recency"]] = path[["frequency", "recency"]].to_numpy()[again - 1]
    before["purchase"] = False
    columns = [before[name].to_numpy() for name in model.family.statistics]
    before["p_alive"] = questions.p_alive(model.family, 0.0, columns, model._state.values)
    both = pd.concat([before.assign(order=again - 0.5), path.assign(order=np.arange(len(path)))])
    return both.sort_values("order", ignore_index=True).drop(columns="order")
