"""Draws of parameters for intervals that are to be judged: none where they cannot be trusted."""

from __future__ import annotations

import numpy as np

from ..errors import NotAvailable
from ..models.fitted import Fitted
from ..models.predictive.parameter_draws import ParameterDraws, draws_of


def trusted_draws(fitted: Fitted, title: str, size: int, seed: np.random.SeedSequence) -> ParameterDraws:
    """``size`` draws: of the posterior that is carried, else of a normal one of ln θ; equal ones of given parameters.

    Raises
    ------
    NotAvailable
        If the posterior or the fit is not to be trusted, in a few words.

    Examples
    --------
    >>> trusted_draws(Fitted({"r": 0.385, "alpha": 12.072}), "NBD", 1, np.random.SeedSequence(1)).source
    'parameters as given'
    """
    if fitted.posterior is not None and not fitted.posterior.trusted:
        raise NotAvailable("the posterior is not to be trusted")
    try:
        return draws_of(fitted, title, size, seed)
    except NotAvailable as error:
        raise NotAvailable("the fit is not to be trusted") from error
