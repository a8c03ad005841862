"""Exports recognised by their columns. The samples are made up: the columns that each layout describes, and others."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.transactions.systems.layouts import layout, names
from clvmodels.transactions.systems.recognising import recognised

HEADERS = {
    "hubspot": "Record ID,Deal Name,Deal Stage,Close Date,Amount,Pipeline,Associated Company IDs",
    "salesforce": "Opportunity Name,Stage,Amount,Close Date,Account Name,Account ID,Opportunity ID",
    "shopify": "Name,Email,Financial Status,Paid at,Created at,Currency,Subtotal,Total,Lineitem quantity",
    "stripe": "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer Email",
}


def sample(name, folder):
    """A file with every column that a layout needs or may have, and some that it does not know."""
    known = layout(name)
    columns = [*known.needs, *known.may_have]
    path = folder / f"{name}.{known.files[0]}"
    if known.files[0] == "csv":
        path.write_text(",".join(['"' + column + '"' for column in [*columns, "Notes", "Tags"]]) + "\n")
    else:
        path.write_text(json.dumps([{**dict.fromkeys(columns), "notes": 1}]))
    return path


@pytest.mark.parametrize("name", names())
def test_every_layout_is_recognised(tmp_path, name):
    found, why = recognised(sample(name, tmp_path))
    assert found == layout(name)
    assert f" more columns of {layout(name).title}" in why
    assert "the nearest other is" in why or name == "ga4"  # whose columns are like nobody else's


@pytest.mark.parametrize("name", names())
def test_every_layout_is_recognised_by_what_it_needs_alone(tmp_path, name):
    known = layout(name)
    columns = [*known.needs, *(group[-1] for group in known.one_of)]
    path = tmp_path / f"a.{known.files[0]}"
    path.write_text(",".join(columns) if known.files[0] == "csv" else json.dumps(dict.fromkeys(columns, "x")))
    assert recognised(path)[0].name == name


@pytest.mark.parametrize("name", HEADERS)
def test_headers_as_the_systems_write_them(tmp_path, name):
    (tmp_path / "export.csv").write_text(HEADERS[name] + "\n")
    assert recognised(tmp_path / "export.csv")[0].name == name


def test_the_words_name_what_decided_and_what_is_nearest(tmp_path):
    (tmp_path / "a.csv").write_text(HEADERS["hubspot"])
    _, why = recognised(tmp_path / "a.csv")
    assert why.startswith("its header has 'Associated Company IDs' and 'Record ID' and 3 more columns of HubSpot deals")
    assert why.endswith("; the nearest other is Salesforce opportunities")


def test_parquet_is_recognised_by_its_schema(tmp_path):
    columns = ["AccountId", "CloseDate", "Amount", "StageName", "Id"]
    parquet.write_table(pa.table({name: ["x"] for name in columns}), tmp_path / "a.parquet")
    found, why = recognised(tmp_path / "a.parquet")
    assert found.name == "salesforce"
    assert why.startswith("its schema has ")


def test_names_in_other_capitals_are_the_same_columns(tmp_path):
    columns = {name.upper(): ["x"] for name in ("AccountId", "CloseDate", "Amount", "StageName", "Id")}
    columns |= {"amount": ["7"], "CLOSEDATE": ["2024-03-01"], "STAGENAME": ["Closed Won"]}
    del columns["AMOUNT"]
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert clv.read_export(tmp_path / "a.parquet").log["amount"].tolist() == [7.0]
    # in JSON another name is another key
    (tmp_path / "a.json").write_text(json.dumps(dict.fromkeys(columns, "x")))
    with pytest.raises(InvalidInput, match="is no export of a system that is known"):
        recognised(tmp_path / "a.json")


def test_auto_says_what_it_chose_and_why(tmp_path):
    (tmp_path / "a.csv").write_text(HEADERS["hubspot"] + "\n1,x,Closed Won,2024-03-01,5,p,77\n")
    with pytest.warns(clv.ClvWarning, match=r"read as HubSpot deals .its header has .*: pass source='hubspot'"):
        log = clv.read_log(tmp_path / "a.csv")
    assert log["customer_id"].tolist() == ["77"]
    assert clv.read_export(tmp_path / "a.csv").report.chosen.startswith("its header has")


def test_a_plain_log_is_told_that_it_is_one(tmp_path):
    (tmp_path / "log.csv").write_text("customer_id,date,amount\n1,2024-03-01,5\n")
    with pytest.raises(InvalidInput, match=r"it is a log as it stands. Give its path to rfm_summary"):
        recognised(tmp_path / "log.csv")


def test_a_layout_nearly_met_is_named_with_what_it_lacks(tmp_path):
    (tmp_path / "a.csv").write_text(HEADERS["hubspot"].replace("Associated Company IDs", "Company"))
    with pytest.raises(
        InvalidInput, match=r"The nearest is HubSpot deals .csv., but the file lacks 'Associated Company"
    ):
        recognised(tmp_path / "a.csv")


def test_the_right_columns_in_the_wrong_sort_of_file(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(dict.fromkeys(HEADERS["shopify"].split(","), "x")))
    with pytest.raises(InvalidInput, match=r"The nearest is Shopify orders .csv., but it does not come as JSON"):
        recognised(tmp_path / "a.json")


def test_nothing_like_any_layout(tmp_path):
    (tmp_path / "a.csv").write_text(",".join(f"x{i}" for i in range(10_000)))
    with pytest.raises(InvalidInput, match=r"its header has 'x0', .* and 9,990 more. Pass source=") as caught:
        recognised(tmp_path / "a.csv")
    assert "nearest" not in str(caught.value)
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(InvalidInput, match="its header has none"):
        recognised(tmp_path / "b.csv")


def test_a_header_of_two_systems_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text(HEADERS["hubspot"] + "," + HEADERS["shopify"])
    with pytest.raises(InvalidInput, match="could be an export of HubSpot deals and Shopify orders"):
        recognised(tmp_path / "a.csv")


def test_files_of_several_systems_are_refused(tmp_path):
    for name in ("hubspot", "shopify"):
        (tmp_path / f"{name}.csv").write_text(HEADERS[name])
    with pytest.raises(
        InvalidInput, match=r"the 2 files are exports of several systems: .*hubspot.csv' of HubSpot deals"
    ):
        recognised(tmp_path / "*.csv")
    (tmp_path / "shopify.csv").write_text(HEADERS["hubspot"] + ",Notes")
    assert recognised(tmp_path / "*.csv")[0].name == "hubspot"


def test_maps_are_listed_with_the_presets():
    assert {"hubspot", "salesforce", "shopify"} <= set(names())


def test_an_export_that_is_read_as_a_log_is_told_how_to_be_read(tmp_path):
    sample("shopify", tmp_path)
    how = r"They are the columns of Shopify orders: read the files with source='shopify' \(read_log, or SystemLog"
    with pytest.raises(InvalidInput, match=f"no column 'customer_id'; .*{how}.*Else: Pass customer_id="):
        clv.rfm_summary(tmp_path / "shopify.csv")
    with pytest.raises(InvalidInput, match=how):
        clv.rfm_summary(pd.read_csv(tmp_path / "shopify.csv"))
    with pytest.raises(InvalidInput, match=r"'shop'\. Pass customer_id=\.\.\. with the right name"):
        clv.rfm_summary(pd.DataFrame({"date": ["2024-01-01"], "shop": ["a"]}))


def test_a_folder_is_told_how_to_name_its_files(tmp_path):
    sample("shopify", tmp_path)
    with pytest.raises(InvalidInput, match=r"no file found at .*; for a directory write path/\*\.csv$"):
        clv.read_log(tmp_path, "shopify")
    with pytest.raises(InvalidInput, match=r"found DataFrame\. Files are read as the system wrote them"):
        clv.read_log(pd.DataFrame({"Name": ["#1"]}), "shopify")
