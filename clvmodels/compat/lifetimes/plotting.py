"""The pictures of lifetimes: same names and arguments, the same numbers in the same kind of artists.

New code draws with ``clv.plots``, whose pictures come with a table each.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .differences import tell
from .period_events import as_dates, period_of
from .utils import calculate_alive_path, expected_cumulative_transactions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...numerics.arrays import Array

__all__ = [
    "plot_calibration_purchases_vs_holdout_purchases",
    "plot_cumulative_transactions",
    "plot_dropout_rate_heterogeneity",
    "plot_expected_repeat_purchases",
    "plot_frequency_recency_matrix",
    "plot_history_alive",
    "plot_incremental_transactions",
    "plot_period_transactions",
    "plot_probability_alive_matrix",
    "plot_transaction_rate_heterogeneity",
]

_KINDS = {
    "frequency_cal": "Purchases in calibration period",
    "recency_cal": "Age of customer at last purchase",
    "T_cal": "Age of customer at the end of calibration period",
    "time_since_last_purchase": "Time since user made last purchase",
}
_MOST_SIMULATED = 1e6  # customers of weighted rows
_RATE_SUPTITLE = "Heterogeneity in Transaction Rate"
_DROPOUT_LABELS = ("Heterogeneity in Dropout Probability", "Dropout Probability p")
_DROPOUT_RATE_LABELS = ("Heterogeneity in Dropout Rate", "Dropout Rate mu")


def coalesce(*args: Any) -> Any:
    """The first of the arguments that is not None."""
    return next(s for s in args if s is not None)


def plot_period_transactions(
    model: Any,
    max_frequency: int = 7,
    title: str = "Frequency of Repeat Transactions",
    xlabel: str = "Number of Calibration Period Transactions",
    ylabel: str = "Customers",
    **kwargs: Any,
) -> Axes:
    """Draw how many customers came back how often, and how many of as many simulated ones did.

    A row with a weight counts as so many customers. Use `clv.plots.plot_frequency_histogram` in new code: it draws the
    expectation, not one simulation.
    """
    labels = kwargs.pop("label", ["Actual", "Model"])
    counts = [count.sort_index().iloc[:max_frequency] for count in _customers_by_frequency(model)]
    actual, simulated = (count.to_frame(label) for count, label in zip(counts, labels, strict=True))
    shown = actual.merge(simulated, how="outer", left_index=True, right_index=True).fillna(0)
    ax = shown.plot(kind="bar", **kwargs)
    ax.legend()
    return _written(ax, title, xlabel, ylabel)


def plot_calibration_purchases_vs_holdout_purchases(
    model: Any, calibration_holdout_matrix: pd.DataFrame, kind: str = "frequency_cal", n: int = 7, **kwargs: Any
) -> Axes:
    """Draw mean purchases in the holdout, actual and expected, by what was known before it.

    Use `clv.plots.plot_conditional_expectation` in new code.
    """
    summary = calibration_holdout_matrix
    expected = model.conditional_expected_number_of_purchases_up_to_time(
        summary["duration_holdout"].iloc[0], summary["frequency_cal"], summary["recency_cal"], summary["T_cal"]
    )
    shown = pd.DataFrame({"frequency_holdout": summary["frequency_holdout"], "model_predictions": expected})
    by = summary["T_cal"] - summary["recency_cal"] if kind == "time_since_last_purchase" else summary[kind]
    ax = shown.groupby(by.rename(kind)).mean().iloc[:n].plot(**kwargs)
    ax.legend()
    title = "Actual Purchases in Holdout Period vs Predicted Purchases"
    return _written(ax, title, _KINDS[kind], "Average of Purchases in Holdout Period")


def plot_frequency_recency_matrix(
    model: Any,
    T: float = 1,
    max_frequency: int | None = None,
    max_recency: int | None = None,
    title: str | None = None,
    xlabel: str = "Customer's Historical Frequency",
    ylabel: str = "Customer's Recency",
    **kwargs: Any,
) -> Axes:
    """Draw expected purchases in the next ``T`` by frequency and recency, for customers of age ``max_recency``.

    Use `clv.plots.plot_expected_purchases` in new code.
    """
    if max_frequency is None:
        max_frequency = int(model.data["frequency"].max())
    if max_recency is None:
        max_recency = int(model.data["T"].max())
    recency, frequency = np.ogrid[: max_recency + 1, : max_frequency + 1]
    expected = model.conditional_expected_number_of_purchases_up_to_time(T, frequency, recency, max_recency)
    if title is None:
        units = "Unit" if T == 1 else "Units"
        title = f"Expected Number of Future Purchases for {T} {units} of Time,\nby Frequency and Recency of a Customer"
    return _heatmap(expected, title, xlabel, ylabel, kwargs)


def plot_probability_alive_matrix(
    model: Any,
    max_frequency: int | None = None,
    max_recency: int | None = None,
    title: str = "Probability Customer is Alive,\nby Frequency and Recency of a Customer",
    xlabel: str = "Customer's Historical Frequency",
    ylabel: str = "Customer's Recency",
    **kwargs: Any,
) -> Axes:
    """Draw P(alive) by frequency and recency, for customers of age ``max_recency``.

    Use `clv.plots.plot_p_alive` in new code.
    """
    alive = model.conditional_probability_alive_matrix(max_frequency, max_recency)
    return _heatmap(alive, title, xlabel, ylabel, kwargs)


def plot_expected_repeat_purchases(
    model: Any,
    title: str = "Expected Number of Repeat Purchases per Customer",
    xlabel: str = "Time Since First Purchase",
    ax: Axes | None = None,
    label: str | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw expected repeat purchases of a new customer, dashed beyond the largest T.

    Use ``model.new_customer().expected_purchases(horizon=[...])`` in new code.
    """
    from matplotlib import cbook, lines
    from matplotlib import pyplot as plt

    tell("expected_repeat_purchases")
    ax = plt.subplot(111) if ax is None else ax
    looks = cbook.normalize_kwargs({name: value for name, value in kwargs.items() if value is not None}, lines.Line2D)
    largest = model.data["T"].max()
    inside, beyond = np.linspace(0, largest, 100), np.linspace(largest, 1.5 * largest, 100)
    (drawn,) = ax.plot(inside, model.expected_number_of_purchases_up_to_time(inside), label=label, **looks)
    looks |= {"color": drawn.get_color(), "linestyle": "--"}
    ax.plot(beyond, model.expected_number_of_purchases_up_to_time(beyond), **looks)
    if label is not None:
        ax.legend(loc="lower right")
    return _written(ax, title, xlabel)


