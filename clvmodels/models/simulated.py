"""Simulated purchases become a log with timestamps and, with amounts, money; and its summary."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily, SpendFamily
from ..numerics.arrays import Array, Positions
from ..transactions.moments import parse_moment
from ..transactions.summarize import rfm_summary
from ..units import hours_in
from . import questions
from .time_units import checked_lengths, numbers

if TYPE_CHECKING:
    import pandas as pd


class Simulated(NamedTuple):
    """A simulated log with timestamps, and its summary (event_grain="line").

    Attributes
    ----------
    log
        pandas.DataFrame, one row a purchase: customer_id (1, 2, ...), date (to the microsecond) and, where spend was
        simulated, amount; the first purchase of each customer included.
    summary
        pandas.DataFrame, one row a customer, as `rfm_summary` makes it from the log, in the model's time unit.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> log, summary = model.simulate(100, observation=39, seed=1)
    >>> len(log) == 100 + summary["frequency"].sum(), summary["T"].unique()
    (np.True_, array([39.]))
    """

    log: pd.DataFrame
    summary: pd.DataFrame


def simulated(
    family: PurchaseFamily,
    parameters: tuple[float, ...],
    time_unit: str,
    n_customers: int,
    observation: Any,
    seed: int | None,
    observation_end: str,
    spend: tuple[SpendFamily, tuple[float, ...]] | None = None,
) -> Simulated:
    """Customers who behave as the families say; the same purchases of the same seed, with and without amounts."""
    if family.simulate is None:
        raise questions.cannot(family, "simulate")
    if not (isinstance(n_customers, (int, np.integer)) and n_customers >= 1):
        raise InvalidInput(f"n_customers must be a whole number of at least 1; found {n_customers!r}")
    generator = _generator(seed)
    length = checked_lengths(observation, "observation")
    if np.any(np.isinf(length)):
        raise InvalidInput("observation must be finite")
    if length.ndim and length.shape != (n_customers,):
        raise InvalidInput(f"observation must be one number or {n_customers} of them; found {length.shape}")
    length = np.ascontiguousarray(np.broadcast_to(length, (n_customers,)))
    if family.time == "discrete":
        length = np.floor(length)  # a part of a period holds no chance to buy
    amounts_from = generator.spawn(1)[0]
    owner, times = family.simulate(generator, length, *parameters)
    log = _dated(owner, times, length, time_unit, observation_end)
    if spend is not None:
        counts = np.bincount(owner, minlength=n_customers) + 1
        log["amount"] = spend[0].simulate(amounts_from, counts, *spend[1])
    summary = rfm_summary(
        log,
        amount=None if spend is None else "amount",
        time_unit=time_unit,
        event_grain="line",
        observation_end=end_of_observation(observation_end),
    )
    return Simulated(log, summary)


def simulated_amounts(
    family: SpendFamily, parameters: tuple[float, ...], counts: Any, seed: int | None
) -> pd.DataFrame:
    """One row a purchase: customer_id (1, 2, ... in the order of ``counts``) and amount."""
    import pandas as pd

    each = numbers(counts, "counts must be numbers of purchases, one per customer")
    wrong = ~((each >= 0) & (each < 1e12) & (each == np.rint(each)))
    if each.ndim != 1 or wrong.any():
        found = f"found {each[wrong][0]!r} first" if each.ndim == 1 else f"found shape {each.shape}"
        raise InvalidInput(f"counts must be whole numbers of purchases, at least 0, one per customer; {found}")
    whole = each.astype(np.intp)
    amounts = family.simulate(_generator(seed), whole, *parameters)
    return pd.DataFrame({"customer_id": np.repeat(np.arange(len(whole)) + 1, whole), "amount": amounts})


def _generator(seed: int | None) -> np.random.Generator:
    return np.random.default_rng(None if seed is None else checked_seed(seed))


def checked_seed(seed: Any) -> int:
    """The seed, a whole number of at least 0."""
    if not (isinstance(seed, (int, np.integer)) and seed >= 0):
        raise InvalidInput(f"seed must be a whole number of at least 0; found {seed!r}")
    return int(seed)


def end_of_observation(observation_end: str) -> pd.Timestamp:
    """The moment at which observation ends: a date is observed to its end."""
    import pandas as pd

    last = parse_moment("observation_end", observation_end, None)
    return pd.Timestamp(last) if isinstance(last, datetime) else pd.Timestamp(last) + pd.Timedelta(days=1)


def check_reach(longest: float, time_unit: str, observation_end: str) -> None:
    """Refuse an observation that begins before the calendar does."""
    # dates of Python: pandas 2 counts so long a time in nanoseconds, which do not reach
    days = (end_of_observation(observation_end).to_pydatetime() - datetime(1, 1, 2)).days
    if not longest * float(hours_in(time_unit)) / 24 < days:
        raise InvalidInput(
            f"observation reaches back beyond the calendar: the longest is {longest:.6g} {time_unit}s before "
            f"{observation_end}"
        )


def first_and_repeats(owner: Positions, times: Array, observation: Array) -> tuple[Positions, Array]:
    """Customers in order and, for the first purchase of each and then the repeats, how long before the end it was."""
    counts = np.bincount(owner, minlength=len(observation)) + 1
    customer = np.repeat(np.arange(len(observation)), counts)
    ago = observation[customer]
    repeat = np.ones(len(customer), dtype=bool)
    repeat[np.cumsum(counts) - counts] = False
    ago[repeat] -= times
    return customer, ago


def _dated(owner: Positions, times: Array, observation: Array, time_unit: str, observation_end: str) -> pd.DataFrame:
    """Date first and repeat purchases back from the end of observation, to the microsecond."""
    import pandas as pd

    check_reach(float(observation.max()), time_unit, observation_end)
    end = end_of_observation(observation_end).to_datetime64().astype("datetime64[us]")
    customer, ago = first_and_repeats(owner, times, observation)
    microseconds = float(hours_in(time_unit)) * 3.6e9
    return pd.DataFrame(
        {"customer_id": customer + 1, "date": end - np.rint(ago * microseconds).astype("timedelta64[us]")}
    )
