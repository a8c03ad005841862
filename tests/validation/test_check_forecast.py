"""A forecast of long ago against the log: what is counted, who is left out, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv


@pytest.fixture(scope="module")
def log():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def made(log):
    return clv.forecast(log, observation_end="1997-09-30", horizon=39)


@pytest.fixture(scope="module")
def scored(made):
    return made.scored


def score(found, name):
    return found.scores.set_index("metric")["value"][name]


def without_facts(frame):
    frame = frame.copy()
    frame.attrs = {}
    return frame


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet", "polars", "arrow"])
def test_cdnow_made_1882_purchases(log, scored, tmp_path, kind):
    """Fader, Hardie & Lee 2005: 1,882 transactions in the 39 weeks to 30 June 1998; Pareto/NBD said 1,665.5 (calc)."""
    import pyarrow as pa

    scored.to_csv(tmp_path / "scored.csv", index=False)
    scored.to_parquet(tmp_path / "scored.parquet", index=False)
    given = {
        "frame": scored,
        "csv": tmp_path / "scored.csv",
        "parquet": str(tmp_path / "scored.parquet"),
        "polars": pytest.importorskip("polars").from_pandas(scored),
        "arrow": pa.Table.from_pandas(scored),
    }[kind]
    found = clv.check_forecast(given, log)
    assert score(found, "purchases") == 1882
    assert score(found, "expected_purchases") == pytest.approx(1665.513, abs=0.01)
    assert score(found, "customers") == found.customers == 2357
    assert found.verdict.startswith(
        "The forecast of 30 Sep 1997 said 1,666 purchases in the 39 weeks that followed; its 2,357 customers made "
        "1,882 (the forecast was 11.5% too low)"
    )
    assert found.notes == ()
    assert (found.duration, found.time_unit, found.end.isoformat()) == (39.0, "week", "1998-06-30")
    assert type(found.scored) is type(given if kind in ("polars", "arrow") else scored)


def test_customers_of_one_history_tie_where_a_part_is_forecast_anew(log):
    """Rounding must not tell apart who has done the same."""
    longer = clv.forecast(log, observation_end="1997-09-30", horizon=104, amount=None, purchases="bg_nbd")
    found = clv.check_forecast(longer.scored, log, model=longer.model, amount=None)
    split = clv.calibration_holdout(log, calibration_end="1997-09-30", amount=None)
    whole = found.scored.merge(split, on="customer_id", validate="one_to_one")
    history = ["frequency", "recency", "T"]
    assert len(whole.drop_duplicates(history)) == len(whole.drop_duplicates([*history, "expected_purchases"]))


def test_no_sum_is_told_in_powers_of_ten(log):
    scored = clv.forecast(log, observation_end="1997-09-30", horizon=39, amount=None, purchases="bg_nbd").scored
    scored["expected_purchases"] *= 10
    told = clv.check_forecast(scored, log, amount=None).report()
    assert "expected purchases: 16,534" in told


def test_one_week_is_one_week(log):
    scored = clv.forecast(log, observation_end="1997-09-30", horizon=1, amount=None, purchases="bg_nbd").scored
    assert "purchases in the 1 week that followed" in clv.check_forecast(scored, log, amount=None).verdict


def test_counts_are_those_of_the_holdout(log, scored):
    split = clv.calibration_holdout(log, calibration_end="1997-09-30", holdout_end="1998-06-30")
    shuffled = scored.sample(frac=1, random_state=3)
    found = clv.check_forecast(shuffled, log).scored
    assert found["customer_id"].tolist() == shuffled["customer_id"].tolist()
    both = found.merge(split, on="customer_id", suffixes=("", "_known"))
    assert len(both) == len(split)
    assert (both["purchases_holdout"] == both["purchases_holdout_known"]).all()
    np.testing.assert_allclose(both["spend_holdout"], both["spend_holdout_known"])
    np.testing.assert_allclose(
        found["expected_spend_total"], shuffled["expected_purchases"] * shuffled["expected_spend"]
    )
    error = found["expected_purchases"] - found["purchases_holdout"]
    again = clv.check_forecast(shuffled, log)
    assert score(again, "mae_of_mean") == pytest.approx(error.abs().mean())
    assert score(again, "rmse") == pytest.approx(np.sqrt((error**2).mean()))
    assert score(again, "bias_ratio") == pytest.approx(1665.513 / 1882, abs=1e-5)
    assert score(again, "active") == (split["purchases_holdout"] > 0).sum()


def test_a_shorter_forecast_counts_to_its_own_end(log):
    short = clv.forecast(log, observation_end="1997-09-30", horizon=13, amount=None, purchases="bg_nbd").scored
    found = clv.check_forecast(short, log)
    split = clv.calibration_holdout(log, calibration_end="1997-09-30", holdout_end="1997-12-30")
    assert score(found, "purchases") == split["purchases_holdout"].sum()
    assert "spend" not in found.scores["metric"].to_list()


def test_a_part_of_a_day_is_told(log):
    part = clv.forecast(
        log, observation_end="1997-03-31", horizon=1 / 3, time_unit="year", amount=None, purchases="nbd"
    ).scored
    found = clv.check_forecast(part, log)
    assert found.end.isoformat() == "1997-07-31"  # 121.75 days
    assert "the horizon of 121.75 days is compared with 122 whole days" in found.notes


def test_predictions_say_the_rest_by_keyword_or_metadata(log, made):
    predicted = made.model.predict(made.summary, horizon=39)
    assert score(clv.check_forecast(predicted, log), "purchases") == 1882
    bare = without_facts(predicted)
    with pytest.raises(clv.InvalidInput, match=r"does not say its time_unit.*pass time_unit="):
        clv.check_forecast(bare, log)
    said = {"observation_end": "1997-09-30", "horizon": 39, "time_unit": "week"}
    assert score(clv.check_forecast(bare, log, **said), "purchases") == 1882
    with pytest.raises(clv.UnitMismatch, match="time_unit='day' was passed, the forecast says 'week'"):
        clv.check_forecast(predicted, log, time_unit="day")
    with pytest.raises(clv.InvalidInput, match="horizon=52 was passed"):
        clv.check_forecast(predicted, log, horizon=52)


# Who is compared


def test_identifiers_of_a_csv_file(log, scored, tmp_path):
    """Text such as 00004 stays text; whole numbers written to CSV come back as numbers and are still the same."""
    numbers = log.assign(customer_id=log["customer_id"].astype(int))
    texts = log.assign(customer_id=numbers["customer_id"].astype(str))
    forecast = clv.forecast(texts, observation_end="1997-09-30", horizon=39, purchases="nbd").scored
    forecast.to_csv(tmp_path / "scored.csv", index=False)
    for same in (numbers, texts):
        assert score(clv.check_forecast(tmp_path / "scored.csv", same), "purchases") == 1882
    assert score(clv.check_forecast(forecast, numbers), "purchases") == 1882
    floats = forecast.assign(customer_id=forecast["customer_id"].astype(float))
    assert score(clv.check_forecast(floats, texts), "purchases") == 1882
    short = forecast[forecast["customer_id"].str.len() < 5]  # '4' is not '00004'
    with pytest.raises(
        clv.InvalidInput, match=r"is among the 2,357 in the log.*begins with customer_id='1012', the log has"
    ):
        clv.check_forecast(short, log)


def test_customers_on_one_side_only_are_counted_and_named(log, scored):
    gone = log[~log["customer_id"].isin(["00004", "00021"])]
    found = clv.check_forecast(scored, gone)
    assert found.customers == 2355
    assert found.notes[0].startswith("left out: 2 customers of the forecast, not in the log until observation_end,")
    assert "customer_id='00004'" in found.notes[0]
    found = clv.check_forecast(scored[scored["customer_id"] != "00021"], log)
    assert found.customers == 2356
    assert found.notes[0].startswith("left out: 1 customer of the log until observation_end, not in the forecast,")
    late = pd.DataFrame({"customer_id": ["zz", "zz"], "date": ["1998-01-01", "1998-02-01"], "amount": [5.0, 5.0]})
    found = clv.check_forecast(scored, pd.concat([log[["customer_id", "date", "amount"]].astype({"date": str}), late]))
    assert found.notes[0].startswith("1 customer came later and made 2 purchases: ")
    assert score(found, "purchases") == 1882


# The part that is over


def test_a_log_that_ends_too_early_says_when_to_come_back(log, scored, made):
    early = log[pd.to_datetime(log["date"]) <= "1998-03-31"]
    with pytest.raises(clv.InvalidInput, match="of 1997-09-30 is over on 1998-06-30, and the log ends on 1998-03-31"):
        clv.check_forecast(scored, early)
    with pytest.raises(clv.InvalidInput, match="is over on 1998-06-30, and the log ends on 1997-06-30"):
        clv.check_forecast(scored, log[pd.to_datetime(log["date"]) <= "1997-06-30"])
    quiet = clv.check_forecast(scored, early, log_end="1998-06-30")
    assert quiet.end.isoformat() == "1998-06-30"
    split = clv.calibration_holdout(early, calibration_end="1997-09-30")
    assert score(quiet, "purchases") == split["purchases_holdout"].sum()


def test_the_verdict_is_true_at_the_edges(log, scored):
    later = clv.calibration_holdout(log, calibration_end="1997-09-30").set_index("customer_id")["purchases_holdout"]
    one = scored[scored["customer_id"] == later.index[later == 3][0]]
    exact = clv.check_forecast(one.assign(expected_purchases=3.0), log).verdict
    assert "its 1 customer made 3 (the forecast was right)" in exact
    endless = clv.check_forecast(one.assign(expected_purchases=np.inf), log).verdict
    assert "said inf purchases" in endless
    assert "(the forecast was too high)" in endless
    idle = scored[scored["customer_id"] == later.index[later == 0][0]]
    nothing = clv.check_forecast(idle.assign(expected_purchases=1.0), log).verdict
    assert "said 1 purchase in the 39 weeks that followed; its 1 customer made 0 (the forecast was too high)" in nothing


def test_with_the_model_the_part_that_is_over_is_forecast_anew(log, scored, made, tmp_path):
    early = log[pd.to_datetime(log["date"]) <= "1998-03-31"]
    made.model.save(tmp_path / "model.json")
    found = clv.check_forecast(scored, early, model=tmp_path / "model.json")
    assert found.duration == 26
    expected = made.model.purchases.expected_purchases(made.summary, horizon=26)
    assert score(found, "expected_purchases") == pytest.approx(expected.sum())
    assert score(found, "expected_purchases") > 1665.5 * 26 / 39  # they become rarer: no rule of three
    assert any("forecast anew with the model" in note for note in found.notes)
    for_ever = scored.assign(horizon=np.inf)
    for_ever.attrs = {}
    with pytest.raises(clv.InvalidInput, match="for ever is never over: pass model="):
        clv.check_forecast(for_ever, log)
    so_far = clv.check_forecast(for_ever, log, model=made.model)
    assert so_far.duration == 39
    assert "for ever has no end: the part until 1998-06-30 was forecast anew with the model" in so_far.notes
    # a forecast that is over is compared as it was made
    assert score(clv.check_forecast(scored, log, model=made.model.purchases), "expected_purchases") == pytest.approx(
        scored["expected_purchases"].sum()
    )


# Refusals


def test_what_is_no_forecast_is_refused(log, scored):
    with pytest.raises(clv.InvalidInput, match=r"columns customer_id and expected_purchases.*found customer_id, clv"):
        clv.check_forecast(scored[["customer_id", "clv"]], log)
    with pytest.raises(clv.InvalidInput, match="has no row"):
        clv.check_forecast(scored.head(0), log)
    with pytest.raises(clv.InvalidInput, match=r"horizon must be the same in every row.*2 values, first 39.0 and 52.0"):
        clv.check_forecast(scored.assign(horizon=np.where(np.arange(2357) < 5, 39.0, 52.0)), log)
    with pytest.raises(clv.InvalidInput, match="time_unit must be the same in every row; it is missing in 2,357"):
        clv.check_forecast(scored.assign(time_unit=None), log)
    with pytest.raises(clv.InvalidInput, match="repeat a customer_id"):
        clv.check_forecast(pd.concat([scored, scored]), log)
    with pytest.raises(clv.InvalidInput, match="expected_purchases must be a number of at least 0: 2357 of 2357"):
        clv.check_forecast(scored.assign(expected_purchases=-1.0), log)
    with pytest.raises(clv.InvalidInput, match="must be above 0; found 0"):
        clv.check_forecast(scored.assign(horizon=0.0), log)
    with pytest.raises(clv.InvalidInput, match="horizon must be one number"):
        clv.check_forecast(scored.assign(horizon="long"), log)
    with pytest.raises(clv.InvalidInput, match="time_unit must be one of"):
        clv.check_forecast(scored.assign(time_unit="fortnight"), log)
    with pytest.raises(clv.InvalidInput, match="beyond the calendar"):
        clv.check_forecast(scored.assign(horizon=1e9), log)
    with pytest.raises(clv.InvalidInput, match=r"found str|no model file|cannot read"):
        clv.check_forecast(scored, log, model="nothing.json")
    with pytest.raises(clv.InvalidInput, match="found float"):
        clv.check_forecast(scored, log, model=1.0)
    with pytest.raises(TypeError, match="colour"):
        clv.check_forecast(scored, log, colour="red")


def test_it_prints_and_shows_itself(log, scored):
    found = clv.check_forecast(scored, log[log["customer_id"] != "00004"])
    lines = str(found).splitlines()
    assert lines[0] == found.verdict
    assert "purchases: 1,881" in lines
    page = found._repr_html_()
    assert "<table" in page
    assert "customer_id=&#x27;00004&#x27;" in page
