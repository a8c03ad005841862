"""Shopify's export of orders. Every sample here is made up, in the columns that the export has."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal

import pytest

import clvmodels as clv

COLUMNS = next(
    csv.reader(
        [
            "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
            "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,"
            "Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,"
            "Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Phone,Shipping Name,Notes,Cancelled at,"
            "Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,"
            "Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Phone,Receipt Number,Duties,Payment ID,"
            "Payment Terms Name,Next Payment Due At"
        ]
    )
)


def order(number: int, email: str = "ann@shop.example", total: str = "30.00", **fields: str) -> dict[str, str]:
    """An order's first line; keywords with an underscore for each space of a column's name."""
    made = {
        "Name": f"#{number}",
        "Email": email,
        "Financial Status": "paid",
        "Paid at": "2024-03-01 10:00:05 +0100",
        "Currency": "EUR",
        "Subtotal": "20.00",
        "Shipping": "5.00",
        "Total": total,
        "Created at": "2024-03-01 10:00:00 +0100",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "20.00",
        "Payment Method": "Shopify Payments",
        "Refunded Amount": "0.00",
        "Outstanding Balance": "0.00",
        "Id": str(5_000_000_000_000 + number),
        "Source": "web",
        "Phone": "'+4915112345",
    }
    return made | {name.replace("_", " "): value for name, value in fields.items()}


def item(number: int, name: str = "Spoon") -> dict[str, str]:
    """A further line of an order: what belongs to the order stands on the first one only."""
    return {
        "Name": f"#{number}",
        "Email": "ann@shop.example",
        "Created at": "2024-03-01 10:00:00 +0100",
        "Lineitem quantity": "3",
        "Lineitem name": name,
        "Lineitem price": "5.00",
    }


def write(path, lines, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as file:
        made = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        made.writeheader()
        made.writerows(lines)
    return path


@pytest.fixture
def read(tmp_path, selected):
    def reading(*lines, tz=None, columns=COLUMNS):
        return selected(write(tmp_path / "orders_export_1.csv", lines, columns), "shopify", tz)

    return reading


def test_an_order_of_several_lines_is_one_purchase_of_its_total(read):
    """Total, Id and status stand on the first line only."""
    lines = read(order(1001, total="40.00"), item(1001), item(1001, "Plate"), order(1002, total="7.50"))
    assert lines == [
        ("ann@shop.example", datetime(2024, 3, 1, 10), Decimal("40"), "EUR", "5000000001001", None),
        ("ann@shop.example", datetime(2024, 3, 1, 10), Decimal("7.5"), "EUR", "5000000001002", None),
    ]


def test_items_may_stand_before_their_order_and_in_another_file(tmp_path, selected):
    """Exports are split over files, and people sort them."""
    write(tmp_path / "orders_export_1.csv", [item(1001), order(1002)])
    write(tmp_path / "orders_export_2.csv", [item(1002), order(1001), item(1001)])
    assert [(line[2], line[4]) for line in selected(str(tmp_path / "*.csv"), "shopify")] == [
        (Decimal(30), "5000000001001"),
        (Decimal(30), "5000000001002"),
    ]


def test_totals_filled_down_by_hand_count_once(read):
    assert len(read(order(1001), order(1001), order(1001))) == 1


def test_notes_may_hold_line_breaks_and_quotes(read):
    assert len(read(order(1001, Notes='Ring the bell,\n"twice"\n\nplease'), item(1001), order(1002))) == 2


@pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded", "Partially refunded", " PAID "])
def test_money_taken_is_a_purchase(read, status):
    """Refunds are lines of their own, whatever the status."""
    sale, refund = read(order(1001, Financial_Status=status, Paid_at="", Refunded_Amount="30.00"))
    assert (sale[2], sale[5]) == (Decimal(30), None)
    assert (refund[2], refund[5]) == (Decimal(-30), None)


@pytest.mark.parametrize("status", ["pending", "authorized", "expired", "voided", "Authorized"])
def test_orders_without_money_are_left_out(read, status):
    ((customer, _, amount, _, _, left_out),) = read(order(1001, Financial_Status=status))
    assert (customer, amount, left_out) == ("ann@shop.example", Decimal(30), "not paid")


@pytest.mark.parametrize(("paid_at", "left_out"), [("2024-03-01 10:00:05 +0100", None), ("", "not paid")])
@pytest.mark.parametrize("status", ["", "bezahlt"])
def test_a_status_that_is_none_of_shopifys_is_judged_by_when_it_was_paid(read, status, paid_at, left_out):
    ((*_, why),) = read(order(1001, Financial_Status=status, Paid_at=paid_at))
    assert why == left_out


def test_a_partly_paid_order_counts_for_what_was_paid(read):
    (paid,) = read(order(1001, Financial_Status="partially_paid", Outstanding_Balance="12.50", Paid_at=""))
    assert (paid[2], paid[5]) == (Decimal("17.5"), None)
    # what is outstanding of a paid order was added or taken off later, and is not yet part of what was paid
    (paid,) = read(order(1001, Outstanding_Balance="12.50"))
    assert paid[2] == Decimal(30)


def test_a_part_refund_is_a_line_of_its_own_at_the_orders_date(read):
    sale, refund = read(
        order(1001, Financial_Status="partially_refunded", Refunded_Amount="9.99", Total="30.00"), item(1001)
    )
    assert sale[:5] == ("ann@shop.example", datetime(2024, 3, 1, 10), Decimal(30), "EUR", "5000000001001")
    assert refund[:5] == ("ann@shop.example", datetime(2024, 3, 1, 10), Decimal("-9.99"), "EUR", "5000000001001")


def test_an_order_refunded_whole_nets_to_no_purchase(tmp_path):
    later = "2024-04-01 09:00:00 +0200"
    path = write(
        tmp_path / "orders.csv",
        [
            order(1001),
            order(1002, Created_at=later, Financial_Status="refunded", Refunded_Amount="30.00"),
            order(1003, email="bob@shop.example", Financial_Status="refunded", Refunded_Amount="30.00"),
        ],
    )
    summary = clv.rfm_summary(
        clv.SystemLog(path, "shopify"), amount="amount", order_id="order_id", observation_end="2024-04-30"
    )
    assert summary[["customer_id", "frequency"]].to_numpy().tolist() == [["ann@shop.example", 0]]


def test_a_refunded_order_without_an_amount_is_refunded_whole(read):
    without = [name for name in COLUMNS if name != "Refunded Amount"]
    sale, refund = read(order(1001, Financial_Status="refunded"), columns=without)
    assert (sale[2], refund[2]) == (Decimal(30), Decimal(-30))
    assert len(read(order(1001, Financial_Status="partially_refunded"), columns=without)) == 1


def test_cancelled_orders_are_left_out_with_their_refunds(read):
    cancelled = order(1001, Cancelled_at="2024-03-02 08:00:00 +0100", Financial_Status="refunded", Refunded_Amount="30")
    assert [(line[2], line[5]) for line in read(cancelled, item(1001))] == [(30, "cancelled"), (-30, "cancelled")]


@pytest.mark.parametrize(
    "gateway", ["Bogus Gateway", "bogus", "(for testing) Bogus Gateway", "gift_card + Bogus Gateway"]
)
def test_test_orders_are_left_out(read, gateway):
    ((*_, why),) = read(order(1001, Payment_Method=gateway))
    assert why == "test order"


def test_free_orders_are_purchases(read):
    ((_, _, amount, _, _, why),) = read(order(1001, total="0.00", Payment_Method=""))
    assert (amount, why) == (0, None)


@pytest.mark.parametrize("source", ["pos", "shopify_draft_order", "1354745"])
def test_drafts_and_sales_at_a_till_are_purchases(read, source):
    ((*_, why),) = read(order(1001, Source=source))
    assert why is None


def test_guests_and_registered_customers_of_one_address_are_one(read):
    """The export has no customer number; the address is written as the customer typed it."""
    customers = {
        line[0] for line in read(order(1001), order(1002, " Ann@Shop.Example "), order(1003, "'ann@shop.example"))
    }
    assert customers == {"ann@shop.example"}


def test_without_an_address_the_phone_and_without_both_nobody(read):
    """A spreadsheet's apostrophe, blanks, brackets and 00 for + are ways of writing one number."""
    written = ["'+49 30 1234-56", "+49(30)123456", "0049 30 123456", "+4930123456"]
    lines = read(*(order(1000 + i, "", Phone=phone) for i, phone in enumerate(written)), order(1010, "", Phone="+"))
    assert [line[0] for line in lines] == ["+4930123456"] * 4 + [None]
    assert [line[5] for line in lines] == [None] * 5


