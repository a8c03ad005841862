"""Exports as logs: what is kept, what is counted, what is refused. The files are made up."""

from __future__ import annotations

import re
import warnings
from decimal import Decimal

import pandas as pd
import pytest

import clvmodels as clv

LINES = (
    "3,bob,2024-03-02 09:00:00,5,EUR,paid",
    "1,ann,2024-03-01 10:00:00,30.10,eur,paid",
    "1,ann,2024-03-01 10:00:00,-30.10,EUR,paid",
    "2,ann,2024-03-01 12:00:00,20,EUR,paid",
    "4, ,2024-03-03 12:00:00,7,EUR,paid",
    "5,cid,2024-03-04 12:00:00,7,USD,cancelled",
    "6,cid,2024-03-05,x,EUR,test order",
    "7,cid,no date,7,EUR,cancelled",
)


def test_the_log_is_ordered_and_only_of_customers(till):
    log, _ = clv.read_export(till(*LINES), "till")
    assert list(log.columns) == ["customer_id", "date", "amount", "currency", "order_id"]
    assert log["customer_id"].tolist() == ["ann", "ann", "ann", "bob"]
    assert log["amount"].tolist() == [30.10, -30.10, 20.0, 5.0]
    assert log["order_id"].tolist() == ["1", "1", "2", "3"]
    assert log["date"].iloc[0] == pd.Timestamp("2024-03-01 10:00")
    assert set(log["currency"]) == {"EUR"}
    assert not log.attrs


def test_the_report_adds_up(till):
    report = clv.read_export(till(*LINES), "till").report
    assert (report.rows_read, report.lines, report.sales, report.refunds, report.anonymous) == (8, 8, 3, 1, 1)
    assert report.left_out == {"cancelled": 2, "test order": 1}
    assert report.lines == report.sales + report.refunds + sum(report.left_out.values()) + report.anonymous
    assert report.customers == 2
    assert report.currencies == {"EUR": (4, Decimal("25"))}
    assert (report.system, report.chosen, report.converted_to) == ("till", "given", None)
    assert (report.first_date, report.last_date) == (pd.Timestamp("2024-03-01 10:00"), pd.Timestamp("2024-03-02 09:00"))
    told = str(report).splitlines()
    assert told[:2] == ["read as Till (as given)", "layout: https://till.example/exports"]
    assert told[2] == (
        "8 rows, 8 lines = 4 in the log (3 sales, 1 refund) + 2 left out (cancelled) + 1 left out (test order) + "
        "1 without a customer"
    )


