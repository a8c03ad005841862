"""xlsx: read back with another library, nothing in it runs, links or changes, and it says what it is about."""

from __future__ import annotations

import builtins
import datetime
import math
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl.utils.escape import unescape

import clvmodels as clv
from clvmodels.destinations.spreadsheet_text import would_run
from clvmodels.destinations.targets import xlsx

HOSTILE = [
    *["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x.de","y")', "=cmd|' /C calc'!A0", "\t=1", "＝1", ' "=1'],
    *[
        "http://x.de",
        "mailto:a@b.de",
        "internal:A1",
        "external:a.xlsx",
        "{=1}",
        "1.5",
        "007",
        "1e5",
        "<b>&",
        "_x003D_1",
    ],
]


@pytest.fixture
def sheet(tmp_path):
    def written(table, **more):
        found = clv.export(table, tmp_path / "a.xlsx", "xlsx", **more)
        return found, openpyxl.load_workbook(tmp_path / "a.xlsx")

    return written


def about(book) -> dict:
    return {row[0]: row[1] for row in book["About"].iter_rows(values_only=True) if row[0]}


def test_nothing_in_it_runs(sheet, tmp_path):
    table = pd.DataFrame({"customer_id": HOSTILE, "=name": HOSTILE[::-1], "clv": np.arange(len(HOSTILE))})
    found, book = sheet(table)
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}
    assert not [cell for cell in cells if cell.hyperlink]
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not [text for text in texts if text.lstrip(' \t"')[:1] in ("=", "+", "-", "@", "＝")]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        assert not [name for name in parts.namelist() if "external" in name or "vba" in name.lower()]
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name)
            assert b"<hyperlink" not in parts.read(name)
    ids = [row[0] for row in book["Customers"].iter_rows(min_row=2, values_only=True)]
    assert [unescape(text.removeprefix("'")) for text in ids] == HOSTILE
    assert [text for text in ids if text.startswith("'")] == ["'" + text for text in HOSTILE[:9]]
    assert found.would_run == 2 * 9 + 1  # the name of a column, too
    assert about(book)["Texts like formulas"].startswith("19, each with an apostrophe")


def test_saved_as_csv_it_stays_inert(sheet):
    """What a spreadsheet saves of a cell as CSV is its text: none of them may begin as a formula does."""
    _, book = sheet(pd.DataFrame({"customer_id": HOSTILE}))
    for (text,) in book["Customers"].iter_rows(min_row=2, values_only=True):
        assert not would_run(text)


def test_numbers_dates_and_identifiers(sheet):
    table = pd.DataFrame(
        {
            "customer_id": [7, 2**60, 3, 4],
            "p_alive": [0.25, math.nan, 0.0, 1.0],
            "clv": [1 / 3, math.inf, -math.inf, 1e15],
            "day": [datetime.date(2024, 1, 31), None, datetime.date(1850, 1, 1), datetime.date(1900, 1, 1)],
            "moment": pd.to_datetime(["2024-01-31T12:30:05", None, "2024-01-31T00:00:00", "1889-01-01T00:00:00"]),
            "zoned": pd.to_datetime(["2024-01-31 12:30:05"] * 4).tz_localize("Europe/Berlin"),
            "count": [1, -2, 2**53 + 1, 0],
            "yes": [True, False, True, False],
        }
    )
    _, book = sheet(table)
    page = book["Customers"]
    rows = list(page.iter_rows(min_row=2))
    assert [cell.value for cell in page["A"][1:]] == ["7", str(2**60), "3", "4"]
    assert [cell.value for cell in page["B"][1:]] == [0.25, None, 0, 1]
    assert [cell.value for cell in page["C"][1:]] == [
        pytest.approx(1 / 3, rel=1e-15),
        "infinite",
        "minus infinite",
        1e15,
    ]
    assert [cell.value for cell in page["D"][1:]] == [datetime.datetime(2024, 1, 31), None, "1850-01-01", "1900-01-01"]
    moments = [datetime.datetime(2024, 1, 31, 12, 30, 5), None, datetime.datetime(2024, 1, 31), "1889-01-01 00:00:00"]
    assert [cell.value for cell in page["E"][1:]] == moments
    assert page["F"][1].value == "2024-01-31 12:30:05+01:00"
    assert [cell.value for cell in page["G"][1:]] == [1, -2, str(2**53 + 1), 0]
    assert [cell.value for cell in page["H"][1:]] == ["yes", "no", "yes", "no"]
    assert [cell.number_format for cell in rows[0]][:5] == [
        "General",
        "0.0%",
        "#,##0.00",
        "yyyy-mm-dd",
        "yyyy-mm-dd hh:mm:ss",
    ]
    assert page.freeze_panes == "B2"
    assert page.auto_filter.ref == "A1:H5"
    assert page["A1"].font.b
    assert page.column_dimensions["A"].width > len("customer_id")


