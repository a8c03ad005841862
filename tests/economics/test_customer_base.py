"""The overview says what its parts say, each asked by itself."""

import math

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import (
    at_risk,
    cohorts_of,
    customer_equity,
    overview,
    overview_after,
    tier_table,
    top_share,
    value_tiers,
)
from clvmodels.errors import InvalidInput, NotAvailable, NotFitted


@pytest.fixture(scope="module")
def found(cdnow_model, cdnow_summary):
    return overview(cdnow_model, cdnow_summary, horizon=26, acquisition_cost=5, interval=0.9, draws=50)


def test_the_parts_are_those_of_their_functions(found, cdnow_model, cdnow_summary):
    scored = cdnow_model.predict(cdnow_summary, 26)
    pd.testing.assert_frame_equal(found.scored, scored)
    alone = customer_equity(
        cdnow_model, cdnow_summary, horizon=26, by=cohorts_of(cdnow_summary), interval=0.9, draws=50
    )
    pd.testing.assert_frame_equal(found.equity.table, alone.table)
    pd.testing.assert_frame_equal(found.tiers, tier_table(scored))
    pd.testing.assert_series_equal(found.tier, value_tiers(scored))
    assert found.top_share == top_share(scored)
    purchases = cdnow_model.purchases.discounted_expected_purchases(cdnow_summary)
    value = 0.30 * purchases * cdnow_model.spend.expected_spend(cdnow_summary)
    assert found.whole_life == pytest.approx(value.sum(), rel=1e-9)
    month = 365.25 / 7 / 12
    everybody = at_risk(cdnow_model, cdnow_summary, within=month, horizon=26)
    assert found.at_risk_customers == len(everybody)
    assert found.at_risk_value == pytest.approx(everybody["clv"].sum())
    assert found.at_risk["customer_id"].tolist() == everybody["customer_id"].head(10).tolist()


def test_a_new_customer_by_hand(found, cdnow_model):
    repeats = cdnow_model.purchases.new_customer().discounted_expected_purchases(26, 0.10)
    by_hand = 0.30 * cdnow_model.spend.population_mean * (1 + float(repeats))
    assert found.new_customer == pytest.approx(by_hand, rel=1e-12)
    assert found.ltv_to_cac == pytest.approx(by_hand / 5, rel=1e-12)


def test_it_says_so_in_words(found):
    text = str(found)
    assert "3 : 1 that is a rule of thumb" in text
    assert "At risk, the dearest first" in text
    assert "a probability of 90 %" in text
    assert "00:00:00" not in text
    assert "<table" in found._repr_html_()


def test_rates_margins_and_groups_are_handed_on(cdnow_model, cdnow_summary):
    groups = np.where(np.arange(len(cdnow_summary)) % 2, "odd", "even")
    found = overview(cdnow_model, cdnow_summary, horizon=26, by=groups, annual_discount_rate=0.2, margin=0.5, most=0)
    assert found.equity.table["group"].tolist() == ["even", "odd", "all"]
    scored = cdnow_model.predict(cdnow_summary, 26, annual_discount_rate=0.2, margin=0.5)
    assert found.equity.total == pytest.approx(scored["clv"].sum())
    assert len(found.at_risk) == 0
    assert found.at_risk_customers > 0
    assert found.ltv_to_cac is None


def test_margins_of_their_own(cdnow_model, cdnow_summary):
    own = cdnow_summary.assign(share=np.linspace(0.1, 0.5, len(cdnow_summary)))
    found = overview(cdnow_model, own, margin="share")
    plain = overview(cdnow_model, cdnow_summary, margin=0.3)
    assert found.new_customer == pytest.approx(plain.new_customer, rel=1e-9)
    assert "mean margin" in found.notes[-1]


def test_many_months_are_told_by_year(cdnow_model):
    log = clv.load_cdnow(sample=True)
    first = pd.to_datetime(log["date"]).min()
    early = pd.DataFrame(
        {"customer_id": ["early", "early"], "date": ["1994-05-01", "1995-01-01"], "amount": [1.0, 2.0]}
    )
    for month in range(24):
        day = (pd.Timestamp("1994-05-01") + pd.DateOffset(months=month)).date().isoformat()
        early.loc[len(early)] = [f"c{month}", day, 5.0]
    both = pd.concat([log[["customer_id", "date", "amount"]], early.astype({"date": log["date"].dtype})])
    assert pd.to_datetime(early["date"]).min() < first
    summary = clv.rfm_summary(both, time_unit="week", observation_end="1997-09-30")
    assert overview(cdnow_model, summary).equity.table["group"].tolist() == ["1994", "1995", "1996", "1997", "all"]


def test_no_customers_are_no_error(cdnow_model, cdnow_summary):
    found = overview(cdnow_model, cdnow_summary.head(0), acquisition_cost=10)
    assert found.equity.total == 0
    assert found.at_risk_customers == 0
    assert math.isnan(found.top_share)
    assert str(found)


@pytest.mark.parametrize("kind", ["polars", "arrow"])
def test_other_frames(kind, cdnow_model, cdnow_summary, found):
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(cdnow_summary)
    frame = frame.to_arrow() if kind == "arrow" else frame
    other = overview(cdnow_model, frame, horizon=26, acquisition_cost=5)
    assert other.equity.total == pytest.approx(found.equity.total)
    assert other.at_risk["customer_id"].tolist() == found.at_risk["customer_id"].tolist()


def test_refusals(cdnow_model, cdnow_summary):
    with pytest.raises(InvalidInput, match="acquisition_cost"):
        overview(cdnow_model, cdnow_summary, acquisition_cost=-1)
    with pytest.raises(InvalidInput, match="finite"):
        overview(cdnow_model, cdnow_summary, horizon=math.inf)
    with pytest.raises(InvalidInput, match="most"):
        overview(cdnow_model, cdnow_summary, most=-1)
    with pytest.raises(InvalidInput, match="CLVModel"):
        overview(cdnow_model.purchases, cdnow_summary)
    with pytest.raises(NotFitted):
        overview(clv.CLVModel("bg_nbd"), cdnow_summary)


def test_after_a_validation(cdnow):
    found = clv.validate(cdnow, calibration_end="1997-09-30", models=["nbd", "bg_nbd"], n_resamples=2)
    ahead = overview_after(found, cdnow, margin=0.3, interval=None, annual_discount_rate=0.15)
    summary = clv.rfm_summary(cdnow, time_unit="week", observation_end="1998-06-30")
    model = clv.CLVModel("bg_nbd", margin=0.3, annual_discount_rate=0.15).fit(summary)
    assert ahead.equity.total == pytest.approx(model.predict(summary)["clv"].sum(), rel=1e-9)
    assert ahead.equity.observation_end == "1998-06-30"
    with pytest.raises(InvalidInput, match="validation"):
        overview_after(None, cdnow)
    with pytest.raises(TypeError, match="overview_after"):
        overview_after(found, cdnow, amonut="amount")


def test_a_log_without_money(cdnow):
    log = cdnow[["customer_id", "date"]]
    found = clv.validate(log, calibration_end="1997-09-30", models=["nbd"], amount=None, n_resamples=2)
    with pytest.raises(NotAvailable, match="no money"):
        overview_after(found, log, amount=None)
