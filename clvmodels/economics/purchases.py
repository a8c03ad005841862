"""The purchases of a log one by one, as its summary counts them: what every table of periods and cohorts is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from ..transactions import Quality, sources, sql, state
from ..transactions.columns import Columns
from ..transactions.cut import names_in
from ..transactions.engine import connection
from ..transactions.grouping import quality_of, read_lines
from ..transactions.id_types import whole_numbers
from ..transactions.moments import parse_zone
from ..transactions.summarize import Met, answer, grouped_by_customer, refuse_nothing, refuse_unknown

MILLIONTHS = 1_000_000
_USUAL = {"time_unit": "week", "event_grain": "day", "refunds": "net"}
_SPLIT = 24  # bits: each half of a sum of fewer than 2**29 events stays a whole number that a float holds


@dataclass(frozen=True)
class Purchases:
    """Purchases in order, by customer and then by time; made by `read_purchases`.

    Every array but the summary's columns has one entry an event. Money is held as whole millionths, so that sums are
    exact whatever their order.

    Attributes
    ----------
    summary
        What `rfm_summary` returns of the same log; its row i is customer i.
    customer
        Row of the customer in the summary, int64.
    at
        When, in the log's zone: datetime64[D], or datetime64[us] where events are finer than days ("line", "hour").
    orders
        How many purchases the event is: 1, or with event_grain="line" the number of lines at that instant. int64.
    millionths, cost_millionths
        Total of the event, and what it cost, in millionths of the log's money, int64; None where the log has none.
    facts
        How the log was read, as the summary carries it.
    quality
        The counts of a `Quality`; what was left out stands there.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "bob", "ann"], "amount": [20.0, 5.0, 7.0],
    ...                         "date": ["2024-01-01", "2024-01-08", "2024-02-15"]})
    >>> found = read_purchases(log)
    >>> found
    Purchases: 3 of 2 customers, observed until 2024-02-15
    >>> found.customer, found.value
    (array([0, 0, 1]), array([20.,  7.,  5.]))
    >>> found.n_customers, found.cost is None
    (2, True)
    """

    summary: frames.Frame
    customer: NDArray[np.int64]
    at: NDArray[Any]
    orders: NDArray[np.int64]
    millionths: NDArray[np.int64] | None
    cost_millionths: NDArray[np.int64] | None
    facts: Mapping[str, str | None]
    quality: Quality

    @property
    def n_customers(self) -> int:
        """How many customers there are."""
        return frames.n_rows(self.summary)

    @property
    def value(self) -> Array | None:
        """Total of each event in the log's money; None if the log holds none."""
        return None if self.millionths is None else self.millionths / MILLIONTHS

    @property
    def cost(self) -> Array | None:
        """What each event cost in the log's money; None if no column of costs was named."""
        return None if self.cost_millionths is None else self.cost_millionths / MILLIONTHS

    def __repr__(self) -> str:
        end = self.facts["observation_end"]
        return f"Purchases: {int(self.orders.sum()):,} of {self.n_customers:,} customers, observed until {end}"


