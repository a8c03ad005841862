"""WooCommerce's orders: the REST API's JSON and the order export's CSV. Every sample is made up in their layouts."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from decimal import Decimal

import pytest

import clvmodels as clv


def order(number: int, email: str = "ann@shop.example", total: str = "30.00", **fields: object) -> dict[str, object]:
    """An order as GET /wp-json/wc/v3/orders answers it, items and addresses nested."""
    made: dict[str, object] = {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "order_key": f"wc_order_{number}",
        "created_via": "checkout",
        "status": "completed",
        "currency": "EUR",
        "date_created": "2024-03-01T23:30:00",
        "date_created_gmt": "2024-03-01T22:30:00",
        "date_modified": "2024-03-02T09:00:00",
        "date_modified_gmt": "2024-03-02T08:00:00",
        "discount_total": "0.00",
        "shipping_total": "5.00",
        "total": total,
        "total_tax": "4.79",
        "customer_id": 0,
        "customer_note": "",
        "billing": {"first_name": "Ann", "country": "DE", "email": email, "phone": "030 1234"},
        "shipping": {"first_name": "Ann", "country": "DE"},
        "payment_method": "stripe",
        "date_paid": "2024-03-01T23:30:09",
        "date_paid_gmt": "2024-03-01T22:30:09",
        "meta_data": [{"id": 1, "key": "_order_attribution", "value": {"source": ["direct", 1]}}],
        "line_items": [
            {
                "id": 315,
                "name": "Mug",
                "quantity": 2,
                "total": "20.00",
                "meta_data": [{"key": "color", "value": "red"}],
            },
            {"id": 316, "name": "Spoon", "quantity": 1, "total": "5.00", "taxes": [{"id": 75, "total": "0.80"}]},
        ],
        "shipping_lines": [{"id": 317, "total": "5.00"}],
        "refunds": [],
        "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/727"}]},
    }
    return made | fields


def refund(number: int, total: str) -> dict[str, object]:
    return {"id": number, "reason": "", "total": total}


@pytest.fixture
def read(tmp_path, selected):
    def reading(*orders, tz=None):
        path = tmp_path / "orders.json"
        path.write_text(json.dumps(orders), encoding="utf-8")
        return selected(path, "woocommerce", tz)

    return reading


def test_an_order_with_nested_items_is_one_purchase_of_its_total(read):
    assert read(order(727, total="40.05"), order(728, total="7.50")) == [
        ("ann@shop.example", datetime(2024, 3, 1, 23, 30), Decimal("40.05"), "EUR", "727", None),
        ("ann@shop.example", datetime(2024, 3, 1, 23, 30), Decimal("7.5"), "EUR", "728", None),
    ]


def test_pages_one_a_file_and_orders_one_a_line_are_the_same(tmp_path, read, selected):
    orders = [order(700 + i, total=f"{i}.50") for i in range(5)]
    whole = read(*orders)
    (tmp_path / "page-1.json").write_text(json.dumps(orders[:3], indent=2), encoding="utf-8")
    with gzip.open(tmp_path / "page-2.json.gz", "wt", encoding="utf-8") as file:
        json.dump(orders[3:], file)
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)), encoding="utf-8")
    assert selected(str(tmp_path / "page-*"), "woocommerce") == whole
    assert selected(tmp_path / "orders.jsonl", "woocommerce") == whole


def test_pages_that_overlap_count_an_order_once_as_it_was_modified_last(tmp_path, selected):
    early = order(727, status="pending", date_paid=None, date_modified_gmt="2024-03-01T22:30:00")
    late = order(727, refunds=[refund(730, "-4.00")], date_modified_gmt="2024-03-09T08:00:00")
    more = order(727, refunds=[refund(730, "-4.00"), refund(731, "-5.00")])  # the second was deleted again
    for first, second in ((early, late), (late, early), (more, late), (late, more)):
        for number, page in enumerate(([first, order(726)], [second, order(728)])):
            (tmp_path / f"page-{number}.json").write_text(json.dumps(page), encoding="utf-8")
        found = [(line[4], line[2], line[5]) for line in selected(str(tmp_path / "page-*.json"), "woocommerce")]
        assert found == [("726", 30, None), ("727", 30, None), ("727", -4, None), ("728", 30, None)]


def test_two_shops_may_use_the_same_number(read):
    lines = read(order(727, order_key="wc_order_a"), order(727, "bob@shop.example", order_key="wc_order_b"), order(728))
    assert [(line[0], line[4]) for line in lines] == [
        ("ann@shop.example", "727 wc_order_a"),
        ("bob@shop.example", "727 wc_order_b"),
        ("ann@shop.example", "728"),
    ]


def test_each_part_refund_is_a_line_at_the_orders_date(read):
    """The refunds come as negative totals; a refund of nothing says nothing."""
    lines = read(order(727, refunds=[refund(730, "-4.00"), refund(731, "-1.25"), refund(732, "0.00")]))
    assert [line[2] for line in lines] == [Decimal(30), Decimal("-1.25"), Decimal(-4)]
    assert {line[:2] + line[3:] for line in lines} == {
        ("ann@shop.example", datetime(2024, 3, 1, 23, 30), "EUR", "727", None)
    }


def test_an_order_refunded_whole_nets_to_no_purchase(tmp_path):
    path = tmp_path / "orders.json"
    later = {"date_created": "2024-04-01T10:00:00", "date_created_gmt": "2024-04-01T08:00:00"}
    path.write_text(
        json.dumps(
            [
                order(727),
                order(728, status="refunded", refunds=[refund(730, "-30.00")], **later),
                order(729, "bob@shop.example", status="refunded", refunds=[]),
            ]
        ),
        encoding="utf-8",
    )
    summary = clv.rfm_summary(
        clv.SystemLog(path, "woocommerce"), amount="amount", order_id="order_id", observation_end="2024-04-30"
    )
    assert summary[["customer_id", "frequency"]].to_numpy().tolist() == [["ann@shop.example", 0]]


@pytest.mark.parametrize("refunds", [[], None])
def test_the_status_refunded_without_a_refund_is_a_refund_of_everything(read, refunds):
    assert [line[2] for line in read(order(727, status="refunded", refunds=refunds))] == [30, -30]


@pytest.mark.parametrize(
    ("status", "left_out"),
    [
        ("processing", None),
        ("completed", None),
        ("refunded", None),
        ("wc-completed", None),
        ("cancelled", "cancelled"),
        ("trash", "cancelled"),
        ("pending", "not paid"),
        ("failed", "not paid"),
        ("checkout-draft", "not paid"),
        ("on-hold", "not paid"),
        ("shipped", "not paid"),
    ],
)
def test_what_a_status_says_of_an_order_without_a_payment_date(read, status, left_out):
    """Processing without one is cash on delivery."""
    orders = order(727, status=status, date_paid=None, refunds=[refund(730, "-4.00")])
    assert [(line[2], line[5]) for line in read(orders)] == [(30, left_out), (-4, left_out)]


@pytest.mark.parametrize(
    ("status", "left_out"),
    [("on-hold", None), ("shipped", None), ("cancelled", "cancelled"), ("failed", "not paid")],
)
def test_what_a_status_says_of_an_order_with_a_payment_date(read, status, left_out):
    assert [line[5] for line in read(order(727, status=status))] == [left_out]


@pytest.mark.parametrize(
    ("key", "value", "left_out"),
    [
        ("_wcpay_mode", "test", "test order"),
        ("_wcpay_mode", "prod", None),
        ("_ppcp_paypal_payment_mode", "sandbox", "test order"),
        ("_ppcp_paypal_payment_mode", "live", None),
        ("note", "test", None),
    ],
)
def test_orders_paid_in_test_mode_are_left_out(read, key, value, left_out):
    meta = [{"id": 1, "key": "other", "value": [1, {"a": None}]}, {"id": 2, "key": key, "value": value}]
    assert [line[5] for line in read(order(727, meta_data=meta))] == [left_out]


def test_free_orders_are_purchases(read):
    assert [(line[2], line[5]) for line in read(order(727, total="0.00", date_paid=None))] == [(0, None)]


def test_a_guest_and_a_registered_customer_of_one_address_are_one(read):
    lines = read(order(727, customer_id=0), order(728, " Ann@Shop.Example", customer_id=7))
    assert [line[0] for line in lines] == ["ann@shop.example"] * 2


def test_orders_without_an_address_go_by_account_then_phone_then_nobody(read):
    """An order made by hand may have no address: the account's other orders tell it."""
    nobody = {"email": "", "phone": ""}
    lines = read(
        order(727, customer_id=7),
        order(728, customer_id=7, billing=nobody),
        order(729, customer_id=8, billing={"email": None, "phone": "+49 30 1234"}),
        order(730, billing={"email": "", "phone": "+49 (30) 1234"}),
        order(731, billing={"email": "", "phone": "0049 30 12-34"}),
        order(732, billing=nobody),
        order(733, billing={"first_name": "Bob"}),
        order(734, "bob@shop.example"),
    )
    assert [line[0] for line in lines] == ["ann@shop.example"] * 2 + [
        "8",
        "+49301234",
        "+49301234",
        None,
        None,
        "bob@shop.example",
    ]
    assert {line[5] for line in lines} == {None}


