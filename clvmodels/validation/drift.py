"""Do today's customers still behave as the model says? Checks that the growth of T does not disturb."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable, NotEnoughData, UnitMismatch, warn
from ..inference import looks
from ..inference.patterns import Patterns, merge
from ..models import statistics
from ..models.clv import CLVModel
from ..models.fitted import Fitted
from ..models.purchase import PurchaseModel
from ..models.saved import load_model
from ..numerics.arrays import Array
from ..transactions.discrete import discrete_summary
from ..transactions.summarize import refuse_unknown, rfm_summary
from . import same_age
from .drift_checks import FEWEST, Check, purchase_checks, spend_checks, table_of
from .metrics.resampling import refuse_seed
from .populations import Compared, monetary_value, purchase_statistics

if TYPE_CHECKING:
    import pandas as pd

_SUMMARY = ("frequency", "recency", "T")


@dataclass(frozen=True)
class Drift:
    """How today's customers compare with what a model expects of them; `drift` makes it.

    Attributes
    ----------
    verdict
        One sentence: "no reason to refit: ..." or "refit: ...".
    refit
        Whether it advises to fit the model anew.
    reasons
        Why, each a sentence; empty if there is none.
    customers
        How many were looked at: those with T above 0.
    checks
        pandas.DataFrame, a row a check: ``check`` (parameters, pace, log_likelihood, purchases, no_repeat, and of a
        CLVModel spend_parameters, spend_log_likelihood, spend), ``actual`` and ``expected`` (at the customers' own T),
        ``effect`` (how far apart), ``standard_error`` of the effect, ``z``, ``p_value``, ``margin`` (effects below it
        are small), ``detectable`` (about the smallest effect that would have raised an alarm) and ``alarm``. See
        `drift`.
    population
        pandas.DataFrame, a row a statistic (frequency, recency, T, monetary_value): ``customers``, medians
        ``median_then``, ``median_now`` and ``median_expected``; ``psi`` and ``distance`` from the customers fitted on,
        ``psi_given`` and ``distance_given`` from customers simulated with the same T (monetary_value: the same
        frequency), ``psi_by_chance`` and ``reading`` of psi_given: chance, little, some or much.
    quantiles
        pandas.DataFrame, a row a statistic and percentage: ``then``, ``now``, ``expected``.
    notes
        What could not be told, and why.
    told
        Each check in a sentence, as the report has it.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> found = clv.drift(model, model.simulate(1000, observation=60, seed=1).summary)
    >>> found.refit, found.customers, found.checks["check"].to_list()
    (False, 1000, ['parameters', 'pace', 'log_likelihood', 'purchases', 'no_repeat'])
    """

    verdict: str
    refit: bool
    reasons: tuple[str, ...]
    customers: int
    checks: pd.DataFrame
    population: pd.DataFrame
    quantiles: pd.DataFrame
    notes: tuple[str, ...]
    told: tuple[str, ...]

    def __str__(self) -> str:
        """Return the report."""
        return "\n".join(self.report())

    def report(self) -> list[str]:
        """Lines of a report: the verdict, each check in a sentence, the population, and what could not be told.

        >>> import clvmodels as clv
        >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> clv.drift(model, model.simulate(1000, observation=60, seed=1).summary).report()[2]
        'checks, beside customers with the same T who do as the model says'
        """
        lines = [self.verdict, "", "checks, beside customers with the same T who do as the model says"]
        lines += [f"- {text}" for text in self.told]
        lines += ["", "population: quantiles when fitted -> now (expected now)"]
        for name, rows in self.quantiles.groupby("statistic", sort=False):
            each = (
                f"{row['percent']} %: {looks.number(row['then'], '.4g')} -> {row['now']:.4g} "
                f"({looks.number(row['expected'], '.4g')})"
                for row in rows.to_dict("records")
                if row["percent"] in (25, 50, 75, 95)
            )
            lines.append(f"- {name}: {', '.join(each)}")
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return lines

    def to_frame(self) -> pd.DataFrame:
        """The checks as a pandas DataFrame of the caller's own.

        >>> import clvmodels as clv
        >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> found = clv.drift(model, model.simulate(1000, observation=60, seed=1).summary).to_frame()
        >>> dict(zip(found["check"], found["alarm"]))
        {'parameters': False, 'pace': False, 'log_likelihood': False, 'purchases': False, 'no_repeat': False}
        """
        return self.checks.copy()

    def _repr_html_(self) -> str:
        head = ("check", "actual", "expected", "effect", "z", "p-value", "alarm")
        forms = {"actual": ",.4g", "expected": ",.4g", "effect": "+.3f", "z": ".2f", "p_value": ".2g"}
        checks = [
            (
                row["check"].replace("_", " "),
                *(looks.number(row[name], form) for name, form in forms.items()),
                "yes" if row["alarm"] else "no",
            )
            for row in self.checks.to_dict("records")
        ]
        below = ("statistic", "median then", "median now", "expected now", "PSI", "PSI at the same T", "change")
        shown = {"median_then": ".4g", "median_now": ".4g", "median_expected": ".4g", "psi": ".3f", "psi_given": ".3f"}
        population = [
            (row["statistic"], *(looks.number(row[name], form) for name, form in shown.items()), row["reading"])
            for row in self.population.to_dict("records")
        ]
        return looks.card(
            f"Drift: {self.customers:,} customers",
            looks.judged(not self.refit, self.verdict),
            looks.table(head, checks),
            looks.table(below, population),
            looks.listed(self.notes),
        )


def drift(model: Any, log: Any, *, seed: int = 0, **reading: Any) -> Drift:
    """Compare today's customers with those that a model describes, and say whether it is time to fit it anew.

    T grows by itself as time passes, and frequency, recency and the log-likelihood with it: none of that is drift.
    Each check therefore sets a mean over today's customers against its expectation E[· | T] under the model at *their*
    T, and divides by the standard error: z = (actual − expected)/e, with e² the sum of the variance of such a mean, of
    that of the simulation, and of d'Σd for parameters that are estimates (Σ their robust covariance, d the derivative
    of the expectation).

    - ``parameters``: Rao's score test: the mean of ∂ ln L/∂ ln θ is 0 at any T as long as the parameters hold. The
      effect is √(2 × the log-likelihood a customer that a new fit would gain, to first order); z is that of the same
      p-value.
    - ``pace``: the same along one direction, purchase rates λ ~ Gamma(r, alpha) that are all larger or smaller by a
      share, which is the effect. Not in discrete time.
    - ``log_likelihood``: mean of ln L + x ln T − ln x!, which unlike ln L is the same in every time unit; expected by
      simulation. The effect is in standard deviations of one customer's.
    - ``purchases``: Σ x against Σ E[X(T)]. The effect is a share.
    - ``no_repeat``: the share with x = 0 against that of P(X(T) = 0). The effect is in shares of all customers.
    - ``spend_parameters``, ``spend_log_likelihood`` (of a `CLVModel`): the same for ln(m_x · density of m_x given x).
    - ``spend``: geometric mean of monetary_value over those who came back and paid, given x; it is finite for all
      parameters, and one enormous amount does not decide it. The effect is a share.

    An alarm is a p-value below 0.001 together with an effect that matters: 0.05 for parameters, 10 % of pace, 0.1
    standard deviations, 5 % of purchases, 2 customers in 100, 5 % of spend. A population stability index of at least
    0.25 beside customers simulated with the same T, beyond chance, is one too. Customers who do as the model says raise
    one with a probability of about 1 %. Means of counts are lopsided: their p-values are those of a gamma distribution
    with the mean's own skewness.

    Parameters
    ----------
    model
        A `PurchaseModel` or `CLVModel` with parameters, or the path of a saved one.
    log
        Today's log, read in the model's time unit and, unless ``reading`` says otherwise, with the event grain and the
        rule for refunds that the model was fitted on; or a summary: a table with frequency, recency and T.
    seed
        Of the simulation: the same customers and seed give the same answer.
    **reading
        How the log is to be read, as for `summarize`: customer_id, date, amount, observation_end, ...

    Returns
    -------
    Drift
        ``verdict``, ``refit``, ``reasons``, ``checks``, ``population``, ``quantiles``, ``notes``; printed, a report.

    Raises
    ------
    NotFitted
        If the model has no parameters.
    NotAvailable
        If its family cannot simulate, or reads more than frequency, recency and T.
    NotEnoughData
        If there are fewer than 100 customers with T above 0.
    UnitMismatch, InvalidInput
        If a summary is in another unit, or log, summary or a setting cannot be used.

    Warns
    -----
    ClvWarning
        If the summary's events are of another grain than those the model was fitted on.

    Notes
    -----
    Customers whom the model was fitted on are among today's as a rule; the standard error takes them to be others, so
    that still fewer of such checks raise an alarm. Parameters that were given have no errors and are taken as exact.

    Sources: Siddiqi (2006), Credit Risk Scorecards, Wiley (the index, and 0.10 and 0.25 as bounds of some and much
    change); Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14(4) (how large it gets by chance).

    Examples
    --------
    The model of the first 39 weeks, and the same customers 39 weeks later:

    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> model = clv.PurchaseModel("pareto_nbd").fit(clv.rfm_summary(log, observation_end="1997-09-30"))
    >>> found = clv.drift(model, log)
    >>> found.refit
    False
    >>> print(found.checks[["check", "effect", "z", "alarm"]].round(2).to_string(index=False))
             check  effect     z  alarm
        parameters    0.18  3.09  False
              pace   -0.04 -0.75  False
    log_likelihood   -0.11 -2.60  False
         purchases    0.02  0.22  False
         no_repeat   -0.04 -2.64  False
    """
    refuse_seed(seed)
    model = load_model(model) if isinstance(model, (str, os.PathLike)) else model
    bought, spent = _parts(model)
    state = bought._state
    family = bought.family
    _refuse_family(bought)
    frame = _summary_of(bought, spent, log, reading)
    _, columns = bought._read(frame)
    statistics.refuse_duplicates(frame)
    _warn_of_grain(state, frame)
    patterns, without_time = _watched(dict(zip(family.statistics, columns, strict=True)))
    n = float(patterns.weights.sum())
    notes = []
    if without_time:
        notes.append(
            f"{without_time:,} customers who first bought at the very end (T = 0) tell nothing and are left out"
        )
    if n < FEWEST:
        raise NotEnoughData(
            f"a check for drift needs at least {FEWEST} customers with T above 0; found {n:,.0f}. Wait for more"
        )
    x, recency, T = patterns.columns
    simulated = same_age.purchases(family, state.values, same_age.evenly(T, patterns.weights), seed)
    checks = purchase_checks(family, state, patterns, simulated)
    compared = purchase_statistics(state.profile, (x, recency, T), patterns.weights, simulated)
    if not state.profile:
        notes.append("the parameters were given, not estimated: there are no customers of then to compare with")
    elif "bins" not in state.profile:
        notes.append("the model's file was saved by an earlier release: it tells quantiles of then, but no PSI")
    if same_age.covariance_of(state) is None:
        notes.append("the errors of the parameters are not known: they are taken as exact, and z is too far from 0")
    if spent is not None:
        more, of_spend, told = _spend(spent, state, frame, seed)
        checks, compared = [*checks, *more], [*compared, *of_spend]
        notes += told
    return _drift(checks, compared, int(n), notes)


def _parts(model: Any) -> tuple[PurchaseModel, Any]:
    if isinstance(model, CLVModel):
        return model.purchases, model.spend
    if isinstance(model, PurchaseModel):
        return model, None
    raise InvalidInput(
        f"model must be a PurchaseModel, a CLVModel or the path of a saved one; found {type(model).__name__}"
    )


def _refuse_family(model: PurchaseModel) -> None:
    family = model.family
    if family.simulate is None:
        raise NotAvailable(
            f"{family.name} cannot give drift: it cannot simulate, so what it expects of customers is not known"
        )
    if family.statistics != _SUMMARY:
        raise NotAvailable(
            f"{family.name} cannot give drift: its statistics are {', '.join(family.statistics)}, and only those of "
            f"{', '.join(_SUMMARY)} are known of simulated customers"
        )


def _summary_of(model: PurchaseModel, spend: Any, log: Any, reading: dict[str, Any]) -> Any:
    """Today's summary: as it was given, or made of the log as the one fitted on was."""
    if set(_SUMMARY) <= set(frames.names_of(log)):
        if reading:
            raise InvalidInput(
                f"a summary has been read already: leave {', '.join(reading)} out, or pass the log itself"
            )
        return frames.load(log)
    unit, facts = model._unit, model._state.facts
    if reading.get("time_unit", unit) != unit:
        raise UnitMismatch(f"the model is in {unit}s; found time_unit={reading['time_unit']!r}. Leave it out")
    told = {name: facts[name] for name in ("event_grain", "refunds") if facts.get(name)} | reading
    points = model._state.profile.get("points")
    if spend is None and points and "monetary_value" not in points:
        told = {"amount": None} | told
    told.pop("time_unit", None)
    if model.family.time == "discrete":
        told.pop("event_grain", None)
        return discrete_summary(log, unit, **told)
    refuse_unknown("drift", told)
    return rfm_summary(log, time_unit=unit, **told)


