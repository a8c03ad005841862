"""The simple formulas and the models on one log, against what a holdout brought."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotEnoughData
from ..models import questions
from ..models.cash_flows import money
from ..models.clv import CLVModel
from ..models.time_units import one_length
from ..numerics.arrays import Array
from ..transactions import sources, split_at
from ..transactions.cut import refuse_keywords
from ..transactions.events import purchase_events
from ..units import hours_in
from ..validation import chosen as choice
from ..validation import words
from ..validation.metrics import top_capture
from .groups import Groups, groups_of
from .log_values import margins_by_customer
from .margins import Margins
from .method_result import MethodComparison
from .periods import hours_of
from .simple_forecasts import FORMULAS, Calibration, retention_of
from .simple_formulas import discount_rate_per_period

_RESERVED = ("customer_id", "group", "actual")
_CENTS = 6  # decimals to which the log's money is exact


def compare_clv_methods(
    log: Any,
    *,
    calibration_end: Any,
    holdout_end: Any = None,
    margin: Any = 1.0,
    models: Any = ("pareto_nbd", "bg_nbd"),
    spend: Any = "gamma_gamma",
    by: Any = None,
    period: str = "month",
    lifespan_months: float | None = None,
    annual_discount_rate: float = 0.10,
    tolerance: float | None = None,
    time_unit: str | None = None,
    **reading: Any,
) -> MethodComparison:
    """Value customers by the simple formulas and by models, and hold both against what a holdout really brought.

    All see the purchases until calibration_end only, and are brought to one horizon: the profit, margin × spend, of
    each customer known by then in the holdout of length h, undiscounted. With s_i the spend and n_i the purchases of
    customer i in the calibration part, first purchase included, T_i the time since it and L the largest T:

    - ``historical``: s_i, the past as it is, taken for the future: the common misuse, and of no horizon.
    - ``historical_rate``: h · s_i/T_i.
    - ``average``: Σs/customers · h/L, the same for everybody.
    - ``order_value``: by group, (Σs/Σn) · (Σn/ΣT) · min(lifespan, h).
    - ``retention_next``, ``retention_now``: m (r + r² + …) and m (1 + r + …), h/period terms (the last in part). r is
      the share of those who bought in one period and bought in the next one, m the mean spend of who buys in a period.
      For who bought in the last period; whoever did not has left, as these formulas see it.
    - ``churn_lifetime``: m · min(1/(1 − r), h/period), for the same customers.
    - models: E[M | history] · E[purchases in (T_i, T_i + h] | history].

    Formulas that know a lifetime say it beside that, without the horizon, in ``lifetime_value``.

    Sources: the formulas as in `retention_clv`, `order_value_clv`, `average_clv`; the comparison as in Wübben &
    Wangenheim (2008), "Instant Customer Base Analysis: Managerial Heuristics Often 'Get It Right'", Journal of
    Marketing 72(3), 82-93, here of money.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`, with amounts.
    calibration_end, holdout_end
        As for `clvmodels.calibration_holdout`.
    margin
        Profit as a share of spend: a number, or one for each customer, as a dict customer_id -> margin, a frame of both
        columns, or what `margins_from_cost` returned. With 1, the default, all money is revenue.
    models, spend
        As for `clvmodels.validate`: names of purchase families, models, or a mapping of labels to these; and the spend
        model of those that bring none.
    by
        Groups of customers: a dict customer_id -> group, or a frame of customer_id and group. ``order_value`` is
        calibrated in each, and errors are told for each.
    period
        What retention is counted in: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``, backwards from
        calibration_end. The time since a first purchase counts as at least one period.
    lifespan_months
        Of ``order_value``; by default the mean time from first to last purchase of the customers of the group.
    annual_discount_rate
        For lifetime values alone.
    tolerance
        Money beyond which a customer counts as off; by default what a customer brought on average.
    time_unit
        Of the summary; by default that of the models, else the week.
    **reading
        How the log is to be read: further keywords of `clvmodels.summarize`.

    Returns
    -------
    MethodComparison
        ``table`` (a row a method), ``customers`` (a row a customer), ``groups``, ``verdict`` in words.

    Raises
    ------
    InvalidInput, NotEnoughData, UnitMismatch
        If the log, a date, a model or a setting cannot be used; if there is no money; if calibration holds less than
        two periods.

    Warns
    -----
    ClvWarning
        If a margin is above 1, a fit is not to be trusted, or a model's answer is infinite.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.compare_clv_methods(log, calibration_end="1997-09-30", margin=0.30, models=["bg_nbd"])
    >>> table = found.table[["method", "predicted", "actual", "mean_absolute_error", "top_tenth_share"]]
    >>> print(table.round(2).to_string(index=False))
             method  predicted   actual  mean_absolute_error  top_tenth_share
         historical   51934.66 21292.92                18.50             0.48
    historical_rate   62396.32 21292.92                21.91             0.50
            average   52125.60 21292.92                22.49             0.10
        order_value   10867.35 21292.92                11.04             0.10
     retention_next     657.30 21292.92                 8.90             0.34
      retention_now    3022.77 21292.92                 8.64             0.34
     churn_lifetime    3022.78 21292.92                 8.64             0.34
             bg_nbd   17979.49 21292.92                 9.12             0.50
    """
    import pandas as pd

    refuse_keywords("compare_clv_methods", reading)
    asked = _Asked(
        choice.chosen_models(models, FORMULAS, called="formula"), period, lifespan_months, annual_discount_rate
    )
    unit = _check(asked, tolerance, time_unit, reading)
    log, to_pandas = sources.held(log)
    split = split_at(log, calibration_end=calibration_end, holdout_end=holdout_end, time_unit=unit, **reading)
    summary = _pandas(split.frame, split.facts)
    frame = summary if to_pandas else split.frame
    share = margins_by_customer(frame, margin)
    groups = groups_of(frame, by)
    known = _calibration(log, summary, split.facts, asked, groups, calibration_end, unit, reading)
    actual = share * frames.numeric(frame, "spend_holdout")
    limit = float(tolerance) if tolerance is not None else max(float(actual.mean()), 0.0)

    rows: list[dict[str, Any]] = []
    columns: dict[str, Array] = {}
    per_group: list[list[dict[str, Any]]] = []  # of each method, its groups
    for formula in FORMULAS.values():
        said = formula.function(known)
        lifetime = math.nan if said.lifetime is None else float((share * said.lifetime).sum())
        columns[formula.name] = share * said.revenue
        rows.append({"method": formula.name, "title": formula.title, "kind": "formula", "note": said.note})
        rows[-1]["lifetime_value"] = lifetime
    fitted = _fitted(asked, choice.common_spend(spend), summary, unit)
    titles = {name: f"{one.purchases.family.title} with {one.spend.family.title}" for name, one in fitted.items()}
    titles = words.told_apart(titles)
    for name, model in fitted.items():
        columns[name], whole = _of_model(model, summary, known.horizon, annual_discount_rate, share)
        rows.append({"method": name, "title": titles[name], "kind": "model", "lifetime_value": float(whole.sum())})
        rows[-1]["note"] = f"expected purchases in {known.horizon:g} {unit}s × expected spend"
    for row in rows:
        row |= _errors(columns[row["method"]], actual, limit)
        if by is not None:
            per_group.append(_by_group(row, columns[row["method"]], actual, groups))
    together = [row for of_group in zip(*per_group, strict=True) for row in of_group]
    return MethodComparison(
        table=pd.DataFrame(rows, columns=list(_COLUMNS)),
        customers=_customers(frame, groups if by is not None else None, actual, columns),
        groups=None if by is None else pd.DataFrame(together, columns=list(_OF_GROUPS)),
        models=fitted,
        split=split,
        tolerance=limit,
        settings=_settings(split.facts, known, asked, margin),
        notes=groups.notes,
    )


_COLUMNS = (
    "method", "title", "kind", "predicted", "actual", "error", "error_share", "mean_absolute_error",
    "root_mean_squared_error", "customers_off", "top_tenth_share", "lifetime_value", "note",
)  # fmt: skip
_OF_GROUPS = ("group", "customers", *_COLUMNS[: _COLUMNS.index("mean_absolute_error") + 1])


class _Asked(NamedTuple):
    models: list[choice.Chosen]
    period: str
    lifespan_months: float | None
    annual_discount_rate: float


def _check(asked: _Asked, tolerance: Any, time_unit: str | None, reading: dict[str, Any]) -> str:
    """The time unit; everything that can be refused before the log is read."""
    unit = choice.common_unit(asked.models, time_unit)
    hours_of(asked.period)
    questions.continuous_rate(asked.annual_discount_rate, unit, math.inf)
    if asked.lifespan_months is not None:
        one_length(asked.lifespan_months, "lifespan_months")
    if tolerance is not None:
        one_length(tolerance, "tolerance")
    if "amount" in reading and reading["amount"] is None:
        raise InvalidInput("values are money, and amount=None says that the log holds none: name its column")
    taken = [one.label for one in asked.models if one.label in _RESERVED]
    if taken:
        raise InvalidInput(f"a model cannot be labelled {taken[0]!r}, the name of a column: give it another label")
    return unit


def _calibration(
    log: Any,
    frame: frames.Frame,
    facts: dict[str, str | None],
    asked: _Asked,
    groups: Groups,
    calibration_end: Any,
    unit: str,
    reading: dict[str, Any],
) -> Calibration:
    """What the formulas may know: the purchases until calibration_end, and the summary that they make."""
    if "spend_holdout" not in frames.column_names(frame):
        raise InvalidInput("values are money, and the log holds none: name the column of amounts with amount=")
    ends = {"calibration_end": calibration_end, "holdout_end": facts["holdout_end"]}
    events = purchase_events(log, frame, **ends, **{**reading, "time_unit": unit})
    there = events.time <= 0
    events = events._replace(
        customer=events.customer[there],
        time=events.time[there],
        purchases=events.purchases[there],
        value=None if events.value is None else events.value[there],
    )
    T = frames.numeric(frame, "T")
    hours = float(hours_in(unit))
    period = float(hours_of(asked.period)) / hours
    retention = retention_of(events, T, period)
    if retention.periods < 2:
        shorter = "day" if asked.period in ("week", "hour") else "week"
        raise NotEnoughData(
            f"retention is counted from one period to the next, and calibration holds {retention.periods} whole "
            f"{asked.period}s: give a shorter period, such as period={shorter!r}, or a later calibration_end"
        )
    spent = np.bincount(events.customer, events.value, len(T)).astype(np.float64)
    return Calibration(
        revenue=np.round(spent, _CENTS),  # the sum in exact decimals, as a float
        purchases=frames.numeric(frame, "frequency") + 1,
        recency=frames.numeric(frame, "recency"),
        T=T,
        group=groups.codes,
        retention=retention,
        period=period,
        month=float(hours_in("month")) / hours,
        horizon=float(frames.numeric(frame, "duration_holdout")[0]),
        discount_rate=discount_rate_per_period(asked.annual_discount_rate, asked.period),
        lifespan_months=asked.lifespan_months,
        period_name=asked.period,
        time_unit=unit,
    )


def _pandas(frame: frames.Frame, facts: dict[str, str | None]) -> Any:
    """The summary as pandas with its facts, which polars would lose."""
    return frames.attach_facts(frames.to_pandas(frame), facts)


def _fitted(asked: _Asked, common: Any, frame: Any, unit: str) -> dict[str, CLVModel]:
    cut = str(frames.read_facts(frame)["observation_end"])
    found = {}
    for one in asked.models:
        purchases = choice.fitted(one, frame, unit, cut)
        try:
            spend = choice.fitted_spend(one, common, frame, cut)
        except NotEnoughData as error:  # without the advice that serves another question
            raise (error.__cause__ or error) from None
        if one.spend is None:
            common = spend
        found[one.label] = CLVModel(purchases, spend, asked.annual_discount_rate)
    return found


def _of_model(model: CLVModel, frame: Any, horizon: float, rate: float, share: Array) -> tuple[Array, Array]:
    """Profit of every customer in the holdout, undiscounted, and over the lifetime, discounted."""
    spend = np.asarray(model.spend.expected_spend(frame))
    ahead = np.asarray(model.purchases.expected_purchases(frame, horizon=horizon))
    whole = model.purchases.discounted_expected_purchases(frame, horizon=math.inf, annual_discount_rate=rate)
    return money(ahead, spend, share), money(np.asarray(whole), spend, share)


def _errors(predicted: Array, actual: Array, tolerance: float) -> dict[str, Any]:
    off = predicted - actual
    total, came = float(predicted.sum()), float(actual.sum())
    ranks = len(actual) and actual.min() >= 0 and not np.isnan(predicted).any()
    return {
        "predicted": total,
        "actual": came,
        "error": total - came,
        "error_share": total / came - 1 if came else math.nan,
        "mean_absolute_error": float(np.abs(off).mean()),
        "root_mean_squared_error": float(np.sqrt(np.mean(off**2))),
        "customers_off": int((np.abs(off) > tolerance).sum()),
        "top_tenth_share": top_capture(actual, predicted) if ranks else math.nan,
    }


def _by_group(row: dict[str, Any], predicted: Array, actual: Array, groups: Groups) -> list[dict[str, Any]]:
    sums, came, off = groups.sums(predicted), groups.sums(actual), groups.sums(np.abs(predicted - actual))
    return [
        {
            **row,
            "group": name,
            "customers": int(n),
            "predicted": float(sums[i]),
            "actual": float(came[i]),
            "error": float(sums[i] - came[i]),
            "error_share": float(sums[i] / came[i] - 1) if came[i] else math.nan,
            "mean_absolute_error": float(off[i] / n),
        }
        for i, (name, n) in enumerate(zip(groups.names, groups.sizes, strict=True))
    ]


def _customers(frame: Any, groups: Groups | None, actual: Array, columns: dict[str, Array]) -> Any:
    result: dict[str, Any] = {"customer_id": frames.identifiers(frame)}
    if groups is not None:
        result["group"] = np.asarray(list(groups.names))[groups.codes]  # text where numbers stand beside "(no group)"
    return frames.table(result | {"actual": actual, **columns}, frame)


def _settings(facts: dict[str, str | None], known: Calibration, asked: _Asked, margin: Any) -> dict[str, str]:
    told = {name: str(value) for name, value in facts.items() if value is not None}
    told["calibration_end"] = told.pop("observation_end")
    one = not hasattr(margin, "__len__") and not isinstance(margin, Margins)
    return told | {
        "duration": repr(known.horizon),
        "period": asked.period,
        "annual_discount_rate": str(float(asked.annual_discount_rate)),
        "margin": str(float(margin)) if one else "one a customer",
        "money": "revenue" if one and margin == 1 else "profit",
    }
