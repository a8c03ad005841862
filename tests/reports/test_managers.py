"""The section for managers: there if asked for, with its numbers, and what comes from the data escaped and guarded."""

import re
from dataclasses import replace
from html import unescape

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.reports import report as reports
from clvmodels.reports.managers import section
from clvmodels.reports.report import page

from .conftest import NASTY


@pytest.fixture
def without_other_pictures(monkeypatch):
    """Pages with no pictures but those of the section, which takes a tenth of the time."""
    monkeypatch.setattr(reports, "pictures", lambda found: ([], []))


@pytest.mark.usefixtures("without_other_pictures")
def test_it_is_there_only_with_an_overview(found, worth):
    without, html = page(found), page(found, None, worth)
    assert 'id="managers"' not in without
    assert "For managers" not in without
    assert 'href="#managers"' in html
    plain = html.replace("\N{NO-BREAK SPACE}%", " %")
    for told in (f"{worth.equity.total:,.0f}", "top 5 %", "rule of thumb", "At risk", "30 Jun 1998"):
        assert told in plain
    assert (without.count("<figure>"), html.count("<figure>")) == (0, 2)
    assert html.count("<caption>") == html.count("<table")
    assert all(len(alt) > 60 for alt in re.findall(r'alt="(.*?)"', html))
    call = unescape(html).split("worth = clv.economics.overview_after(")[1].split("</code>")[0]
    for term in ("annual_discount_rate=0.1", "margin=0.3", "acquisition_cost=10.0", "interval=0.9", "refunds='net'"):
        assert f"    {term}," in call
    assert "overview=worth)" in call


def test_tables_and_sentences_are_those_of_the_overview(worth):
    shown = section(worth)
    assert shown.sentences == worth.told()
    equity, tiers = shown.tables
    assert [row[2].value for row in equity.rows] == worth.equity.table["equity"].tolist()
    assert equity.header[3:5] == ("from", "to")
    assert [row[3].value for row in tiers.rows] == worth.tiers["value"].tolist()
    (risky,) = shown.at_risk
    assert [row[1].value for row in risky.rows] == worth.at_risk["clv"].tolist()
    assert [row[3].text for row in risky.rows] == worth.at_risk["falls_below_on"].astype(str).tolist()
    assert [picture.heading for picture in shown.pictures] == [
        "How value is spread over customers",
        "Where the value lies",
    ]
    assert all("How to read it" in picture.reading for picture in shown.pictures)


def test_revenue_is_not_held_against_costs(worth):
    revenue = replace(worth, equity=replace(worth.equity, margin=1.0))
    told = " ".join(section(revenue).sentences)
    assert "It is revenue (margin 1), no profit" in told
    assert "cannot be told of revenue: give the margin" in told
    assert "rule of thumb" not in told
    assert "(revenue in the year ahead)" in section(revenue).tables[0].caption


def test_it_says_what_was_assumed_and_by_which_model(worth):
    told = " ".join(worth.told())
    assert f"those of {worth.model}, of the models compared the one that forecast the holdout best" in told
    assert "at a margin of 30 %" in told
    assert section(worth).tables[0].header[0] == "Month of the first purchase"
    assert ("takes all" in told) == bool((worth.scored["p_alive"][worth.scored["p_alive"] == 1]).any())


def test_the_same_pictures_each_time(worth):
    assert section(worth).pictures == section(worth).pictures


@pytest.mark.usefixtures("without_other_pictures")
def test_ids_and_groups_that_mean_harm(found, worth):
    ids = (NASTY * 2)[: len(worth.at_risk)]
    table = worth.equity.table.assign(group=["<b>1</b>", "=1+1", "{{7*7}}", "all"][: len(worth.equity.table)])
    nasty = replace(worth, at_risk=worth.at_risk.assign(customer_id=ids), equity=replace(worth.equity, table=table))
    html = page(found, None, nasty)
    for harmful in ("<script>document", "<b>1</b>", '"><img', "<svg onload"):
        assert harmful not in html
    assert "&#39;=1+1" in html
    assert "An apostrophe before an id" in html


def test_nobody_at_risk_no_costs_and_nothing_worth(worth):
    bare = section(replace(worth, at_risk=worth.at_risk.head(0), at_risk_customers=0, acquisition_cost=None))
    assert bare.at_risk == []
    assert not any("rule of thumb" in sentence for sentence in bare.sentences)
    worthless = section(replace(worth, scored=worth.scored.assign(clv=0.0)))
    assert "How value is spread" in worthless.not_drawn[0]


def test_what_is_no_overview_is_refused(found, tmp_path):
    with pytest.raises(InvalidInput, match="overview"):
        clv.report(found, tmp_path / "x.html", overview=found)
    assert not list(tmp_path.iterdir())
