"""`score`: the scores are those of the frames, whatever the destination, the parts and the identifiers."""

from __future__ import annotations

import decimal
import json
import os
import uuid
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.scoring import folder, job, parquet
from clvmodels.scoring import manifest as manifest_file
from clvmodels.scoring.locks import locked
from clvmodels.scoring.scored import scored_table


@pytest.fixture(scope="module")
def model():
    purchases = clv.PurchaseModel.from_parameters(
        "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week"
    )
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    return clv.CLVModel(purchases, spend, margin=0.3)


@pytest.fixture(scope="module")
def log():
    found = clv.load_cdnow(sample=True)
    return found[found["customer_id"].isin(found["customer_id"].unique()[::6])].reset_index(drop=True)


def expected_of(model, log, **more):
    return scored_table(model, clv.rfm_summary(log), **more)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    found = found.sort_values("customer_id", ignore_index=True)
    assert list(found) == list(expected)
    for name in expected:
        if expected[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)
        else:
            assert found[name].tolist() == expected[name].tolist()


@pytest.mark.parametrize("out", ["scores", "scores.parquet", "scores.csv"])
def test_equals_the_table_of_the_summary(model, log, tmp_path, out):
    report = clv.score(model, log, tmp_path / out, horizon=26, partitions=5)
    expected = expected_of(model, log, horizon=26)
    read = pd.read_csv if out.endswith(".csv") else pd.read_parquet
    found = read(tmp_path / out)
    if out.endswith(".csv"):
        found["customer_id"] = found["customer_id"].astype(str).str.zfill(5)
        expected["customer_id"] = expected["customer_id"].astype(str).str.zfill(5)
    same(found, expected)
    assert report.totals.clv == pytest.approx(expected["clv"].sum(), rel=1e-12)
    assert report.totals.p_alive == pytest.approx(expected["p_alive"].sum(), rel=1e-12)
    best = expected.nlargest(100, "clv")
    assert report.best.column("clv").to_numpy() == pytest.approx(best["clv"].to_numpy(), rel=1e-12)
    assert report.counts.lines == len(log)


def test_a_summary_is_scored_as_its_log_is(model, log, tmp_path):
    summary = clv.rfm_summary(log)
    summary["share"] = np.linspace(0.1, 0.9, len(summary))
    report = clv.score(model, summary, tmp_path / "s.parquet", margin="share", annual_discount_rate=0.0)
    same(
        pd.read_parquet(tmp_path / "s.parquet"),
        scored_table(model, summary, margin="share", annual_discount_rate=0.0),
    )
    assert report.kind == "summary"


def test_purchases_alone(model, log, tmp_path):
    clv.score(model.purchases, log, tmp_path / "s.parquet", amount=None)
    same(pd.read_parquet(tmp_path / "s.parquet"), expected_of(model.purchases, log))
    with pytest.raises(clv.InvalidInput, match="has no money"):
        clv.score(model, log, tmp_path / "t.parquet", amount=None)
    assert not (tmp_path / "t.parquet").exists()