def plot_history_alive(
    model: Any,
    t: int,
    transactions: pd.DataFrame,
    datetime_col: str,
    freq: str = "D",
    start_date: Any = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw P(alive) of one customer over time, with a line for each period in which he bought.

    Use `clv.plots.plot_alive_history` in new code.
    """
    from matplotlib import cbook, lines
    from matplotlib import pyplot as plt
    from matplotlib.dates import date2num

    tell("history_alive")
    ax = plt.subplot(111) if ax is None else ax
    dates = pd.DatetimeIndex(as_dates(transactions[datetime_col], None).dropna())
    path = np.asarray(calculate_alive_path(model, transactions, datetime_col, t, freq), dtype=np.float64)
    path_dates = pd.date_range(dates.min(), periods=len(path), freq=_offset(freq))
    given = cbook.normalize_kwargs(kwargs, lines.Line2D)
    looks = {name: value for name, value in given.items() if hasattr(lines.Line2D, f"set_{name}")}
    ax.plot(path_dates, path, **{"label": "P_alive", **looks})

    bought = pd.Series(1, index=dates).resample(_offset(freq)).sum()
    bought_dates = bought.index[bought > 0].to_numpy()
    ax.vlines(bought_dates, ymin=0, ymax=1, colors="r", linestyles="dashed", label="purchases")
    ax.set_ylim(0, 1.0)
    ax.set_yticks(np.arange(0, 1.1, 0.1))
    begin = dates.min() if start_date is None else pd.to_datetime(start_date)
    ax.set_xlim(*date2num([begin, path_dates[-1]]))  # type: ignore[no-untyped-call]
    ax.legend(loc=3)
    return _written(ax, "History of P_alive", None, "P_alive")


def plot_cumulative_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: str,
    customer_id_col: str,
    t: int,
    t_cal: float,
    datetime_format: str | None = None,
    freq: str = "D",
    set_index_date: bool = False,
    title: str = "Tracking Cumulative Transactions",
    xlabel: str = "day",
    ylabel: str = "Cumulative Transactions",
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw the repeat purchases of all customers up to each period, actual and expected.

    Use `clv.plots.plot_tracking` in new code.
    """
    tracked = expected_cumulative_transactions(
        model, transactions, datetime_col, customer_id_col, t,
        datetime_format=datetime_format, freq=freq, set_index_date=set_index_date,
    )  # fmt: skip
    return _tracking(tracked, t_cal, set_index_date, title, xlabel, ylabel, ax, kwargs)


def plot_incremental_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: str,
    customer_id_col: str,
    t: int,
    t_cal: float,
    datetime_format: str | None = None,
    freq: str = "D",
    set_index_date: bool = False,
    title: str = "Tracking Daily Transactions",
    xlabel: str = "day",
    ylabel: str = "Transactions",
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw the repeat purchases of all customers in each period but the first, actual and expected.

    Use `clv.plots.plot_tracking` in new code.
    """
    tracked = expected_cumulative_transactions(
        model, transactions, datetime_col, customer_id_col, t,
        datetime_format=datetime_format, freq=freq, set_index_date=set_index_date,
    )  # fmt: skip
    return _tracking(tracked.diff(), t_cal, set_index_date, title, xlabel, ylabel, ax, kwargs)


def plot_transaction_rate_heterogeneity(
    model: Any,
    suptitle: str = _RATE_SUPTITLE,
    xlabel: str = "Transaction Rate",
    ylabel: str = "Density",
    suptitle_fontsize: float = 14,
    **kwargs: Any,
) -> Axes:
    """Draw the density of the customers' purchase rates, Gamma(r, alpha).

    Use `clv.plots.plot_heterogeneity` in new code.
    """
    from scipy import stats

    if suptitle != _RATE_SUPTITLE:
        tell("rate_heterogeneity_suptitle")
    r, alpha = model._unload_params("r", "alpha")
    return _density(stats.gamma(r, scale=1 / alpha), suptitle, xlabel, ylabel, suptitle_fontsize, kwargs)


def plot_dropout_rate_heterogeneity(
    model: Any,
    suptitle: str = _DROPOUT_LABELS[0],
    xlabel: str = _DROPOUT_LABELS[1],
    ylabel: str = "Density",
    suptitle_fontsize: float = 14,
    **kwargs: Any,
) -> Axes:
    """Draw the density of the customers' dropout probabilities, Beta(a, b), or rates, Gamma(s, beta) of Pareto/NBD.

    Use `clv.plots.plot_heterogeneity` in new code.
    """
    from scipy import stats

    if "s" not in getattr(model, "params_", ()):
        a, b = model._unload_params("a", "b")
        return _density(stats.beta(a, b), suptitle, xlabel, ylabel, suptitle_fontsize, kwargs)
    tell("dropout_rate_heterogeneity")
    s, beta = model._unload_params("s", "beta")
    of_rates = dict(zip(_DROPOUT_LABELS, _DROPOUT_RATE_LABELS, strict=True))
    suptitle, xlabel = of_rates.get(suptitle, suptitle), of_rates.get(xlabel, xlabel)
    return _density(stats.gamma(s, scale=1 / beta), suptitle, xlabel, ylabel, suptitle_fontsize, kwargs)


def forceAspect(ax: Axes, aspect: float = 1) -> None:  # noqa: N802
    """Make the picture on these Axes square, or ``aspect`` times as wide as high."""
    left, right, bottom, top = ax.get_images()[0].get_extent()
    ax.set_aspect(abs((right - left) / (top - bottom)) / aspect)


def _customers_by_frequency(model: Any) -> tuple[pd.Series[float], pd.Series[float]]:
    """How many customers came back how often, and how many of as many simulated ones."""
    data = model.data
    frequency, known = data["frequency"], data.get("weights")
    if known is None or (known == 1).all():
        simulated = model.generate_new_data(size=len(data))["frequency"]
        return frequency.value_counts(), simulated.value_counts()
    weights = known.to_numpy(dtype=np.float64)
    total = float(weights.sum())
    tell("period_transactions_weights", f"{len(data)} rows stand for {total:g} customers")
    # each row as often as it weighs, or in proportion where that were too many; its weight is spread over them
    times = np.ceil(weights * min(1.0, _MOST_SIMULATED / total)).astype(np.int64)
    rows = np.repeat(np.arange(len(data)), times)
    everybody = copy(model)
    everybody.data = data.iloc[rows].assign(weights=1)
    simulated = everybody._generate(len(rows))["frequency"]
    each = pd.Series((weights / np.maximum(times, 1))[rows], name="frequency")
    actual = pd.Series(weights, name="frequency").groupby(frequency.to_numpy()).sum()
    return actual, each.groupby(simulated.to_numpy()).sum()


def _heatmap(matrix: Array, title: str, xlabel: str, ylabel: str, kwargs: dict[str, Any]) -> Axes:
    looks = {"interpolation": "none", **kwargs}
    ax = _for_a_map(looks.pop("ax", None))
    image = ax.imshow(matrix, **looks)
    _written(ax, title, xlabel, ylabel)
    forceAspect(ax)
    ax.figure.colorbar(image, ax=ax)
    return ax


def _for_a_map(given: Axes | None) -> Axes:
    """The Axes that are given, the current ones if they are empty ones of several, or else the whole figure."""
    from matplotlib import pyplot as plt

    if given is not None:
        return given
    current: Axes | None = plt.gca() if plt.gcf().axes else None
    place = current.get_subplotspec() if current is not None and not current.has_data() else None
    grid = place.get_topmost_subplotspec().get_gridspec().get_geometry() if place is not None else (1, 1)
    if current is not None and grid != (1, 1):
        return current
    whole: Axes = plt.subplot(111)
    return whole


def _tracking(
    shown: pd.DataFrame,
    t_cal: float,
    set_index_date: bool,
    title: str,
    xlabel: str,
    ylabel: str,
    ax: Axes | None,
    kwargs: dict[str, Any],
) -> Axes:
    from matplotlib import pyplot as plt

    drawn: Axes = shown.plot(ax=plt.subplot(111) if ax is None else ax, title=title, **kwargs)
    # a calibration that ends with the data ends one period after the last one drawn
    drawn.axvline(x=shown.index[0] + int(t_cal) if set_index_date else t_cal, color="r", linestyle="--")
    return _written(drawn, None, "date" if set_index_date else xlabel, ylabel)


def _density(law: Any, suptitle: str, xlabel: str, ylabel: str, fontsize: float, kwargs: dict[str, Any]) -> Axes:
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(1)
    figure.suptitle(suptitle, fontsize=fontsize, fontweight="bold")
    _written(ax, f"mean: {law.mean():.3f}, var: {law.var():.3f}", xlabel, ylabel)
    figure.tight_layout(rect=(0, 0.03, 1, 0.95))
    x = np.linspace(0, law.ppf(0.99), 100)
    ax.plot(x, law.pdf(x), **kwargs)
    return ax


def _offset(freq: str) -> Any:
    """The step from one period to the next, by whichever name this pandas has for it."""
    return pd.PeriodDtype(period_of(freq)).freq


def _written(ax: Axes, title: str | None, xlabel: str | None = None, ylabel: str | None = None) -> Axes:
    """The Axes, on which is written what is not None."""
    for write, text in ((ax.set_title, title), (ax.set_xlabel, xlabel), (ax.set_ylabel, ylabel)):
        if text is not None:
            write(text)
    return ax
