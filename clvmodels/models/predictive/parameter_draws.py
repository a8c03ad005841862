"""Draws of parameters to predict with, and where they come from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...errors import NotAvailable, warn
from ...numerics.arrays import Array
from ..fitted import Fitted

POSTERIOR, COVARIANCE, GIVEN = "posterior", "covariance", "parameters as given"


class ParameterDraws(NamedTuple):
    """Parameters on their own scale, a row a draw, and their source: one of the three above."""

    thetas: Array
    source: str


def draws_of(fitted: Fitted, title: str, size: int, seed: Any) -> ParameterDraws:
    """``size`` draws of a model's parameters: of the posterior it carries, else of a normal distribution.

    The normal one is that of ln θ, around the estimates, with the stored covariance. Parameters that were given are
    taken as known: every draw is the same.

    Parameters
    ----------
    fitted
        What the model knows.
    title
        Of its family, for messages.
    size
        How many draws, at least 1. Of a posterior with more they are spread evenly over it; of one with fewer some
        occur again.
    seed
        For numpy.random.default_rng; the posterior needs none.

    Raises
    ------
    NotAvailable
        If there is no posterior, and the fit's verdict says that its covariance is not to be trusted.

    Warns
    -----
    ClvWarning
        If the posterior is not to be trusted.

    Examples
    --------
    >>> draws_of(Fitted({"r": 0.385, "alpha": 12.072}), "NBD", 2, 0)
    ParameterDraws(thetas=array([[ 0.385, 12.072],
           [ 0.385, 12.072]]), source='parameters as given')
    """
    if fitted.posterior is not None:
        if not fitted.posterior.trusted:
            warn(f"{title}: {fitted.posterior.verdict}")
        flat = fitted.posterior.flat()
        return ParameterDraws(flat[spread(len(flat), size)], POSTERIOR)
    estimates = np.array(fitted.values)
    if fitted.covariance is None:
        return ParameterDraws(np.tile(estimates, (size, 1)), GIVEN)
    refuse_untrusted(fitted, title)
    values, directions = np.linalg.eigh(fitted.covariance)
    root = directions * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((size, len(estimates)))
    return ParameterDraws(estimates * np.exp(normal @ root.T), COVARIANCE)


def refuse_untrusted(fitted: Fitted, title: str) -> None:
    """Raise if a fit's covariance says nothing about how sure its parameters are."""
    report = fitted.report
    trusted = report is None or report.converged
    if trusted and fitted.covariance is not None and np.all(np.isfinite(fitted.covariance)):
        return
    why = "its covariance is not known" if report is None or trusted else report.verdict
    raise NotAvailable(
        f"{title}: no intervals from the covariance of this fit. {why.rstrip('.')}. With a prior there is a posterior: "
        "model.with_posterior(clvmodels.posterior(model, summary))"
    )


def spread(many: int, size: int) -> Any:
    """Positions of ``size`` among ``many``, evenly spread; each occurs again as often if there are fewer.

    >>> spread(10, 5), spread(2, 5)
    (array([1, 3, 5, 7, 9]), array([0, 1, 0, 1, 0]))
    """
    if size > many:
        return np.arange(size) % many
    return np.floor((np.arange(size) + 0.5) * many / size).astype(np.intp)
