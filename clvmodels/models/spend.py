"""SpendModel: how much customers spend at a purchase."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable, NotEnoughData, NotFitted, warn
from ..families import spend_family
from ..families.contract import SpendFamily
from ..inference.fit_report import FitReport, few_repeaters, judge
from ..inference.independence import spend_frequency_correlation
from ..inference.patterns import Patterns, merge
from ..numerics.arrays import Array
from . import scales, statistics
from .fitted import Fitted, checked_parameters, package_versions, profile_of
from .fitting import estimate
from .posterior import Posterior, part_for
from .simulated import simulated_amounts

if TYPE_CHECKING:
    import pandas as pd

    from .profiles import Profile

# A correlation that is both real and large enough to bend the value of frequent buyers.
_NOTABLE_CORRELATION = 0.2
_NOTABLE_P_VALUE = 0.01


class SpendModel:
    """How much customers spend at a purchase, whatever their number of purchases.

    Fitted on the mean spend of repeat purchases of those who made any; customers without one get the population mean.

    Parameters
    ----------
    family
        ``"gamma_gamma"``, or a family value of your own.

    Notes
    -----
    Gamma-Gamma: the amounts of a customer are z ~ Gamma(p, rate ν), with ν ~ Gamma(q, rate v) his own; x is
    ``frequency`` and m_x ``monetary_value``, the mean of his repeat purchases in the log's own money. p and q are pure
    numbers, v is money. ``family.source`` is the paper: Fader, Hardie & Lee (2005), Journal of Marketing Research
    42(4), 415-430; Fader & Hardie (2013), note 025.

    Raises
    ------
    InvalidInput
        If the family is not known.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    >>> import pandas
    >>> summary = pandas.DataFrame({"frequency": [2, 0], "monetary_value": [22.35, float("nan")]})
    >>> model.expected_spend(summary).round(2).tolist()
    [24.66, 35.22]
    >>> round(model.population_mean, 2)
    35.22

    Of a fit, with standard errors and what there is to say about it:

    >>> log = clv.load_cdnow(sample=True)
    >>> model = clv.SpendModel().fit(clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30"))
    >>> {name: round(value, 2) for name, value in model.parameters.items()}
    {'p': 6.25, 'q': 3.74, 'v': 15.44}
    >>> round(model.standard_errors["q"], 3), round(model.robust_standard_errors["q"], 3)
    (0.29, 0.301)
    >>> model.fit_report.verdict, round(model.fit_report.frequency_correlation, 3)
    ('The fit has converged.', 0.114)
    """

    def __init__(self, family: str | SpendFamily = "gamma_gamma") -> None:
        if isinstance(family, str):
            family = spend_family(family)
        elif not isinstance(family, SpendFamily):
            raise InvalidInput(f"family must be a name or a SpendFamily; found {type(family).__name__}")
        self.family = family
        self._fitted: Fitted | None = None

    @classmethod
    def from_parameters(cls, family: str | SpendFamily, parameters: Mapping[str, float]) -> SpendModel:
        """Make a model of known parameters, for example from a paper.

        ``family`` as of `SpendModel`; ``parameters`` by name, each finite and above 0, those in money (v) in the log's
        money. What only a fit can tell (`fit_report`, errors) is then not there. Raises InvalidInput if one of them
        cannot be used.

        >>> model = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> model.parameters
        {'p': 6.25, 'q': 3.74, 'v': 15.44}
        """
        model = cls(family)
        model._fitted = Fitted(checked_parameters(model.family, parameters), versions=package_versions())
        return model

    def fit(
        self,
        summary: Any,
        weights: Any = None,
        prior: Mapping[str, Any] | None = None,
        l2_penalty: float = 0.0,
        *,
        money_scale: float | None = None,
    ) -> SpendModel:
        """Estimate the parameters by maximum likelihood from the repeaters, and return the model itself.

        Repeaters whose mean spend is 0 are left out and counted in the report: a gamma density has no place for them.

        Prior and penalty are those of `PurchaseModel.fit`, with u_j = ln(θ_j / scale_j), where the scale is 1 for pure
        numbers (p, q) and ``money_scale`` for money (v). Money has no length of observation to give it a scale that is
        no statistic of the data, so the caller gives it; in another money unit give it in that unit.

        Parameters
        ----------
        summary
            One row a customer with the columns frequency and monetary_value; or what `clvmodels.patterns` made of any
            number of customers.
        weights
            Frequency weights, how many customers each row stands for: a column name, a Series or an array. Importance
            weights are another thing and not supported.
        prior
            Parameter name -> frozen continuous distribution of scipy.stats of ln(θ / scale), on the whole real line
            and smooth.
        l2_penalty
            λ ≥ 0, on all parameters; its centre is θ = scale.
        money_scale
            An amount in the log's own money unit, known from elsewhere: needed where v has a prior or a penalty.

        Raises
        ------
        NotEnoughData
            If nobody came back and paid.
        InvalidInput
            If the columns are not those of a summary, or a prior, penalty or scale cannot be used.

        Warns
        -----
        ClvWarning
            If the fit is not to be trusted, if the population mean is infinite (q ≤ 1), or if spend goes along with
            frequency (|correlation| ≥ 0.2), which the model assumes it does not.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> print(clv.SpendModel("gamma_gamma").fit(summary))
        SpendModel('gamma_gamma'): p=6.25, q=3.744, v=15.44
        """
        family, money = self.family, self.family.money_parameters
        penalty_weight, priors, needs_scale = scales.checked_regularisation(self._names, money, prior, l2_penalty)
        scale, source = scales.money_scale(money_scale, family.title, money) if needs_scale else (1.0, "")
        penalty, regularisation = scales.regularisation_of(self._names, money, scale, source, penalty_weight, priors)
        _, (frame, weights) = statistics.parts_of(summary, weights)
        frame = statistics.with_money(frame)
        columns = statistics.read(frame, self.family.statistics)
        statistics.refuse_duplicates(frame)
        weight = statistics.weights_of(frame, weights)
        patterns, left_out = paying_repeaters(columns, weight)
        n_repeaters = float(patterns.weights.sum())
        start = np.array(self.family.start(*patterns.columns, weights=patterns.weights))
        x, m = patterns.columns
        centre = self._centre(patterns)
        optimum, robust_covariance = estimate(family.log_likelihood, patterns, np.log(start), centre, penalty)
        correlation, p_value = spend_frequency_correlation(x, m, patterns.weights)
        values = tuple(float(v) for v in np.exp(optimum.log_parameters))
        advice = self._advice(values, correlation, p_value)
        left = f"left out of the fit, but still scored: repeaters with a mean spend of 0, {left_out:g} of them"
        report, covariance = judge(
            optimum,
            self._names,
            self.family.limits,
            centre,
            n_customers=n_repeaters,
            n_repeaters=n_repeaters,
            n_patterns=len(patterns.weights),
            reasons=few_repeaters(n_repeaters),
            remarks=[*([left] if left_out else []), *advice],
            frequency_correlation=correlation,
            frequency_correlation_p_value=p_value,
            regularisation=regularisation,
        )
        self._fitted = Fitted(
            parameters=dict(zip(self._names, values, strict=True)),
            covariance=covariance,
            report=report,
            facts=frames.read_facts(frame),
            profile=profile_of({"frequency": x, "monetary_value": m}, patterns.weights, {}, report.log_likelihood),
            versions=package_versions(),
            robust_covariance=robust_covariance,
        )
        for message in [*([] if report.converged else [report.verdict]), *advice]:
            warn(f"{self.family.title}: {message}")
        return self

    def _centre(self, patterns: Patterns) -> Array:
        """Where the search is at home. Money has no natural unit: the mean spend gives one, so that the fit is the same
        in cents and in euros."""
        mean = float(patterns.weights @ patterns.columns[1]) / float(patterns.weights.sum())
        return np.array([np.log(mean) if name in self.family.money_parameters else 0.0 for name in self._names])

    def _advice(self, values: tuple[float, ...], correlation: float, p_value: float) -> list[str]:
        remarks = []
        if not self.family.population_mean_is_finite(*values):
            remarks.append(
                f"the mean spend of the population is infinite (parameters {values}): customers "
                "without a repeat purchase get inf; look for a few enormous amounts"
            )
        if abs(correlation) >= _NOTABLE_CORRELATION and p_value < _NOTABLE_P_VALUE:
            remarks.append(
                f"mean spend goes along with frequency (correlation {correlation:.3f}, p-value {p_value:.2g}), which "
                "the model assumes it does not: values of frequent buyers are biased. Fit groups of customers apart"
            )
        return remarks

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by name, in the paper's order; raises NotFitted before a fit."""
        return dict(self._state.parameters)

    @property
    def fit_report(self) -> FitReport:
        """How the fit went and whether to trust it; with the correlation of spend and frequency.

        Raises NotFitted before a fit, NotAvailable if the parameters were given, not estimated.
        """
        if self._state.report is None:
            raise NotAvailable("the parameters were given, not estimated: there is no fit report; use fit")
        return self._state.report

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of the parameters, from the Hessian of the log-likelihood (less the penalty, if any).

        By the delta method: θ times the error of ln θ. Raises as `fit_report`.
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

        ``level`` and ``robust`` as for `PurchaseModel.confidence_intervals`. Raises InvalidInput, NotFitted and
        NotAvailable as that does.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> found = clv.SpendModel().fit(summary).confidence_intervals(level=0.95)
        >>> {name: (round(low, 2), round(high, 2)) for name, (low, high) in found.items()}
        {'p': (4.3, 9.08), 'q': (3.22, 4.36), 'v': (9.11, 26.18)}
        """
        return self._state.confidence_intervals(level, robust)

    def profile_likelihood(
        self, summary: Any, name: str, values: Any = None, level: float = 0.95, weights: Any = None
    ) -> Profile:
        """Log-likelihood of the repeaters' mean spend as a function of one parameter, maximised over the others.

        With an interval by likelihood ratio; parameters and result as of `PurchaseModel.profile_likelihood`. Raises
        NotFitted, InvalidInput or NotEnoughData as that does.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> found = clv.SpendModel().fit(summary).profile_likelihood(summary, "q", values=[3, 4, 5])
        >>> found.table["relative"].round(2).tolist()
        [-4.47, -0.35, -6.13]
        >>> tuple(round(end, 2) for end in found.interval)
        (3.23, 4.38)
        """
        from .profiles import profile_of

        _ = self._state
        frame = frames.load(summary)
        columns = statistics.read(frame, self.family.statistics)
        patterns, _ = paying_repeaters(columns, statistics.weights_of(frame, weights))
        return profile_of(self.family, patterns, self._centre(patterns), name, values, level)

    def with_posterior(self, posterior: Posterior) -> SpendModel:
        """Give a new model that carries draws of its parameters, from which its intervals are then made.

        ``posterior`` is what `clvmodels.posterior` gives for this model, or for a `CLVModel` with this family.
        Estimates and expectations stay as they are. Raises NotFitted without parameters, InvalidInput for another
        family's.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> model = clv.SpendModel().fit(summary)
        >>> model.with_posterior(clv.posterior(model, summary, draws=1000)).posterior.trusted
        True
        """
        result = SpendModel(self.family)
        result._fitted = replace(self._state, posterior=part_for(posterior, self.family, "spend"))
        return result

    @property
    def posterior(self) -> Posterior | None:
        """The draws that `with_posterior` gave the model, or None; raises NotFitted without parameters.

        >>> SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}).posterior is None
        True
        """
        return self._state.posterior

    @property
    def population_mean(self) -> float:
        """E[spend per purchase] over all customers: p v/(q − 1) for the Gamma-Gamma, inf if q ≤ 1; raises NotFitted."""
        return self.family.population_mean(*self._state.values)

    def expected_spend(self, summary: Any) -> Any:
        """Posterior mean spend per purchase of every customer, one-timers included; a Series.

        E[M | m_x, x] = p (v + x m_x)/(p x + q − 1) for the Gamma-Gamma, before margin, in the log's money; where
        p x + q ≤ 1 it is infinite. Source: Fader & Hardie (2013), note 025, equation 5.

        Parameters
        ----------
        summary
            One row a customer: frequency x and monetary_value m_x, which may be missing where x = 0.

        Raises
        ------
        NotFitted, InvalidInput
            If the model has no parameters, or the summary cannot be used.

        Warns
        -----
        ClvWarning
            If it is infinite for somebody, with the number of them.

        Examples
        --------
        >>> import pandas
        >>> model = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> summary = pandas.DataFrame({"frequency": [1, 9], "monetary_value": [22.35, 22.35]})
        >>> model.expected_spend(summary).round(2).tolist()
        [26.27, 22.95]
        """
        values = self._state.values
        frame = frames.load(summary)
        columns = statistics.read(frame, self.family.statistics)
        return frames.series(self.spend_of(columns, values), "expected_spend", frame)

    def spend_of(self, columns: Mapping[str, Array], values: tuple[float, ...]) -> Array:
        """Expected spend of checked columns; warns where it is infinite.

        ``columns`` are the family's statistics by name, arrays of one shape (n,); ``values`` its parameters in order.
        The result has the shape (n,) and is what `expected_spend` gives, which has the formula.

        >>> model = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> columns = {"frequency": np.array([2.0, 0.0]), "monetary_value": np.array([22.35, np.nan])}
        >>> model.spend_of(columns, (6.25, 3.74, 15.44)).round(2)
        array([24.66, 35.22])
        """
        spend = self.family.expected_spend(*columns.values(), *values)
        endless = np.isinf(spend)
        if endless.any():
            warn(
                f"expected spend is infinite for {endless.sum()} of {len(spend)} customers: their posterior mean does "
                f"not exist at {self!r}. Give them a spend of your own, or refit without enormous amounts"
            )
        return spend

    def simulate(self, counts: Any, seed: int | None = None) -> pd.DataFrame:
        """Simulate what customers spend who make ``counts`` purchases, one whole number per customer, 0 allowed.

        Each draws his own rate ν ~ Gamma(q, rate v), and each amount is Gamma(p, rate ν); the same ``seed`` gives the
        same amounts.

        Returns
        -------
        pandas.DataFrame
            One row a purchase, customers in order: ``customer_id`` (1, 2, ...) and ``amount``, not rounded to cents.

        Raises
        ------
        NotFitted, InvalidInput
            If the model has no parameters, or counts or seed cannot be used.

        Examples
        --------
        >>> model = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> model.simulate([2, 0, 1], seed=1)["customer_id"].tolist()
        [1, 1, 3]
        """
        return simulated_amounts(self.family, self._state.values, counts, seed)

    def save(self, path: str | os.PathLike[str], posterior: bool = False) -> None:
        """Write the model to a JSON file, whole or not at all; `clvmodels.load_model` reads it back bit by bit.

        An existing file at ``path`` is replaced; ``posterior`` as for `PurchaseModel.save`. Raises NotFitted if there
        is nothing to save, InvalidInput if the file cannot be written.

        >>> import pathlib, tempfile
        >>> model = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(pathlib.Path(folder, "spend.json"))
        ...     [file.name for file in pathlib.Path(folder).iterdir()]
        ['spend.json']
        """
        from .saved import save

        save(self, path, posterior)

    def _repr_html_(self) -> str:
        from .looks import spend_model

        return spend_model(self)

    def __repr__(self) -> str:
        if self._fitted is None:
            return f"SpendModel({self.family.name!r}), not fitted"
        values = ", ".join(f"{name}={value:.4g}" for name, value in self._fitted.parameters.items())
        return f"SpendModel({self.family.name!r}): {values}"

    @property
    def _names(self) -> tuple[str, ...]:
        return self.family.parameters

    @property
    def _state(self) -> Fitted:
        if self._fitted is None:
            raise NotFitted(f"this {self.family.title} model has no parameters yet: call fit(summary) first")
        return self._fitted


def paying_repeaters(columns: Mapping[str, Array], weights: Array | None) -> tuple[Patterns, float]:
    """Repeaters with a positive mean, in ascending order whatever the order of the rows; and how many paid nothing."""
    x, m = columns.values()
    weight = np.ones(len(x)) if weights is None else weights
    repeated = (x > 0) & (weight > 0)
    paid = repeated & (m > 0)
    if not paid.any():
        raise NotEnoughData(
            f"nobody came back and paid: of {len(x)} customers {int(repeated.sum())} have frequency > 0 and none of "
            "them a monetary_value above 0. Use a longer log, or check the amount column"
        )
    left_out = float(weight[repeated & ~paid].sum())
    return merge([x[paid], m[paid]], None if weights is None else weight[paid]), left_out
