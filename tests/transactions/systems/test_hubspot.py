"""Deals of HubSpot. The samples are made up, with the labels that an export of deals has."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.exported import make_kept

DEAL = {
    "Record ID": "31870000001",
    "Deal Name": "Tea - 2024",
    "Pipeline": "Sales Pipeline",
    "Deal Stage": "Closed Won",
    "Amount": "1200.5",
    "Currency": "EUR",
    "Close Date": "2024-03-05 14:30",
    "Deal owner": "Kim Doe",
    "Associated Company IDs": "184020",
    "Associated Contact IDs": "51;101",
}


def write(path, deals, more=()):
    names = [name for name in (*DEAL, *more) if deals[0].get(name, "") is not None]
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, names, extrasaction="ignore")
        out.writeheader()
        out.writerows({**DEAL, **deal} for deal in deals)
    return path


@pytest.fixture
def read(tmp_path):
    """What becomes of deals that differ from DEAL as said, in the order of their ids; None takes a column away."""

    def lines(*deals, more=()):
        numbered = [{"Record ID": str(i), **deal} for i, deal in enumerate(deals)]
        path = write(tmp_path / "deals.csv", numbered, more)
        with connection() as con:
            make_kept(con, [str(path)], "hubspot", zone=None)
            return con.execute("SELECT * FROM exported ORDER BY order_id, left_out NULLS FIRST").fetchall()

    return lines


def test_a_deal_that_was_won_is_a_purchase_of_its_company(read):
    assert read({}) == [("184020", datetime(2024, 3, 5, 14, 30), Decimal("1200.5"), "EUR", "0", None)]


@pytest.mark.parametrize(
    ("stage", "left_out"),
    [
        ("Closed Won", None),
        ("closed won (Sales Pipeline)", None),
        ("Closed Lost", "not won"),
        ("Contract Sent", "not won"),
    ],
)
def test_without_the_property_the_stage_decides(read, stage, left_out):
    assert [line[5] for line in read({"Deal Stage": stage}, {})] == [left_out, None]


def test_the_property_decides_in_whichever_pipeline(read):
    won = "Is Closed Won"
    found = read(
        {won: "true", "Deal Stage": "Renewed (Renewals)"}, {won: "false"}, {won: ""},
        {won: "", "Deal Stage": "Renewed"},
        more=[won],
    )  # fmt: skip
    assert [line[5] for line in found] == [None, "not won", None, "not won"]


def test_several_companies_are_nobody_in_particular_unless_one_is_primary(read):
    primary, every = "Associated Company IDs (Primary)", "Associated Company IDs"
    found = read(
        {primary: "7", every: "5;7"}, {primary: "", every: "5;7"}, {primary: "", every: "5; 5 "},
        {primary: "", every: "5"},
        more=[primary],
    )  # fmt: skip
    assert [(line[0], line[5]) for line in found] == [("7", None), ("5", "several customers"), ("5", None), ("5", None)]


def test_a_deal_without_a_company_is_its_contacts(read):
    none = {"Associated Company IDs": ""}
    found = read(
        {**none, "Associated Contact IDs": "51"}, {**none}, {**none, "Associated Contact IDs": ""},
        {"Associated Company IDs": "51"},
    )  # fmt: skip
    # a company and a contact of one number are two customers
    assert [(line[0], line[5]) for line in found] == [
        ("contact 51", None), ("contact 51", "several customers"), (None, None), ("51", None),
    ]  # fmt: skip


def test_deals_of_several_customers_are_counted(tmp_path):
    path = write(tmp_path / "deals.csv", [{"Record ID": "1"}, {"Record ID": "2", "Associated Company IDs": "1;2"}])
    _, report = clv.read_export(path, "hubspot")
    assert (report.sales, report.left_out) == (1, {"several customers": 1})


def test_either_column_of_customers_will_do_and_one_must_be_there(tmp_path):
    only = write(tmp_path / "a.csv", [{"Associated Company IDs": None, "Associated Contact IDs": "51"}])
    assert clv.read_log(only, source="hubspot")["customer_id"].tolist() == ["contact 51"]
    neither = write(tmp_path / "b.csv", [{"Associated Company IDs": None, "Associated Contact IDs": None}])
    with pytest.raises(InvalidInput, match=r"lacks 'Associated Company IDs \(Primary\)' or 'Associated Company IDs'"):
        clv.read_log(neither, source="hubspot")


def test_the_older_label_of_the_deals_id(tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text("Deal ID,Deal Stage,Close Date,Amount,Associated Company IDs\n9,Closed Won,2024-03-05,1,5")
    assert clv.read_log(path, source="hubspot")["order_id"].tolist() == ["9"]


def test_exports_that_overlap_count_a_deal_once(tmp_path):
    first = write(tmp_path / "a.csv", [{"Record ID": "1"}, {"Record ID": "2"}])
    second = write(tmp_path / "b.csv", [{"Record ID": "2", "Close Date": "2024-03-09 10:00"}, {"Record ID": "3"}])
    log, report = clv.read_export([first, second], "hubspot")
    assert (sorted(log["order_id"]), report.left_out) == (["1", "2", "3"], {"repeated": 1})
    assert log.set_index("order_id")["date"]["2"] == datetime(2024, 3, 9, 10)


def test_amounts_and_dates_that_are_missing_are_counted(read):
    found = read({"Amount": ""}, {"Close Date": ""}, {"Amount": "0"}, {"Amount": "1,200.50"})
    assert [(line[2], line[5]) for line in found] == [
        (None, "no amount"), (Decimal("1200.5"), "no date"), (Decimal(0), None), (Decimal("1200.5"), None),
    ]  # fmt: skip


def test_the_accounts_clock_stands_as_it_is(tmp_path):
    path = write(tmp_path / "deals.csv", [{"Close Date": "2024-03-05 00:30"}])
    log = clv.read_log(path, source="hubspot", tz="America/New_York")
    assert log["date"].tolist() == [datetime(2024, 3, 5, 0, 30)]
