"""The data that lifetimes ships, under its names; keywords go to `pandas.read_csv`.

CDNOW and the donations are made from the data that this package ships already, to the last letter of the files there.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ...datasets import data_file, load_cdnow
from ...datasets import load_donations as donations
from ...errors import InvalidInput
from ...frames import attach_facts
from .period_events import longest_of
from .utils import summary_data_from_transaction_data

__all__ = [
    "load_cdnow_summary",
    "load_cdnow_summary_data_with_monetary_value",
    "load_donations",
    "load_transaction_data",
]


def load_dataset(filename: str, **kwargs: Any) -> pd.DataFrame:
    """One of the files, by its name there.

    >>> load_dataset("donations.csv", usecols=["frequency", "weights"]).head(2)
       frequency  weights
    0          0     3464
    1          1     1091
    """
    if filename not in _FILES:
        raise InvalidInput(f"expected one of the files {', '.join(map(repr, _FILES))}; found {filename!r}")
    unit, text_of = _FILES[filename]
    frame: pd.DataFrame = pd.read_csv(io.StringIO(text_of()), **kwargs)
    return (
        attach_facts(frame, {"time_unit": unit, **longest_of(frame)})
        if unit and isinstance(frame, pd.DataFrame)
        else frame
    )


def load_cdnow_summary(**kwargs: Any) -> pd.DataFrame:
    """CDNOW's sample of 2,357 customers up to 1997-09-30, in weeks rounded to two decimals.

    Use `clv.load_cdnow` and `clv.rfm_summary` in new code.

    >>> load_cdnow_summary().head(2)
       ID  frequency  recency      T
    0   1          2    30.43  38.86
    1   2          1     1.71  38.86
    """
    return load_dataset("cdnow_customers_summary.csv", **kwargs)


def load_cdnow_summary_data_with_monetary_value(**kwargs: Any) -> pd.DataFrame:
    """The same with the mean amount of the repeat purchases, 0 where there is none, and customers in the index.

    >>> load_cdnow_summary_data_with_monetary_value().head(2).reset_index()
       customer_id  frequency  recency      T  monetary_value
    0            1          2    30.43  38.86           22.35
    1            2          1     1.71  38.86           11.77
    """
    frame = load_dataset("cdnow_customers_summary_with_transactions.csv", **kwargs)
    frame.columns = pd.Index(["customer_id", "frequency", "recency", "T", "monetary_value"])
    return frame.set_index("customer_id")


def load_donations(**kwargs: Any) -> pd.DataFrame:
    """11,104 supporters of a charity over six years, as 22 rows with weights. Use `clv.load_donations` in new code."""
    return load_dataset("donations.csv", **kwargs)


def load_transaction_data(**kwargs: Any) -> pd.DataFrame:
    """15,273 simulated lines of 5,000 customers in 2014: ``date`` (text) and ``id``.

    >>> load_transaction_data().head(2)
                      date  id
    0  2014-03-08 00:00:00   0
    1  2014-05-21 00:00:00   1
    """
    return load_dataset("example_transactions.csv", **kwargs)


def _cdnow() -> pd.DataFrame:
    """The summary as it was published: in the order of first purchases, and half a cent rounded up."""
    summary = summary_data_from_transaction_data(
        load_cdnow(sample=True), "customer_id", "date", "amount", observation_period_end="1997-09-30", freq_multiplier=7
    ).sort_values("T", ascending=False, kind="stable")
    summary.insert(0, "ID", range(1, len(summary) + 1))
    repeats = summary["frequency"].clip(lower=1)
    cents = (summary["monetary_value"] * repeats * 100).round()
    return summary.assign(monetary_value=(cents / repeats + 0.5 + 1e-9) // 1 / 100).astype({"frequency": int}).round(2)


def _cdnow_summary() -> str:
    return _text(_cdnow()[["ID", "frequency", "recency", "T"]])


def _cdnow_summary_with_money() -> str:
    frame = _cdnow()
    frame.columns = pd.Index(["ID", "x", "t_x", "T", "zbar"])
    return _text(frame, float_format="%.2f")


def _donations() -> str:
    frame = donations().sort_values(["frequency", "recency"]).rename(columns={"T": "periods"})
    return _text(frame[["frequency", "recency", "periods", "weights"]])


def _example_transactions() -> str:
    return gzip.decompress(data_file("example_transactions.csv.gz").read_bytes()).decode("ascii")


def _cdnow_log() -> str:
    log = load_cdnow()
    lines = zip(log["customer_id"], log["date"].dt.strftime("%Y%m%d"), log["quantity"], log["amount"], strict=True)
    return " customer_id  date number_of_cds  dollar_value\n" + "".join(
        f" {customer} {day} {quantity:>2} {amount:>7.2f}\n" for customer, day, quantity, amount in lines
    )


def _cdnow_sample() -> str:
    log = load_cdnow(sample=True)
    numbers = pd.factorize(log["customer_id"])[0] + 1
    days = log["date"].dt.strftime("%Y%m%d")
    lines = zip(log["customer_id"], numbers, days, log["quantity"], log["amount"], strict=True)
    return "".join(
        f" {customer} {number:04d} {day} {quantity:>2} {amount:>7.2f}\n"
        for customer, number, day, quantity, amount in lines
    )


def _text(frame: pd.DataFrame, **kwargs: Any) -> str:
    text: str = frame.to_csv(index=False, lineterminator="\n", **kwargs)
    return text


# the time unit of each, and what makes its text
_FILES: Mapping[str, tuple[str | None, Callable[[], str]]] = {
    "cdnow_customers_summary.csv": ("week", _cdnow_summary),
    "cdnow_customers_summary_with_transactions.csv": ("week", _cdnow_summary_with_money),
    "donations.csv": ("year", _donations),
    "example_transactions.csv": (None, _example_transactions),
    "CDNOW_master.txt": (None, _cdnow_log),
    "CDNOW_sample.txt": (None, _cdnow_sample),
}
