"""What `export` reads comes through as it is: folders of parts, whole numbers with gaps, and no personal data told."""

from __future__ import annotations

import traceback
import warnings
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv

GOOGLE = "google_ads_customer_match"
WIDE = 2**60 + 1  # no float is this number


@pytest.fixture
def parts(tmp_path):
    """A folder as `score` leaves it, with what readers of data sets pass over."""
    folder = tmp_path / "scores"
    (folder / "_run").mkdir(parents=True)
    (folder / "_run" / "rejects.parquet").write_bytes(b"no table")
    for part, ids in enumerate((["001", "002"], ["003"])):
        table = pa.table({"customer_id": ids, "clv": [1.5] * len(ids)})
        told = {"clvmodels": '{"time_unit": "week", "observation_end": "1998-06-30"}'}
        parquet.write_table(table.replace_schema_metadata(told), folder / f"part-0000{part}-of-00002.parquet")
    return folder


def test_a_folder_of_parts_is_one_table(parts, tmp_path):
    found = clv.export(parts, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == 'customer_id,clv\n"001",1.5\n"002",1.5\n"003",1.5\n'
    assert (found.rows_written, found.value_written) == (3, Decimal("4.5"))


def test_a_folder_that_is_not_finished_or_written_to_is_refused(parts, tmp_path):
    with pytest.raises(clv.InvalidInput, match="would stand among what is read as scored"):
        clv.export(parts, parts / "a.csv")
    (parts / "part-00001-of-00002.parquet").unlink()
    with pytest.raises(clv.InvalidInput, match="holds 1 parts of 2: let score finish it"):
        clv.export(str(parts), tmp_path / "a.csv")
    (parts / "part-00000-of-00002.parquet").unlink()
    with pytest.raises(clv.InvalidInput, match="expected a folder of Parquet files, such as score writes; found none"):
        clv.export(parts, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_whole_numbers_beside_gaps_keep_their_digits(tmp_path):
    table = pa.table({"customer_id": pa.array([WIDE, None, 2]), "clv": [1.0, 2.0, 3.0]})
    parquet.write_table(table, tmp_path / "s.parquet")
    with duckdb.connect() as con:
        for source in (tmp_path / "s.parquet", con.from_arrow(table)):
            clv.export(source, tmp_path / "a.csv")
            assert (tmp_path / "a.csv").read_text() == f"customer_id,clv\n{WIDE},1\n,2\n2,3\n"


def test_an_index_may_name_the_customers(tmp_path):
    table = pd.DataFrame({"clv": [1.0]}, index=pd.Index(["007"], name="who"))
    clv.export(table, tmp_path / "a.csv", customer_id="who")
    assert (tmp_path / "a.csv").read_text() == 'who,clv\n"007",1\n'
    table.rename_axis(None).to_parquet(tmp_path / "s.parquet")  # an index without a name is no column
    clv.export(tmp_path / "s.parquet", tmp_path / "a.csv", customer_id="clv")
    assert (tmp_path / "a.csv").read_text() == "clv\n1\n"


def test_identifiers_beyond_whole_numbers_stay_apart(tmp_path):
    table = pd.DataFrame({"customer_id": [1e19, 2e19], "clv": 1.0, "email": ["a@b.de", "c@d.de"]})
    assert clv.export(table, tmp_path / "a.csv", GOOGLE).rows_written == 2


def test_sums_of_absurd_values_still_reconcile(tmp_path):
    table = pd.DataFrame({"customer_id": range(30), "clv": [9e31] * 29 + [2.5]})
    found = clv.export(table, tmp_path / "a.csv")
    assert found.value_given == found.value_written == Decimal("2.5")


def test_errors_repeat_nothing_personal(tmp_path):
    secret = "mary" + "@example.com"

    def told(*words, **more) -> str:
        with pytest.raises(clv.InvalidInput) as caught:
            clv.export(*words, **more)
        assert secret not in "".join(traceback.format_exception(caught.value))
        return str(caught.value)

    table = pd.DataFrame({"customer_id": ["a", "b"], "clv": ["1", secret]})
    assert (
        told(table, tmp_path / "a.csv")
        == "column 'clv' must hold numbers; found text in 1 of 2 rows, first row 2. Is it the right column?"
    )
    (tmp_path / "c.csv").write_text(f"customer_id,email\na,{secret},{secret}\n")
    assert "has 3 cells, expected 2" in told(table, tmp_path / "a.csv", GOOGLE, contacts=tmp_path / "c.csv")
    (tmp_path / "c.csv").write_bytes(f"customer_id,email,first_name\na,{secret},J\xf6rg\n".encode("latin-1"))
    assert "in UTF-8?" in told(table, tmp_path / "a.csv", GOOGLE, contacts=tmp_path / "c.csv")
    with duckdb.connect() as con:
        broken = con.sql(
            f"SELECT customer_id, CAST(clv AS INT) AS clv FROM (VALUES ('a', '{secret}')) t(customer_id, clv)"
        )
        assert "run it by itself" in told(broken, tmp_path / "a.csv")


def test_contacts_of_other_people_are_told(tmp_path):
    table = pd.DataFrame({"customer_id": ["mary-1", "mary-2"], "clv": 1.0})
    known = pd.DataFrame({"customer_id": ["#mary-1"], "email": ["a@b.de"]})
    with pytest.warns(clv.ClvWarning, match=r"none of the 2 customers is in the contacts.*is m…1, 6 .*contacts #…1, 7"):
        clv.export(table, tmp_path / "a.csv", GOOGLE, contacts=known)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known.loc[0, "customer_id"] = "mary-2"
        clv.export(table, tmp_path / "a.csv", GOOGLE, contacts=known)


def test_a_path_is_a_path(tmp_path):
    with pytest.raises(clv.InvalidInput, match=r"path must be the name of a file ending in \.csv; found None"):
        clv.export(pd.DataFrame({"customer_id": ["a"]}), None)