def _warn_of_grain(state: Fitted, frame: Any) -> None:
    then, now = state.facts.get("event_grain"), frames.read_facts(frame).get("event_grain")
    if then and now and then != now:
        warn(
            f"the model was fitted on purchases within one {then}, this summary counts those within one {now}: such "
            f"counts do not compare. Summarise with event_grain={then!r}"
        )


def _watched(columns: dict[str, Array]) -> tuple[Patterns, int]:
    """Distinct customers who were watched for some time, and how many were not."""
    seen = columns["T"] > 0
    if not seen.any():
        return Patterns(tuple(v[:0] for v in columns.values()), np.zeros(0)), int((~seen).sum())
    return merge([values[seen] for values in columns.values()]), int((~seen).sum())


def _spend(model: Any, of_purchases: Fitted, frame: Any, seed: int) -> tuple[list[Check], list[Compared], list[str]]:
    state = model._state
    if "monetary_value" not in frames.column_names(frame):
        return [], [], ["there is no monetary_value: spend was not checked"]
    columns = statistics.read(frame, model.family.statistics)
    x, mean = columns["frequency"], columns["monetary_value"]
    paid = (x > 0) & (mean > 0)
    n = int(paid.sum())
    if n < FEWEST:
        return [], [], [f"spend was not checked: {n:,} customers came back and paid, at least {FEWEST} are needed"]
    x, mean = x[paid], mean[paid]
    simulated = same_age.amounts(model.family, state.values, same_age.evenly(x, np.ones(n)), seed)
    profile = state.profile or of_purchases.profile
    return spend_checks(model, state, x, mean, simulated), monetary_value(profile, mean, simulated), []


def _drift(checks: list[Check], compared: list[Compared], n: int, notes: list[str]) -> Drift:
    import pandas as pd

    reasons = [check.sentence for check in checks if check.alarm]
    reasons += [each.reason for each in compared if each.reason]
    sure = next(check for check in checks if check.name == "purchases")
    if reasons:
        verdict = f"refit: {'; '.join(reasons)}"
    else:
        verdict = (
            f"no reason to refit: {n:,} customers behave as the model expects at their T; purchases would have to be "
            f"off by {sure.detectable:.1%} to be noticed"
        )
    return Drift(
        verdict=verdict,
        refit=bool(reasons),
        reasons=tuple(reasons),
        customers=n,
        checks=table_of(checks),
        population=pd.DataFrame([each.row for each in compared]),
        quantiles=pd.DataFrame([row for each in compared for row in each.quantiles]),
        notes=tuple(notes),
        told=tuple(check.line for check in checks),
    )
