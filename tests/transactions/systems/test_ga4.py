"""GA4's events as BigQuery exports them. The samples are made up, in the documented layout."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.layouts import layout
from clvmodels.transactions.systems.raw_files import register_raw
from clvmodels.transactions.systems.system_log import SystemLog
from clvmodels.transactions.systems.words import teach

MOMENT = datetime(2026, 5, 28, 20, 26, 40)
MICROS = 1_780_000_000_000_000  # the same since 1970
HOUR = 3_600_000_000
PARAM = pa.struct(
    {
        "key": pa.string(),
        "value": pa.struct(
            {
                "string_value": pa.string(),
                "int_value": pa.int64(),
                "float_value": pa.float64(),
                "double_value": pa.float64(),
            }
        ),
    }
)
ITEM = pa.struct({"item_id": pa.string(), "price": pa.float64(), "quantity": pa.int64(), "item_revenue": pa.float64()})
SCHEMA = pa.schema(
    {
        "event_date": pa.string(),
        "event_timestamp": pa.int64(),
        "event_name": pa.string(),
        "event_params": pa.list_(PARAM),
        "user_id": pa.string(),
        "user_pseudo_id": pa.string(),
        "ecommerce": pa.struct(
            {
                "total_item_quantity": pa.int64(),
                "purchase_revenue_in_usd": pa.float64(),
                "purchase_revenue": pa.float64(),
                "refund_value_in_usd": pa.float64(),
                "refund_value": pa.float64(),
                "transaction_id": pa.string(),
            }
        ),
        "items": pa.list_(ITEM),
    }
)


def event(name="purchase", order="T1", value=30.5, currency="EUR", *, at=MICROS, device="71.1", user=None, **more):
    """An event as a row of the table; `more` are parameters, or ecommerce and items."""
    ecommerce = {"transaction_id": order, **more.pop("ecommerce", {})}
    items = more.pop("items", [])
    params = {"ga_session_id": 17, "transaction_id": order, "value": value, "currency": currency, **more}
    return {
        "event_date": "20260528",
        "event_timestamp": at,
        "event_name": name,
        "event_params": [{"key": key, "value": _typed(worth)} for key, worth in params.items() if worth is not None],
        "user_id": user,
        "user_pseudo_id": device,
        "ecommerce": ecommerce,
        "items": items,
    }


def _typed(value):
    kind = {str: "string_value", int: "int_value"}.get(type(value), "double_value")
    return {kind: value}


def write_json(path, rows):
    """As BigQuery writes JSON: one object a line, whole numbers as text, what is NULL left out."""

    def exported_value(value):
        if isinstance(value, dict):
            return {key: exported_value(held) for key, held in value.items() if held is not None}
        if isinstance(value, list):
            return [exported_value(held) for held in value]
        return str(value) if isinstance(value, int) else value

    path.write_text("\n".join(json.dumps(exported_value(row)) for row in rows))
    return path


def write_parquet(path, rows, schema=SCHEMA):
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def exported(path, tz=None):
    known = layout("ga4")
    with connection() as con:
        teach(con, tz)
        register_raw(con, path, known)
        return con.execute(
            f"SELECT customer_id, date, amount, currency, order_id, left_out FROM ({known.sql}) "
            "ORDER BY order_id, amount DESC, left_out NULLS FIRST, date"
        ).fetchall()


@pytest.fixture
def read(tmp_path):
    """What the preset makes of events, in JSON and in Parquet the same."""

    def lines(*rows, tz=None):
        found = exported(write_json(tmp_path / "events.json", rows), tz)
        assert found == exported(write_parquet(tmp_path / "events.parquet", rows), tz)
        return found

    return lines


def amounts(lines):
    return [(line[2], line[5]) for line in lines]


def test_a_purchase_is_the_value_that_the_site_sent_and_other_events_are_none(read):
    found = read(event("page_view", None, None), event(), event("add_to_cart", None, 9.99))
    assert found == [("71.1", MOMENT, Decimal("30.5"), "EUR", "T1", None)]


@pytest.mark.parametrize("value", [30, 30.0, "30"])
def test_the_value_may_be_a_whole_number_a_double_or_text(read, value):
    assert amounts(read(event(value=value))) == [(Decimal(30), None)]


def test_without_a_value_the_events_revenue_counts_else_its_items_else_nothing(read):
    items = [{"item_id": "a", "price": 1.5, "quantity": 2}, {"item_id": "b", "price": 0.1, "quantity": None}]
    found = read(
        event(order="T1", value=None, ecommerce={"purchase_revenue": 12.25}, items=items),
        event(order="T2", value=None, items=items),
        event(order="T3", value=None),
        event(order="T4", value=0),
    )
    assert amounts(found) == [(Decimal("12.25"), None), (Decimal("3.1"), None), (None, "without value"), (0, None)]


def test_without_a_currency_the_revenue_in_dollars_counts(read):
    found = read(event(currency=None, ecommerce={"purchase_revenue": 27.0, "purchase_revenue_in_usd": 31.25}))
    assert found[0][2:4] == (Decimal("31.25"), "USD")
    assert read(event(currency="eur"))[0][3] == "EUR"


def test_a_refund_without_the_parameter_is_what_the_event_says_was_refunded(read):
    back = event("refund", value=None, ecommerce={"refund_value": 4.25, "purchase_revenue": 9.0})
    assert amounts(read(event(), back))[1] == (Decimal("-4.25"), None)
    dollars = event(currency=None, ecommerce={"purchase_revenue": 27.0, "purchase_revenue_in_usd": 31.25})
    back = event("refund", currency=None, ecommerce={"refund_value": 5.4, "refund_value_in_usd": 6.25})
    assert [line[2:4] for line in read(dollars, back)] == [(Decimal("31.25"), "USD"), (Decimal("-6.25"), "USD")]


def test_an_order_sent_again_counts_once_the_first_time(read):
    later = event(at=MICROS + HOUR, device="72.2")
    assert read(later, event()) == [
        ("71.1", MOMENT, Decimal("30.5"), "EUR", "T1", None),
        ("72.2", MOMENT + timedelta(hours=1), Decimal("30.5"), "EUR", "T1", "repeated"),
    ]


def test_of_an_order_sent_again_that_with_a_value_counts(read):
    found = read(event(value=None), event(at=MICROS + HOUR))
    assert [(line[1], line[2], line[5]) for line in found] == [
        (MOMENT + timedelta(hours=1), Decimal("30.5"), None),
        (MOMENT, None, "repeated"),
    ]


def test_the_order_number_may_stand_in_the_record_alone(read):
    again = event(at=MICROS + HOUR, transaction_id=None)
    assert [(line[4], line[5]) for line in read(event(transaction_id=None), again)] == [
        ("T1", None),
        ("T1", "repeated"),
    ]


def test_the_order_number_may_stand_in_the_parameters_alone(read):
    alone = event(ecommerce={"transaction_id": None})
    not_set = event(at=MICROS + HOUR, ecommerce={"transaction_id": "(not set)"})
    number = event(at=MICROS + HOUR, order=17, ecommerce={"transaction_id": None})
    assert [(line[4], line[5]) for line in read(alone, not_set, number)] == [
        ("17", None),
        ("T1", None),
        ("T1", "repeated"),
    ]


def test_without_an_order_number_an_event_is_an_order_and_the_same_event_is_not_another(read):
    first, second = event(order="(not set)"), event(order=None, at=MICROS + HOUR)
    third = event(order=" ", at=MICROS + 2 * HOUR)
    found = read(first, second, third, first)  # a day's table and the intraday table both hold the first
    assert [line[5] for line in found] == [None, "repeated", None, None]
    assert sorted({line[4] for line in found}) == [f"71.1/{MICROS + at * HOUR}" for at in range(3)]


def test_a_refund_has_the_customer_the_currency_and_the_date_of_its_purchase(read):
    back = event("refund", value=10, currency=None, at=MICROS + 300 * HOUR, device="server")
    assert read(event(user="u1"), back) == [
        ("u1", MOMENT, Decimal("30.5"), "EUR", "T1", None),
        ("u1", MOMENT, Decimal(-10), "EUR", "T1", None),
    ]


def test_several_refunds_of_an_order_count_one_sent_twice_counts_once(read):
    parts = [event("refund", value=value, at=MICROS + at * HOUR) for value, at in [(10, 1), (5, 2), (5, 2), (10, 3)]]
    assert amounts(read(event(), *parts)) == [
        (Decimal("30.5"), None),
        (Decimal(-5), None),
        (Decimal(-5), "repeated"),
        (Decimal(-10), None),
        (Decimal(-10), None),
    ]


def test_a_refund_without_a_value_gives_back_what_is_left_and_no_refund_gives_back_more(read):
    part, rest = event("refund", value=-10, at=MICROS + HOUR), event("refund", value=None, at=MICROS + 2 * HOUR)
    again = event("refund", value=30.5, at=MICROS + 3 * HOUR)
    assert amounts(read(event(), part, rest, again)) == [
        (Decimal("30.5"), None),
        (Decimal(-10), None),
        (Decimal("-20.5"), None),
        (Decimal("-30.5"), "repeated"),
    ]
    assert amounts(read(event(), part, again)) == [
        (Decimal("30.5"), None),
        (Decimal(-10), None),
        (Decimal("-20.5"), None),
    ]


def test_a_purchase_refunded_whole_is_none(tmp_path):
    path = write_json(
        tmp_path / "events.json",
        [
            event(),
            event(order="T2", at=MICROS + 240 * HOUR),
            event(order="T3", at=MICROS + 480 * HOUR),
            event("refund", "T3", None, at=MICROS + 720 * HOUR),
        ],
    )
    log = SystemLog(path, "ga4")
    summary = clv.rfm_summary(log, customer_id="customer_id", date="date", amount="amount", time_unit="day")
    assert summary[["frequency", "recency"]].values.tolist() == [[1, 10]]


def test_a_refund_whose_purchase_is_not_there_is_left_out(read):
    found = read(event(), event("refund", "T9", 4.0), event("refund", None, 3.0))
    assert [line[5] for line in found if line[2] < 0] == ["refund without its purchase"] * 2


@pytest.mark.parametrize("mark", [{"debug_mode": 1}, {"debug_mode": "true"}, {"traffic_type": "internal"}])
def test_debugging_and_internal_traffic_are_test_orders_and_so_are_their_refunds(read, mark):
    found = read(event(**mark), event("refund", value=1, at=MICROS + HOUR))
    assert amounts(found) == [(Decimal("30.5"), "test order"), (Decimal(-1), "test order")]


def test_a_test_of_a_refund_takes_nothing_back(read):
    found = read(event(), event("refund", value=1, debug_mode=1), event("refund", value=None, at=MICROS + HOUR))
    assert amounts(found) == [(Decimal("30.5"), None), (Decimal(-1), "test order"), (Decimal("-30.5"), None)]


def test_an_order_looked_at_in_debug_mode_remains_an_order(read):
    found = read(event(debug_mode=1, at=MICROS - HOUR), event(), event(debug_mode=0, order="T2"))
    assert amounts(found) == [(Decimal("30.5"), None), (Decimal("30.5"), "test order"), (Decimal("30.5"), None)]


def test_a_guest_and_a_registered_order_of_one_device_are_one_customer(read):
    login = event("login", None, None, user="u1", at=MICROS + 9 * HOUR)
    found = read(event(), login, event(order="T2", user=""), event(order="T3", user="u1", device="72.2"))
    assert [line[0] for line in found] == ["u1", "u1", "u1"]


def test_a_device_of_several_users_is_nobody_of_them_when_not_logged_in(read):
    found = read(event(user="u1"), event(order="T2", user="u2"), event(order="T3"))
    assert [line[0] for line in found] == ["u1", "u2", "71.1"]


def test_without_consent_a_purchase_is_anonymous_and_not_left_out(read):
    by_app = event("login", None, None, device="", user="u1")
    found = read(event(device=None), event(order="T2", device="", user=" "), by_app)
    assert [(line[0], line[5]) for line in found] == [(None, None), (None, None)]


def test_every_purchase_and_refund_is_told_of_once(tmp_path):
    back = event("refund", value=1, at=MICROS + HOUR)
    rows = [
        event("page_view"),
        event(),
        event(at=MICROS + 1),
        back,
        event("refund", "T9"),
        event(order="T2", device=None),
    ]
    log, report = clv.read_export(write_json(tmp_path / "events.json", rows), "ga4")
    assert (report.rows_read, report.sales, report.refunds, report.anonymous) == (6, 1, 1, 1)
    assert report.left_out == {"refund without its purchase": 1, "repeated": 1}
    assert log["amount"].tolist() == [30.5, -1.0]


def test_moments_are_utc_and_days_may_be_counted_elsewhere(read):
    assert read(event(), tz="Asia/Tokyo")[0][1] == MOMENT + timedelta(hours=9)


def test_lists_that_bigquery_holds_as_records_are_lists(tmp_path):
    """What BigQuery loaded from Parquet without list inference, it exports as records of "list" and "element"."""

    def held(values):
        return {"list": [{"element": value} for value in values]}

    rows = [event(), event(order="T2", value=None, items=[{"item_id": "a", "price": 2.5, "quantity": 4}])]
    lists = {"event_params": PARAM, "items": ITEM}
    schema = SCHEMA
    for name, kind in lists.items():
        record = pa.struct({"list": pa.list_(pa.struct({"element": kind}))})
        schema = schema.set(schema.get_field_index(name), pa.field(name, record))
    path = tmp_path / "reloaded.parquet"
    write_parquet(path, [{**row, **{name: held(row[name]) for name in lists}} for row in rows], schema)
    assert amounts(exported(path)) == [(Decimal("30.5"), None), (Decimal(10), None)]


def test_days_in_files_of_their_own_are_one_log(tmp_path):
    write_json(tmp_path / "events_20260528.json", [event()])
    write_json(tmp_path / "events_20260529.json", [event("refund", value=None, at=MICROS + 24 * HOUR)])
    assert amounts(exported(str(tmp_path / "events_*.json"))) == [(Decimal("30.5"), None), (Decimal("-30.5"), None)]


@pytest.mark.parametrize("seed", range(8))
def test_any_business_comes_back_to_the_cent(tmp_path, seed):
    """Made-up orders with their reloads, refunds, tests and page views, against a plain account of them."""
    draw = random.Random(seed)
    rows, expected = [], []
    for number in range(120):
        person = draw.randrange(15)
        registered = person % 3 > 0
        at = MICROS + draw.randrange(9000 * HOUR)
        cents = draw.randrange(50, 200_000)
        test = draw.random() < 0.1
        order = f"T{number:04d}"

        def sent(name, value, at, order=order, person=person, test=test, cents=cents):
            return event(
                name,
                order,
                None if value is None else value / 100,
                draw.choice(["EUR", "eur"]),
                at=at,
                device=f"{person}.1",
                user=f"u{person}" if person % 3 == 1 or (person % 3 == 2 and name == "login") else None,
                traffic_type="internal" if test else None,
                ecommerce=draw.choice([{}, {"purchase_revenue": cents / 100}]) if name == "purchase" else {},
            )

        rows += [sent("purchase", cents, at), sent("page_view", None, at - 1)]
        if registered:
            rows.append(sent("login", None, at + HOUR))
        who = f"u{person}" if registered else f"{person}.1"
        reason = "test order" if test else None
        moment = datetime(1970, 1, 1) + timedelta(microseconds=at)
        line = (who, moment, Decimal(cents) / 100, "EUR", order, reason)
        expected.append(line)
        for _ in range(draw.choice([0, 0, 0, 1, 2])):  # the page of thanks, loaded anew
            again = at + 1 + draw.randrange(5 * HOUR)
            rows.append(sent("purchase", cents, again))
            moment = datetime(1970, 1, 1) + timedelta(microseconds=again)
            expected.append((who, moment, *line[2:5], reason or "repeated"))
        left, later = cents, at
        for _ in range(draw.choice([0, 0, 1, 3])):
            part = draw.randrange(1, left) if left > 1 else 0
            if part:
                left, later = left - part, later + 1 + draw.randrange(100 * HOUR)
                rows.append(sent("refund", part, later))
                expected.append((*line[:2], Decimal(-part) / 100, *line[3:5], reason))
        if left and not test and draw.random() < 0.2:  # the rest goes back without a word of how much it is
            rows.append(sent("refund", None, later + HOUR))
            expected.append((*line[:2], Decimal(-left) / 100, *line[3:5], reason))
    draw.shuffle(rows)
    expected.sort(key=lambda line: (line[4], -line[2], line[5] is not None, line[5] or "", line[1]))
    assert exported(write_json(tmp_path / "events.json", rows)) == expected
    assert exported(write_parquet(tmp_path / "events.parquet", rows)) == expected
