"""What a model family must provide. A family is a value: one of these, at the end of its own file.

Every function is pure and takes its keyword (``t``, ``n``, ...) first, then the family's statistics in order, then its
parameters in order; all of them broadcast row by row, so a parameter may be one number or one per customer. Time is in
any one unit, the same for statistics, parameters and arguments. Results are float64 and finite wherever the
mathematics is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..numerics.arrays import Array, Positions


class LogLikelihood(Protocol):
    """One customer's log-likelihood and its gradient in the log-parameters, from one pass."""

    def __call__(self, *statistics_then_parameters: Any) -> tuple[Array, Array]:
        """Return values of shape (n,) and gradient of shape (number of parameters, n)."""
        ...


Quantity = Callable[..., Array]


@dataclass(frozen=True)
class Limit:
    """A direction in which a likelihood can go on rising for ever, and what it means when it does.

    Attributes
    ----------
    towards
        +1 for a parameter that grows without bound and -1 for one that shrinks to 0, by name.
    meaning
        Which parameters go where, and what customers are then like.
    advice
        What to do about it.

    Examples
    --------
    >>> HEAVY_BUYERS.towards, HEAVY_BUYERS.meaning
    ({'r': -1}, 'r shrinks to 0: a few customers make all the purchases')
    """

    towards: Mapping[str, int]
    meaning: str
    advice: str


# What every family with purchase rates λ ~ Gamma(r, alpha) can run into.
RATES_ALIKE = Limit(
    {"r": +1, "alpha": +1},
    "r and alpha grow without bound: everybody seems to buy at the same rate",
    "use more customers or a longer observation to tell them apart",
)
HEAVY_BUYERS = Limit({"r": -1}, "r shrinks to 0: a few customers make all the purchases", "fit such heavy buyers apart")


@dataclass(frozen=True)
class Mixing:
    """How one of the rates of customers differs over the population, where that is a known distribution.

    Attributes
    ----------
    shape
        ``"gamma"`` (of a shape and a rate, on (0, ∞)) or ``"beta"`` (of two shapes, on (0, 1)).
    parameters
        The names of the two parameters of the family that it has, in that order.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.PurchaseModel("bg_nbd").family.mixing["dropout_probability"]
    Mixing(shape='beta', parameters=('a', 'b'))
    """

    shape: Literal["gamma", "beta"]
    parameters: tuple[str, str]


PURCHASE_RATES = Mixing("gamma", ("r", "alpha"))