def test_anonymous_lines_are_warned_of_once_with_their_number(till):
    with pytest.warns(clv.ClvWarning, match="1 of 8 lines have no customer") as caught:
        clv.read_log(till(*LINES), "till")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clv.read_log(till(*LINES[:4]), "till")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("9,dan,2024-13-01,7,EUR,paid", "1 of 5 lines have no date that can be read, first order '9'"),
        ("9,dan,,7,EUR,paid", "1 of 5 lines have no date that can be read, first order '9'"),
        ('9,dan,2024-03-01,"7,50",EUR,paid', "1 of 5 lines have no amount that can be read, first order '9'"),
        ("9,dan,2024-03-01,,EUR,paid", "1 of 5 lines have no amount that can be read, first order '9'"),
        ("9,dan,2024-03-01,inf,EUR,paid", "1 of 5 lines have no amount that can be read, first order '9'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_first_order(till, line, said):
    with pytest.raises(clv.InvalidInput, match=re.escape(said)):
        clv.read_log(till(*LINES[:4], line), "till")


def test_what_is_left_out_need_not_be_readable(till):
    assert clv.read_export(till(LINES[0], *LINES[5:]), "till").report.sales == 1


def test_nothing_left_is_refused_and_said_why(till):
    with pytest.raises(clv.InvalidInput, match="is left for a log: 2 cancelled, 1 test order, 1 without a customer"):
        clv.read_log(till(*LINES[4:]), "till")
    with pytest.raises(clv.InvalidInput, match="it holds no orders"):
        clv.read_log(till(), "till")


def test_files_of_other_sorts_and_other_columns(till, tmp_path):
    file = till("1,2024-03-01,5", header="id,moment,paid")
    with pytest.raises(clv.InvalidInput, match=r"no export of Till as https://till\.example/exports.*lacks 'who'; the"):
        clv.read_log(file, "till")
    with pytest.raises(clv.InvalidInput, match=r"must be one of .*shopify.*found 'tile'"):
        clv.read_log(file, "tile")
    with pytest.raises(clv.InvalidInput, match="no file found"):
        clv.read_log(tmp_path / "nothing.csv", "till")
    text = tmp_path / "till.txt"
    text.write_text("id")
    with pytest.raises(clv.InvalidInput, match=r"must be CSV .* JSON .* or Parquet"):
        clv.read_log(text, "till")


def test_the_second_of_two_files_is_looked_at_too(till):
    one, other = till(*LINES[:1]), till("1,2024-03-01,5", header="id,moment,paid", name="other.csv")
    with pytest.raises(clv.InvalidInput, match=r"other\.csv' is no export of Till"):
        clv.read_log([one, other], "till")
    wider = till("8,1,eve,2024-03-09,paid,EUR", header="paid,id,who,moment,state,code", name="wider.csv")
    plain = till("9,eve,2024-03-10,2", header="id,who,moment,paid", name="plain.csv")
    log = clv.read_log([one, wider], "till")
    assert log["customer_id"].tolist() == ["bob", "eve"]
    assert clv.read_log(plain, "till")["currency"].isna().all()


def test_json_and_parquet_give_the_same_log(till, tmp_path):
    import gzip
    import json

    import duckdb

    csv = till(*LINES)
    rows = pd.read_csv(csv, dtype=str).fillna("").to_dict("records")
    (tmp_path / "till.json").write_text(json.dumps(rows), encoding="utf-8")
    with gzip.open(tmp_path / "till.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps({**row, "more": {"a": [1]}}) for row in rows))
    with duckdb.connect() as con:
        con.read_csv(csv, all_varchar=True).write_parquet(str(tmp_path / "till.parquet"))
    expected = clv.read_export(csv, "till")
    for name in ("till.json", "till.jsonl.gz", "till.parquet"):
        found = clv.read_export(tmp_path / name, "till")
        pd.testing.assert_frame_equal(found.log, expected.log)
        assert found.report.currencies == expected.report.currencies
        assert found.report.rows_read == 8


def test_a_json_file_that_is_cut_off_is_said_to_be(till, tmp_path):
    file = tmp_path / "cut.json"
    file.write_text('[{"id": "1", "who": "ann", "moment": "2024-03-01", "paid": "5"}, {"id": "2", "wh')
    with pytest.raises(clv.InvalidInput, match="the JSON file is not well formed"):
        clv.read_log(file, "till")


def test_a_clock_of_another_zone(till):
    file = till("1,ann,2024-03-01 23:30:00 -0500,5,EUR,paid", "2,ann,2024-03-01 23:30:00,5,EUR,paid")
    as_written = clv.read_log(file, "till")["date"]
    berlin = clv.read_log(file, "till", tz="Europe/Berlin")["date"]
    assert as_written.astype(str).tolist() == ["2024-03-01 23:30:00"] * 2
    assert sorted(berlin.astype(str)) == ["2024-03-01 23:30:00", "2024-03-02 05:30:00"]


def test_sums_before_and_after_conversion_are_told(till):
    file = till("1,ann,2024-03-01,10,EUR,paid", "2,bob,2024-03-02,20.5,USD,paid", "3,,2024-03-02,7,USD,paid")
    report = clv.read_export(file, "till", rates={"USD": "0.9"}, to_currency="EUR").report
    assert report.converted_sum == Decimal("28.45")
    assert str(report).endswith("converted to EUR at the rates given: 2 lines, 28.45")
    assert clv.read_export(till("1,ann,2024-03-01,10,EUR,paid"), "till").report.converted_sum is None


def test_a_notebook_shows_the_report_and_the_beginning_of_the_log(till):
    lines = [f"{i},<b>{i},2024-03-01,10,EUR,{'<i>' if i > 6 else 'paid'}" for i in range(9)]
    found = clv.read_export(till(*lines), "till")
    assert repr(found).startswith("ReadExport: log, of 7 lines, and report:\nread as Till (as given)\n")
    page = found._repr_html_()
    assert "<b>read as Till (as given)</b><br>layout: " in page
    assert "2 left out (&lt;i&gt;)<br>" in page
    assert "log, the first 5 of 7 lines:" in page
    assert page.count("&lt;b&gt;") == 5
    assert "<i>" not in page
    log, report = found
    assert (log is found.log, report is found.report) == (True, True)
