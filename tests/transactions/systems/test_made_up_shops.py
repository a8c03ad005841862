"""Random shops whose true log is known, written in the layouts of Shopify and WooCommerce and read back to the cent.

The shops are made up, and so is everything in the files; the writing is plain Python, apart from what reads them.
"""

from __future__ import annotations

import csv
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import clvmodels as clv

PEOPLE = ["ann@shop.example", "bob+news@shop.example", "çelik@shop.example", "o'neil@shop.example"]
PHONES = ["+49301234", "+15550100"]
# what became of an order, and why it is no part of the log
FATES = {
    "paid": None,
    "part refunded": None,
    "refunded": None,
    "waiting": "not paid",
    "failed": "not paid",
    "cancelled": "cancelled",
    "cancelled and refunded": "cancelled",
    "test": "test order",
}


@dataclass(frozen=True)
class Order:
    number: int
    person: str | None  # an e-mail or a phone, as the customer is known in the log
    account: bool
    date: datetime
    offset: int  # minutes that the shop's clock is ahead of UTC
    cents: int
    refund: int  # cents, where there is one
    fate: str
    items: int
    twice: bool  # in two of the files, first as it was before its fate

    @property
    def refunded(self) -> int:
        if self.fate in ("refunded", "cancelled and refunded"):
            return self.cents
        return min(self.refund, self.cents) if self.fate == "part refunded" else 0


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[Order], int]:
    orders = [
        Order(
            number=1001 + i,
            person=draw(st.sampled_from([*PEOPLE, *PHONES, None])),
            account=draw(st.booleans()),
            date=datetime(2023, 1, 1) + timedelta(seconds=draw(st.integers(0, 40_000_000))),
            offset=draw(st.sampled_from([-300, -210, 0, 60, 330])),
            cents=draw(st.one_of(st.just(0), st.integers(1, 9_999_999))),
            refund=draw(st.integers(1, 5_000)),
            fate=draw(st.sampled_from(list(FATES))),
            items=draw(st.integers(1, 3)),
            twice=draw(st.booleans()),
        )
        for i in range(draw(st.integers(1, 60)))
    ]
    return orders, draw(st.integers(0, 2**32 - 1))


def true_lines(orders: list[Order], ids: dict[int, str]) -> list[tuple[object, ...]]:
    """Sales and refunds, kept or left out."""
    made = [
        (order.person, order.date, Decimal(cents) / 100, "EUR", ids[order.number], FATES[order.fate])
        for order in orders
        for cents in [order.cents, *([-order.refunded] if order.refunded else [])]
    ]
    return sorted(made, key=repr)


def true_log(lines: list[tuple[object, ...]]) -> pd.DataFrame:
    kept = [(*line[:2], float(line[2]), *line[3:5]) for line in lines if line[5] is None and line[0] is not None]
    return pd.DataFrame(kept, columns=["customer_id", "date", "amount", "currency", "order_id"])


def check(
    path: str,
    source: str,
    lines: list[tuple],
    ahead: dict[str, timedelta],
    selected: Callable[..., list[tuple]],
) -> None:
    """Line by line with its reason, on the shop's clock and that of UTC; then as a log, its report, and its summary."""
    assert cents_of(selected(path, source)) == cents_of(lines)
    in_utc = [(line[0], line[1] - ahead[line[4]], *line[2:]) for line in lines]
    assert cents_of(selected(path, source, "UTC")) == cents_of(in_utc)
    log = true_log(lines)
    if log.empty:
        with pytest.raises(clv.InvalidInput, match="no line"):
            clv.read_export(path, source)
        return
    found, report = clv.read_export(path, source)
    by = ["date", "order_id", "amount"]
    wanted = log.sort_values(by, ignore_index=True)
    assert found.sort_values(by, ignore_index=True).to_numpy().tolist() == wanted.to_numpy().tolist()
    assert report.left_out == Counter(line[5] for line in lines if line[5])
    assert report.anonymous == sum(line[5] is None and line[0] is None for line in lines)
    assert report.lines == len(lines)
    assert summary_of(clv.SystemLog(path, source)) == summary_of(log)