def test_dates_are_the_shops_clock_and_its_offset_tells_anothers(read):
    """Berlin's 23:30 is 05:30 of the next day in Delhi at +05:30, hours and minutes both."""
    assert read(order(727))[0][1] == datetime(2024, 3, 1, 23, 30)
    assert read(order(727), tz="Asia/Kolkata")[0][1] == datetime(2024, 3, 2, 4)
    west = order(727, date_created="2024-03-01T23:30:00", date_created_gmt="2024-03-02T03:00:00")
    assert read(west)[0][1] == datetime(2024, 3, 1, 23, 30)
    assert read(west, tz="UTC")[0][1] == datetime(2024, 3, 2, 3)


def test_a_clock_of_utc_that_cannot_be_does_not_matter(read):
    imported = order(727, date_created_gmt="1970-01-01T00:00:00")
    assert read(imported, tz="Asia/Tokyo")[0][1] == datetime(2024, 3, 1, 23, 30)


def test_without_the_clock_of_utc_dates_stay_the_shops(read):
    bare = {key: value for key, value in order(727).items() if key != "date_created_gmt"}
    assert read(bare, tz="Asia/Tokyo")[0][1] == datetime(2024, 3, 1, 23, 30)


def test_an_answer_without_refunds_is_refused(tmp_path):
    """Asked for with _fields, it may lack them, and every refund would count as bought."""
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([{k: v for k, v in order(727).items() if k != "refunds"}]), encoding="utf-8")
    with pytest.raises(clv.ClvError, match="lacks 'refunds'"):
        clv.read_log(path, "woocommerce")


