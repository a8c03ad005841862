"""CLVModel: purchases, spend, margin and discounting together give every customer's residual value."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotFitted
from ..families.contract import PurchaseFamily, SpendFamily
from ..numerics.arrays import Array
from ..transactions.patterns import Patterns
from ..units import units_per_year
from . import answers, cash_flows, questions, statistics
from .posterior import Posterior
from .predictive import intervals
from .purchase import PurchaseModel, of_unit
from .simulated import Simulated, simulated
from .spend import SpendModel
from .time_units import check_unit_to_predict, checked_lengths, labels, unit_to_fit

if TYPE_CHECKING:
    from .predictive.result import PredictiveDistribution

FIT_STEPS = ("fitting purchases", "fitting spend")


class CLVModel:
    """Discounted value of every customer's purchases after T: margin × expected spend × discounted expected purchases.

    Parameters
    ----------
    purchases, spend
        A family's name or value, or a model; a fitted model is not fitted again.
    annual_discount_rate
        0.10 for 10 % a year, compounded continuously at ln(1.10).
    margin
        Profit as a share of spend: a number, or the name of a column of the summary. With 1, the default, ``clv`` is
        revenue.
    time_unit
        Needed where the summary does not say its unit.

    Notes
    -----
    clv = margin · E[M | m_x, x] · ∫ over (0, horizon] of e^(-delta·u) dE[purchases in (T, T + u] | x, t_x, T], with
    delta = ln(1 + annual_discount_rate) per year: the residual value, at T; the past is not in it. It takes spend to be
    independent of how often and how long a customer buys. The two models are ``purchases`` and ``spend``.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.

    Raises
    ------
    InvalidInput
        If a family, the rate or the margin cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", "gamma_gamma", margin=0.30).fit(summary)
    >>> scored = model.predict(summary, horizon=52)
    >>> list(scored.columns)
    ['customer_id', 'p_alive', 'expected_purchases', 'expected_spend', 'clv']
    """

    def __init__(
        self,
        purchases: str | PurchaseFamily | PurchaseModel = "pareto_nbd",
        spend: str | SpendFamily | SpendModel = "gamma_gamma",
        annual_discount_rate: float = 0.10,
        margin: float | str = 1.0,
        time_unit: str | None = None,
    ) -> None:
        if isinstance(purchases, PurchaseModel):
            if time_unit is not None and purchases.time_unit not in (None, time_unit):
                raise InvalidInput(
                    f"time_unit={time_unit!r} differs from that of the purchase model, {purchases.time_unit!r}: "
                    "leave one of them out"
                )
            unit = time_unit or purchases.time_unit
            if purchases._fitted is None or unit != purchases.time_unit:
                purchases = of_unit(purchases, unit)
            self.purchases = purchases
        else:
            self.purchases = PurchaseModel(purchases, time_unit)
        self.spend = spend if isinstance(spend, SpendModel) else SpendModel(spend)
        self._given = self.purchases._fitted is not None, self.spend._fitted is not None
        questions.continuous_rate(annual_discount_rate, "year", 1.0)
        self.annual_discount_rate = float(annual_discount_rate)
        self.margin = margin if isinstance(margin, str) else statistics.one_margin(margin)

    def fit(self, summary: Any, weights: Any = None, progress: Callable[[str], None] = lambda step: None) -> CLVModel:
        """Fit what was not handed in fitted, and return the model itself.

        Parameters
        ----------
        summary
            One row a customer: the columns that both models read (frequency, recency, T, monetary_value); or what
            `clvmodels.patterns` made of any number of customers.
        weights
            How many customers each row stands for, as in `PurchaseModel.fit`.
        progress
            Called with the name of each step as it begins.

        Raises
        ------
        NotEnoughData, UnitMismatch, InvalidInput
            As `PurchaseModel.fit` and `SpendModel.fit` do.

        Warns
        -----
        ClvWarning
            If a fit is not to be trusted, or spend goes along with frequency.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> clv.CLVModel("bg_nbd").fit(summary, progress=print).spend
        fitting purchases
        fitting spend
        SpendModel('gamma_gamma'): p=6.25, q=3.744, v=15.44
        """
        if not isinstance(summary, Patterns):
            summary = frames.load(summary)
        elif not self._given[1]:
            statistics.with_money(summary.spend)
        if not self._given[0]:
            (frame, _), _ = statistics.parts_of(summary, weights)
            line = f'CLVModel("{self.purchases.family.name}", time_unit="week") if a week is 1.0 in T'
            unit_to_fit(self.purchases.time_unit, frame, line)
        parts: tuple[PurchaseModel | SpendModel, ...] = (self.purchases, self.spend)
        for step, model, given in zip(FIT_STEPS, parts, self._given, strict=True):
            progress(step)
            if not given:
                model.fit(summary, weights)
        return self

    def predict(
        self,
        summary: Any,
        horizon: Any = None,
        annual_discount_rate: float | None = None,
        margin: float | str | None = None,
        *,
        interval: float | None = None,
        draws: int = 1000,
        seed: int = 0,
    ) -> Any:
        """Score every customer: is he there, what will he buy and spend, what is that worth.

        clv as in `CLVModel`; expected_purchases and expected_spend as `PurchaseModel.expected_purchases` and
        `SpendModel.expected_spend` have them.

        Parameters
        ----------
        summary
            One row a customer: customer_id and the columns that both models read.
        horizon
            In the model's time unit; one year if None; inf for the whole residual lifetime. A list or range gives the
            columns ``expected_purchases_<horizon>`` and ``clv_<horizon>`` for each; a column name, one a row.
        annual_discount_rate, margin
            Instead of the model's.
        interval
            Such as 0.9: each column is followed by the ends of its central interval, ``_low`` and ``_high``. For
            expected_purchases and clv they are predictive: between them lie the purchases that will be *made* and what
            they will be *worth*, with that probability or more. For p_alive they say how sure the parameters leave it,
            for expected_spend between what his own mean spend per purchase lies. Uncertain are the parameters (see
            ``interval_source`` below), what the customer is like, and the future; more in `predict_distribution`.
        draws, seed
            How many draws of the parameters, each with a future of its own, which all intervals but those of purchases
            come from; the same seed gives the same intervals.

        Returns
        -------
        frame
            Of the caller's kind, in the caller's order: customer_id (if there is one), p_alive, expected_purchases
            (undiscounted, in the horizon), expected_spend (per purchase, before margin), clv. The frame's metadata
            holds horizon, rate and margin; with an interval also ``interval`` and ``interval_source``: "posterior"
            (carried, see `with_posterior`), "covariance" (of the fit) or "parameters as given" (taken as known).

        Raises
        ------
        NotFitted
            If a part has no parameters yet.
        UnitMismatch, InvalidInput
            If the summary is in another unit, or the summary, horizon, rate, margin or interval cannot be used.
        NotAvailable
            If an interval is asked for and the fit's verdict is not to trust it, or the family cannot simulate.

        Warns
        -----
        ClvWarning
            If an answer is infinite, a posterior is not to be trusted, or the summary does not say its unit and looks
            as though it were another.

        Examples
        --------
        >>> import pandas
        >>> import clvmodels as clv
        >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
        >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> model = clv.CLVModel(purchases, spend, annual_discount_rate=0.10, margin=0.5)
        >>> summary = pandas.DataFrame({"customer_id": ["ann", "bob"], "frequency": [2, 0], "recency": [40.0, 0.0]})
        >>> summary = summary.assign(T=59.0, monetary_value=[22.35, None])
        >>> print(model.predict(summary, horizon=118).round(2).to_string(index=False))
        customer_id  p_alive  expected_purchases  expected_spend   clv
                ann      1.0                 3.0           24.66 36.43
                bob      1.0                 1.0           35.22 17.34
        """
        rate = self.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
        share = self.margin if margin is None else margin
        unit, frame, columns = self._read(summary)
        horizons = _horizons(frame, units_per_year(unit) if horizon is None else horizon)
        if interval is not None:
            intervals.check_terms(interval, draws, seed, horizons.values())
        deltas = {suffix: questions.continuous_rate(rate, unit, t) for suffix, t in horizons.items()}
        factor = statistics.margins(frame, share)

        family, values, history = self.purchases.family, self.purchases._state.values, self._history(columns)
        result: dict[str, Any] = {}
        ids = frames.identifiers(frame)
        if ids is not None:
            result["customer_id"] = ids
        alive = questions.p_alive(family, 0.0, history, values)
        result["p_alive"] = alive
        counts, worths = {}, {}
        spend = self._spend(columns)
        found: dict[str, tuple[Array, Array]] = {}
        certainty: dict[str, str] = {}
        if interval is not None:
            found["p_alive"] = intervals.p_alive_interval(self.purchases, columns, interval, draws, seed)
            found["expected_spend"] = intervals.spend_interval(self.spend, columns, interval, draws, seed)
        for suffix, t in horizons.items():
            delta = deltas[suffix]
            count = questions.expected_purchases(family, t, 0.0, history, values, alive)
            counts["expected_purchases" + suffix] = count
            worth = questions.discounted(family, t, delta, history, values, alive) if delta else count
            worths["clv" + suffix] = cash_flows.money(worth, spend, factor)
            if interval is not None:
                terms: dict[str, Any] = {"level": interval, "draws": draws, "seed": seed, "delta": delta}
                ends, facts = intervals.future_intervals(
                    self.purchases, self.spend, columns, t, suffix=suffix, margin=factor, **terms
                )
                found, certainty = found | ends, certainty | facts
        result |= counts
        result["expected_spend"] = spend
        result |= worths
        result = intervals.with_ends(result, found)
        told = {"time_unit": unit, "horizon": _told(horizons, horizon), **_told_terms(rate, share), **certainty}
        return frames.attach_facts(frames.table(result, frame), {**frames.read_facts(frame), **told})

    def predict_distribution(
        self,
        summary: Any,
        horizon: Any = None,
        *,
        draws: int = 1000,
        quantities: Any = ("purchases", "spend", "clv"),
        quantiles: Any = (0.05, 0.25, 0.5, 0.75, 0.95),
        sources: Any = ("parameters", "customer", "chance"),
        seed: int = 0,
        annual_discount_rate: float | None = None,
        margin: float | str | None = None,
    ) -> PredictiveDistribution:
        """Predictive distributions of purchases, spend and value: of every customer, and of all together.

        Three sources of uncertainty: the parameters (draws of the posterior that the model carries, or of ln θ from the
        fit's covariance), what the customer is like given his history (his own rates, whether he is still there, his
        spend level), and chance, the future of such a customer. Each draw is one future of all customers, who share its
        parameters; draws are made customers by customers, so that memory does not grow with their number.

        Parameters
        ----------
        summary
            As for `predict`.
        horizon
            In the model's time unit, finite; one year if None; a column name or array gives one a row.
        draws
            How many futures.
        quantities
            Some of ``"purchases"``, ``"spend"`` and ``"clv"``.
        quantiles
            Probabilities between 0 and 1. Those of purchases come from their exact probabilities, not from the draws.
        sources
            Some of ``"parameters"``, ``"customer"`` and ``"chance"``; what is left out is set to its mean.
        seed
            The same one gives the same futures, whatever the computer.
        annual_discount_rate, margin
            As for `predict`.

        Returns
        -------
        PredictiveDistribution
            ``table`` (one row a customer, of the caller's kind), ``total`` (the sum over customers), ``shares`` of the
            variance, and methods for decisions: `prob_value_exceeds`, `prob_rank_in_top`, `expected_loss`, `total_by`
            and `compare` groups.

        Raises
        ------
        NotFitted, UnitMismatch, InvalidInput
            As `predict` does, and for draws, quantities, quantiles, sources or a seed that cannot be used.
        NotAvailable
            If the fit's verdict is not to trust it and there is no posterior, or a family cannot simulate.

        Warns
        -----
        ClvWarning
            If a posterior is not to be trusted.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> future = clv.CLVModel("bg_nbd").fit(summary).predict_distribution(summary, horizon=39, draws=200)
        >>> purchases = future.total.set_index("quantity").loc["purchases"]
        >>> bool(purchases["q05"] < 1653 < purchases["q95"])
        True
        """
        from .predictive.predicting import predict_distribution

        rate = self.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
        unit, frame, columns = self._read(summary)
        ahead = answers.one_horizon(frame, units_per_year(unit) if horizon is None else horizon)
        return predict_distribution(
            self.purchases,
            self.spend,
            frame,
            columns,
            ahead,
            draws=draws,
            quantities=quantities,
            quantiles=quantiles,
            sources=sources,
            seed=seed,
            delta=questions.continuous_rate(rate, unit, ahead),
            margin=statistics.margins(frame, self.margin if margin is None else margin),
        )

    def cash_flows(
        self,
        summary: Any,
        periods: int = 12,
        period: str = "month",
        per_customer: bool = False,
        annual_discount_rate: float | None = None,
        margin: float | str | None = None,
        observation_end: Any = None,
    ) -> Any:
        """Expected purchases, revenue and profit in each of the next calendar periods.

        In the period whose days lie in (T + u, T + v] of the model's time a customer brings

            revenue = E[M | m_x, x] · E[purchases in (T + u, T + v] | history],
            profit = margin · revenue,
            discounted profit = margin · E[M | m_x, x] · ∫ over (u, v] of e^(-delta·w) dE[purchases in (T, T + w]],

        delta = ln(1 + annual_discount_rate) per year. Each is one integral over the period, so the periods add up to
        the expected purchases, the undiscounted value and the ``clv`` of `predict` over the same time. Periods are
        real calendar periods: a February is shorter than a March.

        Parameters
        ----------
        summary
            One row a customer: the columns that both models read.
        periods
            How many, at least 1.
        period
            ``"day"``, ``"week"`` (from Monday), ``"month"``, ``"quarter"`` or ``"year"``. The first is what is left of
            the one in which observation ends; where it ends with one, the next one, whole.
        per_customer
            One row per customer and period, the periods of a customer together, instead of the sums over customers.
        annual_discount_rate, margin
            Instead of the model's; a margin may be the name of a column.
        observation_end
            Where the summary does not say it: the last day observed (its whole day), or a timestamp, from which on the
            calendar is then cut exactly.

        Returns
        -------
        frame
            Of the caller's kind: customer_id (with ``per_customer``, if there is one), period_start and period_end
            (first and last day), expected_purchases, expected_revenue, expected_profit, discounted_profit (worth at
            the end of observation).

        Raises
        ------
        NotFitted
            If a part has no parameters yet.
        InvalidInput
            If the end of observation is not known, or known to be another, or the summary or a setting cannot be used.

        Notes
        -----
        A model of whole periods (``time="discrete"``) counts them and cannot cut them: its ``period`` is its time unit,
        and observation must end with one.

        Examples
        --------
        >>> import pandas
        >>> import clvmodels as clv
        >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
        >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
        >>> model = clv.CLVModel(purchases, spend, margin=0.5)
        >>> summary = pandas.DataFrame({"frequency": [0], "recency": [0.0], "T": [1.0]})
        >>> summary["monetary_value"] = float("nan")
        >>> flows = model.cash_flows(summary, periods=3, observation_end="2024-01-21")
        >>> print(flows.to_string(index=False, float_format="{:.3f}".format))
        period_start period_end  expected_purchases  expected_revenue  expected_profit  discounted_profit
          2024-01-22 2024-01-31               0.167             5.000            2.500              2.497
          2024-02-01 2024-02-29               0.483            14.500            7.250              7.204
          2024-03-01 2024-03-31               0.517            15.500            7.750              7.641
        """
        rate = self.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
        share = self.margin if margin is None else margin
        unit, frame, columns = self._read(summary)
        end = cash_flows.observed_until(frame, observation_end)
        family = self.purchases.family
        windows = cash_flows.calendar(end, periods, period, family, unit)
        delta = questions.continuous_rate(rate, unit, 0.0)
        history, factor, spend = self._history(columns), statistics.margins(frame, share), self._spend(columns)
        found = cash_flows.flows(family, self.purchases._state.values, windows, delta, history, spend, factor)
        days = {
            "period_start": np.array([window.first for window in windows], dtype="datetime64[D]"),
            "period_end": np.array([window.last for window in windows], dtype="datetime64[D]"),
        }
        result: dict[str, Any] = {}
        if per_customer:
            ids = frames.identifiers(frame)
            if ids is not None:
                result["customer_id"] = frames.repeated(ids, len(windows))
            result |= {name: np.tile(values, len(spend)) for name, values in days.items()}
            result |= cash_flows.each(found, len(spend), len(windows))
        else:
            result = days | cash_flows.summed(found, len(windows))
        told = {"time_unit": unit, "observation_end": end.isoformat(), "period": period, **_told_terms(rate, share)}
        return frames.attach_facts(frames.long_table(result, frame), {**frames.read_facts(frame), **told})

    def simulate(
        self, n_customers: int, observation: Any, seed: int | None = None, observation_end: str = "2024-12-31"
    ) -> Simulated:
        """Simulate a log with amounts; parameters and errors as of `PurchaseModel.simulate`.

        The purchases are those that the purchase model simulates from the same seed, and every one of them, the first
        included, has an ``amount``. Amounts are not rounded to cents; the summary takes them to 6 decimals. Raises
        NotFitted if a part has no parameters, InvalidInput if a value cannot be used, NotAvailable if the purchase
        family cannot simulate.

        >>> import clvmodels as clv
        >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
        >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> clv.CLVModel(purchases, spend).simulate(3, observation=60, seed=3).log["amount"].round(2).tolist()
        [25.57, 44.61, 15.71, 11.36]
        """
        if self.purchases._fitted is None or self.spend._fitted is None:
            raise NotFitted("this CLV model has no parameters yet: call fit(summary) first")
        return simulated(
            self.purchases.family,
            self.purchases._fitted.values,
            self.purchases._unit,
            n_customers,
            observation,
            seed,
            observation_end,
            (self.spend.family, self.spend._fitted.values),
        )

    def with_posterior(self, posterior: Posterior) -> CLVModel:
        """Give a new model whose parts carry draws of their parameters, from which intervals are then made.

        ``posterior`` is what `clvmodels.posterior` gives for this model; one of a single part's goes to that part.
        Estimates and expectations stay as they are. Raises NotFitted without parameters, InvalidInput for the posterior
        of other families or another time unit.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> model = clv.CLVModel("bg_nbd").fit(summary)
        >>> sure = model.with_posterior(clv.posterior(model, summary, draws=1000))
        >>> sure.purchases.posterior.parameters, sure.spend.posterior.parameters
        (('r', 'alpha', 'a', 'b'), ('p', 'q', 'v'))
        """
        purchases, spend = self.purchases, self.spend
        names = getattr(posterior, "parameters", None)
        if names != spend.family.parameters:
            purchases = purchases.with_posterior(posterior)
        if names != purchases.family.parameters:
            spend = spend.with_posterior(posterior)
        return CLVModel(purchases, spend, self.annual_discount_rate, self.margin)

    def save(self, path: str | os.PathLike[str], posterior: bool = False) -> None:
        """Write the model to a JSON file, whole or not at all; `clvmodels.load_model` reads it back bit by bit.

        Both parts, rate and margin, to ``path``, which is replaced; ``posterior`` as for `PurchaseModel.save`. Raises
        NotFitted if a part has no parameters, InvalidInput if the file cannot be written.

        >>> import pathlib, tempfile
        >>> import clvmodels as clv
        >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
        >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     clv.CLVModel(purchases, spend, margin=0.3).save(pathlib.Path(folder, "clv.json"))
        ...     clv.load_model(pathlib.Path(folder, "clv.json")).margin
        0.3
        """
        from .saved import save

        save(self, path, posterior)

    def _repr_html_(self) -> str:
        from .looks import clv_model

        return clv_model(self)

    def __repr__(self) -> str:
        return (
            f"CLVModel({self.purchases!r}; {self.spend!r}; annual_discount_rate={self.annual_discount_rate:g}, "
            f"margin={self.margin!r})"
        )

    # Inner workings

    def _read(self, summary: Any) -> tuple[str, Any, dict[str, Array]]:
        """The time unit, the summary as a frame, and the columns that both models read."""
        if self.purchases._fitted is None or self.spend._fitted is None:
            raise NotFitted("this CLV model has no parameters yet: call fit(summary) first")
        unit = self.purchases._unit
        frame = frames.load(summary)
        names = list(dict.fromkeys((*self.purchases.family.statistics, *self.spend.family.statistics)))
        columns = statistics.read(frame, names, self.purchases.family.time)
        statistics.refuse_duplicates(frame)
        check_unit_to_predict(unit, self.purchases.largest_trained, frame, columns.get("T"))
        return unit, frame, columns

    def _history(self, columns: dict[str, Array]) -> list[Array]:
        return [columns[name] for name in self.purchases.family.statistics]

    def _spend(self, columns: dict[str, Array]) -> Array:
        wanted = {name: columns[name] for name in self.spend.family.statistics}
        return self.spend.spend_of(wanted, self.spend._state.values)


def _told_terms(rate: Any, margin: Any) -> dict[str, str]:
    """Rate and margin as short metadata."""
    told = margin if isinstance(margin, str) else str(float(margin))
    return {"annual_discount_rate": str(float(rate)), "margin": told}


def _horizons(frame: Any, horizon: Any) -> dict[str, Any]:
    """Column suffix -> horizon: one number, or one per row."""
    if isinstance(horizon, (list, tuple, range)):
        each = [float(v) for v in checked_lengths(list(horizon), "horizon")]
        return {f"_{label}": v for label, v in zip(labels(each, "horizon"), each, strict=True)}
    if isinstance(horizon, str) or np.ndim(horizon) > 0:
        return {"": checked_lengths(statistics.per_row(frame, horizon, "horizon"), "horizon")}
    return {"": float(checked_lengths(horizon, "horizon"))}


def _told(horizons: dict[str, Any], given: Any) -> str:
    """The horizon as short metadata."""
    if isinstance(given, str):
        return given
    return ", ".join("one per row" if isinstance(t, np.ndarray) else str(t) for t in horizons.values())
