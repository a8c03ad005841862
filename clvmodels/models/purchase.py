"""PurchaseModel: one estimator that fits and queries any purchase family."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import frames
from ..errors import InvalidInput, NotAvailable, NotFitted, warn
from ..families import purchase_family
from ..families.contract import PurchaseFamily
from ..inference.fit_report import FitReport
from ..numerics.arrays import Array
from ..transactions.columns import Columns
from ..transactions.patterns import Patterns
from ..units import hours_in
from . import answers, quantiles, questions, statistics
from .alive_path import alive_path
from .fitted import Fitted, checked_level, checked_parameters, package_versions
from .fitting import centre_of, fit_purchases, patterns_of, repeaters_of
from .new_customer import NewCustomer
from .posterior import Posterior, part_for
from .simulated import Simulated, simulated
from .time_units import check_unit_to_predict, checked_lengths, one_length, unit_known, unit_to_fit

if TYPE_CHECKING:
    import pandas as pd

    from .predictive.result import PredictiveDistribution
    from .profiles import Profile


class PurchaseModel:
    """When customers buy and when they leave: fit a family to a summary, then ask about every customer.

    Parameters
    ----------
    family
        ``"bg_nbd"``, ``"mbg_nbd"``, ``"pareto_nbd"``, ``"nbd"``, ``"bg_bb"`` (discrete time, for summaries made by
        `discrete_summary`), or a family value of your own.
    time_unit
        ``"hour"``, ``"day"``, ``"week"``, ``"month"`` or ``"year"``; needed where the summary does not say its unit.
        Only a model that came from elsewhere can have parameters and no unit: it answers what needs none.

    Notes
    -----
    x is ``frequency``, t_x ``recency``; all lengths are in the time unit. λ ~ Gamma(r, alpha) is a customer's purchase
    rate; he leaves after a purchase with probability p ~ Beta(a, b) (BG/NBD, MBG/NBD) or at a rate μ ~ Gamma(s, beta)
    (Pareto/NBD). ``family.source`` is the paper that the formulas come from. A summary is a pandas, polars or Arrow
    frame, a DuckDB relation or a path; an answer is of its kind, row by row (in pandas for the last two).

    Raises
    ------
    InvalidInput
        If the family or the unit is not known.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.PurchaseModel("bg_nbd").fit(summary)
    >>> {name: round(value, 3) for name, value in model.parameters.items()}
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    >>> round(model.expected_purchases(summary, horizon=39).sum(), 1)
    np.float64(1653.4)
    >>> model.fit_report.verdict
    'The fit has converged.'
    >>> round(model.standard_errors["alpha"], 3), round(model.robust_standard_errors["alpha"], 3)
    (0.378, 0.465)
    >>> round(model.largest_trained, 2)
    38.86
    """

    def __init__(self, family: str | PurchaseFamily, time_unit: str | None = None) -> None:
        if isinstance(family, str):
            family = purchase_family(family)
        elif not isinstance(family, PurchaseFamily):
            raise InvalidInput(f"family must be a name or a PurchaseFamily; found {type(family).__name__}")
        if time_unit is not None:
            hours_in(time_unit)
        self.family = family
        self.time_unit = time_unit
        self._fitted: Fitted | None = None

    @classmethod
    def from_parameters(
        cls, family: str | PurchaseFamily, parameters: Mapping[str, float], time_unit: str
    ) -> PurchaseModel:
        """Make a model of known parameters, for example from a paper.

        ``family`` and ``time_unit`` as of `PurchaseModel`; ``parameters`` by name, each finite and above 0. What only a
        fit can tell (`fit_report`, errors) is then not there. Raises InvalidInput if one of them cannot be used.

        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> round(model.new_customer().expected_purchases(horizon=39), 3)
        1.244
        """
        hours_in(time_unit)
        model = cls(family, time_unit)
        model._fitted = Fitted(checked_parameters(model.family, parameters), versions=package_versions())
        return model

    def fit(
        self,
        summary: Any,
        weights: Any = None,
        prior: Mapping[str, Any] | None = None,
        l2_penalty: float = 0.0,
        *,
        observation_length: float | None = None,
    ) -> PurchaseModel:
        """Estimate the parameters by maximum likelihood, and return the model itself.

        What is maximised is Σ w ln L − l2_penalty · Σ_j u_j² + Σ_j ln π_j(u_j), with u_j = ln(θ_j / scale_j). The scale
        is 1 for pure numbers and the observation length for times (alpha, beta), so that neither sum depends on the
        time unit. Neither is divided by the number of customers: both weigh less the more customers there are.

        Parameters
        ----------
        summary
            One row a customer with the columns that the family reads (frequency, recency, T); or what
            `clvmodels.patterns` made of any number of customers.
        weights
            Frequency weights, how many customers each row stands for: a column name, a Series or an array. Rows of
            weight w are the same as w equal rows, in estimates and in all standard errors. Importance weights, which
            enter robust errors squared, are another thing and not supported.
        prior
            Parameter name -> frozen continuous distribution of scipy.stats of ln(θ / scale), on the whole real line
            and smooth. Parameters not named have none.
        l2_penalty
            λ ≥ 0, on all parameters; its centre is θ = scale.
        observation_length
            How long the log was watched, in the time unit; needed only where the summary does not say it
            (``observation_start`` and ``observation_end``). Without either it is the largest T: that of a customer who
            came on the first day. The report says which.

        Raises
        ------
        NotEnoughData
            If there is no row, or nobody ever came back.
        InvalidInput
            If the columns are not those of a summary, or a prior, penalty or length cannot be used.

        Warns
        -----
        ClvWarning
            If the fit is not to be trusted; ``fit_report`` says why.

        Examples
        --------
        Thirty customers do not tell how they leave; a prior does.

        >>> import clvmodels as clv
        >>> from scipy import stats
        >>> known = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.6, "alpha": 6, "a": 1, "b": 3}, "week")
        >>> few = known.simulate(30, observation=39, seed=1).summary
        >>> prior = {"a": stats.norm(0, 0.5), "b": stats.norm(1, 0.5)}
        >>> model = clv.PurchaseModel("bg_nbd").fit(few, prior=prior)
        >>> model.fit_report.verdict
        'The fit has converged.'
        >>> {name: round(value, 1) for name, value in model.parameters.items()}
        {'r': 0.6, 'alpha': 5.5, 'a': 1.1, 'b': 2.4}
        """
        (frame, weights), _ = statistics.parts_of(summary, weights)
        line = f'PurchaseModel("{self.family.name}", time_unit="week") if a week is 1.0 in T'
        unit = unit_to_fit(self.time_unit, frame, line)
        money = summary if isinstance(summary, Patterns) else frame
        self._fitted = fit_purchases(self.family, frame, unit, weights, prior, l2_penalty, observation_length, money)
        self.time_unit = unit
        report = self.fit_report
        if not report.converged:
            warn(f"{self.family.title}: {report.verdict}")
        return self

    # What was found

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by name, in the paper's order; raises NotFitted before a fit."""
        return dict(self._state.parameters)

    @property
    def fit_report(self) -> FitReport:
        """How the fit went and whether to trust it; NotAvailable is raised if parameters were given, not estimated."""
        if self._state.report is None:
            raise NotAvailable("the parameters were given, not estimated: there is no fit report; use fit")
        return self._state.report

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of the parameters, from the Hessian of the log-likelihood (less the penalty, if any).

        By the delta method: θ times the error of ln θ; NaN where the likelihood is flat. Raises as `fit_report`.
        """
        return self._state.standard_errors()

    @property
    def robust_standard_errors(self) -> dict[str, float]:
        """Standard errors that hold in large samples even if customers do not behave as the model says.

        From H⁻¹ (Σ w g gᵀ) H⁻¹, with g the gradient of one customer's log-likelihood and w frequency weights, which
        enter once; White (1982), Econometrica 50(1), 1-25. Much larger ones than `standard_errors` speak against the
        model. Raises as `fit_report`.
        """
        return self._state.standard_errors(robust=True)

    def confidence_intervals(self, level: float = 0.95, robust: bool = False) -> dict[str, tuple[float, float]]:
        """(low, high) for each parameter by name, made on the log scale so that they never cross 0.

        θ·exp(±z·e), e the error of ln θ (with ``robust`` the robust one), z the normal quantile of (1 + ``level``)/2,
        0 < level < 1. Raises InvalidInput for another level, NotFitted and NotAvailable as `standard_errors`.

        >>> known = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> fitted = PurchaseModel("nbd").fit(known.simulate(500, observation=39, seed=1).summary)
        >>> {name: (round(low, 2), round(high, 2)) for name, (low, high) in fitted.confidence_intervals(0.9).items()}
        {'r': (0.32, 0.46), 'alpha': (9.74, 15.3)}
        """
        return self._state.confidence_intervals(level, robust)

    def profile_likelihood(
        self, summary: Any, name: str, values: Any = None, level: float = 0.95, weights: Any = None
    ) -> Profile:
        """Log-likelihood as a function of one parameter, maximised over the others, with an interval from it.

        The interval holds every θ with 2 (max ln L − ln L_profile(θ)) below the χ² quantile (1 degree of freedom) of
        the level. Unlike θ ± standard errors it follows a lopsided likelihood, and it is open where the likelihood
        never falls off: ``interval`` then ends in 0 or inf, and ``note`` says so.

        Source: Venzon & Moolgavkar (1988), Applied Statistics 37(1), 87-94.

        Parameters
        ----------
        summary
            The customers that the model was fitted on. A prior or penalty of that fit is no part of the profile, which
            is of the data alone.
        name
            A parameter.
        values
            Where to give the curve; by default 21 values around the maximum, evenly spaced in the logarithm, 3.5
            standard errors to either side or the interval and a quarter more.
        level
            Of the interval, between 0 and 1.
        weights
            How many customers each row stands for.

        Returns
        -------
        Profile
            ``table`` (pandas: the parameter, log_likelihood, relative to the maximum, the other parameters there),
            ``interval``, ``level`` and ``note``.

        Raises
        ------
        NotFitted, UnitMismatch, InvalidInput, NotEnoughData
            If the model has no parameters, the summary is in another unit, a value cannot be used, or nobody came back.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> found = clv.PurchaseModel("bg_nbd").fit(summary).profile_likelihood(summary, "a", values=[0.5, 1, 2])
        >>> print(found.table.round(2).to_string(index=False))
          a  log_likelihood  relative    r  alpha    b
        0.5        -9584.64     -2.22 0.24   4.48 1.44
        1.0        -9582.88     -0.45 0.24   4.41 3.19
        2.0        -9587.63     -5.20 0.24   4.45 7.37
        >>> tuple(round(end, 2) for end in found.interval)
        (0.52, 1.32)
        """
        from .profiles import profile_of

        frame, rows = self._read(summary)
        columns = dict(zip(self.family.statistics, rows, strict=True))
        patterns = patterns_of(columns, statistics.weights_of(frame, weights))
        repeaters_of(self.family, patterns)
        return profile_of(self.family, patterns, centre_of(self.family, columns), name, values, level)

    def with_posterior(self, posterior: Posterior) -> PurchaseModel:
        """Give a new model that carries draws of its parameters, from which its intervals are then made.

        ``posterior`` is what `clvmodels.posterior` gives for this model, or for a `CLVModel` with this family.
        Estimates and expectations stay as they are. Raises NotFitted without parameters, InvalidInput for the posterior
        of another family or time unit, UnitMismatch if only the posterior knows its unit.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> model = clv.PurchaseModel("bg_nbd").fit(summary)
        >>> model.posterior is None
        True
        >>> model.with_posterior(clv.posterior(model, summary, draws=1000)).posterior.trusted
        True
        """
        state, result = self._state, PurchaseModel(self.family, self.time_unit)
        part = part_for(posterior, self.family, "purchases", self.time_unit)
        if part.time_unit is not None:
            _ = self._unit
        result._fitted = replace(state, posterior=part)
        return result

    @property
    def posterior(self) -> Posterior | None:
        """The draws that `with_posterior` gave the model, or None; raises NotFitted without parameters.

        >>> PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week").posterior is None
        True
        """
        return self._state.posterior

    # Questions about every customer

    def log_likelihood(self, summary: Any) -> Any:
        """Ln L of each customer's purchase times (no T^x/x! term), a Series of one value a row.

        For NBD ln[Γ(r+x)/Γ(r) · alpha^r/(alpha+T)^(r+x)]. Raises and warns as `expected_purchases`.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.log_likelihood(seen).round(3).tolist()
        [-9.459, -0.555]
        """
        frame, columns = self._read(summary)
        return frames.series(self.family.log_likelihood(*columns, *self._state.values)[0], "log_likelihood", frame)

    def p_alive(self, summary: Any, after: Any = 0) -> Any:
        """P(alive at T + after | history up to T), between 0 and 1.

        BG/NBD at T: 1/(1 + [x > 0]·a/(b+x−1)·((alpha+T)/(alpha+t_x))^(r+x)), so 1 for all with x = 0, by construction;
        MBG/NBD lets them leave as well. ``after`` is in the model's time unit, at least 0: a number gives a Series, a
        list a frame with a column each, a Series, array or column name one a row. It never rises in ``after``; inf is
        the limit, 0 if the model has dropout. Raises and warns as `expected_purchases`.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.p_alive(seen, after=[0, 52]).round(3).to_dict("list")
        {'p_alive_0': [0.727, 1.0], 'p_alive_52': [0.532, 0.944]}
        """
        return self._answer(summary, "p_alive", "after", after, questions.p_alive)

    def p_alive_if_no_purchase(self, summary: Any, until: Any) -> Any:
        """P(alive at T + until) for a customer who buys nothing meanwhile: T moves on, the last purchase stays.

        P(alive | x, t_x, T + until), ``until`` as ``after`` of `p_alive`, shapes too. It answers "how long may the
        silence last", not "will he still be here". Raises and warns as `expected_purchases`, and NotAvailable if the
        family reads no T.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.p_alive_if_no_purchase(seen, until=26).round(3).tolist()
        [0.481, 1.0]
        """
        return self._answer(summary, "p_alive_if_no_purchase", "until", until, questions.p_alive_if_no_purchase)

    def expected_purchases(self, summary: Any, horizon: Any, start: float = 0) -> Any:
        """E[purchases in (T + start, T + start + horizon] | history], a Series of counts of at least 0.

        P(alive at T | history) · E[purchases there | alive at T, history]; for NBD (r+x)/(alpha+T) · horizon.

        Parameters
        ----------
        summary
            One row a customer: the columns that the family reads (frequency, recency, T), and facts if it has them.
        horizon
            Length of the window in the model's time unit, at least 0. A list or range gives a frame with a column each
            (``expected_purchases_39``), a Series, array or column name one horizon a row; inf the limit.
        start
            Where the window begins, after T: one finite number of at least 0.

        Raises
        ------
        NotFitted, UnitMismatch, InvalidInput
            If the model has no parameters, the summary is in another unit, or a value cannot be used.

        Warns
        -----
        ClvWarning
            If the summary does not say its unit and looks as though it were another, or if the answer is infinite.

        Examples
        --------
        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.expected_purchases(seen, horizon=[39, 52]).round(3).to_dict("list")
        {'expected_purchases_39': [1.226, 0.195], 'expected_purchases_52': [1.559, 0.252]}
        """
        begin = one_length(start, "start")
        return self._answer(
            summary, "expected_purchases", "horizon", horizon, questions.expected_purchases, start=begin
        )

    def purchase_pmf(self, summary: Any, n: Any, horizon: Any) -> Any:
        """P(n purchases in (T, T + horizon] | history), between 0 and 1.

        ``n`` is a whole number of at least 0: a list or range gives a frame with a column each (``purchase_pmf_2``), a
        Series, array or column name one a row. ``horizon`` is finite: a number, a Series, array or column name for one
        a row, or beside a single n a list, for a frame with a column each. P(alive) · P(n | alive) + (1 − P(alive))·
        [n = 0], all n adding up to 1. Raises and warns as `expected_purchases`, and NotAvailable if the family does not
        provide it.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.purchase_pmf(seen, range(2), horizon=39).round(3).to_dict("list")
        {'purchase_pmf_0': [0.445, 0.855], 'purchase_pmf_1': [0.239, 0.11]}
        """
        return self._answer(summary, "purchase_pmf", "n", n, questions.purchase_pmf, horizon=horizon)

    def purchase_quantile(self, summary: Any, q: Any = 0.5, *, horizon: Any) -> Any:
        """Quantile q of the number of purchases in (T, T + horizon]: the smallest n with P(X ≤ n | history) ≥ q.

        The median, q = 0.5, is the best forecast by absolute error. Whole numbers; where P(X ≤ n) equals q but for
        rounding (1e-10 of q or 1 − q), n is the answer. ``q`` is at least 0 and below 1, a list gives the columns
        ``purchase_quantile_0.5``, ...; ``horizon`` is a number, one per row, or beside a single q a list; inf where a
        lifetime's purchases are finite. Raises and warns as `purchase_pmf`, and InvalidInput if a quantile is infinite.

        >>> import pandas
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [0, 5], "recency": [0.0, 30.0], "T": [39.0, 39.0]})
        >>> model.purchase_quantile(summary, [0.5, 0.9], horizon=39).values.tolist()
        [[0, 1], [4, 8]]
        """
        function, check = quantiles.purchase_quantile, answers.checked_shares
        return self._answer(summary, "purchase_quantile", "q", q, function, check, horizon=horizon)

    def probability_of_purchase(self, summary: Any, horizon: Any) -> Any:
        """P(at least one purchase in (T, T + horizon] | history) = 1 − P(0 purchases), between 0 and 1.

        ``horizon`` and shapes as of `expected_purchases`; with inf it is the probability that there is ever another
        purchase. Raises and warns as `purchase_pmf`.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.probability_of_purchase(seen, horizon=39).round(3).tolist()
        [0.555, 0.145]
        """
        return self._answer(summary, "probability_of_purchase", "horizon", horizon, questions.probability_of_purchase)

    def residual_lifetime(self, summary: Any, q: Any = (0.1, 0.5, 0.9)) -> Any:
        """P(alive at T | history), and quantiles of the time from T until the customer leaves, *given alive at T*.

        The quantile q is the time t at which P(alive at T + t | alive at T, history) = 1 − q; inf where he never leaves
        (NBD) or where it is beyond 1e299; in discrete time the first whole period by whose end a share q has left. The
        mean is not given: it is often infinite. ``q`` is at least 0 and below 1.

        A frame of the caller's kind: ``p_alive``, the probability that there is any lifetime left, and
        ``residual_lifetime_0.1``, ... in the model's time unit; ``residual_lifetime`` for one q, or one per row. Raises
        and warns as `expected_purchases`.

        >>> import pandas
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> model = PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
        >>> model.residual_lifetime(summary, q=[0.5]).round(2).to_dict("records")
        [{'p_alive': 0.87, 'residual_lifetime_0.5': 108.07}]
        """
        before = {"p_alive": lambda family, *known: questions.p_alive(family, 0.0, *known)}
        function, check = quantiles.residual_lifetime, answers.checked_shares
        return self._answer(summary, "residual_lifetime", "q", q, function, check, before)

    def time_to_next_purchase(self, summary: Any, q: Any = (0.1, 0.5, 0.9)) -> Any:
        """P(ever another purchase | history), and quantiles of the time from T to it, *given that there is one*.

        Quantile q is the t at which P(purchase in (T, T + t] | history) = q · P(ever another purchase | history), in
        discrete time the first whole period that reaches it.
        Parameters and shapes as of `residual_lifetime`: the columns are ``probability_of_purchase`` and
        ``time_to_next_purchase_0.1``, ... in the model's time unit. The mean is not given: it is often infinite. Raises
        and warns as `purchase_pmf`.

        >>> import pandas
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [5], "recency": [30.0], "T": [39.0]})
        >>> model.time_to_next_purchase(summary, q=[0.5]).round(2).to_dict("records")
        [{'probability_of_purchase': 1.0, 'time_to_next_purchase_0.5': 7.02}]
        """
        before = {"probability_of_purchase": quantiles.ever_a_purchase}
        function, check = quantiles.time_to_next_purchase, answers.checked_shares
        return self._answer(summary, "time_to_next_purchase", "q", q, function, check, before)

    def time_to_last_purchase(self, summary: Any, q: Any = (0.1, 0.5, 0.9)) -> Any:
        """P(ever another purchase | history), and quantiles of the time from T to the last, *given that there is one*.

        Quantile q is the t at which P(no purchase after T + t | history, there is another) = q, in discrete time the
        first whole period that reaches it. BG/NBD and MBG/NBD: a customer leaves at his last purchase, so it is his
        residual lifetime. Pareto/NBD: P(alive)·E[e^(−μt) λ/(λ+μ)] is the probability of a purchase after T + t, λ and μ
        those of somebody alive at T. NBD: inf.

        Parameters and shapes as of `residual_lifetime`: the columns are ``probability_of_purchase`` and
        ``time_to_last_purchase_0.1``, ... in the model's time unit. The mean is not given: it is often infinite. Raises
        and warns as `purchase_pmf`.

        >>> import pandas
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> model = PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
        >>> model.time_to_last_purchase(summary, q=[0.5]).round(2).to_dict("records")
        [{'probability_of_purchase': 0.7, 'time_to_last_purchase_0.5': 147.78}]
        """
        before = {"probability_of_purchase": partial(quantiles.ever_a_purchase, asked="time_to_last_purchase")}
        function, check = quantiles.time_to_last_purchase, answers.checked_shares
        return self._answer(summary, "time_to_last_purchase", "q", q, function, check, before)

    def latent_means(self, summary: Any) -> Any:
        """E[rate | history] of each customer's own rates: what he is like, whether he is still there or not.

        A frame of ``purchase_rate`` (λ, per time unit while alive) and ``dropout_probability`` (p, BG/NBD and MBG/NBD:
        after a purchase) or ``dropout_rate`` (μ, Pareto/NBD: per time unit), mixtures of an alive and a dead part: for
        BG/NBD E[λ | history] = (r+x)·(P(alive)/(alpha+T) + (1 − P(alive))/(alpha+t_x)). Raises and warns as
        `purchase_pmf`.

        >>> import pandas
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [5], "recency": [30.0], "T": [39.0]})
        >>> model.latent_means(summary).round(4).to_dict("records")
        [{'purchase_rate': 0.1054}]
        """
        frame, columns = self._read(summary)
        return frames.table(questions.latent_means(self.family, columns, self._state.values), frame)

    def latent_intervals(self, summary: Any, level: float = 0.9) -> Any:
        """Mean and central interval of each customer's own rates, given his history and these parameters.

        A frame of three columns a rate, ``purchase_rate_mean``, ``purchase_rate_low`` and ``purchase_rate_high``, then
        those of ``dropout_probability`` or ``dropout_rate``, as of `latent_means`. P(rate < low | history) = P(rate >
        high | history) = (1 − ``level``)/2, 0 < level < 1, from the exact distribution, for BG/NBD that of λ:
        P(alive)·Gamma(r+x, alpha+T) + (1 − P(alive))·Gamma(r+x, alpha+t_x). What is not known about the parameters is
        not in it. Raises and warns as `purchase_pmf`, and InvalidInput for another level.

        >>> import pandas
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [5], "recency": [30.0], "T": [39.0]})
        >>> model.latent_intervals(summary).round(4).to_dict("records")
        [{'purchase_rate_mean': 0.1054, 'purchase_rate_low': 0.0433, 'purchase_rate_high': 0.1896}]
        """
        share = checked_level(level)
        frame, columns = self._read(summary)
        return frames.table(quantiles.latent_intervals(self.family, share, columns, self._state.values), frame)

    def discounted_expected_purchases(
        self, summary: Any, horizon: Any = math.inf, annual_discount_rate: float = 0.10
    ) -> Any:
        """Expected purchases after T, each worth e^(-delta·u) when it comes at T + u; a Series.

        ∫ over (0, horizon] of e^(-delta·u) dE[purchases in (T, T + u]], delta = ln(1 + annual_discount_rate) per year:
        DERT for an infinite horizon, DECT for a finite one; with a rate of 0 the expected purchases. ``horizon`` may be
        a list, a Series or a column name, as for `expected_purchases`. The rate (0.10: 10 % a year) is above −1; a
        negative one needs a finite horizon. For NBD without end (r+x)/(alpha+T)/delta. Raises and warns as
        `expected_purchases`, and InvalidInput for another rate.

        Source: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.

        >>> import pandas
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> seen = pandas.DataFrame({"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]})
        >>> bg.discounted_expected_purchases(seen).round(3).tolist()
        [6.372, 1.304]
        """
        unit = self._unit

        def worth(family: PurchaseFamily, t: Any, columns: list[Array], values: Any) -> Array:
            delta = questions.continuous_rate(annual_discount_rate, unit, t)
            return questions.discounted(family, t, delta, columns, values)

        return self._answer(summary, "discounted_expected_purchases", "horizon", horizon, worth)

    def predict_distribution(
        self,
        summary: Any,
        horizon: Any,
        *,
        draws: int = 1000,
        quantiles: Any = (0.05, 0.25, 0.5, 0.75, 0.95),
        sources: Any = ("parameters", "customer", "chance"),
        seed: int = 0,
    ) -> PredictiveDistribution:
        """Predictive distributions of purchases in (T, T + horizon]: of every customer, and of all together.

        The parameters are those of `CLVModel.predict_distribution` without money; the horizon must be given. Raises and
        warns as that does.

        >>> import pandas
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> summary = pandas.DataFrame({"frequency": [0, 5], "recency": [0.0, 30.0], "T": [39.0, 39.0]})
        >>> model.predict_distribution(summary, horizon=39, quantiles=(0.5, 0.9)).table.round(2).values.tolist()
        [[0.29, 0.0, 1.0], [4.11, 4.0, 8.0]]
        """
        from .predictive.predicting import predict_distribution

        frame, columns = self._read(summary)
        statistics.refuse_duplicates(frame)
        length = answers.one_or_per_row(frame, horizon, "horizon")
        known = dict(zip(self.family.statistics, columns, strict=True))
        asked: dict[str, Any] = {"draws": draws, "quantiles": quantiles, "sources": sources, "seed": seed}
        return predict_distribution(self, None, frame, known, length, quantities=("purchases",), **asked)

    def alive_path(
        self,
        log: Any,
        customer: Any = None,
        *,
        customer_id: str = "customer_id",
        date: str = "date",
        event_grain: str = "day",
        observation_end: Any = None,
        points: int | None = None,
        tz: str | None = None,
        date_format: str | None = None,
    ) -> pd.DataFrame:
        """P(alive) of one customer over time: on each date, given what had been seen of him by then.

        Parameters
        ----------
        log
            Any log that `rfm_summary` takes; or, with ``customer=None``, the dates of one customer's purchases. Amounts
            are not read: leave lines out that are no purchase.
        customer
            Whose path: an identifier as it stands in the log.
        customer_id, date, event_grain, observation_end
            As for `rfm_summary`.
        points
            About so many evenly spaced dates, and those of purchases, instead of every one of the grain; with the grain
            "line" 500 unless told.
        tz, date_format
            As for `rfm_summary`.

        Returns
        -------
        pandas.DataFrame
            ``date``, ``frequency``, ``recency``, ``T`` and ``p_alive`` from the first purchase to the end of
            observation. On the day of a purchase the history includes it. In discrete time one row for each whole
            period, the model's time unit, dated at its last day.

        Raises
        ------
        NotFitted, InvalidInput, NotEnoughData, NotAvailable
            If the model has no parameters, the log cannot be read, it has no such customer or he bought nothing in
            time, or the family reads more than frequency, recency and T.

        Examples
        --------
        >>> parameters = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
        >>> model = PurchaseModel.from_parameters("mbg_nbd", parameters, time_unit="week")
        >>> path = model.alive_path(["2024-01-01", "2024-01-08"], observation_end="2024-01-29", points=2)
        >>> path.drop(columns="date").round(3).values.tolist()
        [[0.0, 0.0, 0.0, 0.644], [1.0, 1.0, 1.0, 0.746], [1.0, 1.0, 4.0, 0.633]]
        """
        unit, names = self._unit, Columns(customer_id, date, None)
        reading = (event_grain, observation_end, points, tz, date_format)
        return alive_path(self.family, self._state.values, unit, log, customer, names, *reading)

    def new_customer(self) -> NewCustomer:
        """Ask the same questions about a customer not yet seen, from a first purchase at 0 on; raises NotFitted.

        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> round(bg.new_customer().expected_purchases(horizon=52), 3)
        1.446
        """
        return NewCustomer(self.family, self._state.values, self.time_unit)

    def simulate(
        self, n_customers: int, observation: Any, seed: int | None = None, observation_end: str = "2024-12-31"
    ) -> Simulated:
        """Simulate a log of customers who behave as the model says.

        Parameters
        ----------
        n_customers
            How many, at least 1.
        observation
            How long each is watched, in the model's time unit: a number, or one per customer.
        seed
            For the same customers again.
        observation_end
            The day at whose end, or the timestamp at which, all observation ends; first purchases lie before it
            accordingly.

        Returns
        -------
        Simulated
            ``log`` (customer_id, date as timestamps) and ``summary`` (event_grain="line"). Raises NotFitted without
            parameters, InvalidInput if a value cannot be used, NotAvailable if the family cannot simulate.

        Examples
        --------
        >>> bg = PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "week")
        >>> bg.simulate(3, observation=52, seed=7).summary.round(2).values.tolist()
        [[1.0, 1.0, 19.28, 52.0], [2.0, 2.0, 26.16, 52.0], [3.0, 0.0, 0.0, 52.0]]
        """
        unit = self._unit
        return simulated(self.family, self._state.values, unit, n_customers, observation, seed, observation_end)

    # Files and looks

    def save(self, path: str | os.PathLike[str], posterior: bool = False) -> None:
        """Write the model to a JSON file, whole or not at all; `clvmodels.load_model` reads it back bit by bit.

        An existing file at ``path`` is replaced. With ``posterior`` the draws that the model carries are written too,
        every digit of them; without, the model that is read back makes its intervals from the covariance. Raises
        NotFitted if there is nothing to save, InvalidInput if the file cannot be written.

        >>> import pathlib, tempfile
        >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(pathlib.Path(folder, "model.json"))
        ...     [file.name for file in pathlib.Path(folder).iterdir()]
        ['model.json']
        """
        from .saved import save

        save(self, path, posterior)

    def _repr_html_(self) -> str:
        from .looks import purchase_model

        return purchase_model(self)

    def __repr__(self) -> str:
        unit = f", time_unit={self.time_unit!r}" if self.time_unit else ""
        if self._fitted is None:
            return f"PurchaseModel({self.family.name!r}{unit}), not fitted"
        values = ", ".join(f"{name}={value:.4g}" for name, value in self._fitted.parameters.items())
        return f"PurchaseModel({self.family.name!r}{unit}): {values}"

    # Inner workings

    @property
    def _state(self) -> Fitted:
        if self._fitted is None:
            raise NotFitted(f"this {self.family.title} model has no parameters yet: call fit(summary) first")
        return self._fitted

    @property
    def _unit(self) -> str:
        _ = self._state
        return unit_known(self.time_unit, self.family.title)

    @property
    def largest_trained(self) -> float | None:
        """The largest T that the model was fitted on, in its time unit; None if its parameters were given."""
        points = self._state.profile.get("points", {}).get("T")
        return float(points[-1]) if points else None

    def _read(self, summary: Any) -> tuple[Any, list[Array]]:
        _ = self._state
        frame = frames.load(summary)
        columns = statistics.read(frame, self.family.statistics, self.family.time)
        check_unit_to_predict(self.time_unit, self.largest_trained, frame, columns.get("T"))
        return frame, list(columns.values())

    def _answer(
        self,
        summary: Any,
        name: str,
        what: str,
        given: Any,
        function: Callable[..., Any],
        check: Callable[[Any, str], Array] = checked_lengths,
        before: Mapping[str, Callable[..., Array]] | None = None,
        **more: Any,
    ) -> Any:
        """Ask ``function(family, given, *more, columns, parameters)``; ``more`` is one number each, or one per row."""
        listed = next((name for name, value in more.items() if answers.is_list(value)), None)
        if listed is not None and not hasattr(given, "__len__"):  # then that list makes the columns

            def turned(family: PurchaseFamily, v: Any, own: Any, columns: list[Array], values: Any) -> Any:
                return function(family, own, v, columns, values)

            own: Any = {what: float(check(given, what))}
            return self._answer(summary, name, listed, more[listed], turned, **own)
        frame, columns = self._read(summary)
        family, values = self.family, self._state.values
        each = [answers.one_or_per_row(frame, value, name) for name, value in more.items()]
        first = None if before is None else {name: f(family, columns, values) for name, f in before.items()}
        return answers.answer(
            frame, name, what, given, lambda v: function(family, v, *each, columns, values), check, first
        )


def of_unit(model: PurchaseModel, time_unit: str | None) -> PurchaseModel:
    """A model of the same family and parameters, in the unit that is said of it."""
    result = PurchaseModel(model.family, time_unit)
    result._fitted = model._fitted
    return result