def read_purchases(log: object, *, cost: str | None = None, **reading: Any) -> Purchases:
    """Read the purchases of all customers of a log, judged as its summary judges them.

    For customer i of the summary the purchases are frequency + 1, the first is T before the end of observation, and
    the mean value of all but the first is monetary_value; the sum over customers is the quality report's revenue
    where ``observation_start`` leaves nobody out.

    Parameters
    ----------
    log
        As for `summarize`.
    cost
        Name of a column with what a line's goods cost, in the log's money: the costs of all lines of an event are
        summed, so that a refund whose goods came back should carry a cost below 0. With ``refunds="carry_back"`` that
        goes to the latest purchase left before it, as does the cost of a purchase that a refund emptied; with ``"net"``
        it counts where the refund does, in its own event (of single lines not at all). Not with ``refunds="drop"``.
    **reading
        As for `summarize`: customer_id, date, amount, event_grain, observation_start, observation_end, refunds,
        order_id, tz, date_format, strict, time_unit (of the summary).

    Returns
    -------
    Purchases
        NumPy arrays by customer and time, and the summary that they make.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; a column of costs that cannot be used, or does not go with the other settings.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.economics.read_purchases(clv.load_cdnow(sample=True))
    >>> found, round(float(found.value.sum()), 2)
    (Purchases: 6,696 of 2,357 customers, observed until 1998-06-30, 244091.94)
    """
    refuse_unknown("read_purchases", reading)
    settings = {**_USUAL, **{name: value for name, value in reading.items() if name not in ("keep_state", "currency")}}
    if cost is not None and settings["refunds"] == "drop":
        raise InvalidInput(
            'cost does not go with refunds="drop", which leaves lines out: what their goods cost is not known to be '
            'lost. Use refunds="net" or "carry_back"'
        )
    names = names_in(reading)
    if cost is not None:
        log = sources.readable_twice(log)
    with connection() as con:
        met = grouped_by_customer(
            con,
            log,
            names,
            time_unit=settings["time_unit"],
            event_grain=settings["event_grain"],
            observation_start=settings.get("observation_start"),
            observation_end=settings.get("observation_end"),
            refunds=settings["refunds"],
            tz=settings.get("tz"),
            date_format=settings.get("date_format"),
            strict=bool(settings.get("strict")),
            report=False,
        )
        summary, quality = _summary(con, met, settings["time_unit"])
        _place_events(con, met)
        if cost is not None:
            _add_costs(con, log, names, cost, met, settings)
        customer, at, orders, value, costs = _fetched(con, met, cost)
    return Purchases(summary, customer, at, orders, value, costs, met.settings, quality)


def _summary(con: Any, met: Met, time_unit: str) -> tuple[frames.Frame, Quality]:
    """The summary in the caller's kind, and ``placed``: the rows in which its customers stand."""
    source, options = met.source, met.options
    rules = {"event_grain": options["event_grain"], "observation_start": options["observation_start"]}
    text = sql.summary_sql(
        source.reading,
        time_unit=time_unit,
        observation_end=options["observation_end"],
        whole_number_ids=whole_numbers(con, source.reading.customer, all_text=source.all_text),
        **rules,
    )
    found = con.sql(text).to_arrow_table()
    quality = quality_of(met.counts, found.num_rows, options, money=source.reading.money)
    refuse_nothing(quality)
    shown = text.split(" AS customer_id", 1)[0].rsplit("SELECT ", 1)[1]
    con.execute(f"""
CREATE TEMP TABLE placed AS
SELECT customer_id, CAST(ROW_NUMBER() OVER (ORDER BY {shown}) - 1 AS INTEGER) AS position
FROM customers WHERE purchases > 0{sql.from_start_sql(**rules)}""")
    return frames.attach_facts(answer(found, source.answer), state.facts_of(met.settings, None)), quality


def _place_events(con: Any, met: Met) -> None:
    """Make the table ``bought``: the purchases of the customers who are in the summary."""
    reading, options = met.source.reading, met.options
    events = sql.events_sql(
        reading,
        event_grain=options["event_grain"],
        refunds=options["refunds"] if met.counts.get("refund_lines") else "",
        observation_end=options["observation_end"],
        told=False,
    )
    # events of one instant are still apart where lines are not merged and refunds are carried back
    apart = options["event_grain"] == "line" and options["refunds"] == "carry_back"
    orders, value = ("SUM(purchases)", "SUM(value)") if apart else ("purchases", "value")
    value = f"TRY_CAST({value} * {MILLIONTHS} AS BIGINT)" if reading.money else "NULL"
    con.execute(f"""
CREATE TEMP TABLE bought AS
WITH {events}
SELECT position AS customer, event, CAST({orders} AS BIGINT) AS orders, {value} AS value
FROM judged JOIN placed ON judged.customer_id = placed.customer_id
WHERE purchases > 0{" GROUP BY position, event" if apart else ""}""")
    _refuse_unfit(con, "bought", met.source.names.amount, reading.money)


