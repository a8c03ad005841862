"""The text form of identifiers and the part it leads to are fixed: changing either would break running jobs."""

from __future__ import annotations

import hashlib

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.transactions.id_text import check_type, default_parts, hash_sql, part_of


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), st.integers(1, 10**6))
def test_the_engine_and_hashlib_agree_on_every_text(text, parts):
    found = duckdb.execute(f"SELECT {hash_sql('id', 'text')} % {parts} FROM (SELECT ? AS id)", [text]).fetchall()
    assert found[0][0] == part_of(text, parts) == int(hashlib.md5(text.encode()).hexdigest()[:8], 16) % parts


@pytest.mark.parametrize(
    ("value", "sort", "text"),
    [
        ("CAST(7 AS TINYINT)", "other", "7"),
        ("CAST(7 AS HUGEINT)", "other", "7"),
        ("CAST(-7 AS DOUBLE)", "float", "-7"),
        ("CAST(-0.0 AS DOUBLE)", "float", "0"),
        ("CAST(1e15 AS DOUBLE)", "float", "1000000000000000"),
        ("CAST(1.5 AS DECIMAL(9,3))", "other", "1.500"),
        ("DATE '2024-02-29'", "other", "2024-02-29"),
        ("CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS UUID)", "other", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("TRUE", "other", "true"),
    ],
)
def test_each_type_has_one_text(value, sort, text):
    found = duckdb.sql(f"SELECT {hash_sql('id', sort)} FROM (SELECT {value} AS id)").fetchall()[0][0]
    assert found == part_of(text, 2**32)


def test_published_digests():
    """MD5 of "abc" and of nothing, from RFC 1321, appendix A.5."""
    assert part_of("abc", 2**32) == 0x90015098
    assert part_of("", 2**32) == 0xD41D8CD9


@pytest.mark.parametrize("sort", ["BLOB", "INTEGER[]", "INTEGER[3]", "STRUCT(a INTEGER)", "INTERVAL", "BIT", "TIME"])
def test_types_without_one_text_are_refused(sort):
    with pytest.raises(clv.InvalidInput, match=r"column 'who' must hold identifiers that have one text form"):
        check_type(sort, "who")


@pytest.mark.parametrize("sort", ["UTINYINT", "UHUGEINT", "VARCHAR", "DECIMAL(9,2)", "UUID", "DOUBLE", "DATE"])
def test_types_with_one_text_are_taken(sort):
    check_type(sort, "who")


def test_a_part_for_each_begun_quarter_of_a_million():
    assert [default_parts(n) for n in (0, 1, 250_000, 250_001, 10**6, 10**7)] == [1, 1, 1, 2, 4, 40]
