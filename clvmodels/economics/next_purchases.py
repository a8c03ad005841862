"""When a customer buys next: how likely it is at all, how likely soon, and when."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..families.contract import PurchaseFamily
from ..models import answers, quantiles, questions
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.time_units import labels
from ..numerics.arrays import Array
from .dates_ahead import dates_ahead, end_of_observation
from .silent_customers import purchases_of


def next_purchase(
    model: CLVModel | PurchaseModel,
    summary: Any,
    *,
    horizon: Any,
    q: Any = (0.1, 0.5, 0.9),
    observation_end: Any = None,
) -> Any:
    """How likely another purchase is, and when it comes, for every customer.

    With F(t) = P(at least one purchase in (T, T + t] | history), which does not come up to 1 where customers leave:

        probability_within_horizon = F(horizon),
        probability_ever           = F(inf),
        if_ever_q                  = the t at which F(t) = q · F(inf): the quantile q given that there is a purchase,
        bought_by_q                = the t at which F(t) = q: by then the customer has bought with probability q.

    ``bought_by`` is inf where q is not below F(inf), that is where the probability of never is 1 − q or more; the
    median of somebody who probably left is never. In discrete time both are the first whole period that reaches it.

    Parameters
    ----------
    model
        A `CLVModel` or `PurchaseModel` with parameters.
    summary
        One row a customer: the columns that the purchase family reads (frequency, recency, T).
    horizon
        In the model's time unit, at least 0; a column name, Series or array gives one a row.
    q
        Probabilities of at least 0 and below 1, or one.
    observation_end
        Where the summary does not say it.

    Returns
    -------
    frame
        Of the caller's kind, row by row: customer_id (if there is one), probability_within_horizon, probability_ever;
        for each q ``if_ever_0.5`` and ``bought_by_0.5`` (times from T in the model's time unit) and
        ``bought_by_0.5_on``, the day that holds it, missing where it never comes, lies after the year 9999, or the end
        of observation is not known.

    Raises
    ------
    NotFitted, UnitMismatch, InvalidInput
        If the model has no parameters, the summary is in another unit, or a value cannot be used.
    NotAvailable
        If the family does not know the probability of a purchase.

    Warns
    -----
    ClvWarning
        If the summary does not say its unit and looks as though it were another.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> model = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    >>> seen = pandas.DataFrame({"customer_id": ["ann", "bob"], "frequency": [2, 5], "recency": [30.43, 20.0]})
    >>> seen["T"] = 38.86
    >>> found = clv.economics.next_purchase(model, seen, horizon=4, q=0.5, observation_end="1997-09-30")
    >>> print(found.to_string(index=False, float_format="{:.2f}".format))
    customer_id  probability_within_horizon  probability_ever  if_ever_0.5  bought_by_0.5 bought_by_0.5_on
            ann                        0.13              0.73        15.67          29.48       1998-04-25
            bob                        0.11              0.29         6.12            inf              NaT
    """
    purchases = purchases_of(model)
    shares = [float(share) for share in np.atleast_1d(answers.checked_shares(q, "q"))]
    frame, columns = purchases._read(summary)
    length = answers.one_horizon(frame, horizon)
    end = end_of_observation(frame, observation_end)
    family, parameters = purchases.family, purchases._state.values
    ever = quantiles.ever_a_purchase(family, columns, parameters, "next_purchase")
    ids = frames.identifiers(frame)
    result: dict[str, Any] = {} if ids is None else {"customer_id": ids}
    result["probability_within_horizon"] = questions.probability_of_purchase(family, length, columns, parameters)
    result["probability_ever"] = ever
    for label, share in zip(labels(shares, "q"), shares, strict=True):
        by_then = _bought_by(family, share, ever, columns, parameters)
        result[f"if_ever_{label}"] = quantiles.time_to_next_purchase(family, share, columns, parameters)
        result[f"bought_by_{label}"] = by_then
        result[f"bought_by_{label}_on"] = dates_ahead(end, by_then, purchases._unit, family.time)
    told = {} if end is None else {"observation_end": end.isoformat()}
    return frames.attach_facts(frames.table(result, frame), {**frames.read_facts(frame), **told})


def _bought_by(
    family: PurchaseFamily, share: float, ever: Array, columns: list[Array], parameters: tuple[float, ...]
) -> Array:
    """F(t) = share is F(t)/F(inf) = share/F(inf), the quantile of somebody who buys again."""
    result = np.full(len(ever), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        given = share / ever
    rows = np.flatnonzero(given < 1)
    result[rows] = quantiles.time_to_next_purchase(family, given[rows], [v[rows] for v in columns], parameters)
    return result