def test_every_reader_reads_the_folder(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s", partitions=3)
    glob, n = f"{tmp_path}/s/*.parquet", len(expected_of(model, log))
    assert len(pd.read_parquet(tmp_path / "s")) == n
    assert len(pl.read_parquet(glob)) == n
    assert duckdb.sql(f"SELECT COUNT(DISTINCT customer_id) FROM '{glob}'").fetchall() == [(n,)]
    assert ds.dataset(tmp_path / "s").to_table().num_rows == n
    assert len({pq.read_schema(path) for path in (tmp_path / "s").glob("*.parquet")}) == 1


def test_metadata_says_what_the_scores_are_about(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s.parquet", horizon=26)
    facts = frames.read_facts(pd.read_parquet(tmp_path / "s.parquet"))
    assert (facts["time_unit"], facts["horizon"], facts["margin"]) == ("week", "26.0", "0.3")
    assert facts["annual_discount_rate"] == "0.1"
    assert facts["observation_end"] == "1998-06-30"
    assert facts["model"].startswith("sha256:")
    assert "duckdb" in facts["versions"]


@pytest.mark.parametrize(
    "make",
    [
        lambda i: i * 7,
        lambda i: f"c{i}\n\"quoted\", 'and' \u00e9 {i % 3}",
        lambda i: uuid.UUID(int=i).hex,
        lambda i: decimal.Decimal(i) / 4,
        lambda i: pd.Timestamp("2001-01-01") + pd.Timedelta(days=i),
    ],
)
def test_identifiers_of_odd_kinds(model, log, tmp_path, make):
    names = {name: make(i) for i, name in enumerate(log["customer_id"].unique())}
    odd = pa.table(
        {"customer_id": [names[name] for name in log["customer_id"]], "date": log["date"], "amount": log["amount"]}
    )
    clv.score(model, odd, tmp_path / "s", partitions=4)
    found = pd.read_parquet(tmp_path / "s")
    assert set(found["customer_id"]) == set(names.values())
    same(found, expected_of(model, odd).to_pandas().sort_values("customer_id", ignore_index=True))
    for part in sorted((tmp_path / "s").glob("part-*")):
        assert pd.read_parquet(part)["customer_id"].is_monotonic_increasing


def test_columns(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s.parquet", columns=["clv", "p_alive"])
    assert pd.read_parquet(tmp_path / "s.parquet").columns.tolist() == ["customer_id", "p_alive", "clv"]
    with pytest.raises(clv.InvalidInput, match="columns must be some of customer_id, p_alive"):
        clv.score(model, log, tmp_path / "s.parquet", columns=["value"])


def test_one_customer_and_an_empty_part(model, tmp_path):
    log = pd.DataFrame({"customer_id": [7, 7], "date": ["2024-01-01", "2024-01-15"], "amount": [5.0, 6.0]})
    report = clv.score(model, log, tmp_path / "s", partitions=3)
    assert report.totals.customers == 1
    assert [pq.read_metadata(file).num_rows for file in report.files].count(0) == 2
    same(pd.read_parquet(tmp_path / "s"), expected_of(model, log))


@pytest.mark.parametrize("out", ["log.parquet", "scored.parquet", "log", "log/_run/../."])
def test_nothing_is_written_over_what_is_read(model, log, tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    Path("log/_run").mkdir(parents=True)
    source = {"log.parquet": "log.parquet", "scored.parquet": "scored.rejects.parquet"}.get(
        out, "log/part-00000-of-00001.parquet"
    )
    log.to_parquet(source)
    before = Path(source).read_bytes()
    with pytest.raises(clv.InvalidInput, match=r"read: choose another name to write to"):
        clv.score(model, [str(tmp_path / source)], out, overwrite=True)
    assert Path(source).read_bytes() == before


def test_an_address_of_another_kind_is_refused_without_its_password(model, log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(clv.InvalidInput, match="scores go into a folder, a file") as refused:
        clv.score(model, log, "mysql://ann:s3cr@t@host/shop/scores")
    assert "found mysql://ann@host/shop/scores" in str(refused.value)
    with pytest.raises(clv.InvalidInput, match="'mysql://ann@host/shop' is a remote path"):
        clv.summarize("mysql://ann:s3cr@t@host/shop")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", ["scores", "scored.csv", "shop.duckdb/scores"])
def test_a_wrong_end_of_observation_leaves_the_scores_of_yesterday(model, log, tmp_path, out):
    clv.score(model, log, tmp_path / out)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(clv.NotEnoughData, match=r"nobody to score: none of .* lines .* observation_end 1989-06-30"):
        clv.score(model, log, tmp_path / out, observation_end="1989-06-30", overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_report_is_short_and_counts_one_file_as_one(model, log, tmp_path):
    report = clv.score(model, log, tmp_path / "scored.parquet", horizon=26)
    told = repr(report).splitlines()
    assert len(told) == 4
    assert told[-1] == f"in 1 file: {tmp_path / 'scored.parquet'}"


def test_an_empty_log_is_refused_and_an_empty_summary_is_none(model, log, tmp_path):
    with pytest.raises(clv.ClvError):
        clv.score(model, log.head(0), tmp_path / "s")
    assert list(tmp_path.iterdir()) == []
    clv.score(model, clv.rfm_summary(log).head(0), tmp_path / "s.parquet")
    assert pd.read_parquet(tmp_path / "s.parquet").shape == (0, 8)


def test_rejects_are_kept_with_their_reason_and_an_old_file_of_them_is_not(model, log, tmp_path):
    dirty = log.copy()
    dirty.loc[[3, 9], "customer_id"] = None
    clean = dirty.dropna(subset=["customer_id"])
    report = clv.score(model, dirty, tmp_path / "s.parquet")
    assert report.rejects == tmp_path / "s.rejects.parquet"
    rejects = pd.read_parquet(report.rejects)
    assert rejects["reason"].tolist() == ["no customer"] * 2
    assert report.counts.lines == report.counts.lines_used + report.counts.lines_rejected == len(dirty)
    same(pd.read_parquet(tmp_path / "s.parquet"), expected_of(model, clean))
    clean_report = clv.score(model, clean, tmp_path / "s.parquet")
    assert clean_report.rejects is None
    assert not (tmp_path / "s.rejects.parquet").exists()
    folder = clv.score(model, clean, tmp_path / "s")
    assert pq.read_metadata(folder.rejects).num_rows == 0


# Going on


def bytes_of(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["frame", "csv"])
def test_a_customer_without_margin_is_rejected_and_does_not_stop_the_others(model, log, tmp_path, kind):
    summary = clv.rfm_summary(log).assign(share=0.5)
    summary.loc[3, "share"] = np.nan
    summary.loc[5, "share"] = np.inf
    source = summary
    if kind == "csv":
        source = tmp_path / "summary.csv"
        summary.to_csv(source, index=False)
    report = clv.score(model, source, tmp_path / "s", margin="share", observation_end="1998-06-30")
    assert report.counts.reasons == {"the margin is missing, infinite or no number": 2}
    assert report.counts.customers_scored == len(summary) - 2
    rejects = pd.read_parquet(report.rejects)
    assert sorted(rejects["customer_id"]) == sorted(summary["customer_id"].astype(str).iloc[[3, 5]])
    with pytest.raises(clv.InvalidInput, match="word"):
        clv.score(model, summary.assign(word="abc"), tmp_path / "t", margin="word")


def test_a_complete_folder_is_left_alone(model, log, tmp_path):
    log.to_parquet(tmp_path / "log.parquet")
    words = (model, tmp_path / "log.parquet", tmp_path / "s")
    clv.score(*words, partitions=3)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "s").rglob("*")}
    report = clv.score(*words, partitions=3)
    assert report.nothing_to_do
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "s").rglob("*")}
    assert report.totals.customers == len(expected_of(model, log))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"horizon": 26}, "settings horizon was 52.17857142857143, now 26.0"),
        ({"margin": 0.5}, "settings margin was 0.3, now 0.5"),
        ({"columns": ["clv"]}, "settings columns was"),
        ({"partitions": 4}, "settings partitions was 3, now 4"),
        ({"observation_end": "1998-05-01"}, 'settings observation_end was null, now "1998-05-01"'),
        ({"refunds": "drop"}, 'settings refunds was null, now "drop"'),
        ({"interval": 0.8, "draws": 20}, "settings interval was null, now 0.8"),
    ],
)
def test_other_settings_are_refused_by_name(model, log, tmp_path, change, named):
    clv.score(model, log, tmp_path / "s", partitions=3)
    before = bytes_of(tmp_path / "s")
    with pytest.raises(clv.InvalidInput, match="overwrite=True to start anew") as refused:
        clv.score(model, log, tmp_path / "s", **{"partitions": 3, **change})
    assert named in str(refused.value)
    assert bytes_of(tmp_path / "s") == before


