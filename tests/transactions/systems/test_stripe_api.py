"""The charges of Stripe's API. The samples are made up, in the layout of its Charge object."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import clvmodels as clv
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.layouts import layout
from clvmodels.transactions.systems.raw_files import register_raw
from clvmodels.transactions.systems.words import teach

CREATED = 1_780_000_000
MOMENT = datetime(2026, 5, 28, 20, 26, 40)
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 3000,
    "amount_captured": 3000,
    "amount_refunded": 0,
    "billing_details": {"address": {"city": None}, "email": "ann@example.org", "name": "Ann", "phone": None},
    "captured": True,
    "created": CREATED,
    "currency": "usd",
    "customer": "cus_1",
    "disputed": False,
    "livemode": True,
    "paid": True,
    "payment_method_details": {"card": {"brand": "visa", "fingerprint": "Xt5EWLLDS7FJjR1c"}, "type": "card"},
    "receipt_email": None,
    "refunded": False,
    "status": "succeeded",
}


@pytest.fixture
def read(tmp_path):
    """What the preset makes of charges that differ from CHARGE as said."""

    def lines(*charges, tz=None):
        export = tmp_path / "charges.jsonl"
        export.write_text("\n".join(json.dumps({**CHARGE, **charge}) for charge in charges))
        return exported(export, tz)

    return lines


def exported(path, tz=None):
    known = layout("stripe_api")
    with connection() as con:
        teach(con, tz)
        register_raw(con, path, known)
        return con.execute(
            f"SELECT customer_id, date, amount, currency, order_id, left_out FROM ({known.sql}) "
            "ORDER BY order_id, amount DESC, left_out NULLS FIRST"
        ).fetchall()


def amounts(lines):
    return [(line[2], line[5]) for line in lines]


def test_a_charge_is_counted_in_the_currencys_whole_unit(read):
    assert read({}) == [("ann@example.org", MOMENT, Decimal(30), "USD", "ch_1", None)]


@pytest.mark.parametrize(
    ("currency", "amount", "worth"),
    [("eur", 1099, "10.99"), ("jpy", 500, "500"), ("kwd", 5120, "5.12"), ("ugx", 500, "5"), ("isk", 500, "5")],
)
def test_currencies_without_hundredths_and_those_with_thousandths(read, currency, amount, worth):
    found = read({"currency": currency, "amount": amount, "amount_captured": amount, "amount_refunded": amount})
    assert amounts(found) == [(Decimal(worth), None), (-Decimal(worth), None)]


def test_pages_arrays_and_lines_of_charges_are_one_log(tmp_path):
    charges = [CHARGE, {**CHARGE, "id": "ch_2", "amount_refunded": 1}]
    texts = {
        "pages.json": json.dumps({"object": "list", "url": "/v1/charges", "has_more": False, "data": charges}),
        "array.json": json.dumps(charges),
        "lines.ndjson": "\n".join(map(json.dumps, charges)),
    }
    found = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        found.append(exported(tmp_path / name))
    assert len(found[0]) == 3
    assert found[0] == found[1] == found[2]


def test_several_pages_are_read_together_and_a_charge_in_two_counts_once_as_it_was_last(tmp_path):
    for name, page in {"1": [CHARGE], "2": [{**CHARGE, "amount_refunded": 3000}]}.items():
        (tmp_path / f"page{name}.json").write_text(json.dumps({"object": "list", "data": page}))
    found = exported(str(tmp_path / "page*.json"))
    assert amounts(found) == [(Decimal(30), None), (Decimal(30), "repeated"), (Decimal(-30), None)]


def test_what_was_never_captured_is_neither_sale_nor_refund(read):
    found = read({"amount_captured": 2000, "amount_refunded": 1500})
    assert amounts(found) == [(Decimal(20), None), (Decimal(-5), None)]


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"livemode": False}, "test order"),
        ({"status": "failed", "paid": False}, "not paid"),
        ({"status": "pending"}, "not paid"),
        ({"status": None}, "not paid"),
        ({"captured": False}, "not paid"),
        ({"object": "payment_intent"}, "no charge"),
    ],
)
def test_what_is_left_out_and_why(read, differs, reason):
    assert amounts(read(differs)) == [(Decimal(30), reason)]


def test_a_guest_and_a_registered_customer_of_one_address_are_one(read):
    guest = {"id": "ch_2", "customer": None, "billing_details": {"email": " Ann@Example.org"}}
    by_receipt = {"id": "ch_3", "customer": None, "billing_details": None, "receipt_email": "ann@example.org"}
    expanded = {"id": "ch_4", "customer": {"id": "cus_1", "object": "customer"}, "billing_details": {"email": ""}}
    assert {line[0] for line in read({}, guest, by_receipt, expanded)} == {"ann@example.org"}


def test_without_any_address_the_customer_is_the_account_else_the_card_else_nobody(read):
    account = {"billing_details": None}
    card = {"id": "ch_2", "billing_details": None, "customer": None}
    nobody = {**card, "id": "ch_3", "payment_method_details": {"type": "sepa_debit"}}
    assert [line[0] for line in read(account, card, nobody)] == ["cus_1", "Xt5EWLLDS7FJjR1c", None]


def test_moments_are_utc_and_days_may_be_counted_elsewhere(read):
    assert read({}, tz="Asia/Tokyo")[0][1] == datetime(2026, 5, 29, 5, 26, 40)


def test_every_charge_is_told_of_once(tmp_path):
    charges = [CHARGE, {**CHARGE, "id": "ch_2", "amount_refunded": 100}, {**CHARGE, "id": "ch_3", "status": "failed"}]
    (tmp_path / "page.json").write_text(json.dumps({"object": "list", "data": charges}))
    log, report = clv.read_export(tmp_path / "page.json", "stripe_api")
    assert (report.sales, report.refunds, report.left_out) == (2, 1, {"not paid": 1})
    assert log["amount"].tolist() == [30.0, 30.0, -1.0]


@pytest.mark.parametrize("early", [{"status": "pending"}, {"captured": False}])
def test_a_charge_that_came_through_after_the_first_pages_counts(read, early):
    for charges in ((early, {}), ({}, early)):
        assert {why for _, why in amounts(read(*charges))} == {None, "repeated"}


def test_charges_without_an_id_are_several_and_odd_values_are_no_crash(read):
    lines = read({"id": None}, {"id": None, "amount": 2000, "billing_details": None, "customer": "{odd"})
    assert {(line[0], line[5]) for line in lines} == {("ann@example.org", None), ("{odd", None)}
    assert read({"amount": 10**17, "amount_captured": 10**17})[0][2] is None


@pytest.mark.parametrize("seed", range(8))
def test_any_business_comes_back_to_the_last_unit(tmp_path, seed):
    """Made-up charges of every kind and currency, in pages, against a plain account of them."""
    draw = random.Random(seed)
    charges, expected = [], []
    for number in range(150):
        person, units = draw.randrange(20), draw.randrange(50, 200_000)
        back = draw.choice([0, 0, units, draw.randrange(1, units + 1)])
        currency, places = draw.choice([("usd", 2), ("krw", 0), ("bhd", 3)])
        why = draw.choice([None] * 6 + ["test order", "not paid"])
        created = CREATED + draw.randrange(30_000_000)
        charge = {
            **CHARGE,
            "id": f"ch_{number:04d}",
            "amount": units,
            "amount_captured": units,
            "amount_refunded": back,
            "currency": currency,
            "created": created,
            "billing_details": {"email": draw.choice([f"p{person}@example.org", f"P{person}@EXAMPLE.org "])},
            "customer": draw.choice([None, f"cus_{person}"]),
            "livemode": why != "test order",
            "status": "failed" if why == "not paid" else "succeeded",
        }
        charges.append(charge)
        moment = datetime.fromtimestamp(created, UTC).replace(tzinfo=None)
        for amount in [units, -back] if back else [units]:
            worth = Decimal(amount).scaleb(-places)
            expected.append((f"p{person}@example.org", moment, worth, currency.upper(), charge["id"], why))
    draw.shuffle(charges)
    for page in range(0, 150, 40):
        text = json.dumps({"object": "list", "data": charges[page : page + 40]})
        (tmp_path / f"page_{page}.json").write_text(text)
    assert exported(str(tmp_path / "*.json")) == sorted(expected, key=lambda line: (line[4], -line[2]))
