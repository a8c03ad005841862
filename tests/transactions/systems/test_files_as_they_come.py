"""Files as people have them: encodings, cut-off archives, empty pages, other types, odd headers. All are made up."""

from __future__ import annotations

import csv
import gzip
import json
import random
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels.transactions.engine import connection, plain_error
from clvmodels.transactions.systems.layouts import layout, layout_of, names
from clvmodels.transactions.systems.raw_files import register_raw

HEADER = "Name,Email,Financial Status,Created at,Currency,Total"
LINE = "#1,ann@shop.org,paid,2024-03-01 10:00:00 -0500,USD,30.00"
ORDER = {
    "id": 1,
    "status": "completed",
    "currency": "EUR",
    "date_created": "2024-03-01T10:00:00",
    "total": "10.00",
    "customer_id": 0,
    "billing": {"email": "ann@shop.org", "phone": ""},
    "refunds": [],
}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", f"{HEADER}\n{LINE}".encode("utf-16"), r"UTF-8 text \(it is UTF-16\): save it as UTF-8"),
        ("a.csv", f"{HEADER}\n{LINE.replace('ann', 'änn')}".encode("latin-1"), "save it as UTF-8"),
        ("a.csv.gz", gzip.compress(f"{HEADER}\n{LINE}".encode(), mtime=0)[:30], "it is no gzip file, or cut off"),
        (
            "a.csv.gz",
            gzip.compress(f"{HEADER}\n{LINE}".encode(), mtime=0)[:12] + b"\xff" * 60,
            "it is no gzip file, or cut off",
        ),
        ("a.csv", b"x" * 200_000 + b",Name\n", "its first line is no header"),
    ],
    ids=["utf-16", "latin-1", "cut off", "damaged", "one long word"],
)
def test_a_file_that_is_no_csv_is_said_to_be_none(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    for source in ("shopify", "auto"):
        with pytest.raises(clv.InvalidInput, match=said):
            clv.read_log(tmp_path / name, source)


def test_blanks_and_capitals_in_a_header_do_not_matter(tmp_path):
    (tmp_path / "a.csv").write_text(
        f"\ufeff{HEADER.replace('Email', ' EMAIL ').replace('Total', 'Total ')}\r\n{LINE}\r\n"
    )
    for source in ("shopify", "auto"):
        log, report = clv.read_export(tmp_path / "a.csv", source)
        assert log["customer_id"].tolist() == ["ann@shop.org"]
        assert report.system == "shopify"
    # where names differ by nothing else, the one that is written as it should be counts
    (tmp_path / "a.csv").write_text(f"EMAIL ,{HEADER}\nbob@shop.org,{LINE}\n")
    assert clv.read_log(tmp_path / "a.csv", "shopify")["customer_id"].tolist() == ["ann@shop.org"]


def test_a_page_behind_the_last_one_holds_no_orders(tmp_path):
    for number, page in enumerate([[], [ORDER], []]):
        (tmp_path / f"page-{number}.json").write_text(json.dumps(page))
    for source in ("woocommerce", "auto"):
        assert clv.read_export(tmp_path / "page-*.json", source).report.sales == 1
    with pytest.raises(clv.InvalidInput, match="it holds no orders"):
        clv.read_log(tmp_path / "page-0.json", "woocommerce")
    (tmp_path / "page-2.json").write_text('{"code": "rest_cannot_view"}')
    with pytest.raises(clv.InvalidInput, match=r"page-2\.json' is no export of WooCommerce"):
        clv.read_log(tmp_path / "page-*.json", "woocommerce")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf" + json.dumps([ORDER]).encode(), "begins with a byte order mark: JSON is UTF-8 without one"),
        (json.dumps([ORDER]).encode("utf-16"), "begins with UTF-16"),
    ],
    ids=["mark", "utf-16"],
)
def test_json_in_another_encoding(tmp_path, content, said):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(clv.InvalidInput, match=said):
        clv.read_log(tmp_path / "a.json", "woocommerce")
    (tmp_path / "a.json.gz").write_bytes(content)
    with pytest.raises(clv.InvalidInput, match="it is no gzip file, or cut off"):
        clv.read_log(tmp_path / "a.json.gz", "woocommerce")


def test_a_record_that_is_too_long_is_said_to_be():
    said = '"maximum_object_size" of 16777216 bytes exceeded while reading file "a.json". Try increasing it (read_json)'
    assert "a record of the JSON file is larger than 16 MB" in str(plain_error(Exception(said)))


def test_moments_of_parquet_do_not_depend_on_the_machine(tmp_path):
    made = layout_of("till", '-- title: T\n-- page: p\n-- files: parquet\n-- needs: "at"\nSELECT 1')
    moment = pd.Timestamp("2024-03-01 02:00", tz="Europe/Berlin")
    parquet.write_table(pa.table({"at": [moment]}), tmp_path / "a.parquet")
    with connection() as con:
        con.execute("SET TimeZone = 'America/New_York'")  # of the machine
        register_raw(con, tmp_path / "a.parquet", made)
        assert con.execute("SELECT raw.at FROM raw").fetchall() == [("2024-03-01 01:00:00+00",)]


