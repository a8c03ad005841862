"""Several cutoffs: each sees only its past, and the means are those of single validations."""

import warnings

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import ClvWarning, InvalidInput
from clvmodels.validation.baselines import BASELINES

DATES = ["1997-06-30", "1997-09-30", "1997-12-31"]


@pytest.fixture(scope="module")
def found(cdnow):
    return clv.backtest(cdnow, cutoffs=DATES, horizon=13, models=["bg_nbd", "nbd"])


def test_each_cutoff_is_a_validation(found, cdnow):
    for day in (DATES[0], DATES[-1]):
        end = (pd.Timestamp(day) + pd.Timedelta(days=91)).date()
        alone = clv.validate(cdnow, calibration_end=day, holdout_end=end, models=["bg_nbd", "nbd"], n_resamples=2)
        rows = found.scores[found.scores["cutoff"] == pd.Timestamp(day)]
        expected = alone.scores[["model", "kind", "metric", "value"]]
        pd.testing.assert_frame_equal(rows.drop(columns="cutoff").reset_index(drop=True), expected)


def test_the_table_has_mean_and_spread(found):
    rows = found.scores[(found.scores["model"] == "bg_nbd") & (found.scores["metric"] == "log_score")]["value"]
    row = found.table[(found.table["model"] == "bg_nbd") & (found.table["metric"] == "log_score")].iloc[0]
    assert row["mean"] == pytest.approx(np.mean(rows))
    assert row["spread"] == pytest.approx(np.std(rows, ddof=1))
    assert row["n_cutoffs"] == 3
    assert set(found.table["model"]) == {"bg_nbd", "nbd", *BASELINES}


def test_the_future_changes_nothing(found, cdnow):
    dates = pd.to_datetime(cdnow["date"])
    last = pd.Timestamp("1997-09-30") + pd.Timedelta(days=91)
    # everybody spends a fortune on the day after the second holdout: only the third cutoff may know of it
    planted = pd.concat([cdnow.assign(date=dates), cdnow.assign(date=last + pd.Timedelta(days=1), amount=1e6)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClvWarning)  # such customers fit no model, and the third cutoff has to fit them
        again = clv.backtest(planted, cutoffs=DATES, horizon=13, models=["bg_nbd", "nbd"])
    early = found.scores["cutoff"] < pd.Timestamp("1997-12-31")
    pd.testing.assert_frame_equal(again.scores[early], found.scores[early])
    late = again.scores[~early]["value"].to_numpy()
    assert not np.allclose(late, found.scores[~early]["value"], equal_nan=True)


def test_forecasts_of_a_cutoff_do_not_depend_on_its_own_holdout(found, cdnow):
    dates = pd.to_datetime(cdnow["date"])
    planted = pd.concat([cdnow.assign(date=dates), cdnow.assign(date=pd.Timestamp("1998-01-05"), amount=5.0)])
    again = clv.backtest(planted, cutoffs=DATES, horizon=13, models=["bg_nbd", "nbd"])
    before, after = (
        backtest.scores[backtest.scores["metric"] == "bias_ratio"].set_index(["cutoff", "model"])["value"]
        * backtest.origins.set_index("cutoff")["purchases"].rename_axis("cutoff")
        for backtest in (found, again)
    )
    pd.testing.assert_series_equal(before, after, rtol=1e-12)  # the sums predicted


def test_cutoffs_lie_where_customers_are_known_from_observation_start_on(cdnow):
    # from the log's first day on there would be one in February, when nobody is known yet
    bought = {"observation_start": "1997-03-10", "amount": None}
    found = clv.backtest(cdnow, cutoffs=12, horizon=8, models=["nbd"], overlap=True, **bought)
    assert found.origins["cutoff"].min() == pd.Timestamp("1997-03-10") + pd.Timedelta(days=56)
    assert (found.origins["customers"] > 0).all()


def test_new_customers_are_counted_apart(cdnow):
    found = clv.backtest(cdnow, cutoffs=["1997-01-31", "1997-02-28"], horizon=4, models=["nbd"], amount=None)
    split = clv.calibration_holdout(cdnow, calibration_end="1997-01-31", holdout_end="1997-02-28")
    row = found.origins.iloc[0]
    assert row["customers"] == len(split)
    assert row["purchases"] == split["purchases_holdout"].sum()
    assert row["new_customers"] > 500
    assert row["new_customers_purchases"] >= row["new_customers"]


def test_best(found):
    means = found.table[found.table["metric"] == "log_score"].set_index("model")["mean"]
    assert found.best("log_score") == means.idxmin()
    assert found.best("spearman", baselines=False) in ("bg_nbd", "nbd")
    with pytest.raises(InvalidInput, match="nothing is chosen by mae_of_mean"):
        found.best("mae_of_mean")
    with pytest.raises(InvalidInput, match="no metric"):
        found.best("accuracy")


def test_half_and_double_are_not_right_on_average(found):
    from dataclasses import replace

    scores = found.scores.copy()
    of_bg, of_nbd = ((scores["metric"] == "bias_ratio") & (scores["model"] == name) for name in ("bg_nbd", "nbd"))
    scores.loc[of_bg, "value"], scores.loc[of_nbd, "value"] = [0.5, 1.5, 1.0], [0.9, 0.9, 0.9]
    assert replace(found, scores=scores).best("bias_ratio", baselines=False) == "nbd"


def test_in_words(found):
    assert "BG/NBD: forecast totals were off by" in found.verdict
    assert "in 3 holdouts." in found.verdict
    assert "beats every baseline" in found.verdict or "LOSES to" in found.verdict
    assert "means over 3 holdouts" in str(found)


def test_words_where_nothing_was_bought():
    days = pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01", "2024-08-01"])
    log = pd.DataFrame({"customer_id": [1, 1, 2, 2], "date": days})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClvWarning)  # of the fit
        found = clv.backtest(log, cutoffs=2, horizon=8, models="bg_nbd", amount=None)
    assert found.origins["purchases"].tolist() == [0, 1]
    assert "in 1 holdout; nothing was bought in 1 holdout. On average no baseline beats it." in found.verdict
    assert "inf" not in found.verdict
    assert repr(found).endswith(": 2 holdouts of 8 weeks")


