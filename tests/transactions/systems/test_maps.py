"""Maps of a user's own: each key, each refusal, and that nothing of a map runs. All files here are made up."""

from __future__ import annotations

import json
import textwrap
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.exported import make_kept
from clvmodels.transactions.systems.layouts import layout
from clvmodels.transactions.systems.map_checks import checked
from clvmodels.transactions.systems.map_words import number_of
from clvmodels.transactions.systems.maps import map_text
from clvmodels.transactions.systems.words import teach

ROOT = Path(__file__).parents[3]
COLUMNS = {"customer_id": "who", "date": "day", "amount": "paid"}


def toml(tables):
    """A map as TOML, from what it holds; JSON's texts, numbers, lists and booleans are TOML's too."""
    lines, later = [], []
    for key, said in tables.items():
        if isinstance(said, dict):
            later.append(f"[{key}]")
            later += [f"{json.dumps(name)} = {inline(value)}" for name, value in said.items()]
        elif isinstance(said, list) and said and isinstance(said[0], dict):
            for table in said:
                later.append(f"[[{key}]]")
                later += [f"{json.dumps(name)} = {inline(value)}" for name, value in table.items()]
        else:
            lines.append(f"{key} = {json.dumps(said)}")
    return "\n".join([*lines, *later])


def inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {inline(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


@pytest.fixture
def map_of(tmp_path):
    def write(columns=COLUMNS, /, **tables):
        path = tmp_path / "till.toml"
        path.write_text(toml({**tables, "columns": columns}), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="module")
def engine():
    with connection() as con:
        yield con


@pytest.fixture
def exported(tmp_path, engine):
    """What a map makes of lines of text, in their order: customer, date, amount, currency, order and why left out."""

    def lines(source, header, *rows):
        path = tmp_path / "till.csv"
        path.write_text("\n".join([header, *rows]), encoding="utf-8")
        make_kept(engine, [str(path)], source, zone=None)
        return engine.execute("SELECT * FROM exported ORDER BY order_id, amount DESC, customer_id").fetchall()

    return lines


def refused(source):
    with pytest.raises(InvalidInput) as caught:
        layout(source)
    return str(caught.value)


def test_three_columns_are_a_map(tmp_path, map_of):
    (tmp_path / "a.csv").write_text("who,day,paid\n007,2024-03-01,30.10\n007,2024-03-02 10:30:00,5")
    log = clv.read_log(tmp_path / "a.csv", source=map_of())
    assert log["customer_id"].tolist() == ["007", "007"]
    assert log["amount"].tolist() == [30.1, 5.0]
    assert log["date"].astype(str).tolist() == ["2024-03-01 00:00:00", "2024-03-02 10:30:00"]
    assert log["currency"].isna().all()
    assert log["order_id"].isna().all()


def test_a_map_reads_json_and_parquet_as_it_reads_csv(tmp_path, map_of):
    rows = [{"who": "a", "day": "2024-03-01", "paid": 30.5, "more": [1]}, {"who": "b", "day": "2024-03-02", "paid": 7}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    table = {"who": ["a", "b"], "day": ["2024-03-01", "2024-03-02"], "paid": pa.array([30.5, 7.0])}
    parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("who;day;paid\na;2024-03-01;30.5\nb;2024-03-02;7")
    logs = [clv.read_log(tmp_path / f"a.{sort}", source=map_of()) for sort in ("csv", "json", "parquet")]
    assert logs[0]["amount"].tolist() == [30.5, 7.0]
    assert logs[0].equals(logs[1])
    assert logs[0].equals(logs[2])


def test_a_map_stands_wherever_a_log_does(tmp_path, map_of):
    (tmp_path / "a.csv").write_text("who,day,paid\na,2024-03-01,30\na,2024-03-15,10\nb,2024-03-02,5")
    log = clv.SystemLog(tmp_path / "a.csv", map_of())
    summary = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="2024-03-31")
    assert summary["frequency"].tolist() == [1, 0]
    assert log == clv.SystemLog(tmp_path / "a.csv", map_of())


def test_the_first_filled_column_wins(map_of, exported):
    source = map_of({"customer_id": ["mail", "card"], "date": "day", "amount": "paid", "order_id": "no"})
    header = "mail,card,day,paid,no"
    found = exported(source, header, "a@b.org,1,2024-03-01,1,1", " ,2,2024-03-01,1,2", ",,2024-03-01,1,3")
    assert [line[0] for line in found] == ["a@b.org", "2", None]


def test_guests_and_registered_customers_of_one_address_are_one(map_of, exported):
    columns = {**COLUMNS, "order_id": "no"}
    lines = ("no,who,day,paid", "1,Ann@Shop.org ,2024-03-01,1", "2,ann@shop.org,2024-03-02,1")
    assert {line[0] for line in exported(map_of(columns, formats={"customer_id": "email"}), *lines)} == {"ann@shop.org"}
    assert len({line[0] for line in exported(map_of(columns), *lines)}) == 2


def test_columns_go_by_other_names_too(tmp_path, map_of):
    source = map_of(also_called={"who": ["customer"], "status": ["state"]}, keep={"status": "done"})
    (tmp_path / "a.csv").write_text("customer,day,paid,state\na,2024-03-01,1,done")
    (tmp_path / "b.csv").write_text("who,day,paid,status\nb,2024-03-02,1,Done\nc,2024-03-02,1,open")
    log = clv.read_log([tmp_path / "a.csv", tmp_path / "b.csv"], source=source)
    assert log["customer_id"].tolist() == ["a", "b"]


def test_values_of_its_own(map_of, exported):
    source = map_of({**COLUMNS, "amount": {"value": 12.5}, "currency": {"value": "eur"}})
    (line,) = exported(source, "who,day", "a,2024-03-01")
    assert line[2:4] == (Decimal("12.5"), "EUR")


def test_a_column_that_a_map_reads_must_be_there_unless_it_may_be_missing(map_of, exported):
    told = {"leave_out": {"test deal": {"kind": "test"}}}
    with pytest.raises(InvalidInput, match="lacks 'kind'; the columns found are 'who', 'day', 'paid'"):
        exported(map_of(**told), "who,day,paid", "a,2024-03-01,1")
    assert len(exported(map_of(may_be_missing=["kind"], **told), "who,day,paid", "a,2024-03-01,1")) == 1


def test_one_column_of_a_choice_must_be_there(map_of, exported):
    source = map_of({**COLUMNS, "customer_id": ["mail", "card"]})
    with pytest.raises(InvalidInput, match="it lacks 'mail' or 'card'"):
        exported(source, "day,paid", "2024-03-01,1")
    assert exported(source, "card,day,paid", "9,2024-03-01,1")[0][0] == "9"


@pytest.mark.parametrize(
    ("formats", "text", "date"),
    [
        ("iso", "2024-03-04T10:20:30+02:00", "2024-03-04 10:20:30"),
        ("%m/%d/%Y", "3/4/2024", "2024-03-04 00:00:00"),
        ("%d.%m.%y", "04.03.24", "2024-03-04 00:00:00"),
        ("%d %b %Y %I:%M %p", "04 Mar 2024 02:05 PM", "2024-03-04 14:05:00"),
        (["%m/%d/%Y", "iso"], "2024-03-04", "2024-03-04 00:00:00"),
        (["%m/%d/%Y", "%m/%d/%y"], "3/4/24", "2024-03-04 00:00:00"),
    ],
)
def test_formats_of_dates(map_of, exported, formats, text, date):
    (line,) = exported(map_of(formats={"date": formats}), "who;day;paid", f"a;{text};1")
    assert str(line[1]) == date


def test_a_year_of_two_digits_is_not_the_year_24(map_of, exported):
    with pytest.raises(InvalidInput, match="1 of 1 lines have no date that can be read"):
        exported(map_of(formats={"date": "%m/%d/%Y"}), "who,day,paid", "a,3/4/24,1")


def test_moments_of_utc_are_the_clock_of_the_zone_asked_for(tmp_path, map_of):
    (tmp_path / "a.csv").write_text("who,day,paid\na,04.03.2024 02:00,1\na,05.03.2024,1")
    formats = {"date": ["%d.%m.%Y %H:%M", "%d.%m.%Y"]}
    for zone, first in (("utc", "2024-03-03 21:00:00"), ("written", "2024-03-04 02:00:00")):
        source = map_of(formats={**formats, "zone": zone})
        log = clv.read_log(tmp_path / "a.csv", source=source, tz="America/New_York")
        # a day without a clock is that day everywhere
        assert log["date"].astype(str).tolist() == [first, "2024-03-05 00:00:00"]


AMOUNTS = {
    (".", ""): {
        "$ 12.50": "12.50",
        "-€12": "-12",
        "1.0E7": "10000000",
        "12 EUR": "12",
        "(12.50)": "-12.50",
        "\u22125": "-5",
        # what is written otherwise is not guessed
        "1,234": None,
        "12abcd": None,
        "1 2": None,
    },
    (".", ","): {"USD 1,234,567.89": "1234567.89", "12,34,567.5": "1234567.5", "1,5": None, "1,23,4": None},
    (",", "."): {"1.234,5 €": "1234.5", "1.50": None},
    (",", " "): {"1\u00a0234,5": "1234.5"},
    (".", "'"): {"CHF 1’234.50": "1234.50"},
    (",", ""): {"R$ 3,": "3"},
}


@pytest.mark.parametrize(("decimal", "thousands"), AMOUNTS)
def test_amounts_as_they_are_written(engine, decimal, thousands):
    told = {"columns": COLUMNS, "formats": {"decimal": decimal, "thousands": thousands}}
    number = number_of(checked(told, "till.toml"), "written")
    meant = AMOUNTS[decimal, thousands]
    teach(engine, None)
    for text, wanted in meant.items():
        (found,) = engine.execute(f"SELECT {number} FROM (SELECT ? AS written)", [text]).fetchone()
        assert found == (wanted if wanted is None else Decimal(wanted)), text


def test_an_amount_that_is_written_otherwise_is_refused(map_of, exported):
    with pytest.raises(InvalidInput, match="1 of 2 lines have no amount that can be read"):
        exported(map_of(formats={"thousands": ","}), "who|day|paid", "a|2024-03-01|1,234", "a|2024-03-01|1,5")


def test_what_is_kept_and_left_out(map_of, exported):
    source = map_of(
        {**COLUMNS, "order_id": "no"},
        keep={"stage": ["Won", "Signed"], "region": {"empty": False}},
        leave_out={"test deal": {"name": "test"}, "too small": {"paid": {"below": 5}}},
        not_kept="not won",
    )
    header = "no,who,day,paid,stage,region,name"
    found = exported(
        source,
        header,
        "1,a,2024-03-01,10,WON ,EU,x",
        "2,a,2024-03-01,10,signed,,x",
        "3,a,2024-03-01,10,lost,EU,x",
        "4,a,2024-03-01,10,won,EU,Test",
        "5,a,2024-03-01,4.99,won,EU,x",
        "6,a,2024-03-01,5,won,EU,x",
        "7,a,2024-03-01,,won,EU,x",
        "8,a,,10,won,EU,x",
        "9,,2024-03-01,10,won,EU,x",
    )
    assert [line[5] for line in found] == [
        None, "not won", "not won", "test deal", "too small", None, "no amount", "no date", None,
    ]  # fmt: skip


def test_tables_of_one_name_are_alternatives(map_of, exported):
    source = map_of(
        {**COLUMNS, "order_id": "no"},
        keep=[{"won": True}, {"won": {"empty": True}, "paid": {"above": 10, "below": 20}}],
    )
    rows = ["1,a,2024-03-01,1,yes", "2,a,2024-03-01,1,false", "3,a,2024-03-01,15,", "4,a,2024-03-01,20,"]
    assert [line[5] for line in exported(source, "no,who,day,paid,won", *rows)] == [None, "not kept", None, "not kept"]


def test_a_refund_is_a_line_of_its_own_at_the_orders_date(map_of, exported):
    source = map_of({**COLUMNS, "order_id": "no", "refund": "back"}, keep={"ok": "y"})
    found = exported(
        source,
        "no,who,day,paid,back,ok",
        "1,a,2024-03-01,10,10,y",
        "2,a,2024-03-02,10,-2.5,y",
        "3,a,2024-03-03,10,0,y",
        "4,a,2024-03-04,10,,y",
        "5,a,2024-03-05,10,1,n",
    )
    assert [(line[4], line[2], line[5]) for line in found] == [
        ("1", 10, None), ("1", -10, None), ("2", 10, None), ("2", Decimal("-2.5"), None), ("3", 10, None),
        ("4", 10, None), ("5", 10, "not kept"), ("5", -1, "not kept"),
    ]  # fmt: skip
    assert all(line[1] == other[1] for line in found for other in found if line[4] == other[4])


def test_a_refund_that_cannot_be_read_is_refused(map_of, exported):
    with pytest.raises(InvalidInput, match="no amount that can be read"):
        exported(map_of({**COLUMNS, "refund": "back"}), "who,day,paid,back", "a,2024-03-01,10,all of it")


def test_an_order_in_several_lines_counts_once_where_the_map_says_so(map_of, exported):
    columns = {**COLUMNS, "order_id": "no"}
    rows = [
        "1,a,2024-03-09,10,n",
        "1,a,2024-03-02,10,y",
        "1,a,2024-03-01,12,y",
        ",a,2024-03-01,1,y",
        ",a,2024-03-01,1,y",
    ]
    told = {"keep": {"ok": "y"}}
    once = exported(map_of(columns, one_line_an_order=True, **told), "no,who,day,paid,ok", *rows)
    assert sorted((str(line[1])[:10], line[2], line[5]) for line in once if line[4]) == [
        ("2024-03-01", 12, "repeated"), ("2024-03-02", 10, None), ("2024-03-09", 10, "not kept"),
    ]  # fmt: skip
    assert [line[5] for line in once if not line[4]] == [None, None]
    every = exported(map_of(columns, **told), "no,who,day,paid,ok", *rows)
    assert [line[5] for line in every].count("repeated") == 0


def test_several_ids_in_one_cell(map_of, exported):
    rows = ["1,5; 6,2024-03-01,1", "2,5;5;,2024-03-01,1", "3, ;7,2024-03-01,1", "4,;,2024-03-01,1"]
    for several, why in (("leave out", "several customers"), ("first", None)):
        cell = {"column": "who", "separator": ";", "several": several, "prefix": "c "}
        found = exported(map_of({**COLUMNS, "customer_id": cell, "order_id": "no"}), "no,who,day,paid", *rows)
        assert [(line[0], line[5]) for line in found] == [("c 5", why), ("c 5", None), ("c 7", None), (None, None)]


def test_counts_of_a_map_add_up(tmp_path, map_of):
    (tmp_path / "a.csv").write_text(
        "who,day,paid,ok\na,2024-03-01,1,y\nb,2024-03-01,1,n\n,2024-03-01,1,y\nc,2024-03-01,,y"
    )
    report = clv.read_export(tmp_path / "a.csv", map_of(keep={"ok": "y"}, title="The till")).report
    assert (report.rows_read, report.lines, report.sales, report.anonymous) == (4, 4, 1, 1)
    assert report.left_out == {"no amount": 1, "not kept": 1}
    assert str(report).startswith("read as The till")
    assert "the map till.toml" in str(report)


HOSTILE = [
    'x"; DROP TABLE exported; --',
    "x') FROM raw; CREATE TABLE owned AS SELECT 1; --",
    "a' OR '1'='1",
    "read_text('/etc/passwd')",
    "$1 ? {x} % \\",
    "数量 ÿ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_values_with_sql_in_them_are_names_and_values(tmp_path, map_of, name):
    source = map_of(
        {"customer_id": {"column": name, "separator": "'", "prefix": name}, "date": "day", "amount": "paid"},
        keep={name + "2": [name]},
        leave_out={name[:40]: {name + "2": name + "!"}},
        title=name,
        page=name,
    )
    rows = {name: ["a", "b"], "day": ["2024-03-01"] * 2, "paid": ["1"] * 2, name + "2": [name, name + "!"]}
    parquet.write_table(pa.table(rows), tmp_path / "a.parquet")
    log, report = clv.read_export(tmp_path / "a.parquet", source)
    assert log["customer_id"].tolist() == [name + "a"]
    assert report.left_out == {name[:40]: 1}
    assert report.title == name


@pytest.mark.parametrize("sign", ["\\n", "\\r", "\\u0000", "\\u2028", "\\u0085", "\\u001b"])
def test_a_title_or_a_name_is_one_line(tmp_path, sign):
    for line in (f'title = "x{sign}SELECT 1"', f'page = "x{sign}"', f'not_kept = "x{sign}"'):
        path = tmp_path / "m.toml"
        path.write_text(f'{line}\n[columns]\ncustomer_id = "a"\ndate = "b"\namount = "c"')
        assert "must be one line of at most 300 characters" in refused(str(path))
    path.write_text(f'[columns]\ncustomer_id = "a{sign}"\ndate = "b"\namount = "c"')
    assert "columns.customer_id must be one line" in refused(str(path))


WRONG = [
    ({"colums": {}}, {}, "may hold title, page, .* found 1 others, first 'colums' \\(did you mean 'columns'\\?\\)"),
    ({}, {"custmer_id": "x"}, "the table columns may hold .*did you mean 'customer_id'"),
    ({"formats": {"dat": "iso"}}, {}, "the table formats may hold date, .*did you mean 'date'"),
    ({"formats": {"date": "%d.%m"}}, {}, "formats.date must be 'iso' or made of"),
    ({"formats": {"date": "%Y-%m-%d %z"}}, {}, "formats.date must be 'iso' or made of"),
    ({"formats": {"date": ["%m/%d/%Y", "%d/%m/%Y"]}}, {}, "must not read one text as two days"),
    ({"formats": {"decimal": ";"}}, {}, "formats.decimal must be one of '.', ','; found ';'"),
    ({"formats": {"decimal": ",", "thousands": ","}}, {}, "decimal and thousands must be two signs"),
    ({"formats": {"zone": "cet"}}, {}, "formats.zone must be one of 'written', 'utc'"),
    ({"formats": []}, {}, r"formats must be a table, a line \[formats\]"),
    ({"files": ["xml"]}, {}, "files must be one of 'csv', 'json', 'parquet'; found 'xml'"),
    ({"files": []}, {}, "files must be one to 500 texts"),
    ({"title": 7}, {}, "title must be text in quotes; found int 7"),
    ({"title": " "}, {}, "title must be text in quotes"),
    ({"title": "x" * 301}, {}, "title must be one line of at most 300 characters"),
    ({"one_line_an_order": "yes"}, {}, "one_line_an_order must be true or false"),
    ({"one_line_an_order": True}, {}, "one_line_an_order needs columns.order_id"),
    ({"may_be_missing": ["x"]}, {}, "may_be_missing must name columns that the map reads; found 'x'"),
    ({"not_kept": "repeated"}, {}, "not_kept must be two or three words, none of several customers"),
    ({"keep": "x"}, {}, "keep must be a table of columns"),
    ({"keep": {"a": {"over": 1}}}, {}, "the table keep.a may hold empty, above, below; found"),
    ({"keep": {"a": {"above": "1"}}}, {}, "keep.a.above must be a number"),
    ({"keep": {"a": {"empty": True, "above": 1}}}, {}, "keep.a must say empty = true or false"),
    ({"keep": {"a": {}}}, {}, "keep.a must say empty"),
    ({"keep": {"a": []}}, {}, "keep.a must hold one to 500 values"),
    ({"leave_out": {"test deal": "x"}}, {}, "leave_out.test deal must be a table of columns"),
    ({}, {"date": {"value": "2024-01-01"}}, "columns.date must be a column"),
    ({}, {"date": {"column": "a", "separator": ";"}}, "separator, several and prefix are for customer_id"),
    ({}, {"customer_id": {"column": "a", "separator": ";;"}}, "columns.customer_id.separator must be one sign"),
    ({}, {"customer_id": {"separator": ";"}}, "columns.customer_id must say column = a name"),
    ({}, {"customer_id": 5}, "columns.customer_id must be text in quotes; found int 5"),
    ({}, {"customer_id": []}, "columns.customer_id must be a column's name or a list"),
    ({}, {"amount": {"value": "12 pounds"}}, "columns.amount.value must be a number"),
    ({}, {"order_id": "WHO"}, "must differ by more than capital letters; found 'who' and 'WHO'"),
]


@pytest.mark.parametrize(("tables", "columns", "message"), WRONG)
def test_what_a_map_may_not_say(tmp_path, tables, columns, message):
    path = tmp_path / "m.toml"
    path.write_text(toml({**tables, "columns": {**COLUMNS, **columns}}))
    with pytest.raises(InvalidInput, match=message):
        layout(str(path))


def test_a_column_that_must_be_named_and_is_not(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text('[columns]\ncustomer_id = "a"\ndate = "b"')
    assert "must name a column for each of customer_id, date, amount; found none for amount" in refused(str(path))
    path.write_text("")
    assert "found none for customer_id" in refused(str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"[1, 2, 3]",
        b"not a map",
        b"\xff\xfe\x00",
        b"a = " + b"[" * 100_000,
        b'[columns]\n"a" = 1\n"a" = 2',
        b"x" * 2_000_000,
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, content):
    path = tmp_path / "m.toml"
    path.write_bytes(content)
    assert refused(str(path)).startswith("the map ")


def test_a_map_that_is_not_there(tmp_path):
    assert "no map found at" in refused(str(tmp_path / "none.toml"))
    assert "no map found at" in refused(str(tmp_path) + "/.toml")


def test_thousands_of_columns(tmp_path, map_of):
    many = [f"c{i}" for i in range(2_000)]
    assert "columns.customer_id must be a column's name or a list of at most 500" in refused(
        map_of({**COLUMNS, "customer_id": many})
    )
    spread = {"leave_out": {f"reason {i}": {f"c{i}": "x"} for i in range(600)}}
    assert "must be at most 500, all tables together; found 603" in refused(map_of(**spread))
    # a file may have as many as it likes
    (tmp_path / "wide.csv").write_text(
        ",".join([*many, *COLUMNS.values()]) + "\n" + ",".join(["x"] * 2_000 + ["a", "2024-03-01", "5"])
    )
    assert len(clv.read_log(tmp_path / "wide.csv", source=map_of())) == 1
    # and a map of 500 columns runs
    some = map_of({**COLUMNS, "customer_id": many[:498]})
    names = [*many[:498], *COLUMNS.values()]
    (tmp_path / "less.csv").write_text(",".join(names) + "\n" + ",".join(["x"] * 498 + ["a", "2024-03-01", "5"]))
    assert clv.read_log(tmp_path / "less.csv", source=some)["customer_id"].tolist() == ["x"]


def test_the_select_is_there_to_read(map_of):
    text = map_text(map_of(keep={"stage": "won"}))
    assert layout(map_of(keep={"stage": "won"})).sql == text
    assert "WHEN LOWER(\"stage\") IN ('won') THEN NULL" in text


def test_the_map_to_copy_reads_what_it_says(tmp_path):
    (tmp_path / "invoices.csv").write_text(
        "E-mail;Customer no.;Invoice date;Brutto;Invoice no.;Credited;Status\n"
        "Ann@Shop.org;7;04.03.2024 10:30;1.234,50 €;R1;234,50;Paid\n"
        ";8;05.03.2024;10,00;R2;;part paid\n"
        "ann@shop.org;7;06.03.2024;20,00;R3;;paid\n"
        "ann@shop.org;7;06.03.2024;20,00;R3;;paid\n"
        ";9999;05.03.2024;10,00;R4;;paid\n"
        "bob@shop.org;;05.03.2024;10,00;;;paid\n"
        "bob@shop.org;;05.03.2024;10,00;R5;;open\n"
    )
    log, report = clv.read_export(tmp_path / "invoices.csv", str(ROOT / "docs" / "map-of-your-own.toml"))
    assert log["customer_id"].tolist() == ["ann@shop.org", "ann@shop.org", "8", "ann@shop.org"]
    assert log["amount"].tolist() == [1234.5, -234.5, 10.0, 20.0]
    assert report.left_out == {"no number": 1, "not paid": 1, "repeated": 1, "test invoice": 1}


def test_what_a_first_map_lacks_is_told_step_by_step(tmp_path):
    file, path = tmp_path / "till.csv", tmp_path / "till.toml"
    file.write_text("who;day;paid\nann;03.02.2024;1.200,50\n")
    flat = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in COLUMNS.items())
    path.write_text(flat)
    with pytest.raises(InvalidInput, match=r"first 'customer_id'; it belongs under a line \[columns\]$"):
        clv.read_log(file, str(path))
    path.write_text(f"[columns]\n{flat}\n")
    formats = (
        r"lines have no {} that can be read\. Say in the \[formats\] of the map till\.toml how it is written, such"
    )
    with pytest.raises(InvalidInput, match=formats.format("date")):
        clv.read_log(file, str(path))
    path.write_text(f'[columns]\n{flat}\n[formats]\ndate = "%d.%m.%Y"\n')
    with pytest.raises(InvalidInput, match=formats.format("amount")):
        clv.read_log(file, str(path))
    path.write_text(f'[columns]\n{flat}\n[formats]\ndate = "%d.%m.%Y"\ndecimal = ","\nthousands = "."\n')
    assert clv.read_log(file, str(path))["amount"].tolist() == [1200.5]


def test_the_map_that_help_shows_is_one(tmp_path):
    shown = clv.SystemLog.__doc__.split("code-block:: toml\n")[1].split("    Examples\n")[0]
    path = tmp_path / "shown.toml"
    path.write_text(textwrap.dedent(shown))
    (tmp_path / "a.csv").write_text(
        "E-mail,Customer no.,Invoice date,Gross total,Currency,Invoice no.,Status\n"
        ',7,01.03.2024,"1.000,50",EUR,1,paid\n'
    )
    assert clv.read_log(tmp_path / "a.csv", str(path))["amount"].tolist() == [1000.5]
