"""Ages of log and model against today and the horizon: by hand, and with every source they may be told by."""

import warnings

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import freshness
from clvmodels.errors import ClvWarning, InvalidInput, NotFitted

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


@pytest.fixture(scope="module")
def model(cdnow_summary):
    return clv.PurchaseModel("bg_nbd").fit(cdnow_summary)


@pytest.fixture(scope="module")
def tested(cdnow):
    return clv.backtest(cdnow, cutoffs=2, horizon=13, models=["bg_nbd"])


def asked(*given, **more):
    """What was found, and what was warned of."""
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        found = freshness(*given, **more)
    assert all(warning.category is ClvWarning for warning in met)
    return found, [str(warning.message) for warning in met]


def test_fresh_says_so_and_warns_of_nothing(model, cdnow_summary):
    found, met = asked(model, cdnow_summary, horizon=20, today="1997-10-14")
    assert (found.log_age, found.model_age, found.gone) == (2.0, 2.0, 0.1)  # a tenth is not more than a tenth
    assert found.stale == ()
    assert met == []
    assert found.verdict.startswith("Fresh")
    assert "2 weeks ago" in str(found)


def test_a_stale_log(model, cdnow_summary):
    found, met = asked(model, cdnow_summary, horizon=20, today="1997-10-15")
    assert len(found.stale) == 1
    assert "log ends on 1997-09-30" in found.stale[0]
    assert met == [found.stale[0]]
    assert asked(model, cdnow_summary, horizon=20, today="1997-10-15", most=0.2)[1] == []


def test_an_old_model_with_a_new_log(model, cdnow):
    later = clv.rfm_summary(cdnow, time_unit="week", observation_end="1998-06-30")
    found, met = asked(model, later, horizon=26, today="1998-07-02")
    assert str(found.fitted_until) == "1997-09-30"
    assert str(found.log_end) == "1998-06-30"
    assert len(met) == 1
    assert "Fit it again" in met[0]
    assert asked(model, later, horizon=52, today="1998-07-02")[1] == []


def test_where_the_end_is_told(model, cdnow_summary, tmp_path):
    model.save(tmp_path / "model.json")
    loaded = clv.load_model(tmp_path / "model.json")
    assert str(asked(loaded, today="1997-10-01")[0].log_end) == "1997-09-30"
    scored = clv.CLVModel("bg_nbd").fit(cdnow_summary).predict(cdnow_summary)
    assert str(asked(model, scored, today="1997-10-01")[0].log_end) == "1997-09-30"
    bare = pd.DataFrame({"customer_id": ["a"], "observation_end": ["1997-10-05"]})
    assert str(asked(model, bare, today="1997-10-06")[0].log_end) == "1997-10-05"
    assert str(asked(model, observation_end="1997-10-05", today="1997-10-06")[0].log_end) == "1997-10-05"
    given = clv.PurchaseModel.from_parameters("bg_nbd", BG, "week")
    unknown, met = asked(given, today="2024-01-01")
    assert (unknown.log_end, unknown.gone, met) == (None, None, [])
    assert "not known" in str(unknown)


def test_today_is_that_of_the_computer(model):
    found, met = asked(model)
    assert found.today == pd.Timestamp.now().date()
    assert len(met) == 1  # a log of 1997


def test_a_backtest_tells_how_long(model, cdnow_summary, tested):
    found, met = asked(model, cdnow_summary, today="1997-10-01", horizon=52, backtest=tested)
    assert found.kept_for == 6.5
    assert "stayed good for 6.5 weeks" in met[0]
    assert asked(model, cdnow_summary, today="1997-10-01", horizon=6, backtest=tested, most=1)[1] == []
    other = clv.PurchaseModel("nbd").fit(cdnow_summary)
    assert asked(other, today="1997-10-01", horizon=52, backtest=tested)[0].kept_for is None


def test_refusals(model, cdnow_summary, tested):
    for wrong in (0, -1, float("inf"), float("nan"), "x"):
        with pytest.raises(InvalidInput, match="horizon"):
            freshness(model, horizon=wrong, today="1997-10-01")
    for wrong in (-0.1, float("nan"), True, "a"):
        with pytest.raises(InvalidInput, match="most"):
            freshness(model, most=wrong, today="1997-10-01")
    with pytest.raises(InvalidInput, match="today"):
        freshness(model, today="yesterday")
    with pytest.raises(InvalidInput, match="differs"):
        freshness(model, cdnow_summary, observation_end="1997-10-01", today="1997-10-01")
    with pytest.raises(NotFitted):
        freshness(clv.PurchaseModel("nbd"))
    with pytest.raises(InvalidInput, match="model must be"):
        freshness(cdnow_summary)
    daily = clv.PurchaseModel.from_parameters("bg_nbd", BG, "day")
    with pytest.raises(InvalidInput, match="weeks"):
        freshness(daily, backtest=tested, today="1997-10-01")
