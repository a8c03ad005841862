"""Draws the parameters of a model from their posterior: what the customers say, and what was assumed before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidInput, NotEnoughData, warn
from ..families.contract import PurchaseFamily, SpendFamily
from ..inference import bayesian_bootstrap, diagnostics, hmc, surrogate
from ..inference.log_posterior import LogPosterior, Mode
from ..inference.patterns import Patterns
from ..inference.priors import Coordinates, coordinates_of
from ..inference.regularisation import refuse_unknown
from ..numerics.arrays import Array
from . import scales, statistics
from .clv import CLVModel
from .fitted import Fitted
from .fitting import centre_of, patterns_of, repeaters_of
from .posterior import WORST_K_HAT, Posterior, joined, judged
from .purchase import PurchaseModel
from .spend import SpendModel, paying_repeaters

METHODS = ("auto", "laplace", "hmc", "bootstrap")
_DRAWS, _DRAWS_OF_BOOTSTRAP = 4000, 200
_MOST = 1_000_000


class _Wanted(NamedTuple):
    method: str
    draws: int  # of each chain
    chains: int
    seed: int | None


def posterior(
    model: PurchaseModel | SpendModel | CLVModel,
    summary: Any,
    prior: Mapping[str, Any] | None = None,
    method: str = "auto",
    draws: int | None = None,
    chains: int = 4,
    seed: int | None = 0,
    *,
    weights: Any = None,
    observation_length: float | None = None,
    money_scale: float | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Posterior:
    """What the customers of a summary say about the parameters of a model: draws, and whether to trust them.

    The posterior of θ is proportional to Π L(customer | θ)^weight · Π_j π_j(u_j), with u_j = ln(θ_j / scale_j). The
    scale is 1 for pure numbers, the observation length for times (alpha, beta), and for money (v) ``money_scale``.

    Parameters
    ----------
    model
        A fitted model, or one of given parameters. It says the family and the time unit; its parameters do not enter.
        A `CLVModel` gives the posterior of both parts, which know nothing of each other.
    summary
        One row a customer, as for `PurchaseModel.fit` or `SpendModel.fit`; or what `clvmodels.patterns` made of them.
    prior
        Parameter name -> a frozen continuous distribution of scipy.stats of ln(θ / scale), on the whole line or a
        finite interval; or a pair (low, high), 0 < low < high, of θ itself: flat in ln θ between them. Those not named
        have the default, normal(0, 2) of ln(θ / scale): 95 % of it lie within a factor of 50 of the scale. Flat priors
        without bounds are refused, for their posterior has infinite mass.
    method
        ``"laplace"``: importance sampling from an approximation that follows the ridge of the posterior, with smoothed
        weights (PSIS). ``"hmc"``: Hamiltonian Monte Carlo, 20,000 to 30,000 passes over the customers. ``"auto"``: the
        first, and the second where the first one's k-hat exceeds 0.7. ``"bootstrap"``: the Bayesian bootstrap over
        customers, whose spread is right even if customers do not behave as the model says; every draw is the maximum
        of likelihood times prior under random weights of the customers.
    draws, chains
        How many draws in all, 4000 unless given, of the bootstrap 200; and in how many chains of equal length (rounded
        up).
    seed
        A whole number; None for draws that differ each time.
    weights
        How many customers each row stands for: a column name, a Series or an array.
    observation_length
        How long the log was watched, in the time unit, as for `PurchaseModel.fit`.
    money_scale
        An amount in the log's money unit; without it the mean spend of the repeaters.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    Posterior
        Draws of equal weight, diagnostics, what was assumed, and a verdict.

    Raises
    ------
    NotFitted
        If the model has no parameters.
    InvalidInput, NotEnoughData, UnitMismatch
        If an argument or the summary cannot be used.

    Warns
    -----
    ClvWarning
        If the model was fitted on another number of customers.

    Notes
    -----
    With ``"laplace"``, effective draws, k-hat and the number of different draws are those of importance weights, never
    of resampled draws. With ``"hmc"``, effective draws are the fewer ones of bulk and tail.

    References
    ----------
    Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024), Pareto Smoothed Importance Sampling. Journal of
    Machine Learning Research 25(72).

    Hoffman, M. D. and Gelman, A. (2014), The No-U-Turn Sampler. Journal of Machine Learning Research 15, 1593-1623.

    Newton, M. A. and Raftery, A. E. (1994), Approximate Bayesian Inference with the Weighted Likelihood Bootstrap.
    Journal of the Royal Statistical Society B 56(1), 3-48.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.PurchaseModel("nbd").fit(summary)
    >>> found = clv.posterior(model, summary)
    >>> found
    Posterior(r, alpha; 4 x 1000 draws by laplace): These draws can be trusted.
    >>> print(found.table()[["parameter", "mean", "sd"]].round(2).to_string(index=False))
    parameter  mean   sd
            r  0.39 0.02
        alpha 12.11 0.81
    >>> print(found.prior[0])
    r: normal(0, 2) of ln(r), the default
    """
    wanted = _checked(method, draws, chains, seed)
    (frame, weights), (frame_of_spend, weights_of_spend) = statistics.parts_of(summary, weights)
    if not isinstance(model, PurchaseModel):
        frame_of_spend = statistics.with_money(frame_of_spend)
    if isinstance(model, PurchaseModel):
        _refuse(money_scale, "money_scale", "an amount, which a purchase model does not have")
        return _of_purchases(model, frame, prior, wanted, weights, observation_length, progress)()
    if isinstance(model, SpendModel):
        _refuse(observation_length, "observation_length", "a time, which a spend model does not have")
        return _of_spend(model, frame_of_spend, prior, wanted, weights_of_spend, money_scale, progress)()
    if not isinstance(model, CLVModel):
        raise InvalidInput(f"model must be a PurchaseModel, SpendModel or CLVModel; found {type(model).__name__}")
    for_purchases, for_spend = _split(prior, model.purchases.family.parameters, model.spend.family.parameters)
    first = _of_purchases(model.purchases, frame, for_purchases, wanted, weights, observation_length, progress)
    second = _of_spend(model.spend, frame_of_spend, for_spend, wanted, weights_of_spend, money_scale, progress)
    return joined(first(), second())  # what cannot be used has been refused before long work begins


def _of_purchases(
    model: PurchaseModel,
    frame: Any,
    prior: Any,
    wanted: _Wanted,
    weights: Any,
    length: Any,
    progress: Callable[[str], None],
) -> Callable[[], Posterior]:
    """Check everything, and give what draws."""
    family = model.family
    frame, rows = model._read(frame)
    statistics.refuse_duplicates(frame)
    columns = dict(zip(family.statistics, rows, strict=True))
    patterns = patterns_of(columns, statistics.weights_of(frame, weights))
    repeaters_of(family, patterns)
    centre_of(family, columns)  # refuses customers who were watched for no time at all
    scale, source = 1.0, ""
    if family.time_parameters:
        merged = dict(zip(family.statistics, patterns.columns, strict=True))
        scale, source = scales.observation_length(frame, model._unit, length, merged.get("T"))
    coordinates = _coordinates(family.parameters, family.time_parameters, scale, source, prior)
    terms = family, model._state, patterns, coordinates, wanted, 0, "purchases", progress
    return partial(_drawn, *terms, time_unit=model._unit)


def _of_spend(
    model: SpendModel,
    frame: Any,
    prior: Any,
    wanted: _Wanted,
    weights: Any,
    money_scale: Any,
    progress: Callable[[str], None],
) -> Callable[[], Posterior]:
    """Check everything, and give what draws."""
    family, state = model.family, model._state
    columns = statistics.read(frame, family.statistics)
    statistics.refuse_duplicates(frame)
    patterns, _ = paying_repeaters(columns, statistics.weights_of(frame, weights))
    scale, source = 1.0, ""
    if family.money_parameters and money_scale is not None:
        scale, source = scales.money_scale(money_scale, family.title, family.money_parameters)
    elif family.money_parameters:
        scale = float(np.sum(patterns.weights * patterns.columns[1]) / np.sum(patterns.weights))
        source = "the mean spend of the repeaters, as no money_scale= was given"
    coordinates = _coordinates(family.parameters, family.money_parameters, scale, source, prior)
    return partial(_drawn, family, state, patterns, coordinates, wanted, 1, "spend", progress)


def _coordinates(
    names: tuple[str, ...], with_unit: tuple[str, ...], scale: float, source: str, prior: Any
) -> Coordinates:
    each = [scale if name in with_unit else 1.0 for name in names]
    return coordinates_of(names, each, prior, dict.fromkeys(with_unit, source))


def _drawn(
    family: PurchaseFamily | SpendFamily,
    state: Fitted,
    patterns: Patterns,
    coordinates: Coordinates,
    wanted: _Wanted,
    part: int,
    what: str,
    progress: Callable[[str], None],
    time_unit: str | None = None,
) -> Posterior:
    value_alone = family.log_likelihood_value if isinstance(family, PurchaseFamily) else None
    target = LogPosterior(family.log_likelihood, patterns, coordinates, value_alone)
    _warn_of_others(family.title, state, float(patterns.weights.sum()))
    seeds = np.random.SeedSequence(wanted.seed, spawn_key=(part,))
    progress(f"{what}: looking for the mode")
    mode = target.mode(np.array(family.start(*patterns.columns, weights=patterns.weights)))
    if not (np.isfinite(mode.value) and np.all(np.isfinite(mode.hessian))):
        raise NotEnoughData(
            f"the posterior of {family.title} cannot be computed at {', '.join(coordinates.names)} = "
            f"{target.natural(mode.point)}, where the search for its mode came to: use a narrower prior"
        )
    progress(f"{what}: drawing")
    steps = partial(_told, progress, what)
    if wanted.method == "bootstrap":
        found = _bootstrapped(family, target, mode, wanted, np.random.default_rng(seeds), steps)
    elif wanted.method == "hmc":
        found = _by_hamiltonian(target, mode, wanted, np.random.default_rng(seeds), steps)
    else:
        found = _by_importance(target, mode, wanted, np.random.default_rng(seeds))
        if wanted.method == "auto" and found.k_hat is not None and not found.k_hat <= WORST_K_HAT:
            why = f"importance sampling missed part of the posterior (k-hat {found.k_hat:.2f}), so HMC drew instead"
            found = _by_hamiltonian(target, mode, wanted, np.random.default_rng(seeds), steps)
            found = replace(found, notes=(*found.notes, why))
    reasons = (*_against(state), *found.reasons)
    return judged(replace(found, reasons=reasons, family=family.name, time_unit=time_unit))


def _told(progress: Callable[[str], None], what: str, step: str) -> None:
    progress(f"{what}: {step}")


def _by_importance(target: LogPosterior, mode: Mode, wanted: _Wanted, generator: np.random.Generator) -> Posterior:
    found, how = surrogate.draw(target, mode, wanted.draws, wanted.chains, generator)
    return Posterior(
        parameters=target.names,
        draws=target.natural(found.draws),
        method="laplace",
        prior=target.coordinates.told,
        n_customers=float(target.patterns.weights.sum()),
        ess=_by_name(target, found.ess),
        k_hat=found.k_hat,
        distinct_draws=found.distinct,
        notes=(how,),
    )


def _by_hamiltonian(
    target: LogPosterior, mode: Mode, wanted: _Wanted, generator: np.random.Generator, steps: Callable[[str], None]
) -> Posterior:
    found = hmc.sample(
        target.with_gradient, mode.point, mode.hessian, wanted.draws, wanted.chains, generator, progress=steps
    )
    # on the log scale, as the sampler saw them: ranks are the same, and a wide parameter does no harm
    logs = target.coordinates.log_parameters(found.draws)
    bulk, tail = diagnostics.bulk_and_tail_ess(logs)
    reasons: tuple[str, ...] = ()
    if found.divergent:
        reasons = (
            f"{found.divergent} of {wanted.draws * wanted.chains} trajectories ended where the posterior cannot be "
            "computed, so part of it may be missing: use a narrower prior",
        )
    return Posterior(
        parameters=target.names,
        draws=target.natural(found.draws),
        method="hmc",
        prior=target.coordinates.told,
        n_customers=float(target.patterns.weights.sum()),
        ess=_by_name(target, np.minimum(bulk, tail)),
        r_hat=_by_name(target, diagnostics.r_hat(logs)),
        ess_bulk=_by_name(target, bulk),
        ess_tail=_by_name(target, tail),
        acceptance=found.acceptance,
        distinct_draws=len(np.unique(found.draws.reshape(-1, found.draws.shape[2]), axis=0)),
        reasons=reasons,
        notes=(f"{found.passes:,} passes over {len(target.patterns.weights):,} patterns of customers",),
    )


def _bootstrapped(
    family: PurchaseFamily | SpendFamily,
    target: LogPosterior,
    mode: Mode,
    wanted: _Wanted,
    generator: np.random.Generator,
    steps: Callable[[str], None],
) -> Posterior:
    def weighted(weights: Array) -> Callable[[Array], tuple[float, Array]]:
        patterns = Patterns(target.patterns.columns, weights)
        return LogPosterior(family.log_likelihood, patterns, target.coordinates).with_gradient

    size = wanted.draws * wanted.chains
    found = bayesian_bootstrap.sample(
        weighted, target.patterns.weights, mode.point, mode.hessian, size, generator, progress=steps
    )
    reasons: tuple[str, ...] = ()
    if found.lost:
        reasons = (
            f"no maximum was found for {found.lost} of {size} draws: with other customers the likelihood would hardly "
            "have one; use a narrower prior",
        )
    draws = target.natural(found.draws)
    return Posterior(
        parameters=target.names,
        draws=draws.reshape(wanted.chains, wanted.draws, -1),
        method="bootstrap",
        prior=target.coordinates.told,
        n_customers=float(target.patterns.weights.sum()),
        ess=dict.fromkeys(target.names, float(size)),
        distinct_draws=size,
        reasons=reasons,
    )


def _by_name(target: LogPosterior, values: Array) -> dict[str, float]:
    return dict(zip(target.names, (float(v) for v in values), strict=True))


def _warn_of_others(title: str, state: Fitted, customers: float) -> None:
    """A posterior is that of the customers given, who should be those of the fit."""
    known = state.report.n_customers if state.report else customers
    if abs(known - customers) > 1e-9 * known:
        warn(
            f"{title}: the model was fitted on {known:,.10g} customers and this posterior is that of "
            f"{customers:,.10g}. Give the summary of the fit, and weights= if its rows stand for several customers"
        )


def _against(state: Fitted) -> tuple[str, ...]:
    """A fit that has not converged says that the customers leave a direction open, where the prior alone decides."""
    if state.report is None or state.report.converged:
        return ()
    return (
        f"the fit of the model did not converge ({state.report.verdict.rstrip('.')}), so in that direction the prior "
        "decides, not the customers: fit with the prior that you believe in, and give the same one here",
    )


def _split(prior: Any, one: tuple[str, ...], other: tuple[str, ...]) -> tuple[Any, Any]:
    """Priors of the two parts of a value."""
    if not isinstance(prior, Mapping):
        return prior, prior
    refuse_unknown(prior, (*one, *other))
    return (
        {name: wanted for name, wanted in prior.items() if name in one},
        {name: wanted for name, wanted in prior.items() if name in other},
    )


def _checked(method: Any, draws: Any, chains: Any, seed: Any) -> _Wanted:
    if method not in METHODS:
        raise InvalidInput(f"method must be one of {', '.join(METHODS)}; found {str(method)[:40]!r}")
    if draws is None:
        draws = _DRAWS_OF_BOOTSTRAP if method == "bootstrap" else _DRAWS
    for name, value in (("draws", draws), ("chains", chains)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not (whole and 1 <= value <= _MOST):
            raise InvalidInput(f"{name} must be a whole number from 1 to {_MOST:,}; found {str(value)[:40]}")
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if seed is not None and not (whole and seed >= 0):
        raise InvalidInput(f"seed must be a whole number of at least 0, or None; found {str(seed)[:40]!r}")
    return _Wanted(str(method), -(-int(draws) // int(chains)), int(chains), None if seed is None else int(seed))


def _refuse(value: Any, name: str, what: str) -> None:
    if value is not None:
        raise InvalidInput(f"{name} is {what}: leave it out; found {str(value)[:40]}")