def test_a_number_of_cutoffs_steps_back_from_the_end(cdnow):
    found = clv.backtest(cdnow, cutoffs=2, horizon=13, models=["nbd"])
    assert found.origins["holdout_end"].max() == pd.Timestamp("1998-06-30")
    with pytest.warns(ClvWarning, match="overlap"):
        clv.backtest(cdnow, cutoffs=3, horizon=26, models=["nbd"])


def test_the_log_may_be_said_to_end_earlier(cdnow):
    found = clv.backtest(cdnow, cutoffs=1, horizon=13, models=["nbd"], observation_end="1998-03-31")
    assert found.origins["holdout_end"].tolist() == [pd.Timestamp("1998-03-31")]


def test_horizons_in_other_units(cdnow):
    found = clv.backtest(cdnow, cutoffs=1, horizon=91, models=["nbd"], time_unit="day")
    weeks = clv.backtest(cdnow, cutoffs=1, horizon=13, models=["nbd"])
    assert found.origins.equals(weeks.origins)
    np.testing.assert_allclose(found.table["mean"], weeks.table["mean"], rtol=1e-6)


def test_progress(cdnow):
    steps = []
    clv.backtest(cdnow, cutoffs=["1997-09-30"], horizon=13, models=["nbd"], progress=steps.append)
    assert steps[0] == "1997-09-30: reading the log"
    assert "1997-09-30: fitting nbd" in steps


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cutoffs": ["1999-01-01"]}, "needs 91 days of holdout within the log"),
        ({"cutoffs": ["1997-09-30", "1997-10-30"]}, "holdouts overlap"),
        ({"horizon": 0}, "horizon must be a positive number of weeks"),
        ({"horizon": 78}, "leaves nothing to learn from"),
        ({"models": ["pareto"]}, "no model or baseline"),
    ],
)
def test_refusals(cdnow, settings, told):
    with pytest.raises(InvalidInput, match=told):
        clv.backtest(cdnow, **{"horizon": 13, "models": ["nbd"], **settings})


def test_a_model_that_knows_a_holdout_is_refused(cdnow):
    model = clv.PurchaseModel("nbd").fit(clv.rfm_summary(cdnow, observation_end="1997-10-31"))
    with pytest.raises(InvalidInput, match="fitted on purchases until 1997-10-31"):
        clv.backtest(cdnow, cutoffs=DATES, horizon=13, models=[model])
