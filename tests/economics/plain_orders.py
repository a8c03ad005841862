"""Orders of a log in plain pandas and whole cents: what the tables of the package are held against."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

FREQUENCIES = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


@st.composite
def logs(draw):
    """A few customers over two years, with refunds, free purchases, lines without a customer, and costs."""
    line = st.tuples(
        st.one_of(st.none(), st.sampled_from(["ann", "bob", "cid", "dan", "eve"])),
        st.integers(0, 730),
        st.integers(-3000, 5000),
        st.integers(0, 2000),
    )
    lines = draw(st.lists(line, min_size=1, max_size=40))
    lines.append(("zoe", draw(st.integers(0, 730)), 100, 50))  # there is a purchase
    customer, day, cents, cost = zip(*lines, strict=True)
    return pd.DataFrame(
        {
            "customer_id": customer,
            "date": pd.Timestamp("2023-03-05") + pd.to_timedelta(np.array(day), unit="D"),
            "amount": np.array(cents) / 100,
            "cost": np.array(cost) / 100,
        }
    )


def orders_of(log, end=None):
    """Lines of a customer and a day together; a day with a refund that comes to nothing or less is no order."""
    lines = log.dropna(subset="customer_id")
    if end is not None:
        lines = lines[lines["date"] < pd.Timestamp(end) + pd.Timedelta(days=1)]
    day = lines["date"].dt.normalize()
    cents = (lines["amount"] * 100).round().astype("int64")
    cost = (lines["cost"] * 100).round().astype("int64") if "cost" in lines else 0
    lines = lines.assign(day=day, cents=cents, cost=cost, refund=cents < 0)
    orders = lines.groupby(["customer_id", "day"], as_index=False).agg(
        cents=("cents", "sum"), cost=("cost", "sum"), refund=("refund", "any")
    )
    orders = orders[~(orders["refund"] & (orders["cents"] <= 0))].reset_index(drop=True)
    return orders.assign(first=orders.groupby("customer_id")["day"].transform("min"))


def period_of(days, period):
    """The calendar period of each day."""
    return days.dt.to_period(FREQUENCIES[period])


def number(periods):
    """Periods as whole numbers."""
    return pd.Series(periods.array.asi8, index=periods.index)