def test_other_input_models_and_versions_are_refused(model, log, tmp_path):
    log.to_csv(tmp_path / "log.csv", index=False)
    source = tmp_path / "log.csv"
    clv.score(model, source, tmp_path / "s")
    other = clv.CLVModel(model.purchases, model.spend, annual_discount_rate=0.2, margin=0.3)
    with pytest.raises(clv.InvalidInput, match="model sha256 was"):
        clv.score(other, source, tmp_path / "s")
    with pytest.raises(clv.InvalidInput, match=r"input was \[.*, now"):
        clv.score(model, log, tmp_path / "s")
    manifest = tmp_path / "s" / "_run" / "manifest.json"
    text, told = manifest.read_text(), json.loads(manifest.read_text())
    told["versions"]["duckdb"] = "0." + told["versions"]["duckdb"]
    manifest_file.write(manifest, told)
    with pytest.raises(clv.InvalidInput, match='versions duckdb was "0'):
        clv.score(model, source, tmp_path / "s")
    manifest.write_text(text)
    os.utime(source, ns=(1, 1))
    with pytest.raises(clv.InvalidInput, match="modified was"):
        clv.score(model, source, tmp_path / "s")
    clv.score(other, source, tmp_path / "s", overwrite=True)
    same(pd.read_parquet(tmp_path / "s"), expected_of(other, str(source)))