@pytest.mark.parametrize("closed", [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-01", tz="UTC")])
def test_a_close_date_that_a_frame_kept_as_a_moment(tmp_path, closed):
    deals = {"AccountId": ["a"], "CloseDate": [closed], "Amount": [Decimal("10.50")], "StageName": ["Closed Won"]}
    parquet.write_table(pa.table({**deals, "IsWon": [True], "Id": ["1"]}), tmp_path / "a.parquet")
    log = clv.read_log(tmp_path / "a.parquet", "salesforce", tz="America/New_York")
    assert log["date"].tolist() == [pd.Timestamp("2024-03-01")]


# ------------------------------------------------------------------------------- any values, in any order, add up

TEXTS = ["", "a@x.org", " A@X.org ", "'a@x.org", "0", '{"id": "c"}', "{", "a\nb", '"q"', "'; DROP TABLE raw; --"]
DATES = ["2024-03-01 10:00:00", "2024-03-01 23:59:59", "2024-02-29 00:00:00", "1969-12-31 23:00:00"]
MONEY = ["10.00"] * 40 + ["0", "-3.50", "1e2", "99999", "5.123456"]
CODES = ["EUR", "EUR", "eur", " usd", "USD", ""]
IDS = [*map(str, range(40)), "#1001", "5.43E+12", ""]
STATES = ["Paid", "refunded", "Closed Won", "completed", "wc-cancelled", "pending", "voided", "", "odd", "succeeded"]
BY_NAME = {
    "billing": [None, {"email": "a@x.org"}, {"phone": "0049 30"}],
    "refunds": [None, [], [{"id": 1, "total": "-2.50"}, {"id": 2, "total": None}]],
    "meta_data": [None, [], [{"key": "_wcpay_mode", "value": "test"}]],
    "data": [None],
    "object": ["charge", "charge", "list", None],
    "billing_details": [None, {"email": "a@x.org"}],
    "payment_method_details": [None, {"card": {"fingerprint": "f"}}],
    "event_name": ["purchase", "purchase", "refund", "page_view"],
    "event_timestamp": [1_709_287_200_000_000, 1_709_287_200_000_001],
    "event_params": [[{"key": "value", "value": {"double_value": 9.5}}], [], None],
    "ecommerce": [None, *({"transaction_id": t, "purchase_revenue": 5.5, "refund_value": 2} for t in "1234")],
    "amount_refunded": [0, 0, 100, None],
    "items": [None, [{"price": 1.5, "quantity": 2}]],
    "created": ["2024-03-01 10:00:00"],
}


def any_value(chance: random.Random, name: str, kind: str) -> object:
    lower = name.lower()
    if name in BY_NAME and not (name == "created" and kind == "BIGINT"):
        return chance.choice(BY_NAME[name])
    if kind in ("BIGINT", "BOOLEAN"):
        return chance.choice([True, True, False, None] if kind == "BOOLEAN" else [1000, 1000, 0, 2500, 1_709_287_200])
    pools = {
        "currency": CODES,
        ("amount", "total", "refunded", "balance"): MONEY,
        ("date", "created", "paid", "_at"): DATES,
        ("status", "stage"): STATES,
        ("captured", "won"): ["true", "true", "false", ""],
        "cancelled": ["", "", "", "2024-03-02 10:00:00"],
    }
    if lower in ("id", "name", "order_id", "record id", "opportunity id"):
        return chance.choice(IDS)
    return chance.choice(next((pool for key, pool in pools.items() if any(w in lower for w in _words(key))), TEXTS))


def _words(key):
    return (key,) if isinstance(key, str) else key


@pytest.mark.parametrize("source", names())
def test_counts_and_sums_add_up_whatever_stands_in_the_file(tmp_path, source, selected):
    """The order of rows does not matter; kept, left out and anonymous lines are all; sums are exact by currency."""
    chance = random.Random(f"{source} 1")
    known = layout(source)
    columns = {**known.needs, **known.may_have}
    sort = "csv" if "csv" in known.files else "json"
    rows = [{name: any_value(chance, name, kind) for name, kind in columns.items()} for _ in range(60)]
    found = []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        for number, part in enumerate((rows[:25], rows[25:])):
            with (tmp_path / folder / f"{number}.{sort}").open("w", newline="", encoding="utf-8") as file:
                if sort == "json":
                    json.dump(part, file)
                else:
                    out = csv.DictWriter(file, list(columns))
                    out.writeheader()
                    out.writerows(part)
        found.append(sorted(selected(f"{tmp_path}/{folder}/*.{sort}", source), key=repr))
        chance.shuffle(rows)
    assert found[0] == found[1]
    lines = found[0]
    kept = [line for line in lines if line[5] is None and (line[0] or "").strip(" ")]
    terms = {"rates": {"USD": "0.9", "none": 1}, "to_currency": "EUR"}
    log, report = clv.read_export(f"{tmp_path}/one/*.{sort}", source, **terms)
    assert report.left_out
    assert (report.lines, report.sales + report.refunds) == (len(lines), len(kept)) == (report.lines, len(log))
    assert report.anonymous == sum(line[5] is None for line in lines) - len(kept)
    assert sum(report.left_out.values()) == sum(line[5] is not None for line in lines)
    sums: dict[str, Decimal] = {}
    for line in kept:
        code = (line[3] or "").strip().upper() or "none"
        sums[code] = sums.get(code, Decimal(0)) + line[2]
    assert {code: total for code, (_, total) in report.currencies.items()} == sums
    exact = sum(total * (Decimal("0.9") if code == "USD" else 1) for code, total in sums.items())
    assert float(log["amount"].sum()) == pytest.approx(float(exact), rel=0, abs=1e-6 * len(log))
    pd.testing.assert_frame_equal(
        clv.rfm_summary(clv.SystemLog(f"{tmp_path}/one/*.{sort}", source, **terms)), clv.rfm_summary(log)
    )
