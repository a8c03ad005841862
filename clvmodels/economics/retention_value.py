"""Value by a retention rate, and the timing on which two well-known forms of it differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..numerics.arrays import Array
from . import given_numbers as given

if TYPE_CHECKING:
    import pandas as pd

_TIMINGS = ("next", "now")


def retention_clv(
    margin: Any,
    retention_rate: Any,
    discount_rate: Any,
    *,
    first_margin: str = "next",
    acquisition_cost: Any = 0.0,
) -> Any:
    """Value by a constant retention rate r: margin × r/(1 + d − r), or margin × (1 + d)/(1 + d − r).

    Two formulas that differ in when the first margin comes; the second is the first plus exactly one margin. d is the
    discount rate of a period:

    ==========  ======  ==============  ================  =====  ======================================
    first one   now     in 1 period     in 2 periods      …      sum
    ==========  ======  ==============  ================  =====  ======================================
    ``"next"``  0       margin r/(1+d)  margin r²/(1+d)²  …      margin × r/(1 + d − r)
    ``"now"``   margin  margin r/(1+d)  margin r²/(1+d)²  …      margin × (1 + d)/(1 + d − r)
    ==========  ======  ==============  ================  =====  ======================================

    ``"next"`` is for a customer whose margin of this period is in already: what is left of him, after a renewal that he
    makes with probability r. ``"now"`` is for one who is just to be won, whose first margin is certain. Both are from
    contractual settings, where leaving is seen, and take r to be the same for all customers and ever after; where
    customers differ, those who stay are better ones and the formula is too low for them.

    Sources: Blattberg & Deighton (1996), "Manage Marketing by the Customer Equity Test", Harvard Business Review 74(4),
    136-144; Gupta & Lehmann (2003), "Customers as Assets", Journal of Interactive Marketing 17(1), 9-24 (``"next"``);
    Gupta et al. (2006), "Modeling Customer Lifetime Value", Journal of Service Research 9(2), 139-155; Fader & Hardie
    (2012), "Reconciling and Clarifying CLV Formulas" (the difference).

    Parameters
    ----------
    margin
        Profit of a customer who is there, in money per period.
    retention_rate
        r, the share of customers who stay from one period to the next, in [0, 1).
    discount_rate
        d, per *period*, above −1 (and above r − 1): `discount_rate_per_period` makes it of an annual one.
    first_margin
        ``"next"``: one period ahead; ``"now"``: at once.
    acquisition_cost
        Taken off, in money per customer.

    Returns
    -------
    float or numpy.ndarray
        Money per customer, today's.

    Raises
    ------
    InvalidInput
        If r is outside [0, 1), d is −1 or less or so low that the sum is infinite (d ≤ r − 1), a cost is negative, a
        number is missing or infinite, arrays differ in length, or the timing is neither of the two.

    Examples
    --------
    >>> round(retention_clv(100, 0.80, 0.10), 2), round(retention_clv(100, 0.80, 0.10, first_margin="now"), 2)
    (266.67, 366.67)
    >>> round(retention_clv(100, 0.80, 0.10, first_margin="now", acquisition_cost=150), 2)
    216.67
    """
    money, r, d, cost = _checked(margin, retention_rate, discount_rate, acquisition_cost)
    if first_margin not in _TIMINGS:
        raise InvalidInput(
            f"first_margin must be 'next' (one period ahead) or 'now' (at once); found {str(first_margin)[:60]!r}"
        )
    first = 1 + d if first_margin == "now" else r
    return given.answered(money * first / (1 + d - r) - cost)


def retention_clv_timings(
    margin: float,
    retention_rate: float,
    discount_rate: float,
    *,
    periods: int = 5,
    acquisition_cost: float = 0.0,
) -> pd.DataFrame:
    """Both timings of `retention_clv` side by side, period by period, with their sums.

    Parameters
    ----------
    margin, retention_rate, discount_rate
        As for `retention_clv`, single numbers.
    periods
        How many periods to list after period 0; all later ones are one row.
    acquisition_cost
        Money per customer, paid in period 0.

    Returns
    -------
    pandas.DataFrame
        Rows "0", "1", …, "later" and "CLV"; columns ``period``, ``still_customer`` (r^t), ``discount`` (1/(1+d)^t),
        ``next`` and ``now``: present value expected in the period under each timing, and in the last row their sums,
        which are what `retention_clv` gives. Missing where a column has no sense.

    Raises
    ------
    InvalidInput
        As `retention_clv` does; for arrays, and if periods is no whole number of at least 1.

    Examples
    --------
    >>> table = retention_clv_timings(100, 0.80, 0.10, periods=2, acquisition_cost=150)
    >>> print(table.to_string(index=False, float_format="{:.2f}".format, na_rep=""))
    period  still_customer  discount    next    now
         0            1.00      1.00 -150.00 -50.00
         1            0.80      0.91   72.73  72.73
         2            0.64      0.83   52.89  52.89
     later                            141.05 141.05
       CLV                            116.67 216.67
    """
    import pandas as pd

    money, r, d, cost = _checked(margin, retention_rate, discount_rate, acquisition_cost)
    if max(each.ndim for each in (money, r, d, cost)):
        raise InvalidInput("a table of timings is of single numbers: call it for each, or retention_clv for arrays")
    t = np.arange(given.count("periods", periods) + 1)
    still, discount = r**t, (1 + d) ** -t.astype(np.float64)
    flows = money * still * discount
    later = float(flows[-1] * r / (1 + d - r))  # of a customer of the last period listed, the formula itself
    columns: dict[str, list[float]] = {}
    for name in _TIMINGS:
        own = flows.copy()
        own[0] = (money if name == "now" else 0.0) - cost
        columns[name] = [*own.tolist(), later, float(own.sum()) + later]
    return pd.DataFrame(
        {
            "period": [*map(str, t), "later", "CLV"],
            "still_customer": [*still.tolist(), np.nan, np.nan],
            "discount": [*discount.tolist(), np.nan, np.nan],
            **columns,
        }
    )


def _checked(margin: Any, retention_rate: Any, discount_rate: Any, cost: Any) -> tuple[Array, Array, Array, Array]:
    money, r = given.real("margin", margin), given.retention_rate("retention_rate", retention_rate)
    d, paid = given.discount_rate("discount_rate", discount_rate), given.at_least_0("acquisition_cost", cost)
    given.refuse_shapes(margin=money, retention_rate=r, discount_rate=d, acquisition_cost=paid)
    endless = ~(1 + d - r > 0)
    if endless.any():
        raise InvalidInput(
            f"discount_rate must be above retention_rate - 1, else the sum is infinite: {endless.sum():,} of "
            f"{endless.size:,} are not, first discount_rate={np.broadcast_to(d, endless.shape)[endless][0]:g} with "
            f"retention_rate={np.broadcast_to(r, endless.shape)[endless][0]:g}"
        )
    return money, r, d, paid