def cents_of(lines: list[tuple]) -> list[tuple]:
    return sorted([(*line[:2], line[2].quantize(Decimal("0.01")), *line[3:]) for line in lines], key=repr)


def ahead_of_utc(orders: list[Order], ids: dict[int, str]) -> dict[str, timedelta]:
    return {ids[order.number]: timedelta(minutes=order.offset) for order in orders}


def summary_of(log: object) -> str:
    try:
        summary = clv.rfm_summary(log, amount="amount", order_id="order_id", observation_end="2024-12-31")
    except clv.NotEnoughData:  # everything was given back
        return ""
    return summary.sort_values("customer_id", ignore_index=True).to_csv()


def before(order: Order) -> Order:
    """The order in an earlier export: not yet what it became."""
    return replace(order, fate={"paid": "waiting"}.get(order.fate, order.fate if order.refunded == 0 else "paid"))


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def typed(person: str, luck: random.Random) -> str:
    """As customers write an address."""
    return luck.choice([person, person.upper(), f" {person.title()} "])


# ---------------------------------------------------------------------------------------------------------- Shopify

SHOPIFY = (
    "Name Email Financial_Status Paid_at Currency Subtotal Shipping Total Created_at Lineitem_quantity Lineitem_name "
    "Lineitem_price Notes Cancelled_at Payment_Method Refunded_Amount Outstanding_Balance Id Source Phone"
)
STATUS = {
    "paid": "paid",
    "part refunded": "partially_refunded",
    "refunded": "refunded",
    "waiting": "pending",
    "failed": "voided",
    "cancelled": "voided",
    "cancelled and refunded": "refunded",
    "test": "paid",
}


def shopify_lines(order: Order, ids: dict[int, str], luck: random.Random) -> list[dict[str, str]]:
    hours, minutes = divmod(abs(order.offset), 60)
    clock = f"{order.date} {'-' if order.offset < 0 else '+'}{hours:02d}{minutes:02d}"
    person = order.person or ""
    mail = typed(person, luck) if "@" in person else ""
    first = {
        "Email": mail,
        "Financial_Status": STATUS[order.fate],
        "Paid_at": "" if order.fate in ("waiting", "failed") else clock,
        "Currency": "EUR",
        "Subtotal": money(order.cents),
        "Total": money(order.cents),
        "Created_at": clock,
        "Notes": luck.choice(["", 'two\nlines, "and" more', "two\r\nlines"]),
        "Cancelled_at": clock if order.fate.startswith("cancelled") else "",
        "Payment_Method": "Bogus Gateway" if order.fate == "test" else "Shopify Payments",
        "Refunded_Amount": money(order.refunded),
        "Outstanding_Balance": "0.00",
        "Id": ids[order.number],
        "Source": luck.choice(["web", "pos", "shopify_draft_order"]),
        "Phone": luck.choice([person, f"'{person[:3]} ({person[3:5]}) {person[5:]}"]) if mail == "" and person else "",
    }
    item = {"Name": f"#{order.number % 4}", "Email": mail, "Lineitem_quantity": "2", "Lineitem_price": "9.99"}
    return [item | first, *[item | {"Created_at": clock} for _ in range(order.items - 1)]]