def test_what_was_damaged_since_it_was_written_is_noticed(model, log, tmp_path):
    log.to_parquet(tmp_path / "log.parquet")

    def again():
        return clv.score(model, tmp_path / "log.parquet", tmp_path / "s", partitions=2)

    def damaged(path):
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        return whole

    again()
    expected = bytes_of(tmp_path / "s")
    damaged(tmp_path / "s" / "part-00001-of-00002.parquet")
    assert again().parts_before == 1
    assert bytes_of(tmp_path / "s") == expected
    rejects = tmp_path / "s" / "_run" / "rejects.parquet"
    whole = damaged(rejects)
    with pytest.raises(clv.InvalidInput, match="no longer what the manifest says"):
        again()
    rejects.write_bytes(whole)
    manifest = tmp_path / "s" / "_run" / "manifest.json"
    text = manifest.read_text()
    for changed in (
        text.replace('"observation_end": "1', '"observation_end": "2'),
        json.dumps({k: v for k, v in json.loads(text).items() if k != "known"}),
    ):
        manifest.write_text(changed)
        with pytest.raises(clv.InvalidInput, match=r"manifest\.json is damaged or was changed.*overwrite=True"):
            again()
    manifest.write_text(text)
    assert again().nothing_to_do


@pytest.mark.parametrize("out", ["s", "s.parquet", "s.duckdb/scores"])
def test_a_log_that_changes_while_it_is_read_is_refused(model, log, tmp_path, out):
    logs = tmp_path / "logs"
    logs.mkdir()
    log.to_parquet(logs / "a.parquet")

    def replaced(step):
        if step == "reading":
            log.iloc[:-1].to_parquet(logs / "a.parquet")

    def joined(step):
        if step == "reading":
            log.to_parquet(logs / "b.parquet")

    with pytest.raises(clv.InvalidInput, match=r"1 of 1 files changed while they were read, first '.*a\.parquet'"):
        clv.score(model, logs / "*.parquet", tmp_path / out, progress=replaced)
    assert not (tmp_path / "s.parquet").exists()
    assert not (tmp_path / "s").exists()
    log.to_parquet(logs / "a.parquet")
    report = clv.score(model, logs / "*.parquet", tmp_path / out, progress=joined)
    assert report.counts.lines == len(log)


def test_a_second_run_that_is_refused_does_not_remove_the_folder_of_the_first(model, log, tmp_path, monkeypatch):
    """Both begin before there is a folder; the second comes to the lock when the first holds it."""
    made = folder._made
    refused = []

    def first_is_faster(out):
        monkeypatch.setattr(folder, "_made", made)
        run = made(out)
        held = locked(run / "lock", str(out))
        held.__enter__()
        refused.append(held)
        return run

    monkeypatch.setattr(folder, "_made", first_is_faster)
    with pytest.raises(clv.InvalidInput, match="another run is writing"):
        clv.score(model, log, tmp_path / "s")
    assert (tmp_path / "s" / "_run" / "lock").exists()
    refused[0].__exit__(None, None, None)


def test_what_stands_in_the_place_of_a_folder_is_named(model, log, tmp_path):
    (tmp_path / "s").symlink_to("nowhere")
    with pytest.raises(clv.InvalidInput, match=r"cannot make the folder .*/s: something else"):
        clv.score(model, log, tmp_path / "s")


def test_a_log_that_changes_while_a_run_goes_on_is_refused(model, log, tmp_path):
    log.to_parquet(tmp_path / "log.parquet")
    clv.score(model, tmp_path / "log.parquet", tmp_path / "s", partitions=2)
    (tmp_path / "s" / "part-00001-of-00002.parquet").unlink()
    before = bytes_of(tmp_path / "s")
    with pytest.raises(clv.InvalidInput, match="changed while they were read"):
        clv.score(
            model,
            tmp_path / "log.parquet",
            tmp_path / "s",
            partitions=2,
            progress=lambda step: log.iloc[:-1].to_parquet(tmp_path / "log.parquet"),
        )
    assert bytes_of(tmp_path / "s") == before


