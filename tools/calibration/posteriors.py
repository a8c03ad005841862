"""Is the posterior right? One world after another: ranks of what is true among what is believed.

Beside the parameters two further quantities are ranked. One is what the parameters are for: what a new customer is
expected to do. The other is the log-likelihood of the world's own customers: the prior itself in place of the posterior
would rank every parameter well, but not this. Source: Modrák et al. (2023), Simulation-Based Calibration Checking for
Bayesian Computation: The Choice of Test Quantities Shapes Sensitivity, Bayesian Analysis, doi 10.1214/23-BA1404.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import clvmodels as clv
from clvmodels.families import SPEND_FAMILIES

from .ranks import rank
from .worlds import MONEY_SCALE, family_of, fitted, generator_of, is_discrete, longest, prior_of, world_of

DRAWS = 1_000
LIKELIHOOD_DRAWS = 200  # of them, for the log-likelihood, which takes a pass over the customers each
LIKELIHOOD = "log-likelihood"


class Outcome(NamedTuple):
    """What came of one world.

    Attributes
    ----------
    ranks
        Quantity -> rank in (0, 1); empty if there was no posterior.
    failure
        Why there is no posterior, or why it is not to be trusted; None if all is well.
    method
        How the draws were made; "" without a posterior.
    k_hat
        Tail index of the importance weights, NaN where there were none.
    """

    ranks: dict[str, float]
    failure: str | None
    method: str
    k_hat: float


def derived(name: str) -> str:
    """What the derived quantity is, in words."""
    if name in SPEND_FAMILIES:
        return f"expected spend after 2 purchases of {MONEY_SCALE:g}"
    return f"expected purchases of a new customer in {longest(name):g} {'months' if is_discrete(name) else 'weeks'}"


def posterior_of(name: str, summary: Any, prior: Mapping[str, Any] | None, seed: int, draws: int = DRAWS) -> Any:
    """Model and posterior with the same prior; the package's own, and a fit without any, where it is None."""
    model = fitted(name, summary, prior)
    scale = {"money_scale": MONEY_SCALE} if name in SPEND_FAMILIES else {"observation_length": longest(name)}
    return model, clv.posterior(model, summary, prior=prior, draws=draws, seed=seed, **scale)


def checked_world(name: str, seed: int, world: int, draws: int = DRAWS) -> Outcome:
    """Simulate one world, infer, rank."""
    generator = generator_of(seed, "posterior", name, world)
    made = world_of(name, generator)
    # what a fit or a posterior warns of is in its verdict, which is counted
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        try:
            _, found = posterior_of(name, made.summary, prior_of(name), int(generator.integers(2**31)), draws)
        except clv.ClvError as error:
            return Outcome({}, str(error), "", math.nan)
    thetas = found.flat()
    quantities = quantities_of(name, thetas, list(made.truth.values()), made.summary)
    ranks = {what: rank(truth, values, generator) for what, (truth, values) in quantities.items()}
    failure = None if found.trusted else found.reasons[0]
    return Outcome(ranks, failure, found.method, math.nan if found.k_hat is None else found.k_hat)


def quantities_of(name: str, thetas: Any, truth: Sequence[float], summary: Any) -> dict[str, tuple[float, Any]]:
    """Quantity -> its true value and its values in the draws. The log of a parameter has the rank of the parameter."""
    family = family_of(name)
    found = {p: (truth[j], thetas[:, j]) for j, p in enumerate(family.parameters)}
    found[derived(name)] = float(_derived(name, truth)), np.asarray(_derived(name, thetas.T))
    some = thetas[:: max(1, len(thetas) // LIKELIHOOD_DRAWS)]
    rows = summary.loc[summary["frequency"] > 0] if name in SPEND_FAMILIES else summary
    columns = [rows[column].to_numpy(np.float64) for column in family.statistics]
    found[LIKELIHOOD] = (
        _log_likelihood(family, columns, truth),
        np.array([_log_likelihood(family, columns, theta) for theta in some]),
    )
    return found


def _derived(name: str, parameters: Any) -> Any:
    if name in SPEND_FAMILIES:
        return family_of(name).expected_spend(2.0, MONEY_SCALE, *parameters)
    return family_of(name).expected_purchases(longest(name), *parameters)


def _log_likelihood(family: Any, columns: Any, parameters: Any) -> float:
    return float(np.sum(family.log_likelihood(*columns, *parameters)[0]))
