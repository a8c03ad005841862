"""`clvmodels validate`: the page, the table beside it, what it says, and how it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = clv.load_cdnow(sample=True)
    log["customer_id"] = "=" + log["customer_id"]
    log.to_csv("log.csv", index=False)


@pytest.fixture
def refused(capsys):
    def run(*words: str) -> str:
        before = {p.name: p.read_bytes() for p in Path().iterdir()}
        assert cli.main(["validate", "log.csv", *words]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("clvmodels: ")
        assert said.err.count("\n") == 1
        assert {p.name: p.read_bytes() for p in Path().iterdir()} == before
        return said.err

    return run


@pytest.fixture
def one_picture(monkeypatch):
    """On the page, whose pictures take longer than all else: tests of reports draw them all."""
    from clvmodels.reports import pictures

    monkeypatch.setattr(pictures, "WANTED", pictures.WANTED[:1])


@pytest.fixture
def _few():
    """A fifth of the customers, and the log's last day."""
    log = pd.read_csv("log.csv")
    kept = (pd.factorize(log["customer_id"])[0] % 5 == 0) | (log["date"] == log["date"].max())
    log[kept].to_csv("log.csv", index=False)


@pytest.mark.usefixtures("one_picture")
def test_the_page_and_the_table(capsys):
    words = "--calibration-end 1997-09-30 --models nbd,bg_nbd --out report.html --scored scored.csv"
    assert cli.main(["validate", "log.csv", *words.split()]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert (
        "THE VERDICT\n  In short: do not put the total of BG/NBD into a plan as it stands; no simple rule" in said.out
    )
    assert "\n  BG/NBD forecast 1,653 purchases for the 39 weeks after 30 Sep 1997" in said.out
    assert max(map(len, said.out.splitlines())) <= 98
    lines = said.out[said.out.index("THE LEADING MEASURES") :].splitlines()
    assert [line.split("  ")[1] for line in lines if line.startswith(("  BG", "  NBD", "  Past"))] == [
        *("NBD", "BG/NBD", "Past rate"),
    ]
    assert "0.879" in next(line for line in lines if line.startswith("  BG/NBD"))
    assert "Wrote the page to report.html" in said.out
    assert "Wrote 2,357 customers to scored.csv" in said.out
    page = Path("report.html").read_text(encoding="utf-8")
    found = clv.validate(pd.read_csv("log.csv"), calibration_end="1997-09-30", models=["nbd", "bg_nbd"], n_resamples=2)
    assert "<dd>log.csv</dd>" in page
    assert found.verdict.split(" It ")[0] in page
    scored = pd.read_csv("scored.csv", dtype={"customer_id": str})
    assert scored["customer_id"].tolist() == found.scored["customer_id"].tolist(), "for machines: ids as they are"
    pd.testing.assert_series_equal(scored["expected_purchases_bg_nbd"], found.scored["expected_purchases_bg_nbd"])
    assert sorted(p.name for p in Path().iterdir()) == ["log.csv", "report.html", "scored.csv"]


@pytest.mark.usefixtures("one_picture", "_few")
def test_settings_file_and_parquet(capsys):
    Path("clvmodels.toml").write_text(
        'no_amount = true\n[validate]\nout = "page.html"\nscored = "s.parquet"\nmodels = "nbd"\n'
        "calibration_end = 1997-09-30\nholdout_end = 1997-12-31\ntime_unit = 'day'\n"
    )
    assert cli.main(["validate", "log.csv"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SETTINGS FILE clvmodels.toml\n")
    assert "for the 92 days after 30 Sep 1997" in said
    scored = pd.read_parquet("s.parquet")
    assert scored["duration_holdout"].unique().tolist() == [92.0]
    assert not [name for name in scored.columns if "spend" in name]
    assert "amount=None," in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--calibration-end 1997-09-30 --out report.pdf", "--out must end in .html; found report.pdf"),
        (
            "--calibration-end 1997-09-30 --out r.html --scored s.txt",
            "--scored must end in .csv or .parquet; found s.txt",
        ),
        ("--calibration-end 1997-09-30 --out nowhere/r.html", "there is no folder nowhere"),
        ("--calibration-end 1997-09-30 --out r.html --models bgnbd", "there is no model or baseline 'bgnbd'"),
        ("--calibration-end 1997-09-30 --out r.html --models bg_bb", "counts whole periods"),
        ("--calibration-end 1999-09-30 --out r.html", "calibration_end"),
        ("--calibration-end soon --out r.html", "calibration_end"),
        ("--calibration-end 1997-09-30 --out r.html --scored log.csv", "is the log itself"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(refused, words, message):
    assert message in refused(*words.split())


def test_without_jinja2_it_stops_before_any_work(monkeypatch, refused):
    from clvmodels.validation import validate

    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr(validate, "evaluate", lambda *given, **more: pytest.fail("nothing is to be fitted"))
    assert "pip install 'clvmodels[report]'" in refused("--calibration-end", "1997-09-30", "--out", "r.html")


@pytest.mark.usefixtures("one_picture", "_few")
def test_a_holdout_that_lasts_longer_than_the_log_is_told(capsys):
    words = "--calibration-end 1997-09-30 --holdout-end 2005-08-30 --models nbd --out report.html"
    assert cli.main(["validate", "log.csv", *words.split()]) == 0
    assert (
        "warning: the log ends on 1998-06-30, and the holdout is to last until 2005-08-30: no line is dated in 2,618 "
        "of its 2,891 days. If the log was taken on the earlier day, pass --holdout-end 1998-06-30, else every "
        "forecast looks too high"
    ) in capsys.readouterr().err


@pytest.mark.usefixtures("one_picture", "_few")
def test_when_the_page_cannot_be_made_there_is_no_table_either(monkeypatch, capsys):
    from clvmodels.reports import sections

    monkeypatch.setattr(sections, "customers", lambda found: 1 / 0)
    words = "--calibration-end 1997-09-30 --models nbd --out report.html --scored scored.csv"
    assert cli.main(["validate", "log.csv", *words.split()]) == 70
    assert "nothing was written" in capsys.readouterr().err
    assert [p.name for p in Path().iterdir()] == ["log.csv"]
