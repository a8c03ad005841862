"""Is a forecast still fresh: how old are the log and the model, held against the horizon they are used for?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any

import pandas as pd

from .. import frames
from ..errors import InvalidInput, NotFitted, warn
from ..inference import looks
from ..models.clv import CLVModel
from ..models.given_models import purchase_model
from ..models.purchase import PurchaseModel
from ..models.time_units import one_length
from ..transactions.moments import day_of, parse_moment
from ..units import a_span, hours_in, length, units_per_year
from ..validation.backtest import Backtest
from ..validation.shelf_life import TOLERANCE, compute_time_kept

GONE = 0.10


@dataclass(frozen=True)
class Freshness:
    """How old a forecast's log and model are; made by `freshness`.

    Attributes
    ----------
    today
        The day on which it was asked.
    log_end, fitted_until
        Last day of the log that is scored, and of the log that the model was fitted on; None where not known.
    log_age, model_age
        Time from these to ``today``, in the time unit; None where not known, negative where they are still to come.
    horizon, time_unit
        What the forecast reaches over, in the model's time unit.
    gone
        Share of the horizon that has passed already, from ``log_end`` on; None where that is not known.
    kept_for
        How long forecasts stayed good at the cutoffs of a backtest (median); None without one, or for another model.
    stale
        Sentences that say what is too old and what to do; none if all is fresh.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1998-06-30", time_unit="week")
    >>> model = clv.PurchaseModel("bg_nbd").fit(summary)
    >>> found = clv.economics.freshness(model, summary, horizon=26, today="1998-07-14")
    >>> found.log_age, round(found.gone, 3), found.stale
    (2.0, 0.077, ())
    >>> found.verdict
    'Fresh: nothing is too old for this horizon.'
    """

    today: date
    log_end: date | None
    fitted_until: date | None
    log_age: float | None
    model_age: float | None
    horizon: float
    time_unit: str
    gone: float | None
    kept_for: float | None
    stale: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """What is too old, or that nothing is."""
        if self.stale:
            return " ".join(self.stale)
        if self.log_end is None and self.fitted_until is None:
            return "Neither the log nor the model says when it ends, so their age is not known."
        return "Fresh: nothing is too old for this horizon."

    def __str__(self) -> str:
        return "\n".join([self.verdict, "", *(f"{name:<20} {value}" for name, value in self._rows())])

    def __repr__(self) -> str:
        return f"Freshness on {self.today}: {'stale' if self.stale else 'fresh'}"

    def _repr_html_(self) -> str:
        return looks.card("Freshness", looks.line(self.verdict), looks.table(("", ""), self._rows()))

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("today", str(self.today)),
            ("log ends", self._told(self.log_end, self.log_age)),
            ("model fitted until", self._told(self.fitted_until, self.model_age)),
            ("horizon", a_span(self.horizon, self.time_unit)),
        ]
        if self.gone is not None:
            rows.append(("passed of it", "all" if self.gone >= 1 else f"{100 * max(self.gone, 0.0):.0f} %"))
        if self.kept_for is not None:
            rows.append(("forecasts kept for", f"{length(self.kept_for, self.time_unit)} (median of the backtest)"))
        return rows

    def _told(self, day: date | None, age: float | None) -> str:
        return "not known" if day is None or age is None else f"{day}, {length(age, self.time_unit)} ago"


def freshness(
    model: CLVModel | PurchaseModel,
    summary: Any = None,
    *,
    horizon: float | None = None,
    today: Any = None,
    observation_end: Any = None,
    backtest: Backtest | None = None,
    tolerance: float = TOLERANCE,
    most: float = GONE,
) -> Freshness:
    """Tell whether the log has become stale against today, or the model older than the horizon it is used for.

    A forecast begins where its log ends: with horizon h, log_age/h of it has passed already. It is stale where that
    share exceeds ``most``, where the model was fitted on data that end more than h before today, or where forecasts of
    this model stayed good for a shorter time than h at the cutoffs of a backtest (see `clvmodels.plots.compute_time_kept`).

    Parameters
    ----------
    model
        A fitted `CLVModel` or `PurchaseModel`, or one that was saved; it knows where its own data ended.
    summary
        What is scored, or what `predict` made of it; None where that is what the model was fitted on.
    horizon
        In the model's time unit; one year if None; finite.
    today
        A date; that of the computer if None.
    observation_end
        The last day of the log, where the summary does not say it.
    backtest
        What `clvmodels.backtest` returned for this family, to tell how long its forecasts stayed good.
    tolerance
        How far a total may be off to be good, as in `clvmodels.plots.compute_time_kept`.
    most
        How much of the horizon may have passed: 0.10 is a tenth.

    Returns
    -------
    Freshness
        Ages and sentences; ``verdict`` is the whole in words.

    Raises
    ------
    NotFitted
        If the model has no parameters yet.
    InvalidInput
        If a date, the horizon, the backtest or a share cannot be used, or observation_end contradicts the summary.

    Warns
    -----
    ClvWarning
        If anything is stale: it says what, and what to do.

    Examples
    --------
    >>> import clvmodels as clv, warnings
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30", time_unit="week")
    >>> model = clv.PurchaseModel("bg_nbd").fit(summary)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", clv.ClvWarning)
    ...     found = clv.economics.freshness(model, summary, horizon=26, today="1998-05-01")
    >>> for sentence in found.stale:
    ...     print(sentence)
    The log ends on 1997-09-30, 30.43 weeks ago: all of the horizon of 26 weeks has passed. Score a newer log.
    The model was fitted on data up to 1997-09-30, 30.43 weeks ago, which is more than its horizon of 26 weeks: customers may have changed since. Fit it again.
    """  # noqa: E501
    found = age_of(
        model, summary, horizon=horizon, today=today, observation_end=observation_end, backtest=backtest,
        tolerance=tolerance, most=most,
    )  # fmt: skip
    if found.stale:
        warn(" ".join(found.stale))
    return found


def age_of(
    model: Any,
    summary: Any = None,
    *,
    horizon: Any = None,
    today: Any = None,
    observation_end: Any = None,
    backtest: Any = None,
    tolerance: float = TOLERANCE,
    most: float = GONE,
) -> Freshness:
    """As `freshness`, without a warning: for what has words of its own."""
    purchases = purchase_model(model)
    if purchases._fitted is None:
        raise NotFitted("this model has no parameters yet: call fit(summary) first")
    unit = purchases._unit
    reach = units_per_year(unit) if horizon is None else one_length(horizon, "horizon")
    if not 0 < reach < float("inf"):
        raise InvalidInput(f"horizon must be finite and above 0; found {reach!r}")
    share = _share(most, "most")
    now = day_of(_moment("today", datetime.now().date() if today is None else today))
    fitted_until = _day("fitted_until", purchases._fitted.facts.get("observation_end"))
    log_end = _log_end(summary, observation_end, fitted_until)
    log_age, model_age = (
        None if day is None else (now - day).days * 24 / float(hours_in(unit)) for day in (log_end, fitted_until)
    )
    kept = None if backtest is None else _kept_for(backtest, purchases, unit, tolerance)
    gone = None if log_age is None else log_age / reach
    over, stale = a_span(reach, unit), []
    if log_end is not None and log_age is not None and gone is not None and gone > share:
        passed = "all" if gone >= 1 else f"{100 * gone:.0f} %"
        stale.append(
            f"The log ends on {log_end}, {length(log_age, unit)} ago: {passed} of the horizon of {over} has passed. "
            "Score a newer log."
        )
    if fitted_until is not None and model_age is not None and model_age > reach:
        stale.append(
            f"The model was fitted on data up to {fitted_until}, {length(model_age, unit)} ago, which is more than its "
            f"horizon of {over}: customers may have changed since. Fit it again."
        )
    if kept is not None and backtest is not None and kept < reach and kept < backtest.horizon:
        stale.append(
            f"Forecasts of this model stayed good for {length(kept, unit)} (median of {len(backtest.origins)} "
            f"cutoffs), less than the horizon of {over}. Forecast anew at least that often, or promise less."
        )
    return Freshness(now, log_end, fitted_until, log_age, model_age, reach, unit, gone, kept, tuple(stale))


def _log_end(summary: Any, keyword: Any, fitted_until: date | None) -> date | None:
    given = _day("observation_end", keyword)
    if summary is None:
        return fitted_until if given is None else given
    frame = frames.load(summary)
    said = frames.read_facts(frame).get("observation_end")
    if said is None and "observation_end" in frames.column_names(frame) and frames.n_rows(frame):
        said = str(pd.Series(frames.as_pandas(frames.column_of(frame, "observation_end"))).max())
    told = _day("observation_end", said)
    if told is not None and given is not None and told != given:
        raise InvalidInput(
            f"observation_end={str(keyword)!r} differs from that of the summary, {said!r}: leave the keyword out"
        )
    return told if given is None else given


def _kept_for(backtest: Any, purchases: PurchaseModel, unit: str, tolerance: float) -> float | None:
    """Median time for which this family's forecasts stayed good; None if the backtest has another."""
    kept = compute_time_kept(backtest, tolerance)
    if backtest.time_unit != unit:
        raise InvalidInput(f"the backtest is in {backtest.time_unit}s, the model in {unit}s: give time_unit= to one")
    own = kept.loc[[backtest.titles[name] == purchases.family.title for name in kept["model"]], "keeps_for"]
    return float(median(own)) if len(own) else None


def _share(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e9:
        raise InvalidInput(f"{what} must be a share of at least 0, for example 0.10 for a tenth; found {value!r}")
    return float(value)


def _day(what: str, value: Any) -> date | None:
    return None if value is None else day_of(_moment(what, value))


def _moment(what: str, value: Any) -> date | datetime:
    return parse_moment(what, value, None)
