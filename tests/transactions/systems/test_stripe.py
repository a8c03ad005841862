"""Stripe's export of payments. The samples are made up, in the layout that the Dashboard's export has."""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

import clvmodels as clv
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.layouts import layout
from clvmodels.transactions.systems.raw_files import register_raw
from clvmodels.transactions.systems.system_log import SystemLog
from clvmodels.transactions.systems.words import teach

PAID = {
    "id": "ch_1",
    "Created date (UTC)": "2026-06-05 20:38:34",
    "Amount": "30.00",
    "Amount Refunded": "0.00",
    "Currency": "usd",
    "Captured": "true",
    "Converted Amount": "27.61",
    "Converted Amount Refunded": "0.00",
    "Converted Currency": "eur",
    "Mode": "Live",
    "Status": "Paid",
    "Customer ID": "cus_1",
    "Customer Email": "ann@example.org",
    "Card Fingerprint": "Xt5EWLLDS7FJjR1c",
    "Disputed Amount": "",
    "Dispute Status": "",
}
MOMENT = datetime(2026, 6, 5, 20, 38, 34)


@pytest.fixture
def read(tmp_path):
    """What the preset makes of payments that differ from PAID as said: customer, date, amount, ... in their order."""

    def lines(*payments, tz=None, names=None):
        export = tmp_path / "unified_payments.csv"
        write(export, [{**PAID, **payment} for payment in payments], names)
        return exported(export, tz)

    return lines


def write(path, payments, names=None):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, names or list(PAID), extrasaction="ignore")
        out.writeheader()
        out.writerows(payments)


def exported(path, tz=None):
    known = layout("stripe")
    with connection() as con:
        teach(con, tz)
        register_raw(con, path, known)
        return con.execute(
            f"SELECT customer_id, date, amount, currency, order_id, left_out FROM ({known.sql}) "
            "ORDER BY order_id, amount DESC"
        ).fetchall()


def amounts(lines):
    return [(line[2], line[5]) for line in lines]


def test_a_payment_is_what_the_customer_was_charged_and_not_what_was_converted(read):
    assert read({}) == [("ann@example.org", MOMENT, Decimal(30), "USD", "ch_1", None)]


def test_a_refund_is_a_line_of_its_own_at_the_payments_date(read):
    sale, refund = read({"Amount Refunded": "12.34"})
    assert sale == ("ann@example.org", MOMENT, Decimal(30), "USD", "ch_1", None)
    assert refund == ("ann@example.org", MOMENT, Decimal("-12.34"), "USD", "ch_1", None)


def test_a_payment_refunded_whole_is_no_purchase(tmp_path):
    export = tmp_path / "payments.csv"
    again = {**PAID, "id": "ch_2", "Created date (UTC)": "2026-06-20 08:00:00"}
    back = {**again, "id": "ch_3", "Created date (UTC)": "2026-06-27 08:00:00"}
    write(export, [PAID, again, {**back, "Amount Refunded": "30.00", "Status": "Refunded"}])
    summary = clv.rfm_summary(
        SystemLog(export, "stripe"), customer_id="customer_id", date="date", amount="amount", time_unit="day"
    )
    assert summary["frequency"].tolist() == [1]
    assert summary["recency"].tolist() == [15]


@pytest.mark.parametrize(("status", "lines"), [("lost", 2), ("won", 1), ("needs_response", 1), ("warning_closed", 1)])
def test_a_dispute_takes_money_back_only_when_it_is_lost(read, status, lines):
    found = read({"Disputed Amount": "20.00", "Dispute Status": status})
    assert amounts(found) == [(Decimal(30), None), (Decimal(-20), None)][:lines]


def test_a_refund_and_a_lost_dispute_together_give_back_no_more_than_was_paid(read):
    found = read({"Amount Refunded": "25.00", "Disputed Amount": "30.00", "Dispute Status": "lost"})
    assert amounts(found) == [(Decimal(30), None), (Decimal(-30), None)]