def test_names_may_come_again_where_ids_differ(read):
    """Two shops in one folder, or an app that numbers anew: the Id tells the orders apart."""
    lines = read(order(1001, Id="5000000000001"), item(1001), order(1001, "bob@shop.example", Id="'6000000000001"))
    assert [(line[0], line[4]) for line in lines] == [
        ("ann@shop.example", "5000000000001"),
        ("bob@shop.example", "6000000000001"),
    ]


@pytest.mark.parametrize("rounded", ["5.43211E+12", "5,43211E+12", ""])
def test_names_stand_in_for_ids_that_a_spreadsheet_rounded(read, rounded):
    lines = read(order(1001, Id=rounded), order(1002, Id=rounded))
    assert [line[4] for line in lines] == ["#1001", "#1002"]


def test_without_the_column_of_ids_orders_go_by_name(read):
    lines = read(order(1001), item(1001), order(1002), columns=[name for name in COLUMNS if name != "Id"])
    assert [line[4] for line in lines] == ["#1001", "#1002"]


def test_exports_that_overlap_count_an_order_once_in_its_latest_state(tmp_path, selected):
    """Whichever file the later state stands in."""
    states = [
        order(1001, Financial_Status="authorized", Paid_at=""),
        order(1001),
        order(1001, Financial_Status="partially_refunded", Refunded_Amount="4.00"),
        order(1001, Financial_Status="refunded", Refunded_Amount="30.00"),
        order(1001, Cancelled_at="2024-03-05 08:00:00 +0100"),
    ]
    wanted = [
        [],
        [(30, None)],
        [(30, None), (-4, None)],
        [(30, None), (-30, None)],
        [(30, "cancelled")],
    ]
    for late in range(1, len(states)):
        for early in range(late):
            for k, (first, second) in enumerate([(early, late), (late, early)]):
                folder = tmp_path / f"{early}{late}{k}"
                folder.mkdir()
                write(folder / "orders_export_1.csv", [states[first], item(1001)])
                write(folder / "orders_export_2.csv", [states[second], item(1001)])
                assert [(line[2], line[5]) for line in selected(str(folder / "*.csv"), "shopify")] == wanted[late]