@given(shops())
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_shopify_reads_back_what_a_shop_sold(
    selected: Callable[..., list[tuple]], shop: tuple[list[Order], int]
) -> None:
    """Names come again every four orders; lines are shuffled over two files that overlap."""
    orders, seed = shop
    luck = random.Random(seed)
    ids = {order.number: str(5_000_000_000_000 + order.number) for order in orders}
    files: list[list[dict[str, str]]] = [[], []]
    for order in orders:
        late = luck.randrange(2)
        files[late] += shopify_lines(order, ids, luck)
        if order.twice:
            files[1 - late] += shopify_lines(before(order), ids, luck)
    with tempfile.TemporaryDirectory() as folder:
        for number, lines in enumerate(files, 1):
            luck.shuffle(lines)
            with (Path(folder) / f"orders_export_{number}.csv").open("w", newline="", encoding="utf-8") as file:
                made = csv.DictWriter(file, SHOPIFY.split(), restval="", lineterminator=luck.choice(["\n", "\r\n"]))
                made.writerow({name: name.replace("_", " ") for name in SHOPIFY.split()})
                made.writerows(lines)
        check(f"{folder}/*.csv", "shopify", true_lines(orders, ids), ahead_of_utc(orders, ids), selected)


# ------------------------------------------------------------------------------------------------------ WooCommerce


def woocommerce_order(order: Order, modified: datetime, luck: random.Random) -> dict[str, object]:
    person = order.person or ""
    halves = [order.refunded // 3, order.refunded - order.refunded // 3]
    status = {
        "paid": luck.choice(["processing", "completed"]),
        "part refunded": "completed",
        "refunded": "refunded",
        "waiting": luck.choice(["pending", "on-hold"]),
        "failed": "failed",
        "cancelled": "cancelled",
        "cancelled and refunded": "cancelled",
        "test": "completed",
    }[order.fate]
    return {
        "id": order.number,
        "order_key": f"wc_order_{order.number}",
        "status": status,
        "currency": "EUR",
        "date_created": order.date.isoformat(),
        "date_created_gmt": (order.date - timedelta(minutes=order.offset)).isoformat(),
        "date_modified_gmt": modified.isoformat(),
        "date_paid": None if status in ("pending", "on-hold") else order.date.isoformat(),
        "total": money(order.cents),
        "customer_id": 100 + PEOPLE.index(person) if order.account and "@" in person else 0,
        "billing": {
            "first_name": "A",
            "email": typed(person, luck) if "@" in person else "",
            "phone": f"{person[:3]} {person[3:]}" if person.startswith("+") else "",
        },
        "meta_data": [
            {"id": 1, "key": "_attribution", "value": {"first": [1, None]}},
            {"id": 2, "key": "_wcpay_mode", "value": "test" if order.fate == "test" else "prod"},
        ],
        "line_items": [{"id": i, "total": "9.99", "taxes": [{"id": 1, "total": "1.00"}]} for i in range(order.items)],
        "refunds": [{"id": i, "reason": "", "total": f"-{money(part)}"} for i, part in enumerate(halves) if part],
    }


@given(shops())
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_woocommerce_reads_back_what_a_shop_sold(
    selected: Callable[..., list[tuple]], shop: tuple[list[Order], int]
) -> None:
    """Refunds come in two parts, pages overlap, and the order of orders means nothing."""
    orders, seed = shop
    luck = random.Random(seed)
    ids = {order.number: str(order.number) for order in orders}
    pages: list[list[dict[str, object]]] = [[], []]
    for order in orders:
        late = luck.randrange(2)
        pages[late].append(woocommerce_order(order, datetime(2025, 1, 2), luck))
        if order.twice:
            pages[1 - late].append(woocommerce_order(before(order), datetime(2025, 1, 1), luck))
    pages = [page for page in pages if page]  # a page without orders is not asked for
    wanted = []
    for line in true_lines(orders, ids):
        cents = int(line[2] * 100)
        parts = [cents] if cents >= 0 else [-(-cents // 3), cents + -cents // 3]
        wanted += [(*line[:2], Decimal(part) / 100, *line[3:]) for part in parts if part or cents >= 0]
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(pages, 1):
            luck.shuffle(page)
            (Path(folder) / f"page-{number}.json").write_text(json.dumps(page), encoding="utf-8")
        check(f"{folder}/*.json", "woocommerce", wanted, ahead_of_utc(orders, ids), selected)