def test_frames_are_known_by_their_content(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s", partitions=2)
    assert clv.score(model, log.sample(frac=1, random_state=1), tmp_path / "s", partitions=2).nothing_to_do
    with pytest.raises(clv.InvalidInput, match="input sha256 was"):
        clv.score(model, log.iloc[1:], tmp_path / "s", partitions=2)


def test_overwriting_leaves_no_mixture_and_no_foreign_file_is_touched(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s", partitions=7)
    (tmp_path / "s" / "notes.txt").write_text("mine")
    with pytest.raises(clv.InvalidInput):
        clv.score(model, tmp_path / "nothing.csv", tmp_path / "s", partitions=2, overwrite=True)
    assert len(list((tmp_path / "s").glob("part-*"))) == 7  # what cannot be replaced is not removed
    clv.score(model, log, tmp_path / "s", partitions=2, overwrite=True)
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        "_run",
        "notes.txt",
        "part-00000-of-00002.parquet",
        "part-00001-of-00002.parquet",
    ]
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "notes.txt").write_text("mine")
    with pytest.raises(clv.InvalidInput, match=r"holds 1 files and no manifest"):
        clv.score(model, log, tmp_path / "t")


def test_the_bytes_depend_on_no_limit(model, log, tmp_path):
    log.to_parquet(tmp_path / "log.parquet")
    found = []
    for name, limits in (("a", {"threads": 1}), ("b", {"threads": 2}), ("c", {"memory_limit": "100MB"})):
        clv.score(model, tmp_path / "log.parquet", tmp_path / name, partitions=3, **limits)
        found.append(bytes_of(tmp_path / name))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(("terms", "at_once"), [({}, 200), ({"interval": 0.8, "draws": 20}, 50)], ids=str)