def test_dates_are_the_shops_clock(read):
    """23:30 in New York is the 1st there, and the 2nd in Berlin."""
    line = order(1001, Created_at="2024-03-01 23:30:00 -0500")
    assert read(line)[0][1] == datetime(2024, 3, 1, 23, 30)
    assert read(line, tz="Europe/Berlin")[0][1] == datetime(2024, 3, 2, 5, 30)


@pytest.mark.parametrize(
    ("written", "date"),
    [("2024-03-01 10:00", datetime(2024, 3, 1, 10)), ("2024-03-01T10:00:07", datetime(2024, 3, 1, 10, 0, 7))],
)
def test_dates_whose_offset_a_spreadsheet_dropped_are_the_shops_clock(read, written, date):
    for tz in (None, "Europe/Berlin"):
        assert read(order(1001, Created_at=written), tz=tz)[0][1] == date


def test_currencies_come_as_they_are(read):
    lines = read(order(1001), order(1002, Currency="usd "))
    assert [line[3] for line in lines] == ["EUR", "USD"]


def test_columns_that_may_be_missing(read):
    """The smallest file that is still an export of orders."""
    least = ["Name", "Email", "Financial Status", "Created at", "Currency", "Total"]
    assert read(order(1001, Refunded_Amount="5"), item(1001), columns=least) == [
        ("ann@shop.example", datetime(2024, 3, 1, 10), Decimal(30), "EUR", "#1001", None)
    ]


def test_a_file_that_is_no_export_of_orders_is_refused(tmp_path):
    path = write(tmp_path / "customers.csv", [], ["Customer ID", "First Name", "Email", "Total Spent"])
    with pytest.raises(clv.ClvError, match="lacks 'Name', 'Financial Status', 'Created at', 'Currency', 'Total'"):
        clv.read_log(path, "shopify")
