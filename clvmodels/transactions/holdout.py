"""A log cut in two at a moment: the summary of what came before, and beside it what the same customers did after."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from .. import frames
from ..errors import NotEnoughData, warn
from . import sources
from .cut import (
    length_between,
    names_in,
    parse_cut,
    refuse_empty_holdout,
    refuse_keywords,
    refuse_no_later_line,
    register_customers,
    warn_of_a_cut_event,
)
from .engine import connection
from .grouping import group, quality_of
from .moments import parse_zone
from .quality import Quality
from .summarize import rfm_summary, summarize


class Split(NamedTuple):
    """A calibration summary with its holdout columns, and what was found on the way.

    Attributes
    ----------
    frame
        What `calibration_holdout` returns.
    quality
        Of the calibration part: what `summarize` found up to calibration_end.
    facts
        Those that the frame carries.
    new_customers, new_customers_purchases, new_customers_spend
        Customers who first bought in the holdout, their purchases and what they spent there (None without amounts);
        they are not in the frame.
    holdout
        `Quality` of the holdout part: refunds left over there, lines merged, and so on.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.transactions import split_at
    >>> split = split_at(clv.load_cdnow(sample=True), calibration_end="1997-02-28")
    >>> len(split.frame), split.new_customers
    (1638, 719)
    """

    frame: frames.Frame
    quality: Quality
    facts: dict[str, str | None]
    new_customers: int
    new_customers_purchases: int
    new_customers_spend: Decimal | None
    holdout: Quality

    def report(self) -> list[str]:
        """Lines of a report: calibration, holdout, and who is in neither.

        >>> import pandas
        >>> log = pandas.DataFrame({"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-01-20", "2024-01-25"]})
        >>> split = split_at(log, calibration_end="2024-01-15", amount=None)
        >>> split.report()[1]
        'holdout until 2024-01-25: 2 purchases, of which 1 by 1 new customers, who are left out'
        """
        spent = "" if self.new_customers_spend is None else f" for {self.new_customers_spend:,.2f}"
        found = [
            f"calibration: {self.quality.customers:,} customers until {self.quality.observation_end}",
            f"holdout until {self.holdout.observation_end}: {self.holdout.purchases:,} purchases, of which "
            f"{self.new_customers_purchases:,}{spent} by {self.new_customers:,} new customers, who are left out",
        ]
        if self.holdout.refunds_left:
            found.append(
                f"{self.holdout.refunds_left:,} refunds in the holdout, {self.holdout.refunds_left_total:,.2f} in all, "
                "could not be taken off a purchase there"
            )
        return found


def calibration_holdout(
    log: object, *, calibration_end: object, holdout_end: object = None, **reading: Any
) -> frames.Frame:
    """Summarise a log up to calibration_end, and count beside it what the same customers bought until holdout_end.

    Parameters
    ----------
    log
        As for `summarize`.
    calibration_end
        The last day that a model may know of (or a timestamp, taken exactly). Give the last day of a week or month if
        that is the event grain, else purchases on both sides of it count twice, which is warned of.
    holdout_end
        The last day to compare with; by default the last date in the log.
    **reading
        How the log is to be read, as for `summarize`: customer_id, date, amount, order_id, time_unit, event_grain,
        observation_start, refunds, tz, date_format, strict.

    Returns
    -------
    frame
        The columns of ``rfm_summary(log, observation_end=calibration_end)``, value for value, and three more:
        purchases_holdout (whole number, 0 where there was none), spend_holdout (sum of the event totals of these
        purchases, added as exact decimals; not there without amounts) and duration_holdout (calibration_end to
        holdout_end in the time unit). Customers first seen in the holdout are left out; the fact
        ``customers_first_seen_in_holdout`` counts them, and `clvmodels.transactions.split_at` tells more.

    Raises
    ------
    InvalidInput
        If holdout_end is not later than calibration_end, the log ends before the holdout begins, or the log or a
        setting cannot be used.
    NotEnoughData
        If no purchase comes before calibration_end.

    Warns
    -----
    ClvWarning
        If calibration_end lies within an event of the grain.

    Notes
    -----
    The holdout is read as a log of its own: its lines make events of the same grain, under the same rule for refunds.
    A refund there is not taken off a purchase before calibration_end, which a model may have learnt from; `split_at`
    counts what is left over. With ``order_id`` later lines of an order that began before calibration_end belong to that
    purchase, which is no news: they are in neither part.

    Examples
    --------
    >>> import clvmodels as clv
    >>> split = clv.calibration_holdout(clv.load_cdnow(sample=True), calibration_end="1997-09-30")
    >>> split[["frequency", "purchases_holdout"]].sum().to_list()
    [2457, 1882]
    >>> split["duration_holdout"].unique()
    array([39.])
    >>> model = clv.PurchaseModel("bg_nbd").fit(split)
    >>> round(model.expected_purchases(split, horizon="duration_holdout").sum(), 1)
    np.float64(1653.4)
    """
    return split_at(log, calibration_end=calibration_end, holdout_end=holdout_end, **reading).frame


def split_at(log: object, *, calibration_end: object, holdout_end: object = None, **reading: Any) -> Split:
    """`calibration_holdout` with all that was found on the way: what it returns is the ``frame`` of the `Split`.

    ``log``, ``calibration_end``, ``holdout_end`` and ``reading`` as for `calibration_holdout`, which has the notes.

    Returns
    -------
    Split
        ``frame``, ``quality``, ``facts``, the new customers of the holdout, and ``holdout``.

    Raises
    ------
    InvalidInput, NotEnoughData
        As `calibration_holdout` does.

    Warns
    -----
    ClvWarning
        If calibration_end lies within an event of the grain, whose purchases then count on both sides.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 7.0, 5.0],
    ...                         "date": ["2024-01-01", "2024-02-15", "2024-02-08"]})
    >>> split = split_at(log, calibration_end="2024-01-31", time_unit="day")
    >>> print(split.frame.drop(columns=["recency", "monetary_value"]).to_string(index=False))
    customer_id  frequency    T  purchases_holdout  spend_holdout  duration_holdout
            ann          0 30.0                  1            7.0              15.0
    >>> for line in split.report():
    ...     print(line)
    calibration: 1 customers until 2024-01-31
    holdout until 2024-02-15: 2 purchases, of which 1 for 5.00 by 1 new customers, who are left out
    """
    refuse_keywords("calibration_holdout", reading)
    log, to_pandas = sources.held(log)
    with connection() as con:
        source = sources.register(
            con, log, names_in(reading), parse_zone(reading.get("tz")), reading.get("date_format")
        )
        cut, end = parse_cut(calibration_end, holdout_end, source.reading.zone)
        try:
            frame, quality, facts = summarize(log, **reading, observation_end=cut)
        except NotEnoughData as error:  # in the word that the caller used
            raise NotEnoughData(str(error).replace("observation_end", "calibration_end")) from error
        if end is None:
            end = quality.last_date
            if end > (today := datetime.now().date()):
                warn(
                    f"the last date in the log, {end}, is later than today, {today}, and is taken for the end of the "
                    "holdout. Correct such dates, or pass holdout_end"
                )
        refuse_empty_holdout(cut, end, quality.last_date)
        event_grain, refunds = str(facts["event_grain"]), str(facts["refunds"])
        warn_of_a_cut_event(cut, event_grain)
        refuse_no_later_line(con, source.reading, cut)
        counts = group(
            con,
            source,
            event_grain=event_grain,
            refunds=refunds,
            observation_end=end,
            observed_after=cut,
            strict=bool(reading.get("strict")),
        )
        money = source.reading.money
        options = {"observation_start": None, "observation_end": end, "event_grain": event_grain, "refunds": refunds}
        holdout = quality_of(counts, int(counts["buyers"] or 0), options, money=money)
        known = frame
        if quality.customers_before_start:  # they are not in the frame, and not new either
            unlimited = {name: reading[name] for name in reading if name not in ("observation_start", "currency")}
            known = rfm_summary(log, **unlimited, observation_end=cut)  # their ids alone: no report is wanted
        bought = _of_customers(con, frame, money)
        new = _of_the_others(con, known)
    columns = {name: frame[name] for name in frames.column_names(frame)} | bought
    columns["duration_holdout"] = np.full(
        frames.n_rows(frame), length_between(cut, end, event_grain, str(facts["time_unit"]))
    )
    facts = {**facts, "holdout_end": end.isoformat(), "customers_first_seen_in_holdout": str(new[0])}
    table = frames.table(columns, frame)
    table = frames.attach_facts(table.to_pandas() if to_pandas else table, facts)
    return Split(table, quality, facts, new[0], new[1], new[2] if money else None, holdout)


def _of_customers(con: Any, frame: frames.Frame, money: bool) -> dict[str, Any]:
    """purchases_holdout and spend_holdout of the frame's customers, row by row; 0 where nothing was bought."""
    spend = ", CAST(COALESCE(later.revenue, 0) AS DOUBLE) AS spend_holdout" if money else ""
    found = con.execute(
        f"""
SELECT CAST(COALESCE(later.purchases, 0) AS BIGINT) AS purchases_holdout{spend}
FROM {register_customers(con, frame)} AS known LEFT JOIN customers AS later
  ON later.customer_id = CAST(known.customer_id AS {_columns(con)["customer_id"]})
ORDER BY known.position
"""
    )
    columns: dict[str, Any] = found.fetchnumpy()
    return {name: np.asarray(values) for name, values in columns.items()}


def _of_the_others(con: Any, known: frames.Frame) -> tuple[int, int, Decimal]:
    """Customers of the holdout who are not known: how many, their purchases, and their spend."""
    money = "SUM(revenue)" if "revenue" in _columns(con) else "NULL"
    found = con.execute(
        f"""
SELECT COUNT(*), COALESCE(CAST(SUM(purchases) AS BIGINT), 0), {money}
FROM customers AS later ANTI JOIN {register_customers(con, known)} AS known
  ON later.customer_id = CAST(known.customer_id AS {_columns(con)["customer_id"]})
WHERE later.purchases > 0
"""
    ).fetchall()[0]
    return found[0], found[1], found[2] or Decimal(0)


def _columns(con: Any) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute("DESCRIBE customers").fetchall()}