@dataclass(frozen=True)
class PurchaseFamily:
    """A model of when customers buy and when they leave.

    Attributes
    ----------
    name, title, source
        ``"bg_nbd"``, ``"BG/NBD"`` and the paper.
    parameters
        Names in the paper's order.
    time_parameters
        Those that are measured in the time unit (they scale with it); all others are pure numbers.
    statistics
        The summary columns that the family reads, in order.
    time
        ``"continuous"`` or ``"discrete"``. In discrete time a summary holds whole periods and frequency ≤ recency ≤ T,
        which is checked before a family sees it; the family itself cuts lengths (t, start, T) to whole periods.
    start
        ``start(*statistics, weights)``: rough parameters to begin a fit from, as a tuple.
    log_likelihood
        ``(*statistics, *parameters)`` -> values and gradient in the log-parameters.
    log_likelihood_value
        The same values without the gradient; None where that would not be faster.
    log_p_alive
        ln P(alive at T | history).
    survival_alive
        ``(t, ...)``: P(alive at T + t | alive at T, history); t = inf is the limit.
    expected_purchases_alive
        ``(t, start, ...)``: E[purchases in (T + start, T + start + t] | alive at T, history]; t = inf is the limit.
    discounted_purchases_alive
        ``(t, delta, ...)``: the same from T on, discounted at the continuous rate delta; None where the generic
        quadrature of :mod:`clvmodels.numerics.discounting` is to be used.
    changed_purchases_alive
        ``(t, delta, rate_factor, dropout_factor, ...)``: ``discounted_purchases_alive`` (with delta = 0
        ``expected_purchases_alive``) if from T on his own purchase rate, and his own dropout rate or probability, are
        so many times what ``draw_rates_alive`` draws; probabilities at most 1. Factors are at least 0 and broadcast as
        all else. None where not available.
    conditional_purchase_pmf
        ``(n, t, ...)``: P(n purchases in (T, T + t] | history).
    probability_of_purchase_alive
        ``(t, ...)``: P(at least one purchase in (T, T + t] | alive at T, history); t = inf is the limit.
    more_purchases_alive
        ``(n, t, ...)``: P(more than n purchases in (T, T + t] | alive at T, history); t = inf is the limit. None where
        the probabilities of 0, 1, 2, ... purchases are to be added up.
    purchase_counts_alive
        ``(n, t, ...)`` of consecutive whole numbers n, an array of at least one: P(n purchases in (T, T + t] | alive at
        T, history) and P(more than n), each of shape (len(n), customers); what many n share is computed once. None
        where ``conditional_purchase_pmf`` is to be asked n by n.
    statistics_ahead
        Those of the statistics on which the future of a customer alive at T depends, the others telling only whether he
        is alive: customers who share them share that future. None where it depends on all.
    residual_lifetime_alive
        ``(q, ...)``: quantile q of the time from T until a customer alive at T leaves, inf if he may never; None where
        the root of ``survival_alive`` is to be found.
    time_to_next_purchase_alive
        ``(q, ...)``: quantile q of the time from T to the next purchase of a customer alive at T, given that there is
        one; None where the root of ``probability_of_purchase_alive`` is to be found.
    time_to_last_purchase_alive
        ``(q, ...)``: quantile q of the time from T to the last purchase ever of a customer alive at T, given that there
        is another; None where not available.
    expected_purchases
        ``(t, *parameters)``: E[purchases in (0, t]] of a new customer.
    purchase_pmf
        ``(n, t, *parameters)``: P(n purchases in (0, t]) of a new customer.
    probability_of_purchase_later
        ``(t, start, *parameters)``: P(at least one purchase in (start, start + t]) of a new customer, whatever comes
        before; None where not available.
    simulate
        ``(generator, observation, *parameters)`` -> customer positions and times of their repeat purchases in
        (0, observation], customers in order, times rising within each.
    draw_latent
        ``(generator, *statistics, *parameters)`` -> one draw per customer given history: ``purchase_rate``, ``alive``
        (0 or 1 at T) and what governs dropout, by name; None where not available.
    expected_latent
        ``(*statistics, *parameters)`` -> posterior means of the rates that ``draw_latent`` draws, by the same names
        (without ``alive``); None where not available.
    latent_cdf
        By the same names: ``(value, *statistics, *parameters)`` -> P(rate ≤ value | history), alive or not; None where
        not available.
    draw_rates_alive
        ``(generator, *statistics, *parameters)`` -> one draw per customer of these rates given history *and* that he is
        alive at T: the part of ``draw_latent`` that the future depends on. None where the future does not depend on the
        rates alone.
    expected_rates_alive
        ``(*statistics, *parameters)`` -> means of what ``draw_rates_alive`` draws, by the same names; None where not
        available.
    purchases_of_rates
        ``(t, delta, rates)``: E[purchases in (0, t] from now on | alive now, rates], each worth e^(-delta·u) when it
        comes at u; t = inf is the limit where delta > 0. ``rates`` is what ``draw_rates_alive`` gives.
    simulate_of_rates
        ``(generator, t, rates)`` -> customer positions and times in (0, t] of the purchases that customers with these
        rates, alive now, make from now on; customers in order, times in any order within each.
    mixing
        How each of these rates differs over new customers, by the same names (see :class:`Mixing`); None where it is
        not a distribution of that kind, and draws show it.
    finite_total
        (parameter, bound): the expected number of purchases of a lifetime is finite only while the parameter is above
        the bound; None where it never is.
    limits
        See :class:`Limit`.
    contains
        Names of families that are special or limiting cases of this one (NBD, where nobody leaves): pairs that a
        likelihood-ratio test may compare.

    Examples
    --------
    >>> import clvmodels as clv
    >>> family = clv.PurchaseModel("bg_nbd").family
    >>> family.title, family.parameters, family.statistics
    ('BG/NBD', ('r', 'alpha', 'a', 'b'), ('frequency', 'recency', 'T'))
    >>> value, gradient = family.log_likelihood(0.0, 0.0, 40.0, 0.25, 4.0, 0.8, 2.5)
    >>> round(float(value), 8), gradient.shape
    (-0.59947382, (4,))
    """

    name: str
    title: str
    source: str
    parameters: tuple[str, ...]
    time_parameters: tuple[str, ...]
    statistics: tuple[str, ...]
    time: Literal["continuous", "discrete"]
    start: Callable[..., tuple[float, ...]]
    log_likelihood: LogLikelihood
    log_p_alive: Quantity
    survival_alive: Quantity
    expected_purchases_alive: Quantity
    expected_purchases: Quantity
    finite_total: tuple[str, float] | None
    log_likelihood_value: Quantity | None = None
    discounted_purchases_alive: Quantity | None = None
    changed_purchases_alive: Quantity | None = None
    conditional_purchase_pmf: Quantity | None = None
    probability_of_purchase_alive: Quantity | None = None
    more_purchases_alive: Quantity | None = None
    purchase_counts_alive: Callable[..., tuple[Array, Array]] | None = None
    statistics_ahead: tuple[str, ...] | None = None
    residual_lifetime_alive: Quantity | None = None
    time_to_next_purchase_alive: Quantity | None = None
    time_to_last_purchase_alive: Quantity | None = None
    purchase_pmf: Quantity | None = None
    probability_of_purchase_later: Quantity | None = None
    simulate: Callable[..., tuple[Positions, Array]] | None = None
    draw_latent: Callable[..., dict[str, Array]] | None = None
    expected_latent: Callable[..., dict[str, Array]] | None = None
    latent_cdf: Mapping[str, Quantity] | None = None
    draw_rates_alive: Callable[..., dict[str, Array]] | None = None
    expected_rates_alive: Callable[..., dict[str, Array]] | None = None
    purchases_of_rates: Quantity | None = None
    simulate_of_rates: Callable[..., tuple[Positions, Array]] | None = None
    mixing: Mapping[str, Mixing] | None = None
    limits: tuple[Limit, ...] = ()
    contains: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpendFamily:
    """A model of how much customers spend at a purchase.

    Attributes
    ----------
    name, title, source
        ``"gamma_gamma"``, ``"Gamma-Gamma"`` and the paper.
    parameters
        Names in the paper's order.
    money_parameters
        Those that are measured in money (they scale with it).
    statistics
        The summary columns that the family reads, in order: ``("frequency", "monetary_value")``.
    start
        ``start(*statistics, weights)``: rough parameters to begin a fit from, as a tuple.
    log_likelihood
        ``(*statistics, *parameters)`` -> ln density of the observed mean spend, and gradient in the log-parameters.
    expected_spend
        Posterior mean spend per purchase; the population mean at frequency 0; inf where it is infinite.
    population_mean, population_mean_is_finite
        ``(*parameters)``.
    log_density
        ``(m, n, *parameters)``: ln density of the mean m of n purchases of a customer not seen yet.
    log_density_of_sum
        ``(total, n, *statistics, *parameters)``: ln density of the sum of n future purchases given history.
    simulate
        ``(generator, counts, *parameters)`` -> one amount per purchase, customers in order.
    draw_level
        ``(generator, *statistics, *parameters)`` -> one draw per customer of his own mean spend per purchase, given
        history; None where not available.
    simulate_of_level
        ``(generator, level, counts, *parameters)`` -> sums of ``counts`` ≥ 1 amounts of customers whose own mean spend
        is ``level``.
    limits
        See :class:`Limit`.

    Examples
    --------
    >>> import clvmodels as clv
    >>> family = clv.SpendModel("gamma_gamma").family
    >>> family.parameters, family.money_parameters, family.statistics
    (('p', 'q', 'v'), ('v',), ('frequency', 'monetary_value'))
    >>> round(float(family.expected_spend(2.0, 22.35, 6.25, 3.74, 15.44)), 2)
    24.66
    """

    name: str
    title: str
    source: str
    parameters: tuple[str, ...]
    money_parameters: tuple[str, ...]
    statistics: tuple[str, ...]
    start: Callable[..., tuple[float, ...]]
    log_likelihood: LogLikelihood
    expected_spend: Quantity
    population_mean: Callable[..., float]
    population_mean_is_finite: Callable[..., bool]
    log_density: Quantity
    log_density_of_sum: Quantity
    simulate: Callable[..., Array]
    draw_level: Callable[..., Array] | None = None
    simulate_of_level: Callable[..., Array] | None = None
    limits: tuple[Limit, ...] = ()