def test_a_csv_file_becomes_numbers_but_not_its_identifiers(sheet, tmp_path):
    (tmp_path / "s.csv").write_text("customer_id,clv,zip,n\n001,1.5,01067,3\n002,,80331,4\n")
    _, book = sheet(tmp_path / "s.csv")
    assert list(book["Customers"].iter_rows(values_only=True))[1:] == [
        ("001", 1.5, "01067", 3),
        ("002", None, "80331", 4),
    ]


def test_it_says_what_it_is_about(sheet):
    log = clv.load_cdnow(sample=True)
    log = log[log["customer_id"] < "02000"]
    result = clv.forecast(log, purchases="bg_nbd", margin=0.3, interval=0.9, draws=20, observation_end="1998-06-30")
    found, book = sheet(result.scored, currency="USD")
    told = about(book)
    cells = {row[0].value: row[1] for row in book["About"].iter_rows() if row[0].value}
    assert [cells[name].number_format for name in ("Customers", "Sum of clv")] == ["#,##0", "#,##0.00"]
    assert {cells[name].alignment.horizontal for name in ("Customers", "Sum of clv")} == {"left"}
    assert told["Customers"] == len(result.scored) == found.rows_written == book["Customers"].max_row - 1
    assert told["Sum of clv"] == pytest.approx(result.scored["clv"].sum(), abs=1e-3)
    assert (told["Currency"], told["Observed until"]) == ("USD", "1998-06-30")
    assert (told["Looking ahead"], told["Discount"], told["Margin"]) == ("52.18 weeks", "10 % a year", "0.3")
    assert told["Intervals"] == "90 %"
    assert told["clv_low"] == "the lower end of the interval of clv"
    assert set(result.scored.columns) <= set(told)
    bare, book = sheet(pa.table({"customer_id": ["a"], "horizon": [math.inf], "time_unit": ["week"], "own": [1]}))
    told = about(book)
    assert told["Looking ahead"] == "the whole residual lifetime"
    assert told["own"] == "a column of the table that was given"
    assert not {"Currency", "Discount", "Margin", "Sum of clv", "Observed until"} & set(told)
    assert bare.value is None


def test_the_same_table_gives_the_same_bytes(sheet, tmp_path, monkeypatch):
    table = pd.DataFrame({"customer_id": HOSTILE, "clv": np.arange(len(HOSTILE))})
    sheet(table)
    first = (tmp_path / "a.xlsx").read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    sheet(table)
    assert (tmp_path / "a.xlsx").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        assert b"2000-01-01T00:00:00Z" in parts.read("docProps/core.xml")


def test_more_than_a_sheet_can_hold(sheet, tmp_path, monkeypatch):
    assert xlsx.MOST_ROWS == 1_048_575
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    table = pd.DataFrame({"customer_id": ["a", "b", "c", "d"]})
    with pytest.raises(clv.InvalidInput, match="at most 3 rows below its header; found 4: write target='csv'"):
        sheet(table)
    assert not list(tmp_path.iterdir())
    sheet(table.head(3))
    with pytest.warns(clv.ClvWarning, match="too long for a cell of a spreadsheet: 1, of which"):
        found, book = sheet(pd.DataFrame({"customer_id": ["=" + "x" * 40_000, "y" * 32_767]}))
    assert [len(row[0]) for row in book["Customers"].iter_rows(min_row=2, values_only=True)] == [32_767, 32_767]
    assert (found.cut, found.would_run) == (1, 1)


def test_without_xlsxwriter(tmp_path, monkeypatch):
    found = builtins.__import__

    def without(name, *words, **more):
        if name == "xlsxwriter":
            raise ImportError(name)
        return found(name, *words, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(clv.NotAvailable, match=r"pip install 'clvmodels\[excel\]'"):
        clv.export(pd.DataFrame({"customer_id": ["a"]}), tmp_path / "a.xlsx", "xlsx")
    assert not list(tmp_path.iterdir())
