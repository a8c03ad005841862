"""Every kind of log gives the same summary, in the caller's kind; dates are read as asked, or refused."""

from __future__ import annotations

import hashlib
import importlib.util
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyarrow import dataset

import clvmodels as clv
from clvmodels.errors import InvalidInput, NotEnoughData
from clvmodels.transactions import rfm_summary, summarize
from clvmodels.transactions.log_files import files_fingerprint

_spec = importlib.util.spec_from_file_location("plain", Path(__file__).with_name("plain.py"))
plain = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plain)


class Stream:
    """Another library's table, of which only the Arrow stream is known."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def make_log(rows, columns=("customer_id", "date", "amount")):
    return pd.DataFrame(rows, columns=list(columns))


def rows_of(summary):
    if isinstance(summary, pa.Table):
        summary = pl.from_arrow(summary)
    found = summary.iter_rows() if isinstance(summary, pl.DataFrame) else summary.itertuples(index=False, name=None)
    return [tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row) for row in found]


def read(log, options, folder):
    """The same log from every kind of source: the name, the summary and what was found."""
    arrow = pa.Table.from_pandas(log, preserve_index=False)
    log.to_parquet(folder / "log.parquet")
    log.to_csv(folder / "log.csv", index=False)
    with duckdb.connect() as con:
        sources = {
            "pandas": log,
            "polars": pl.from_pandas(log),
            "lazy": pl.from_pandas(log).lazy(),
            "arrow": arrow,
            "reader": arrow.to_reader(),
            "dataset": dataset.dataset(arrow),
            "scanner": dataset.dataset(arrow).scanner(),
            "stream": Stream(arrow),
            "relation": con.from_arrow(arrow),
            "parquet": folder / "log.parquet",
            "csv": folder / "log.csv",
        }
        return {name: summarize(source, **options) for name, source in sources.items()}


KINDS = {
    "polars": pl.DataFrame,
    "lazy": pl.DataFrame,
    "arrow": pa.Table,
    "reader": pa.Table,
    "dataset": pa.Table,
    "scanner": pa.Table,
}
MOMENTS = st.integers(0, 400).map(lambda half_days: datetime(2023, 12, 20, 1) + timedelta(hours=12 * half_days))
CENTS = st.one_of(st.integers(-3, 3), st.integers(-2_000, 10_000))
LINES = st.lists(
    st.tuples(st.sampled_from(["007", "b", "ü"]), MOMENTS, CENTS, st.sampled_from(["", "x", "y"])),
    min_size=1,
    max_size=25,
)


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    lines=LINES,
    event_grain=st.sampled_from(["day", "hour", "week", "month", "line"]),
    refunds=st.sampled_from(["net", "drop", "carry_back"]),
    order_id=st.sampled_from([None, "order_id"]),
)
def test_every_source_equals_plain_python(tmp_path_factory, lines, event_grain, refunds, order_id):
    options = {"event_grain": event_grain, "refunds": refunds, "time_unit": "day"}
    exact = [
        (customer, moment, Decimal(cents) / 100, (order or None) if order_id else None)
        for customer, moment, cents, order in lines
    ]
    expected = plain.summary(exact, **options)
    log = make_log(
        [(customer, moment, cents / 100, order) for customer, moment, cents, order in lines],
        ("customer_id", "date", "amount", "order_id"),
    )
    options["order_id"] = order_id
    if not expected:
        with pytest.raises(NotEnoughData):
            summarize(log, **options)
        return
    found = read(log, options, tmp_path_factory.mktemp("log"))
    for name, result in found.items():
        assert rows_of(result.summary) == expected, name
        assert result.quality == found["pandas"].quality, name
        assert result.facts == found["pandas"].facts, name
        assert isinstance(result.summary, KINDS.get(name, pd.DataFrame)), name
        if isinstance(result.summary, pd.DataFrame):
            assert (result.summary.dtypes == found["pandas"].summary.dtypes).all(), name


def test_a_stream_that_is_no_table_is_refused():
    for stream in (pl.Series([1, 2]), Stream(pa.chunked_array([[1, 2]]))):
        with pytest.raises(InvalidInput, match="a log must be a table"):
            summarize(stream)
    with pytest.raises(InvalidInput, match=r"no column 'customer_id'; the columns found are 'a'"):
        summarize(Stream(pa.table({"a": [1]})))


def test_streams_with_categories_and_untyped_columns():
    table = pa.table(
        {
            "customer_id": pa.array(["b", "a", "b"]).dictionary_encode(),
            "date": pa.array([date(2024, 1, 1)] * 3),
            "amount": [1.0, 2.0, 3.0],
        }
    )
    for log in (table, Stream(table), table.to_reader(), dataset.dataset(table)):
        assert rows_of(rfm_summary(log)) == [("a", 0, 0.0, 0.0, None), ("b", 0, 0.0, 0.0, None)]
    untyped = pa.table({"customer_id": pa.nulls(2), "date": pa.nulls(2), "amount": pa.nulls(2)})
    for log in (untyped, Stream(untyped), untyped.slice(0, 0), Stream(untyped.slice(0, 0))):
        with pytest.raises(InvalidInput, match=r"the log is empty|'customer_id' is empty in all 2 lines"):
            summarize(log)


# --- time zones ----------------------------------------------------------------------------------------------------

LATE = pd.to_datetime(["2024-01-01 20:00", "2024-01-08 03:00"])


def test_tz_says_in_which_zone_days_are_counted(tmp_path):
    log = pd.DataFrame({"customer_id": [1, 1], "date": LATE.tz_localize("UTC"), "amount": [1.0, 2.0]})
    log.to_parquet(tmp_path / "log.parquet")
    for tz, first, days in (
        ("Asia/Tokyo", date(2024, 1, 2), 6.0),
        ("+09:00", date(2024, 1, 2), 6.0),
        ("America/New_York", date(2024, 1, 1), 6.0),
        ("UTC", date(2024, 1, 1), 7.0),
    ):
        for source in (log, pa.Table.from_pandas(log), tmp_path / "log.parquet", Stream(pa.Table.from_pandas(log))):
            result = summarize(source, time_unit="day", tz=tz)
            assert (result.quality.first_date, result.facts["tz"]) == (first, tz)
            assert rows_of(result.summary)[0][2] == days


def test_dates_without_zone_are_in_tz_already():
    log = make_log([(1, LATE[0], 1.0), (1, LATE[1], 2.0)])
    end = datetime.fromisoformat("2024-01-10T00:00:00+00:00")
    result = summarize(log, tz="Asia/Tokyo", observation_end=end, time_unit="hour", event_grain="line")
    assert result.facts["tz"] == "Asia/Tokyo"
    assert result.facts["observation_end"] == "2024-01-10T09:00:00"
    assert rows_of(result.summary) == [(1, 1, 151.0, 205.0, 2.0)]


def test_text_with_an_offset_needs_tz(tmp_path):
    texts = ["2024-01-01T20:00:00Z", "2024-01-08 12:00:00+09:00", "2024-01-08 12:00", "2024-01-09T01:00:00.5+0200"]
    log = make_log([(1, text, 1.0) for text in texts])
    with pytest.raises(InvalidInput, match=r'3 of 4 lines are written otherwise.*Pass tz=.*tz="UTC"'):
        summarize(log)
    log.to_csv(tmp_path / "log.csv", index=False)
    for source in (log, tmp_path / "log.csv"):
        result = summarize(source, tz="Asia/Tokyo", time_unit="day")
        assert (result.quality.first_date, result.quality.last_date) == (date(2024, 1, 2), date(2024, 1, 9))
        assert rows_of(result.summary) == [(1, 2, 7.0, 7.0, 1.5)]
    formatted = make_log([(1, "01.01.2024 20:00 +0000", 1.0)])
    result = summarize(formatted, tz="+09:00", date_format="%d.%m.%Y %H:%M %z")
    assert result.quality.first_date == date(2024, 1, 2)


@pytest.mark.parametrize("tz", ["Nowhere/Land", "+99:00", "+2", "", "UTC'; --", 2, "Europe"])
def test_unknown_zones_are_refused(tz):
    with pytest.raises(InvalidInput, match=r"tz must be the name of a time zone such as .*; found"):
        summarize(make_log([(1, "2024-01-01", 1.0)]), tz=tz)


# --- text that is a date in another way ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (["31/12/2023", "1/2/2024"], "%d/%m/%Y"),
        (["12/31/2023", "2/1/2024"], "%m/%d/%Y"),
        (["31.12.23 23:59", "01.02.24 00:00"], "%d.%m.%y %H:%M"),
        (["20231231", "20240201"], "%Y%m%d"),
        (["31 Dec 2023", "1 Feb 2024"], "%d %b %Y"),
        (["it's 2023-12-31", "it's 2024-02-01"], "it's %Y-%m-%d"),
    ],
)
def test_a_format_says_how_dates_are_written(tmp_path, texts, date_format):
    log = make_log([(1, text, 1.0) for text in texts])
    log.to_csv(tmp_path / "log.csv", index=False)
    for source in (log, tmp_path / "log.csv", pl.from_pandas(log)):
        result = summarize(source, date_format=date_format, time_unit="day")
        assert (result.quality.first_date, result.quality.last_date) == (date(2023, 12, 31), date(2024, 2, 1))
        assert rows_of(result.summary) == [(1, 1, 32.0, 32.0, 1.0)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["03/04/2020"], r'date_format="%d/%m/%Y" \(day first\) or date_format="%m/%d/%Y" \(month first\)'),
        (["3.4.20"], r'Pass date_format="%d.%m.%y" \(day first\)'),
        (["3.4.2020 9:30"], r'Pass date_format="%d.%m.%Y %H:%M" \(day first\)'),
        (["3/4/2020 9:30:15 PM"], r'Pass date_format="%d/%m/%Y %I:%M:%S %p" \(day first\)'),
        (
            ["03/04/2020", "13/04/2020"],
            r'Pass date_format="%d/%m/%Y": the first number goes up to 13, so it is the day',
        ),
        (["03/04/2020", "03/31/2020"], r'Pass date_format="%m/%d/%Y": the second number goes up to 31'),
        (["30/04/2020", "03/31/2020"], r"both numbers go beyond 12 \(30 and 31\), so it holds both"),
        # one in a hundred would be left out, were it not ambiguous
        (["2020-01-01"] * 199 + ["03/04/2020"], r"1 of 200 lines may be read with the day first or .*'03/04/2020'"),
    ],
)
def test_ambiguous_dates_are_refused_with_the_line_to_write(texts, message):
    with pytest.raises(InvalidInput, match=message):
        summarize(make_log([(1, text, 1.0) for text in texts]))


@pytest.mark.parametrize(
    ("dates", "date_format", "message"),
    [
        (["03/04/2020"], "%d/%m", "date_format must say where the year is"),
        (["03/04/2020"], "%d/%m/%Y %Q", "date_format must be written with %d, %m, %Y"),
        (["03/04/2020"], 7, "date_format must say where the year is"),
        (["03/04/2020 UTC"], "%d/%m/%Y %Z", "date_format cannot hold %Z"),
        (["03/04/2020 +0200"], "%d/%m/%Y %z", "reads an offset: pass tz="),
        ([date(2020, 4, 3)], "%d/%m/%Y", "column 'date' holds dates already"),
        (
            ["2020-04-03"],
            "%d/%m/%Y",
            r"must hold dates written as '%d/%m/%Y'; 1 of 1 lines are written otherwise, first",
        ),
        (["03/04/20"], "%d/%m/%Y", r"1 of 1 lines are written otherwise"),  # not the year 20
    ],
)
def test_formats_that_do_not_fit_are_refused(dates, date_format, message):
    with pytest.raises(InvalidInput, match=message):
        summarize(make_log([(1, day, 1.0) for day in dates]), date_format=date_format)


def test_one_unreadable_date_in_a_hundred_is_left_out_and_told(tmp_path):
    log = make_log([*[(1, "2024-01-01", 1.0)] * 198, (2, "2024-02-30", 5.0), (3, "soon", 1.0)])
    log.to_csv(tmp_path / "log.csv", index=False)
    for source in (log, tmp_path / "log.csv", Stream(pa.Table.from_pandas(log))):
        quality = summarize(source).quality
        assert (quality.lines, quality.lines_used, quality.lines_unreadable_date) == (200, 198, 2)
        assert quality.lines_without_date == 0
        assert "2 lines with a date that cannot be read, first customer_id=" in str(quality)
        assert "date='2024-02-30'" in quality.first_unreadable_date
    with pytest.raises(
        InvalidInput, match=r"2 of 200 lines are written otherwise, first customer_id=2, date='2024-02-"
    ):
        summarize(log, strict=True)
    with pytest.raises(InvalidInput, match="3 of 200 lines are written otherwise"):
        summarize(make_log([*[(1, "2024-01-01", 1.0)] * 197, *[(1, "soon", 1.0)] * 3]))
    by_format = make_log([*[(1, "01.02.2024", 1.0)] * 99, (1, "2024-02-01", 1.0)])
    assert summarize(by_format, date_format="%d.%m.%Y").quality.lines_unreadable_date == 1
    with pytest.raises(InvalidInput, match="must hold dates written as '%d"):
        summarize(by_format, date_format="%d.%m.%Y", strict=True)


# --- strict --------------------------------------------------------------------------------------------------------

GOOD = [("a", "2024-01-01", 5.0), ("a", "2024-01-05", 2.0)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ((None, "2024-01-02", 1.0), r"strict=True: 1 of 3 lines have no customer, first customer_id=None"),
        (("", "2024-01-02", 1.0), r"strict=True: 1 of 3 lines have no customer, first customer_id=''"),
        (("a", None, 1.0), r"strict=True: 1 of 3 lines have no date, first customer_id='a', date=None"),
        (
            ("a", "2024-01-03", -3.0),
            r"refunds of 3.00 on 1 customer-days are of more than was bought, first customer_id='a', date=2024-01-03",
        ),
    ],
)
def test_strict_refuses_what_would_be_left_out(line, message):
    log = make_log([*GOOD, line])
    assert summarize(log).quality.customers == 1
    with pytest.raises(InvalidInput, match=message):
        summarize(log, strict=True)


def test_strict_accepts_what_was_asked_for():
    log = make_log([*GOOD, ("a", "2024-01-03", -3.0)])
    assert summarize(make_log(GOOD), strict=True).quality.lines_used == 2
    assert summarize(make_log(GOOD), strict=True, observation_end="2024-01-02").quality.lines_after_end == 1
    assert summarize(log, strict=True, refunds="drop").quality.refund_lines == 1
    assert summarize(log, strict=True, refunds="carry_back").quality.refunds_left == 0
    with pytest.raises(InvalidInput, match=r"on 1 customer-lines are .*date=2024-01-03 00:00:00 \(-3.00\)"):
        summarize(log, strict=True, event_grain="line")


def test_the_first_bad_line_of_a_zoned_log_is_told_in_local_time():
    log = pd.DataFrame({"customer_id": [1, 1], "date": LATE.tz_localize("UTC"), "amount": [1.0, math.inf]})
    with pytest.raises(InvalidInput, match=r"1 of 2 lines .*first customer_id=1, date=2024-01-08 12:00:00, amount=inf"):
        summarize(log, tz="Asia/Tokyo")


def test_what_arrow_cannot_hold_is_refused_by_name():
    objects = pl.DataFrame(
        {"customer_id": pl.Series([object()], dtype=pl.Object), "date": ["2024-01-01"], "amount": [1.0]}
    )
    with pytest.raises(clv.InvalidInput, match=r"column 'customer_id' holds Python objects"):
        clv.rfm_summary(objects)


def test_zones_and_no_zones_do_not_mix(tmp_path):
    moment = pd.Timestamp("2024-01-30")
    mixed = pd.DataFrame({"customer_id": 1, "date": [moment, moment.tz_localize("UTC")], "amount": 1.0}, dtype=object)
    with pytest.raises(clv.InvalidInput, match="1 timestamps with a time zone and 1 without"):
        clv.rfm_summary(mixed)
    for i, at in enumerate((moment, moment.tz_localize("America/New_York"))):
        pd.DataFrame({"customer_id": [1], "date": [at], "amount": [1.0]}).to_parquet(tmp_path / f"{i}.parquet")
    with pytest.raises(clv.InvalidInput, match="a time zone in some of the 2 files and none in others"):
        clv.rfm_summary(tmp_path / "*.parquet")


def test_columns_may_be_called_by_numbers_but_must_be_called():
    log = pd.DataFrame([[7, "2024-01-01", 1.0]])
    assert clv.rfm_summary(log, customer_id="0", date="1", amount="2")["customer_id"].tolist() == [7]
    for wrong in ({"customer_id": None}, {"amount": log[2]}):
        with pytest.raises(clv.InvalidInput, match="must be the name of a column"):
            clv.rfm_summary(log, **wrong)


class TestListsOfPaths:
    def write(self, folder, ending):
        log = pd.DataFrame({"customer_id": [1, 2, 1], "date": ["2024-01-01", "2024-01-08", "2024-01-15"]})
        paths = [folder / f"{name}{ending}" for name in "ab"]
        for path, part in zip(paths, (log.iloc[:2], log.iloc[2:]), strict=True):
            part.to_parquet(path) if ending == ".parquet" else part.to_csv(path, index=False)
        return log, paths

    @pytest.mark.parametrize("ending", [".parquet", ".csv"])
    def test_files_and_globs_in_a_list_are_one_log(self, tmp_path, ending):
        log, paths = self.write(tmp_path, ending)
        expected = clv.rfm_summary(log, amount=None)
        for source in (paths, tuple(map(str, paths)), [str(tmp_path / f"*{ending}")]):
            pd.testing.assert_frame_equal(clv.rfm_summary(source, amount=None), expected)
            assert clv.summarize(source, amount=None).quality.lines == 3

    @pytest.mark.parametrize(
        ("named", "message"),
        [
            (["a.csv", "a.csv"], "lines count twice; 1 come up again"),
            (["a.csv", "*.csv"], "lines count twice; 1 come up again"),
            (["a.csv", "none.csv"], "no file found at"),
            (["a.csv", "a.txt"], r"a.txt' must be Parquet .* or CSV .*, all of one sort"),
        ],
    )
    def test_what_is_no_list_of_files_is_refused(self, tmp_path, named, message):
        self.write(tmp_path, ".csv")
        (tmp_path / "a.txt").write_text("")
        with pytest.raises(clv.InvalidInput, match=message):
            clv.rfm_summary([tmp_path / name for name in named], amount=None)


class TestFilesFingerprint:
    def test_it_tells_size_time_and_ends(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_bytes(b"a" * 200_000)
        (found,) = files_fingerprint(path)
        expected = hashlib.sha256(b"a" * 131_072).hexdigest()
        about = path.stat()
        assert found == {"name": str(path), "size": 200_000, "modified": about.st_mtime_ns, "ends": expected}

    @pytest.mark.parametrize(("at", "seen"), [(0, True), (65_535, True), (100_000, False), (199_999, True)])
    def test_a_change_at_either_end_is_seen(self, tmp_path, at, seen):
        path = tmp_path / "log.csv"
        content = bytearray(b"a" * 200_000)
        path.write_bytes(content)
        (before,) = files_fingerprint([path])
        content[at] = 0
        path.write_bytes(content)
        (after,) = files_fingerprint([path])
        assert (before["ends"] != after["ends"]) == seen

    def test_a_file_that_cannot_be_read_is_told(self, tmp_path):
        with pytest.raises(clv.InvalidInput, match="no file found"):
            files_fingerprint(tmp_path / "none.csv")