def _add_costs(con: Any, log: object, names: Columns, cost: str, met: Met, settings: Mapping[str, Any]) -> None:
    """Make the table ``costs``: what all lines of an event cost, by customer and event.

    Where refunds are carried back, so is the cost of what came back, and of a purchase that a refund has emptied: to
    the latest purchase that is left.
    """
    end = met.options["observation_end"]
    made = "TABLE" if met.source.reading.date == "text" else "VIEW"
    con.execute(f"DROP {made} lines")
    sort = con.execute("SELECT table_type FROM information_schema.tables WHERE table_name = 'log'").fetchall()[0][0]
    con.execute(f"DROP {'VIEW' if sort == 'VIEW' else 'TABLE'} log")
    named = Columns(names.customer_id, names.date, cost, names.order_id)
    source = sources.register(con, log, named, parse_zone(settings.get("tz")), settings.get("date_format"))
    read_lines(con, source, refunds="net", until=end, strict=bool(settings.get("strict")))
    back = settings["refunds"] == "carry_back"
    events = sql.events_sql(
        source.reading,
        event_grain=settings["event_grain"],
        refunds="carry_back" if back else "",
        observation_end=end,
        told=False,
    )
    # of single lines what costs less than 0 is a refund's, and an event may have nothing else
    place, value = ("bought.event", "SUM(total)") if back else ("events.event", "COALESCE(total, 0)")
    to_latest = " ASOF JOIN bought ON bought.customer = position AND events.event >= bought.event" if back else ""
    con.execute(f"""
CREATE TEMP TABLE costs AS
WITH {events}
SELECT position AS customer, {place} AS event, TRY_CAST({value} * {MILLIONTHS} AS BIGINT) AS value
FROM events JOIN placed ON events.customer_id = placed.customer_id{to_latest}
{"GROUP BY position, bought.event" if back else ""}""")
    _refuse_unfit(con, "costs", cost, True)


def _refuse_unfit(con: Any, table: str, column: str | None, money: bool) -> None:
    if money and con.execute(f"SELECT 1 FROM {table} WHERE value IS NULL LIMIT 1").fetchall():
        raise InvalidInput(
            f"column {column!r} holds amounts that come to more than 9.2e12 in one purchase: give them in a larger "
            "unit, such as thousands"
        )


def _fetched(con: Any, met: Met, cost: str | None) -> tuple[Any, Any, Any, Any, Any]:
    """Customer, time, orders, value and cost of every purchase."""
    costs = " LEFT JOIN costs ON costs.customer = bought.customer AND costs.event = bought.event" if cost else ""
    picked = "bought.customer, bought.event, orders, bought.value AS value" + (", costs.value AS cost" if cost else "")
    found = con.sql(f"SELECT {picked} FROM bought{costs} ORDER BY bought.customer, bought.event").to_arrow_table()
    event = found["event"].to_numpy().astype(np.int64, copy=False)
    grain = met.options["event_grain"]
    if grain in sql.FINER_THAN_DAY:
        tick = int(sql.GRAINS[grain][1] * 3_600_000_000)
        at: NDArray[Any] = (event * tick).view("datetime64[us]")
    else:
        at = event.view("datetime64[D]")
    return (
        found["customer"].to_numpy().astype(np.int64),
        at,
        found["orders"].to_numpy(),
        found["value"].to_numpy() if met.source.reading.money else None,
        found["cost"].to_numpy() if cost else None,
    )


def exact_sums(place: NDArray[Any], millionths: NDArray[np.int64], size: int) -> Array:
    """Σ of the money at each place, in whole units: the sum is exact and divided once.

    Exact up to 9e9 units of money a place (2**53 millionths); beyond that within two roundings.

    >>> exact_sums(np.array([0, 1, 0]), np.array([100_000, 250_000, 200_000]), 2)
    array([0.3 , 0.25])
    """
    high, low = millionths >> _SPLIT, millionths & ((1 << _SPLIT) - 1)
    total = np.bincount(place, high, size) * float(1 << _SPLIT) + np.bincount(place, low, size)
    return np.asarray(total / MILLIONTHS)


def end_of(purchases: Purchases) -> datetime | date:
    """The end of observation, a date that is its whole day or a timestamp."""
    end: datetime | date = purchases.quality.observation_end
    return end
