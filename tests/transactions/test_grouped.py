"""Logs grouped and summaries read by the engine: every line and customer accounted for, the pieces always the same."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.transactions.grouped import grouped
from clvmodels.transactions.sql import GRAINS

FIRST = datetime(2024, 1, 1)
GOOD = [(f"g{i % 40}", FIRST + timedelta(hours=7 * i), 1.5 + i % 9) for i in range(360)]
BAD_AMOUNTS = ("", "much", "inf", "1e15", "nan")
BAD_DATES = ("2024-02-30", "yesterday", "2024-13-01")


def table_of(found, part=None, rows=131_072):
    batches = list(found.batches(part, rows))
    return pa.Table.from_batches(batches).to_pandas() if batches else None


def texts(lines):
    """Lines of (customer, moment or text, amount or text) as a frame of text, as a CSV file holds them."""
    return pd.DataFrame(
        {
            "customer_id": pd.array([customer for customer, _, _ in lines], dtype="str"),
            "date": [str(moment) for _, moment, _ in lines],
            "amount": [str(amount) for _, _, amount in lines],
        }
    )


def fate(customer, moment, amount, end):
    """What must become of a line."""
    if not customer:
        return "no customer"
    if moment == "":
        return "no date"
    if isinstance(moment, str):
        return "the date cannot be read"
    if end is not None and moment.date() > end:
        return "after"
    if isinstance(amount, str):
        return "the amount is missing, infinite, too large or no number"
    return "used"


moments = st.integers(0, 24 * 120).map(lambda hours: FIRST + timedelta(hours=hours))
customers = st.sampled_from(["a", "b", "c", "007", "g1", "é"])
amounts = st.sampled_from([10.0, 0.0, -3.0, -10.0, 2.25, 7.0])
usual = st.tuples(customers, moments, amounts)
without_customer = st.tuples(st.just(""), moments, st.one_of(amounts, st.just("much")))
odd_dates = st.tuples(st.sampled_from(["a", "b", "", "only"]), st.sampled_from(BAD_DATES), amounts)
odd_amounts = st.tuples(st.sampled_from(["a", "b", "only"]), moments, st.sampled_from(BAD_AMOUNTS))
logs = st.tuples(
    st.lists(usual, max_size=25),
    st.lists(without_customer, max_size=4),
    st.lists(st.tuples(customers, st.just(""), amounts), max_size=3),
    st.lists(odd_dates, max_size=3),
    st.lists(odd_amounts, max_size=3),
).flatmap(lambda sorts: st.permutations([line for sort in sorts for line in sort]))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    logs,
    st.sampled_from(sorted(GRAINS)),
    st.sampled_from(["net", "carry_back", "drop"]),
    st.sampled_from([None, date(2024, 3, 1), date(2024, 4, 20)]),
    st.sampled_from([None, date(2024, 1, 6)]),
    st.integers(1, 5),
)
def test_every_line_and_customer_is_accounted_for(lines, grain, refunds, end, start, parts):
    lines = [*lines, *GOOD]
    fates = [fate(*line, end) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        texts(lines).to_csv(path, index=False)
        options = {"event_grain": grain, "refunds": refunds, "observation_start": start}
        with grouped(path, observation_end=end, partitions=parts, **options) as found:
            counts, facts = found.counts, found.facts
            everybody = table_of(found)
            pieces = [table_of(found, part, rows=3) for part in range(parts)]
            rejects = found.rejects().read_all().to_pandas()
            part_rows = found.part_rows()
    reasons = {why: fates.count(why) for why in set(fates) - {"used", "after"}}
    assert counts.lines == len(lines)
    assert counts.lines_used == fates.count("used")
    assert counts.lines_after_end == fates.count("after")
    assert counts.lines_rejected == sum(reasons.values())
    assert {why: n for why, n in counts.reasons.items() if why in reasons} == reasons
    assert (rejects["what"] == "line").sum() == counts.lines_rejected
    assert rejects["reason"].value_counts().to_dict() == dict(counts.reasons)

    clean = texts([line for line, what in zip(lines, fates, strict=True) if what in ("used", "after")])
    late = clean["amount"].isin(BAD_AMOUNTS)  # bad amounts after the end are nobody's business, but rfm_summary's CSV
    expected = clv.rfm_summary(
        clean.assign(amount=pd.to_numeric(clean["amount"].where(~late, "0"))),
        observation_end=facts["observation_end"],
        **options,
    )
    pd.testing.assert_frame_equal(
        everybody, expected, check_dtype=False, check_index_type=False, check_exact=True, obj="all customers"
    )
    met = {customer for (customer, _, _), what in zip(lines, fates, strict=True) if what == "used"}
    scored = set(expected["customer_id"])
    assert counts.customers == len(met) == counts.customers_scored + counts.customers_rejected
    assert counts.customers_scored == len(scored) == sum(part_rows)
    assert set(rejects.loc[rejects["what"] == "customer", "customer_id"]) == met - scored
    for part, piece in enumerate(pieces):
        mine = [who for who in sorted(scored) if int(hashlib.md5(who.encode()).hexdigest()[:8], 16) % parts == part]
        assert ([] if piece is None else list(piece["customer_id"])) == mine
        assert part_rows[part] == len(mine)


DIRTY = texts([*GOOD, ("", FIRST, 2.0), ("x", "soon", 4.0), ("y", FIRST, "much"), ("z", FIRST, -4.0)])


SOUND = texts(GOOD).astype({"amount": float})


@pytest.fixture
def dirty(tmp_path):
    path = tmp_path / "log.csv"
    DIRTY.to_csv(path, index=False)
    return path


def test_rejects_show_what_stands_in_the_log_in_one_order(dirty):
    with grouped(dirty) as found:
        told = found.rejects().read_all()
        again = found.rejects().read_all()
        assert (found.counts.customers, found.counts.customers_scored) == (41, 40)
    assert told.equals(again)
    assert told.to_pylist() == [
        {"what": "line", "customer_id": None, "date": "2024-01-01 00:00:00", "amount": "2.0", "reason": "no customer"},
        {
            "what": "line",
            "customer_id": "x",
            "date": "soon",
            "amount": "4.0",
            "reason": "the date cannot be read",
        },
        {
            "what": "line",
            "customer_id": "y",
            "date": "2024-01-01 00:00:00",
            "amount": "much",
            "reason": "the amount is missing, infinite, too large or no number",
        },
        {
            "what": "customer",
            "customer_id": "z",
            "date": None,
            "amount": None,
            "reason": "nothing was bought, only returned",
        },
    ]


def test_a_log_that_a_summary_takes_gives_the_same_rows_and_the_same_end():
    log = clv.load_cdnow(sample=True)
    with grouped(log) as found:
        rows, facts = table_of(found), found.facts
    summarized = clv.summarize(log)
    pd.testing.assert_frame_equal(rows, summarized.summary, check_exact=True)
    assert facts == summarized.facts


@pytest.mark.parametrize(
    "options", [{"strict": True}, {"strict": True, "refunds": "error"}, {"refunds": "error"}], ids=str
)
def test_strict_refuses_instead(dirty, options):
    with pytest.raises(clv.ClvError, match=r"strict|written otherwise|negative amount"), grouped(dirty, **options):
        pass


@pytest.mark.parametrize(("bad", "refused"), [(1, False), (2, True)])
def test_more_than_one_amount_in_a_hundred_is_a_wrong_format(bad, refused):
    lines = [("a", FIRST, 1.0)] * (100 - bad) + [("a", FIRST, np.nan)] * bad
    log = pd.DataFrame(lines, columns=["customer_id", "date", "amount"])
    if not refused:
        with grouped(log) as found:
            assert found.counts.lines_rejected == bad
        return
    with pytest.raises(clv.InvalidInput, match="2 of 100 lines are missing, infinite"), grouped(log):
        pass


@pytest.mark.parametrize("rows", [1, 7, 2048, 5000])
def test_batches_have_one_size_whatever_the_threads(tmp_path, rows):
    path = tmp_path / "log.parquet"
    log = pd.DataFrame({"customer_id": np.arange(20_000) % 6007, "date": FIRST, "amount": 1.0})
    log.to_parquet(path)
    rows = max(rows, 7)
    made = []
    for threads in (1, 2):
        with grouped(path, threads=threads, partitions=3) as found:
            made.append([batch for part in range(3) for batch in found.batches(part, rows)])
            sizes = [[batch.num_rows for batch in found.batches(part, rows)] for part in range(3)]
    assert [batch.to_pylist() for batch in made[0]] == [batch.to_pylist() for batch in made[1]]
    for of_part in sizes:
        assert set(of_part[:-1]) <= {rows}
        assert 0 < of_part[-1] <= rows


@pytest.mark.parametrize("kind", ["log.csv", "log.parquet"])
@pytest.mark.parametrize("options", [{}, {"refunds": "carry_back", "strict": False}, {"event_grain": "line"}], ids=str)
def test_several_passes_give_what_one_gives(tmp_path, monkeypatch, kind, options):
    log = texts([*GOOD, *(("z", FIRST, -4.0), ("g1", FIRST + timedelta(days=90), -0.5))]).astype({"amount": float})
    path = tmp_path / kind
    log.to_csv(path, index=False) if kind == "log.csv" else log.to_parquet(path)
    with grouped(path, **options) as found:
        one, counts = table_of(found), found.counts
    monkeypatch.setattr("clvmodels.transactions.grouped._EVENT_BYTES", 1_000_000)
    with grouped(path, memory_limit="100MB", **options) as found:
        assert found.counts == counts
        pd.testing.assert_frame_equal(table_of(found), one, check_exact=True)


@pytest.mark.parametrize("at_once", [1, 60, 10**6])
@pytest.mark.parametrize("rows", [1, 7, 500])
def test_parts_in_turn_are_the_parts_one_by_one(monkeypatch, at_once, rows):
    monkeypatch.setattr("clvmodels.transactions.grouped._ORDERED_AT_ONCE", at_once)
    ids = [f"c{i}" for i in range(97)]
    with grouped(pd.DataFrame({"customer_id": ids, "date": FIRST}), amount=None, partitions=60) as found:
        assert 0 in found.part_rows()
        wanted = [(part, list(found.batches(part, rows))) for part in range(60)]
        assert [(part, list(batches)) for part, batches in found.in_parts(range(60), rows)] == wanted


def test_a_log_without_a_rejected_line_is_not_read_again_for_rejects(tmp_path):
    path = tmp_path / "log.parquet"
    texts([*GOOD, ("z", FIRST, -4.0)]).astype({"amount": float}).to_parquet(path)
    with grouped(path) as found:
        path.unlink()
        told = found.rejects().read_all().to_pylist()
    assert [(each["what"], each["customer_id"]) for each in told] == [("customer", "z")]


def test_readers_do_not_disturb_each_other(dirty):
    with grouped(dirty, partitions=2) as found:
        alone = [batch.to_pylist() for batch in found.batches(None, 5)]
        one, other = found.batches(None, 5), found.batches(1, 5)
        woven = []
        for batch in one:
            woven.append(batch.to_pylist())
            next(other, None)
            found.rejects()
        assert woven == alone


@pytest.mark.parametrize("kind", ["log.csv", "log.parquet", "frame", "summary"])
def test_some_parts_of_a_known_input_are_the_same_as_all(tmp_path, kind):
    log = DIRTY if kind == "log.csv" else texts([*GOOD, ("z", FIRST, -4.0)]).astype({"amount": float})
    source = {"frame": log, "summary": None}.get(kind, tmp_path / kind)
    if kind == "summary":
        source = clv.rfm_summary(log)
    elif kind == "log.csv":
        log.to_csv(source, index=False)
    elif kind == "log.parquet":
        log.to_parquet(source)
    with grouped(source, partitions=4) as found:
        known = found.known()
        wanted = [list(found.batches(part, 3)) for part in range(4)]
    with grouped(source, only_parts=[1, 3], known=known) as found:
        assert (found.counts, found.part_rows(), found.known()) == (found.counts, known["part_rows"], known)
        for part in (1, 3):
            assert list(found.batches(part, 3)) == wanted[part]
        assert [(part, list(batches)) for part, batches in found.in_parts([1, 3], 3)] == [
            (part, wanted[part]) for part in (1, 3)
        ]
        with pytest.raises(clv.InvalidInput, match=r"only the parts \[1, 3\] were read"):
            found.batches(0)
        with pytest.raises(clv.InvalidInput, match="rejects are told by a run over all parts"):
            found.rejects()


IDS = {
    "int8": (pa.array([1, 2, -3], pa.int8()), ["1", "2", "-3"]),
    "uint64": (pa.array([1, 2**64 - 1], pa.uint64()), ["1", str(2**64 - 1)]),
    "text": (pa.array(["007", "ä b", "'"]), ["007", "ä b", "'"]),
    "whole floats": (pa.array([1.0, None, 1e15]), ["1", str(10**15)]),
    "decimal": (pa.array([Decimal("1.50"), Decimal("-0.25")], pa.decimal128(9, 2)), ["1.50", "-0.25"]),
    "date": (pa.array([date(2024, 1, 31)]), ["2024-01-31"]),
    "timestamp": (pa.array([FIRST], pa.timestamp("us")), ["2024-01-01 00:00:00"]),
    "category": (pa.array(["b", "a"]).dictionary_encode(), ["b", "a"]),
}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("what", ["log", "summary"])
def test_parts_rest_on_the_md5_of_the_text_of_the_id(kind, what):
    ids, canonical = IDS[kind]
    n = len(ids)
    if what == "log":
        source = pa.table({"customer_id": ids, "date": pa.array([FIRST] * n)})
    else:
        source = pa.table({"customer_id": ids, "frequency": [0] * n, "recency": [0.0] * n, "T": [3.0] * n})
    parts = 3
    with grouped(source, partitions=parts, amount=None) as found:
        rows = found.part_rows()
    expected = [0] * parts
    for text in canonical:
        expected[int(hashlib.md5(text.encode()).hexdigest()[:8], 16) % parts] += 1
    assert rows == expected


def test_whole_numbers_land_in_the_same_part_from_parquet_csv_and_floats(tmp_path):
    log = pd.DataFrame({"customer_id": range(-50, 450), "date": FIRST})
    log.to_csv(tmp_path / "log.csv", index=False)
    log.to_parquet(tmp_path / "log.parquet")
    made = []
    for source in (tmp_path / "log.csv", tmp_path / "log.parquet", log.astype({"customer_id": float})):
        with grouped(source, amount=None, partitions=7) as found:
            assert found.id_type == "BIGINT"
            made.append([table_of(found, part)["customer_id"].to_list() for part in range(7)])
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pa.array([1.5, 2.0]), "have a fraction or a float too large"),
        (pa.array([b"a", b"b"]), "one text form .* found BLOB"),
        (pa.array([[1], [2]]), "must hold"),
        (pa.array([FIRST, FIRST], pa.timestamp("us", "UTC")), "one text form"),
    ],
)
@pytest.mark.parametrize("what", ["log", "summary"])
def test_identifiers_without_one_text_form_are_refused(ids, message, what):
    more = {"date": [FIRST] * 2} if what == "log" else {"frequency": [0] * 2, "recency": [0.0] * 2, "T": [3.0] * 2}
    with (
        pytest.raises(clv.InvalidInput, match=message),
        grouped(pa.table({"customer_id": ids, **more}), amount=None),
    ):
        pass


SUMMARY = pd.DataFrame(
    {
        "customer_id": ["e", "a", "b", "b", None, "c", "d", "f", "g", "h", "i", "j", "k"],
        "frequency": [1.0, 2, 1, 0, 1, 1.5, -1, np.nan, np.inf, 1, 1, 1, 0],
        "recency": [2.0, 3, 1, 0, 1, 1, 1, 1, 1, 9, -1, 1, 0],
        "T": [5.0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5],
        "monetary_value": [2.0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, np.nan, np.nan],
        "margin": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3],
    }
)
WHY = {
    "b": "the customer is there more than once",
    None: "no customer",
    "c": "frequency is not whole",
    "d": "frequency is negative",
    "f": "frequency is missing, infinite or no number",
    "g": "frequency is missing, infinite or no number",
    "h": "recency exceeds T",
    "i": "recency is negative",
    "j": "monetary_value is missing or no number",
}


def kinds_of_summary(folder):
    import duckdb

    arrow = pa.Table.from_pandas(SUMMARY, preserve_index=False)
    SUMMARY.to_csv(folder / "s.csv", index=False)
    pq.write_table(arrow, folder / "s.parquet")
    pq.write_table(arrow.slice(0, 6), folder / "t1.parquet")
    pq.write_table(arrow.slice(6), folder / "t2.parquet")
    return {
        "pandas": SUMMARY,
        "index": SUMMARY.set_index("customer_id"),
        "arrow": arrow,
        "reader": arrow.to_reader(),
        "polars": pl.from_arrow(arrow),
        "lazy": pl.from_arrow(arrow).lazy(),
        "relation": duckdb.connect().from_arrow(arrow),
        "csv": folder / "s.csv",
        "parquet": folder / "s.parquet",
        "list": [folder / "t1.parquet", folder / "t2.parquet"],
        "glob": str(folder / "t*.parquet"),
    }


@pytest.mark.parametrize(
    "kind",
    ["pandas", "index", "arrow", "reader", "polars", "lazy", "relation", "csv", "parquet", "list", "glob"],
)
def test_a_summary_of_any_kind_is_read_and_what_cannot_be_scored_rejected(tmp_path, kind):
    with grouped(kinds_of_summary(tmp_path)[kind], margin="margin") as found:
        counts = found.counts
        rows = table_of(found)
        rejects = found.rejects().read_all().to_pylist()
    assert found.kind == "summary"
    assert rows.to_dict("list") == {
        "customer_id": ["a", "e", "k"],
        "frequency": [2, 1, 0],
        "recency": [3.0, 2.0, 0.0],
        "T": [5.0, 5.0, 5.0],
        "monetary_value": [3.0, 2.0, pytest.approx(np.nan, nan_ok=True)],
        "margin": [0.2, 0.1, 1.3],
    }
    assert {reject["customer_id"]: reject["reason"] for reject in rejects} == WHY
    assert (counts.customers, counts.customers_scored, counts.customers_rejected) == (13, 3, 10)
    assert counts.reasons[WHY["b"]] == 2
    assert counts.lines == counts.lines_rejected == 0


def test_a_summary_in_csv_may_hold_text_where_a_number_should_be(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("customer_id;frequency;recency;T;margin\n10;1;2;3;.5\n9;x;2;3;\n011;1;2;3;low\n")
    with grouped(path, margin="margin") as found:
        assert table_of(found).to_dict("list") == {
            "customer_id": ["10"],
            "frequency": [1],
            "recency": [2.0],
            "T": [3.0],
            "margin": [0.5],
        }
        assert found.counts.reasons == {
            "frequency is missing, infinite or no number": 1,
            "the margin is missing, infinite or no number": 1,
        }


@pytest.mark.parametrize("kind", ["pandas", "arrow", "pandas.parquet", "arrow.parquet"])
def test_a_summary_says_of_itself_what_its_facts_say(tmp_path, kind):
    summary = clv.rfm_summary(pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"]}), amount=None, time_unit="day")
    source = summary if kind.startswith("pandas") else pa.Table.from_pandas(summary)
    if kind == "pandas.parquet":
        summary.to_parquet(source := tmp_path / "s.parquet")
    elif kind == "arrow.parquet":
        pq.write_table(source, source_path := tmp_path / "s.parquet")
        source = source_path
    with grouped(source) as found:
        assert (found.facts["time_unit"], found.facts["observation_end"]) == ("day", "2024-01-01")
        assert list(found.facts) == list(clv.summarize(clv.load_cdnow(sample=True)).facts)


def test_files_of_one_summary_must_agree(tmp_path):
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"]})
    for unit in ("day", "week"):
        clv.rfm_summary(log, amount=None, time_unit=unit).to_parquet(tmp_path / f"{unit}.parquet")
    with pytest.raises(clv.InvalidInput, match="time_unit is 'day' in"), grouped(str(tmp_path / "*.parquet")):
        pass


def test_a_summary_without_rows_gives_none():
    with grouped(SUMMARY.iloc[:0].astype({"customer_id": "int64"})) as found:
        assert list(found.batches()) == []
        assert found.part_rows() == [0]
        assert found.rejects().read_all().num_rows == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (SUMMARY.drop(columns="customer_id"), "must have the column 'customer_id' once, and has it 0 times"),
        (SUMMARY.assign(T="long"), "column 'T' must hold numbers; found VARCHAR"),
        ([], "the list of paths is empty"),
        (["a.csv", 3], "must hold paths of Parquet or CSV files; found 1 other"),
    ],
)
def test_what_is_no_summary_is_refused(source, message):
    with pytest.raises(clv.InvalidInput, match=message), grouped(source):
        pass


class TestFingerprint:
    def test_it_depends_on_the_content_alone(self):
        log = pa.table({"customer_id": np.arange(30_000) % 97, "date": [FIRST] * 30_000, "amount": [1.0] * 30_000})
        turned = log.take(np.random.default_rng(0).permutation(30_000))
        chunked = pa.Table.from_batches(turned.to_batches(max_chunksize=77))
        made = []
        for source, threads in ((log, 1), (log, 2), (turned, 2), (chunked, 1), (chunked.to_reader(), 2)):
            with grouped(source, threads=threads) as found:
                made.append(found.fingerprint())
        assert len(set(made)) == 1

    @pytest.mark.parametrize("row", [0, 4, 9])
    def test_one_row_more_or_other_is_other_content(self, row):
        log = pd.DataFrame({"customer_id": [1, 1, 2] * 4, "date": [FIRST] * 12, "amount": 1.0})
        others = [log, log.drop(index=row), pd.concat([log, log.iloc[[row]]])]
        others.append(log.assign(amount=log["amount"].mask(log.index == row, 1.000001)))
        made = set()
        for other in others:
            with grouped(other) as found:
                made.add(found.fingerprint())
        assert len(made) == 4


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith("clvmodels-")]


def test_a_damaged_file_is_told_and_nothing_left_behind(tmp_path):
    path = tmp_path / "log.parquet"
    n = 200_000
    log = pd.DataFrame({"customer_id": np.arange(n), "date": FIRST, "amount": np.random.default_rng(1).random(n)})
    log.to_parquet(path, row_group_size=20_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    with pytest.raises(clv.InvalidInput, match="damaged"), grouped(path, temp_directory=tmp_path):
        pass
    assert leftovers(tmp_path) == []


def test_a_file_that_vanishes_is_told(dirty, tmp_path):
    def vanishing():
        with grouped(dirty, temp_directory=tmp_path) as found:
            dirty.unlink()
            found.rejects()

    with pytest.raises(clv.InvalidInput, match=r"log.csv' could not be opened: is it still there"):
        vanishing()
    assert leftovers(tmp_path) == []


def test_too_little_memory_is_told(tmp_path):
    n = 400_000
    log = pd.DataFrame({"customer_id": np.arange(n), "date": FIRST, "amount": 1.0})
    log.to_parquet(tmp_path / "log.parquet")
    with (
        pytest.raises(clv.ClvError, match=r"too large for the memory \(memory_limit='4MB'\)"),
        grouped(tmp_path / "log.parquet", memory_limit="4MB", threads=1, temp_directory=tmp_path) as found,
    ):
        list(found.batches())
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_limit": "much"}, "memory_limit must be a size"),
        ({"memory_limit": "0GB"}, "memory_limit must be a size"),
        ({"memory_limit": 5}, "memory_limit must be a size"),
        ({"threads": 0}, "threads must be a whole number from 1"),
        ({"threads": True}, "threads must be a whole number from 1"),
        ({"temp_directory": "/nowhere/at/all"}, "temp_directory must be a folder"),
        ({"partitions": 0}, "partitions must be a whole number from 1"),
        ({"only_parts": [0]}, "only_parts needs to know"),
        ({"only_parts": [4], "partitions": 3}, "only_parts must lie from 0 to 2; found 4"),
        ({"margin": "margin"}, "a log has no columns that are one value a customer"),
        ({"observation_start": "2025-01-01", "observation_end": "2024-01-01"}, "must not be later"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(clv.InvalidInput, match=message), grouped(SOUND, **options):
        pass


def test_an_unknown_keyword_is_an_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'currency'"), grouped(DIRTY, currency="eur"):
        pass