def test_payments_of_test_mode_are_left_out(read):
    found = read({"Mode": "Test", "Amount Refunded": "1.00"})
    assert amounts(found) == [(Decimal(30), "test order"), (Decimal(-1), "test order")]


@pytest.mark.parametrize("status", ["Failed", "Canceled", "requires_payment_method", "Blocked", ""])
def test_payments_that_were_never_paid_are_left_out(read, status):
    assert amounts(read({"Status": status})) == [(Decimal(30), "not paid")]


def test_an_authorisation_that_was_not_captured_is_left_out(read):
    assert amounts(read({"Captured": "false", "Status": "Paid"})) == [(Decimal(30), "not paid")]


def test_a_payment_in_two_exports_counts_once_as_it_was_last(tmp_path):
    write(tmp_path / "a.csv", [PAID])
    write(tmp_path / "b.csv", [{**PAID, "Amount Refunded": "30.00", "Status": "Refunded"}])
    found = exported((tmp_path / "a.csv", tmp_path / "b.csv"))
    assert sorted(amounts(found), key=str) == [
        (Decimal(-30), None),
        (Decimal(30), "repeated"),
        (Decimal(30), None),
    ]


def test_a_guest_and_a_registered_customer_of_one_address_are_one(read):
    guest = {"id": "ch_2", "Customer ID": "", "Customer Email": " Ann@Example.org "}
    another_account = {"id": "ch_3", "Customer ID": "cus_2"}
    without_address = {"id": "ch_4", "Customer ID": "cus_2", "Customer Email": ""}
    found = read({}, guest, another_account, without_address)
    assert {line[0] for line in found} == {"ann@example.org"}


def test_without_any_address_the_customer_is_the_account_else_the_card_else_nobody(read):
    account = {"Customer Email": ""}
    card = {"id": "ch_2", "Customer Email": "", "Customer ID": ""}
    nobody = {"id": "ch_3", "Customer Email": "", "Customer ID": "", "Card Fingerprint": ""}
    assert [line[0] for line in read(account, card, nobody)] == ["cus_1", "Xt5EWLLDS7FJjR1c", None]
    assert read(nobody)[0][5] is None  # anonymous, not left out


def test_moments_are_utc_and_days_may_be_counted_elsewhere(read):
    found = read({}, tz="Asia/Tokyo")
    assert found[0][1] == datetime(2026, 6, 6, 5, 38, 34)


def test_the_older_header_is_read_too(read):
    older = ["id", "Created (UTC)", "Amount", "Amount Refunded", "Currency", "Status", "Customer Email"]
    found = read({"Created (UTC)": "2014-02-03 01:47", "Amount Refunded": "1.50"}, names=older)
    assert found[0] == ("ann@example.org", datetime(2014, 2, 3, 1, 47), Decimal(30), "USD", "ch_1", None)
    assert found[1][2] == Decimal("-1.5")


def test_an_export_without_the_column_of_dates_is_refused(tmp_path):
    write(tmp_path / "payments.csv", [PAID], [name for name in PAID if not name.startswith("Created")])
    with pytest.raises(clv.InvalidInput, match="date"):
        clv.read_log(tmp_path / "payments.csv", "stripe")


def test_a_decimal_comma_is_read_and_a_thousands_comma_is_not_guessed(read):
    comma = {"Amount": "12,50", "Amount Refunded": "0,5"}
    assert amounts(read(comma)) == [(Decimal("12.5"), None), (Decimal("-.5"), None)]
    assert amounts(read({"Amount": "1,250"})) == [(None, None)]


def test_every_payment_is_told_of_once(tmp_path):
    export = tmp_path / "payments.csv"
    nobody = {"Customer Email": "", "Customer ID": "", "Card Fingerprint": ""}
    others = [{"Amount Refunded": "5.00"}, {"Mode": "Test"}, {"Status": "Failed"}, {"Status": "Failed"}, nobody]
    write(export, [PAID, *({**PAID, "id": f"ch_{2 + i}", **other} for i, other in enumerate(others))])
    log, report = clv.read_export(export, "stripe")
    assert (report.rows_read, report.sales, report.refunds, report.anonymous) == (6, 2, 1, 1)
    assert report.left_out == {"not paid": 2, "test order": 1}
    assert log["amount"].tolist() == [30.0, 30.0, -5.0]
    assert set(log["order_id"]) == {"ch_1", "ch_2"}