@pytest.mark.parametrize("out", ["scores", "scores.parquet"])
def test_several_row_groups_are_scored_at_a_time_but_with_intervals_one(
    model, log, tmp_path, monkeypatch, out, terms, at_once
):
    one_batch, sizes = job.score, []
    monkeypatch.setattr(parquet, "ROWS", 50)
    monkeypatch.setattr(job, "ROWS", 50)
    monkeypatch.setattr(job, "_AT_ONCE", 200)
    monkeypatch.setattr(job, "score", lambda asked, batch: sizes.append(batch.num_rows) or one_batch(asked, batch))
    few = log[log["customer_id"].isin(log["customer_id"].unique()[:230])]
    clv.score(model, few, tmp_path / out, horizon=26, **terms)
    assert sizes == [at_once] * (230 // at_once) + [230 % at_once]
    file = tmp_path / out / "part-00000-of-00001.parquet" if out == "scores" else tmp_path / out
    groups = pq.read_metadata(file)
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [50, 50, 50, 50, 30]


def test_what_cannot_be_read_leaves_what_was_finished(model, log, tmp_path):
    (tmp_path / "log.parquet").write_bytes(b"PAR1 no such thing PAR1")
    with pytest.raises(clv.InvalidInput, match="damaged"):
        clv.score(model, tmp_path / "log.parquet", tmp_path / "s")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.parquet"]


def test_the_manifest_says_no_more_than_it_should(model, log, tmp_path):
    clv.score(model, log, tmp_path / "s")
    told = json.loads((tmp_path / "s" / "_run" / "manifest.json").read_text())
    assert set(told) == {
        *("format", "version", "sha256", "model", "settings", "versions", "input"),
        *("observation_end", "known", "rejects", "parts"),
    }
    assert str(tmp_path) not in json.dumps(told)


# Intervals


def test_intervals_are_those_of_predict_but_for_the_noise_of_simulation(model, log, tmp_path):
    terms = {"interval": 0.8, "draws": 400, "horizon": 26}
    few = log[log["customer_id"].isin(log["customer_id"].unique()[:80])]
    one = clv.score(model, few, tmp_path / "one", partitions=1, **terms)
    file = clv.score(model, few, tmp_path / "file.parquet", **terms)
    found, again = pd.read_parquet(tmp_path / "one"), pd.read_parquet(tmp_path / "file.parquet")
    pd.testing.assert_frame_equal(found, again, check_exact=True)
    split = clv.score(model, few, tmp_path / "split", partitions=4, **terms)
    parted = pd.read_parquet(tmp_path / "split").sort_values("customer_id", ignore_index=True)
    wanted = expected_of(model, few, **terms).sort_values("customer_id", ignore_index=True)
    assert list(found) == list(wanted)
    simulated = ["clv_low", "clv_high", "expected_spend_low", "expected_spend_high"]
    for other in (parted, wanted):
        pd.testing.assert_frame_equal(
            found.drop(columns=simulated), other.drop(columns=simulated), rtol=1e-12, atol=0, check_dtype=False
        )
        assert not found["clv_high"].equals(other["clv_high"])
        assert found["clv_high"].sum() == pytest.approx(other["clv_high"].sum(), rel=0.1)
    assert (found["clv_low"] <= found["clv_high"]).all()
    for other in (file, split):
        low, high = one.totals.interval("clv", 0.8)
        assert other.totals.interval("clv", 0.8) == pytest.approx((low, high), rel=0.2)
    assert found["interval_source"].unique().tolist() == ["parameters as given"]


def test_intervals_of_a_fit_not_to_be_trusted_are_refused_before_anything_is_read(tmp_path):
    summary = pd.DataFrame({"frequency": [0, 1, 2], "recency": [0.0, 1, 2], "T": [3.0, 3, 3]})
    with pytest.warns(clv.ClvWarning):
        poor = clv.PurchaseModel("bg_nbd", time_unit="week").fit(summary)
    with pytest.raises(clv.NotAvailable):
        clv.score(poor, tmp_path / "nothing.csv", tmp_path / "s", interval=0.8)


def test_whole_periods_are_scored_from_their_summary_and_not_from_a_log(log, tmp_path):
    model = clv.PurchaseModel.from_parameters(
        "bg_bb", {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}, time_unit="week"
    )
    with pytest.raises(clv.InvalidInput, match="discrete_summary"):
        clv.score(model, log, tmp_path / "s")
    periods = clv.discrete_summary(log, "week", observation_end="1998-06-28", amount=None)
    clv.score(model, periods, tmp_path / "s.parquet")
    same(pd.read_parquet(tmp_path / "s.parquet"), scored_table(model, periods))


def purchases_of(family, **parameters):
    return clv.PurchaseModel.from_parameters(family, parameters, time_unit="week")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("recency", 5.0, "recency is not 0 though frequency is"),
        ("monetary_value", np.inf, "monetary_value is infinite"),
        ("share", np.nan, "the margin is missing, infinite or no number"),
        ("share", np.inf, "the margin is missing, infinite or no number"),
    ],
)
def test_rows_that_a_model_refuses_are_rejects(model, log, tmp_path, column, value, reason):
    summary = clv.rfm_summary(log).assign(share=0.3)
    bad = int(np.argmin(summary["frequency"]))
    assert summary["frequency"][bad] == 0
    changed = summary.copy()
    changed.loc[bad, column] = value
    with pytest.raises(clv.InvalidInput, match="1 of 393 customers violate it"):
        scored_table(model, changed, margin="share")
    report = clv.score(model, changed, tmp_path / "s.parquet", margin="share", columns=["clv"])
    assert report.counts.reasons == {reason: 1}
    expected = scored_table(model, summary.drop(index=bad), margin="share")[["customer_id", "clv"]]
    same(pd.read_parquet(tmp_path / "s.parquet"), expected)


def test_in_discrete_time_what_is_not_in_whole_periods_is_a_reject(tmp_path):
    model = purchases_of("bg_bb", alpha=1.2, beta=0.75, gamma=0.66, delta=2.8)
    summary = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d", "e"],
            "frequency": [1, 2, 0, 3, 1],
            "recency": [2.0, 2.5, 0.0, 2.0, 1.0],
            "T": [6.0, 6.0, 6.5, 6.0, 6.0],
        }
    )
    report = clv.score(model, summary, tmp_path / "s.parquet", observation_end="2024-06-30")
    assert pd.read_parquet(tmp_path / "s.parquet")["customer_id"].tolist() == ["a", "e"]
    assert report.counts.reasons == {
        "T is no whole number of periods": 1,
        "recency is no whole number of periods": 1,
        "frequency exceeds recency: two purchases a period": 1,
    }


def test_purchases_alone_are_scored_without_looking_at_the_money(log, tmp_path):
    model = purchases_of("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
    summary = clv.rfm_summary(log).assign(monetary_value=np.nan)
    report = clv.score(model, summary, tmp_path / "s.parquet")
    assert report.counts.customers_rejected == 0
    same(pd.read_parquet(tmp_path / "s.parquet"), scored_table(model, summary))
