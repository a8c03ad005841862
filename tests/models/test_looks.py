"""What models and reports show in a notebook: well-formed HTML that says what they hold and lets nothing through."""

from __future__ import annotations

import dataclasses
import warnings
from html.parser import HTMLParser

import pytest

import clvmodels as clv

HOSTILE = "<script>alert('x')</script>&\""


class Reader(HTMLParser):
    """Texts of an HTML fragment; every tag must be closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        assert all(name == "style" for name, _ in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


@pytest.fixture(scope="module")
def summary():
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def fitted(summary):
    return clv.CLVModel("bg_nbd", margin=0.3).fit(summary)


def shown(what) -> Reader:
    found = Reader(what._repr_html_())
    assert found.tags <= {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    assert "\n" not in repr(what)
    return found


def test_a_purchase_model_shows_parameters_intervals_and_verdict(fitted):
    """Estimates of Fader, Hardie & Lee (2005), standard errors of lifetimes' Quickstart."""
    texts = shown(fitted.purchases).texts
    assert "Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284; times in weeks" in texts
    start = texts.index("r")
    assert texts[start : start + 4] == ["r", "0.24259", "0.01256", "0.2192 to 0.2685"]
    for text in ("BG/NBD: when customers buy and leave", "✓ The fit has converged.", "-9,582.429", "2,357", "946"):
        assert text in texts
    assert "19,172.86" in texts  # 2·4 + 2·9582.4292


def test_a_spend_model_shows_its_correlation(fitted):
    texts = shown(fitted.spend).texts
    assert texts[texts.index("p") :][:2] == ["p", "6.2496"]
    assert any(text.startswith("0.114 (p-value") for text in texts)


def test_a_value_shows_both_and_its_terms(fitted):
    texts = shown(fitted).texts
    assert "discounted at 10 % a year; margin: 0.3" in texts
    assert texts.count("✓ The fit has converged.") == 2
    assert {"alpha", "q"} <= set(texts)


def test_a_report_shows_itself(fitted):
    texts = shown(fitted.purchases.fit_report).texts
    assert texts[0] == "✓ The fit has converged."
    assert "19,195.92" in texts


def test_a_fit_not_to_be_trusted_says_why_once(summary):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        model = clv.PurchaseModel("pareto_nbd").fit(summary.head(8))
    html = model._repr_html_()
    texts = shown(model).texts
    assert "✗ Do not trust this fit as it is:" in texts
    assert html.count("too few to learn from") == 1
    for warning in model.fit_report.warnings[1:]:
        assert warning in texts


def test_remarks_are_listed():
    summary = clv.rfm_summary(clv.load_cdnow())
    assert "left out of the fit, but still scored: repeaters with a mean spend of 0, 1 of them" in (
        shown(clv.SpendModel().fit(summary)).texts
    )


def test_what_is_not_fitted_says_what_to_do():
    for model in (clv.PurchaseModel("nbd"), clv.SpendModel(), clv.CLVModel()):
        texts = shown(model).texts
        assert "Not fitted yet: call fit(summary), with the summary that clvmodels.rfm_summary(log) gives." in texts
    assert any("time unit not known yet" in text for text in shown(clv.PurchaseModel("nbd")).texts)


def test_given_parameters_have_no_intervals():
    model = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    texts = shown(model).texts
    assert texts[texts.index("v") :][:2] == ["v", "15.44"]
    assert "The parameters were given, not estimated: there are no standard errors and there is no verdict." in texts


def test_parameters_without_an_error_show_a_dash(fitted):
    nothing = dataclasses.replace(
        fitted.purchases._fitted, covariance=fitted.purchases._fitted.covariance * float("nan")
    )
    model = clv.PurchaseModel("bg_nbd", time_unit="week")
    model._fitted = nothing
    texts = shown(model).texts
    assert texts[texts.index("r") :][:4] == ["r", "0.24259", "–", "–"]


def test_every_text_is_escaped(fitted):
    family = dataclasses.replace(fitted.purchases.family, title=HOSTILE, source=HOSTILE)
    report = dataclasses.replace(fitted.purchases.fit_report, verdict=HOSTILE, warnings=("<i>", HOSTILE + "2"))
    model = clv.PurchaseModel(family, time_unit="week")
    model._fitted = dataclasses.replace(fitted.purchases._fitted, report=report)
    for what in (model, report, clv.CLVModel(model, fitted.spend, margin=HOSTILE)):
        html = what._repr_html_()
        shown(what)
        for raw in ("<script", "<i>", '&"'):
            assert raw not in html
