"""Whether what is known of a model's parameters is good enough for intervals that are to be judged."""

from __future__ import annotations

from ..errors import NotAvailable
from ..models.fitted import Fitted
from ..models.predictive.parameter_draws import refuse_untrusted


def distrust(fitted: Fitted) -> str | None:
    """Why there are to be no intervals, in a few words; None if there is no reason.

    Parameters that were given are taken as known, and a posterior that is carried is judged instead of the fit.

    >>> distrust(Fitted({"r": 0.385, "alpha": 12.072})) is None
    True
    """
    if fitted.posterior is not None:
        return None if fitted.posterior.trusted else "the posterior is not to be trusted"
    if fitted.report is None and fitted.covariance is None:
        return None
    try:
        refuse_untrusted(fitted, "")
    except NotAvailable:
        return "the fit is not to be trusted"
    return None