def test_payments_in_several_currencies_are_refused_without_rates(tmp_path):
    export = tmp_path / "payments.csv"
    write(export, [PAID, {**PAID, "id": "ch_2", "Currency": "eur", "Amount": "10.00"}])
    with pytest.raises(clv.InvalidInput, match="one currency; found 2"):
        clv.read_log(export, "stripe")
    log = clv.read_log(export, "stripe", rates={"USD": "0.9"}, to_currency="EUR")
    assert log["amount"].tolist() == [27.0, 10.0]


def test_a_file_that_is_no_export_of_payments_is_refused(tmp_path):
    other = tmp_path / "payouts.csv"
    other.write_text("id,Amount,Currency,Status\npo_1,3,usd,paid\n")
    with pytest.raises(clv.InvalidInput, match=r"Stripe payments .* lacks 'Amount Refunded'.*; the columns found"):
        exported(other)


def test_a_payment_that_was_captured_after_the_first_export_counts(read):
    early = {"Status": "Uncaptured", "Captured": "false"}
    for payments in ((early, {}), ({}, early)):
        assert {why for _, why in amounts(read(*payments))} == {None, "repeated"}


def test_payments_without_an_id_are_several(read):
    assert amounts(read({"id": ""}, {"id": " ", "Amount": "20.00"})) == [(Decimal(30), None), (Decimal(20), None)]


@pytest.mark.parametrize("seed", range(4))
def test_any_business_comes_back_to_the_cent(tmp_path, seed):
    """Made-up payments of every kind, in any order and split over two files, against a plain account of them."""
    draw = random.Random(seed)
    rows, expected = [], []
    known = {}  # the address of an account, as its earliest payment with one has it
    start = datetime(2025, 1, 1)
    for number in range(200):
        person = draw.randrange(25)
        moment = start + timedelta(seconds=draw.randrange(40_000_000))
        cents = draw.randrange(50, 200_000)
        back = draw.choice([0, 0, 0, cents, draw.randrange(1, cents + 1)])
        account = draw.choice(["", f"cus_{person}", f"cus_{person}_{draw.randrange(3)}"])
        address = draw.choice([f"p{person}@example.org", f"P{person}@Example.org ", ""])
        why = draw.choice([None] * 6 + ["test order", "not paid"])
        row = {
            **PAID,
            "id": f"ch_{number:04d}",
            "Created date (UTC)": moment.isoformat(sep=" "),
            "Amount": f"{cents / 100:.2f}",
            "Amount Refunded": f"{back / 100:.2f}",
            "Currency": draw.choice(["usd", "eur"]),
            "Mode": "Test" if why == "test order" else "Live",
            "Status": "Failed" if why == "not paid" else "Refunded" if back == cents else "Paid",
            "Customer ID": account,
            "Customer Email": address,
        }
        if account and address:
            known[account] = f"p{person}@example.org"
        rows.append(row)
        expected.append((row, moment, Decimal(cents) / 100, Decimal(back) / 100, why))
    lines = []
    for row, moment, amount, back, why in expected:
        account = row["Customer ID"]
        person = row["Customer Email"].strip().lower() or known.get(account) or account or row["Card Fingerprint"]
        line = (person, moment, amount, row["Currency"].upper(), row["id"], why)
        lines.append(line)
        if back:
            lines.append((*line[:2], -back, *line[3:]))
    draw.shuffle(rows)
    cut = draw.randrange(1, 199)
    write(tmp_path / "a.csv", rows[:cut])
    write(tmp_path / "b.csv", rows[cut:])
    assert exported((tmp_path / "a.csv", tmp_path / "b.csv")) == sorted(lines, key=lambda line: (line[4], -line[2]))
