"""Opportunities of Salesforce. The samples are made up, with the labels of reports and Data Loader's names."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.exported import make_kept

REPORT = {
    "Opportunity Owner": "Kim Doe",
    "Account Name": "Tea & Sons",
    "Account ID": "0015e00000AbCdE",
    "Opportunity Name": "Tea - 2024",
    "Stage": "Closed Won",
    "Amount Currency": "USD",
    "Amount": "1200.50",
    "Close Date": "3/5/2024",
    "Opportunity ID": "0065e00000XyZ01",
}
API = {
    "Id": "0065e00000XyZ01AAA",
    "IsDeleted": "false",
    "AccountId": "0015e00000AbCdEAAA",
    "Name": "Tea - 2024",
    "StageName": "Closed Won",
    "Amount": "1200.5",
    "CloseDate": "2024-03-05",
    "IsClosed": "true",
    "IsWon": "true",
    "CurrencyIsoCode": "USD",
}


def write(path, usual, lines):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(
            file, [name for name in usual if lines[0].get(name, "") is not None], quoting=csv.QUOTE_ALL
        )
        out.writeheader()
        out.writerows({name: text for name, text in {**usual, **line}.items() if text is not None} for line in lines)
    return path


@pytest.fixture
def read(tmp_path):
    """What becomes of opportunities that differ as said from the usual one; None takes a column away."""

    def lines(usual, *opportunities):
        path = write(tmp_path / "report.csv", usual, opportunities)
        with connection() as con:
            make_kept(con, [str(path)], "salesforce", zone=None)
            return con.execute("SELECT * FROM exported ORDER BY order_id, left_out NULLS FIRST").fetchall()

    return lines


def test_a_report_and_data_loaders_file_say_the_same(read):
    (reported,) = read(REPORT, {})
    (loaded,) = read(API, {})
    assert reported == (
        "0015e00000AbCdE", datetime(2024, 3, 5), Decimal("1200.5"), "USD", "0065e00000XyZ01", None
    )  # fmt: skip
    assert loaded == ("0015e00000AbCdEAAA", *reported[1:4], "0065e00000XyZ01AAA", None)


def test_names_may_be_in_capital_letters(tmp_path):
    path = write(tmp_path / "a.csv", {name.upper(): text for name, text in API.items()}, [{}])
    assert clv.read_log(path, source="salesforce")["amount"].tolist() == [1200.5]
    assert clv.read_export(path).report.system == "salesforce"


def test_records_of_the_api_are_read_as_json(tmp_path):
    record = {**API, "Amount": 1200.5, "IsWon": True, "IsDeleted": False, "attributes": {"type": "Opportunity"}}
    (tmp_path / "o.json").write_text(json.dumps([record, {**record, "Id": "2", "IsWon": False}]))
    log, report = clv.read_export(tmp_path / "o.json", "salesforce")
    assert log["amount"].tolist() == [1200.5]
    assert report.left_out == {"not won": 1}


def test_the_box_won_decides_whatever_a_stage_is_called(read):
    found = read(
        API, {"Id": "1", "StageName": "Signed"}, {"Id": "2", "IsWon": "false"}, {"Id": "3", "IsWon": "1"},
        {"Id": "4", "IsWon": ""}, {"Id": "5", "IsWon": "", "StageName": "Closed Lost"},
    )  # fmt: skip
    assert [line[5] for line in found] == [None, "not won", None, None, "not won"]


def test_without_the_box_the_stage_decides(read):
    stages = ["closed won", "Closed Lost", "Prospecting", "Closed Won "]
    found = read(REPORT, *({"Opportunity ID": str(i), "Stage": stage} for i, stage in enumerate(stages)))
    assert [line[5] for line in found] == [None, "not won", "not won", None]


def test_deleted_opportunities_are_left_out(read):
    found = read(API, {"Id": "1", "IsDeleted": "true"}, {"Id": "2"})
    assert [line[5] for line in found] == ["deleted", None]


@pytest.mark.parametrize(
    "written", ["3/5/2024", "03/05/2024", "05.03.2024", "5.3.2024", "2024-03-05", "2024-03-05T00:00:00.000Z"]
)
def test_a_close_date_is_a_day_however_it_is_written(tmp_path, written):
    path = write(tmp_path / "o.csv", REPORT, [{"Close Date": written}])
    for tz in (None, "America/New_York", "Asia/Tokyo"):
        assert clv.read_log(path, source="salesforce", tz=tz)["date"].tolist() == [datetime(2024, 3, 5)]


def test_a_date_of_another_locale_is_refused_and_not_read_as_another_day(read):
    with pytest.raises(InvalidInput, match="1 of 2 lines have no date that can be read"):
        read(
            REPORT,
            {"Opportunity ID": "1", "Close Date": "05/03/2024"},
            {"Opportunity ID": "2", "Close Date": "15/03/2024"},
        )


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,200.50", "1200.50"),
        ("USD 1,200.50", "1200.50"),
        ("1.0E7", "10000000"),
        ("$12.00", "12"),
        ("0", "0"),
        ("-5", "-5"),
    ],
)
def test_amounts_as_reports_and_data_loader_write_them(read, written, amount):
    assert read(REPORT, {"Amount": written})[0][2] == Decimal(amount)


def test_an_opportunity_without_an_amount_is_left_out_and_counted(read):
    assert [line[5] for line in read(REPORT, {"Opportunity ID": "1", "Amount": ""}, {"Opportunity ID": "2"})] == [
        "no amount",
        None,
    ]


def test_an_opportunity_without_an_account_is_anonymous(tmp_path):
    path = write(tmp_path / "o.csv", REPORT, [{"Account ID": "", "Opportunity ID": "1"}, {"Opportunity ID": "2"}])
    log, report = clv.read_export(path, "salesforce")
    assert (len(log), report.anonymous, report.left_out) == (1, 1, {})


def test_ids_that_differ_by_capitals_are_two_accounts(read):
    found = read(REPORT, {"Opportunity ID": "1"}, {"Opportunity ID": "2", "Account ID": "0015e00000ABCDE"})
    assert len({line[0] for line in found}) == 2


def test_a_report_with_products_counts_an_opportunity_once(read):
    found = read(REPORT, {}, {}, {})
    assert [line[5] for line in found] == [None, "repeated", "repeated"]


def test_several_currencies_are_refused_and_converted(tmp_path):
    path = write(
        tmp_path / "o.csv", REPORT, [{"Opportunity ID": "1"}, {"Opportunity ID": "2", "Amount Currency": "EUR"}]
    )
    with pytest.raises(InvalidInput, match="must be in one currency"):
        clv.read_log(path, source="salesforce")
    log = clv.read_log(path, source="salesforce", rates={"EUR": "2"}, to_currency="USD")
    assert sorted(log["amount"]) == [1200.5, 2401.0]


def test_columns_that_may_be_missing(tmp_path):
    fewer = {"Amount Currency": None, "Opportunity ID": None}
    path = write(tmp_path / "o.csv", REPORT, [fewer, fewer])
    log = clv.read_log(path, source="salesforce")
    assert len(log) == 2
    assert log["order_id"].isna().all()


@pytest.mark.parametrize(
    ("column", "lacks"),
    [
        ("Account ID", "'Account ID' or 'AccountId'"),
        ("Stage", "'Won' or 'IsWon' or 'Stage' or 'StageName'"),
        ("Amount", "'Amount'"),
    ],
)
def test_a_report_that_lacks_a_column_is_told_which(tmp_path, column, lacks):
    path = write(tmp_path / "o.csv", REPORT, [{column: None}])
    with pytest.raises(InvalidInput, match=f"it lacks {lacks}; the columns found are 'Opportunity Owner'"):
        clv.read_log(path, source="salesforce")


def test_reports_and_data_loaders_files_may_be_one_log(tmp_path):
    first = write(tmp_path / "a.csv", REPORT, [{}])
    second = write(tmp_path / "b.csv", API, [{}])
    assert len(clv.read_log([first, second], source="salesforce")) == 2
