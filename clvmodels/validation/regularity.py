"""How regularly customers buy: the check of the assumption that purchases come by chance, at a rate of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from ..errors import InvalidInput, NotEnoughData
from ..numerics.arrays import Array
from ..transactions.events import PurchaseEvents, observed_events
from ..transactions.sources import held
from ..transactions.summarize import refuse_unknown, summarize

if TYPE_CHECKING:
    import pandas as pd

BINS = 20
# what is not known of an event's time, in days: where in its grain it lay (all months have 28 days)
_UNKNOWN = {"line": 0.0, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 28.0, "year": 365.0}
_SMALL = 0.1  # a k that differs from 1 by less bends no forecast
_LARGEST = 1e6  # of k, for its density


def compute_regularity(log: object, **reading: Any) -> pd.DataFrame:
    """Estimate how regular the times between purchases are, from the last two of every customer who has two.

    With d_1, d_2 the last two times between purchases of a customer, M = d_1/(d_1 + d_2). If they are Erlang-k with
    any rate of his own, M ~ Beta(k, k) whatever the rate: uniform for k = 1, the exponential times that all families
    here assume, and close to 1/2 for regular buyers. Var M = 1/(4(2k + 1)), so k = (1 − 4 Var M)/(8 Var M).

    Source: Wheat & Morrison (1990), Estimating Purchase Regularity with Two Interpurchase Times, Journal of Marketing
    Research 27(1), 87-93.

    Parameters
    ----------
    log
        As for `summarize`.
    **reading
        As for `summarize`: customer_id, date, amount, event_grain, observation_end, refunds and so on; no time_unit.

    Returns
    -------
    pandas.DataFrame
        A histogram of M, 20 rows: ``low``, ``high``, ``customers``, ``share``, ``uniform`` (the share if k = 1) and
        ``fitted`` (that of Beta(k, k)); and in every row ``n_customers``, ``regularity`` (k), its ``standard_error``,
        ``p_value`` (Kolmogorov-Smirnov: abs(2M − 1) is uniform for k = 1) and ``reading``, a sentence that says what k
        means.

    Raises
    ------
    NotEnoughData
        If fewer than 2 customers have 3 purchases at different times.
    InvalidInput
        As `summarize`.

    Notes
    -----
    The two times count alike in either order: Var M is the mean of (M − 1/2)². A histogram that leans to one side says
    that buying slows down (left) or speeds up, which k and p_value do not look at. The error of k is by the delta
    method. Times in whole days would make M discrete (many equal 1/2): each event is placed at random within its day
    (hour, week ...), with a fixed seed, which is right as far as purchases come at any time of it; grain "line" needs
    none. Purchases of one day are one, so that times below a day are missing and k comes out somewhat high: 1.06 for
    chance with one purchase in 40 days on average. Where customers buy every few days take a finer event_grain.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.validation.regularity import compute_regularity
    >>> table = compute_regularity(clv.load_cdnow(sample=True))
    >>> table[["n_customers", "regularity", "standard_error", "p_value"]].iloc[0].round(3).to_list()
    [736.0, 0.982, 0.049, 0.448]
    >>> print(table["reading"].iloc[0])
    k = 0.98 ± 0.10: purchases come about as irregularly as chance has it (k = 1), as the models assume.
    """
    import pandas as pd

    refuse_unknown("compute_regularity", reading)
    if "time_unit" in reading:
        raise InvalidInput("regularity has no unit of time; leave time_unit out")
    reading = {**reading, "time_unit": "day"}
    log, _ = held(log)
    summary, _, facts = summarize(log, **reading)
    reading |= {"observation_end": facts["observation_end"]}
    events = observed_events(log, summary, **reading)
    M = _shares_of_first(events, _UNKNOWN[str(facts["event_grain"])])
    if len(M) < 2:
        raise NotEnoughData(
            f"regularity needs customers with at least 3 purchases at different times; found {len(M)} among "
            f"{len(np.unique(events.customer)):,} customers"
        )
    k, error = _regularity(M)
    p_value = float(stats.kstest(np.abs(2 * M - 1), "uniform").pvalue)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    counts = np.histogram(M, edges)[0]
    shape = min(k, _LARGEST)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "customers": counts,
            "share": counts / len(M),
            "uniform": 1 / BINS,
            "fitted": np.diff(stats.beta(shape, shape).cdf(edges)),
            "n_customers": len(M),
            "regularity": k,
            "standard_error": error,
            "p_value": p_value,
            "reading": _in_words(k, error),
        }
    )


def _shares_of_first(events: PurchaseEvents, unknown: float) -> Array:
    """M of every customer with two times between purchases."""
    time = events.time
    if unknown:
        time = time + unknown * np.random.default_rng(1990).random(len(time))
    last = np.flatnonzero(np.append(events.customer[1:] != events.customer[:-1], True))[: len(time)]
    last = last[(last >= 2) & (events.customer[last - 2] == events.customer[last])]
    first, second = time[last - 1] - time[last - 2], time[last] - time[last - 1]
    there = first + second > 0
    return np.asarray(first[there] / (first + second)[there])


def _regularity(M: Array) -> tuple[float, float]:
    """k, and its standard error by the delta method: dk/dV = −1/(8V²)."""
    squares = (M - 0.5) ** 2
    V = float(squares.mean())
    if V == 0:
        return float("inf"), float("nan")
    return (1 - 4 * V) / (8 * V), float(squares.std(ddof=1)) / np.sqrt(len(M)) / (8 * V**2)


def _in_words(k: float, error: float) -> str:
    found = f"k = {k:.2f} ± {1.96 * error:.2f}"
    by_chance = abs(k - 1) <= 1.96 * error
    if by_chance and 1.96 * error > 0.5:
        return (
            f"{found}: too few customers to tell whether purchases come by chance (k = 1) or regularly (k = 2, 3 ...)."
        )
    if by_chance or abs(k - 1) < _SMALL:
        return f"{found}: purchases come about as irregularly as chance has it (k = 1), as the models assume."
    if k > 1:
        return (
            f"{found}: buying is more regular than chance (k = 1); numbers of purchases vary less than the models say, "
            "and a long silence tells more than they take it to."
        )
    return (
        f"{found}: purchases come in bursts, less regularly than chance has it (k = 1); numbers of purchases vary more "
        "than the models say."
    )
