"""How many repeat purchases a new customer makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..models import questions
from ..models.purchase import PurchaseModel
from ..models.time_units import one_length
from ..units import length, units_per_year
from . import canvas
from .model import class_names, common_unit, largest_frequency, models_of, stacked, with_the_rest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def compute_purchase_pmf(models: Any, horizon: float | None = None, max_purchases: int = 10) -> pd.DataFrame:
    """P(n repeat purchases in (0, horizon]) of a new customer, whose first purchase is at 0.

    Parameters
    ----------
    models
        A `PurchaseModel` or `CLVModel` with parameters; or a list of them, or a mapping from labels to them.
    horizon
        In the models' time unit, finite and at least 0; one year if None.
    max_purchases
        The last class holds this many and more.

    Returns
    -------
    pandas.DataFrame
        ``purchases`` (0 to max_purchases) and ``probability``, which adds up to 1; ``model``, a label, comes first if a
        list or a mapping was given.

    Raises
    ------
    NotAvailable
        If a family has no such probabilities.
    NotFitted, UnitMismatch, InvalidInput
        If a model has no parameters, the models differ in their time unit, or a setting cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> clv.plots.compute_purchase_pmf(model, horizon=39, max_purchases=3).round(3).values.tolist()
    [[0.0, 0.574], [1.0, 0.169], [2.0, 0.089], [3.0, 0.168]]
    """
    import pandas as pd

    tables, _ = _probabilities(models, horizon, max_purchases)
    found: pd.DataFrame = stacked(models, tables, pd.DataFrame())
    return found


def plot_purchase_pmf(
    models: Any, horizon: float | None = None, max_purchases: int = 10, ax: Axes | None = None
) -> Axes:
    """Draw P(n repeat purchases in (0, horizon]) of a new customer.

    `compute_purchase_pmf` gives the numbers and explains ``models``, ``horizon`` and ``max_purchases``; ``ax`` are
    matplotlib Axes to draw on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and
    InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: of 100 new customers so many will make no, one, two ... repeat purchases within the horizon. The
    mean lies far to the right of the most common number, which is often none.

    Decision: what a new customer may cost, seeing how many of them never come back.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> ax = clv.plots.plot_purchase_pmf(model, horizon=39)
    >>> ax.get_title()
    'Repeat purchases of a new customer in the first 39 weeks (NBD)'
    >>> plt.close(ax.figure)
    """
    tables, ahead = _probabilities(models, horizon, max_purchases)
    unit = common_unit(models_of(models))
    ax = canvas.axes(ax, 7.0, 4.4)
    at, width = np.arange(max_purchases + 1), 0.8 / len(tables)
    for i, (label, table) in enumerate(tables.items()):
        look, aside = canvas.style(i), width * (i - (len(tables) - 1) / 2)
        ax.bar(
            at + aside, table["probability"], width, label=label, color=(look.color, 0.6), hatch=look.hatch,
            edgecolor=canvas.ink(ax), linewidth=0.6,
        )  # fmt: skip
    ax.set_xticks(at, class_names(max_purchases))
    ax.set_xlabel("repeat purchases")
    canvas.y_label(ax, "probability")
    when = length(ahead, unit)
    canvas.title(ax, f"Repeat purchases of a new customer in the first {when} ({canvas.named(tables)})")
    canvas.legend(ax)
    none = ", ".join(f"{100 * table['probability'][0]:.0f} ({label})" for label, table in tables.items())
    canvas.caption(
        ax,
        f"How to read it: of 100 new customers so many make no, one, two ... repeat purchases in {when}. None: {none}.",
    )
    return ax


def _probabilities(models: Any, horizon: Any, max_purchases: Any) -> tuple[dict[str, dict[str, Any]], float]:
    """The table of each model, and the horizon."""
    labelled = models_of(models)
    unit = common_unit(labelled)
    ahead = one_length(units_per_year(unit) if horizon is None else horizon, "horizon")
    most = largest_frequency(max_purchases, "max_purchases")
    return {label: _shares(model, ahead, most) for label, model in labelled.items()}, ahead


def _shares(model: PurchaseModel, ahead: float, most: int) -> dict[str, Any]:
    pmf = model.family.purchase_pmf
    if pmf is None:
        raise questions.cannot(model.family, "purchase_pmf")
    shares = np.asarray(pmf(np.arange(most, dtype=np.float64), ahead, *model._state.values))
    return {"purchases": np.arange(most + 1, dtype=np.int64), "probability": with_the_rest(shares, 1.0)}