CSV_COLUMNS = next(
    csv.reader(
        [
            "order_id,order_number,order_number_formatted,date,status,shipping_total,shipping_tax_total,fee_total,"
            "tax_total,discount_total,order_total,refunded_total,order_currency,payment_method,shipping_method,"
            "customer_id,billing_first_name,billing_email,billing_phone,customer_note,item_id,item_name,item_quantity,"
            "item_total,line_items"
        ]
    )
)


def row(number: int, email: str = "ann@shop.example", total: str = "30.00", **fields: str) -> dict[str, str]:
    """A line of the order export: an order, or one of its items with the order's fields repeated."""
    return {
        "order_id": str(number),
        "date": "2024-03-01 23:30:00",
        "status": "completed",
        "order_total": total,
        "refunded_total": "0.00",
        "order_currency": "EUR",
        "customer_id": "0",
        "billing_email": email,
        "billing_phone": "+49 30 1234",
    } | fields


@pytest.fixture
def read_csv(tmp_path, selected):
    def reading(*lines):
        path = tmp_path / "orders-export.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            made = csv.DictWriter(file, CSV_COLUMNS, restval="")
            made.writeheader()
            made.writerows(lines)
        return selected(path, "woocommerce_csv")

    return reading


def test_csv_one_line_an_order_and_one_an_item_are_the_same(read_csv):
    orders = read_csv(row(727, line_items="id:1|name:Mug;id:2|name:Spoon"), row(728, total="7.50"))
    items = read_csv(row(727, item_name="Mug"), row(727, item_name="Spoon"), row(728, total="7.50", item_name="Mug"))
    assert orders == items
    assert orders == [
        ("ann@shop.example", datetime(2024, 3, 1, 23, 30), Decimal(30), "EUR", "727", None),
        ("ann@shop.example", datetime(2024, 3, 1, 23, 30), Decimal("7.5"), "EUR", "728", None),
    ]


def test_csv_refunds_are_lines_of_their_own(read_csv):
    part = read_csv(
        row(727, refunded_total="4.50", item_name="Mug"), row(727, refunded_total="4.50", item_name="Spoon")
    )
    assert [line[2] for line in part] == [Decimal(30), Decimal("-4.5")]
    assert part[0][1] == part[1][1]
    assert [line[2] for line in read_csv(row(727, status="refunded"))] == [30, -30]


@pytest.mark.parametrize(
    ("status", "left_out"),
    [
        ("processing", None),
        ("wc-completed", None),
        ("refunded", None),
        ("cancelled", "cancelled"),
        ("pending", "not paid"),
        ("on-hold", "not paid"),
        ("failed", "not paid"),
        ("shipped", "unknown status"),
    ],
)
def test_csv_what_a_status_says(read_csv, status, left_out):
    lines = read_csv(row(727, status=status, refunded_total="4.00"))
    assert [(line[2], line[5]) for line in lines] == [(30, left_out), (-4, left_out)]


def test_csv_an_order_in_two_exports_counts_once_in_its_latest_state(read_csv):
    early, late = row(727, status="processing", total="31.00"), row(727, refunded_total="4.00")
    assert [line[2] for line in read_csv(early, late)] == [30, -4]
    assert [line[2] for line in read_csv(late, early)] == [30, -4]


def test_csv_two_shops_may_use_the_same_number(read_csv):
    lines = read_csv(row(727), row(727, "bob@shop.example", date="2024-03-02 08:00:00"))
    assert [(line[0], line[4]) for line in lines] == [
        ("ann@shop.example", "727 2024-03-01 23:30:00"),
        ("bob@shop.example", "727 2024-03-02 08:00:00"),
    ]


def test_csv_customers_go_by_address_then_account_then_phone(read_csv):
    lines = read_csv(
        row(727, customer_id="7"),
        row(728, "", customer_id="7"),
        row(729, "'Ann@shop.example"),
        row(730, "", customer_id="8"),
        row(731, ""),
        row(732, "", billing_phone=""),
    )
    assert [line[0] for line in lines] == ["ann@shop.example"] * 3 + ["8", "+49301234", None]
