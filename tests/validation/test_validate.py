"""A validation from a log: published numbers, what it may know, and what it refuses."""

import warnings

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import ClvError, InvalidInput, NotEnoughData
from clvmodels.validation.baselines import BASELINES
from clvmodels.validation.metrics import catalogue

ONE = {"models": ["bg_nbd"], "n_resamples": 2}  # where errors of scores are not looked at


def value(found, model, metric):
    rows = found.scores[(found.scores["model"] == model) & (found.scores["metric"] == metric)]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


def test_totals_of_cdnow(cdnow_validation):
    # 1,882 purchases, and the sums of conditional expectations computed independently: 1665.513 and 1653.409
    assert cdnow_validation.actual.sum() == 1882
    assert cdnow_validation.scored["expected_purchases_pareto_nbd"].sum() == pytest.approx(1665.513, abs=0.01)
    assert cdnow_validation.scored["expected_purchases_bg_nbd"].sum() == pytest.approx(1653.409, abs=0.01)
    assert value(cdnow_validation, "pareto_nbd", "bias_ratio") == pytest.approx(1665.513 / 1882, abs=1e-5)


def test_the_verdict_says_it_in_words(cdnow_validation):
    first = cdnow_validation.verdict.split("\n")[0]
    start = "forecast 1,666 purchases for the 39 weeks after 30 Sep 1997; customers made 1,882 (-11.5 %)."
    assert any(start in line for line in cdnow_validation.verdict.split("\n"))
    assert "beats" in first or "LOSES" in first or "level" in first


def test_two_models_of_a_family_are_told_apart_in_words(cdnow):
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    found = clv.validate(cdnow, calibration_end="1997-09-30", models={"new": "nbd", "old": given}, n_resamples=2)
    assert found.titles["new"] == "NBD (new)"
    assert sorted(line.split(" forecast ")[0] for line in found.verdict.split("\n")) == ["NBD (new)", "NBD (old)"]
    for told in (found._repr_html_(), repr(clv.backtest(cdnow, horizon=26, cutoffs=1, models=found.models).titles)):
        assert "NBD (new)" in told
        assert "NBD (old)" in told


def test_everybody_has_a_row_and_every_forecaster_columns(cdnow_validation, cdnow):
    scored = cdnow_validation.scored
    split = clv.calibration_holdout(cdnow, calibration_end="1997-09-30")
    pd.testing.assert_frame_equal(scored[list(split.columns)], split)
    for name in ("pareto_nbd", "bg_nbd", *BASELINES):
        assert np.isfinite(scored[f"expected_purchases_{name}"]).all()
        assert np.isfinite(scored[f"expected_spend_total_{name}"]).all()
    assert (scored["low_95_bg_nbd"] <= scored["median_purchases_bg_nbd"]).all()
    assert (scored["median_purchases_bg_nbd"] <= scored["high_95_bg_nbd"]).all()


def test_columns_are_what_the_models_say(cdnow_validation):
    scored, model = cdnow_validation.scored, cdnow_validation.models["bg_nbd"]
    np.testing.assert_array_equal(scored["p_alive_bg_nbd"], model.p_alive(scored))
    np.testing.assert_array_equal(scored["expected_purchases_bg_nbd"], model.expected_purchases(scored, 39.0))
    np.testing.assert_array_equal(scored["median_purchases_bg_nbd"], model.purchase_quantile(scored, 0.5, horizon=39.0))
    np.testing.assert_allclose(
        scored["probability_of_purchase_bg_nbd"], model.probability_of_purchase(scored, 39.0), rtol=1e-9
    )
    spend = cdnow_validation.spends["bg_nbd"].expected_spend(scored)
    np.testing.assert_allclose(
        scored["expected_spend_total_bg_nbd"], scored["expected_purchases_bg_nbd"] * spend, rtol=1e-14
    )


def test_holdout_errors_of_the_sample(cdnow_validation):
    said = cdnow_validation.predicted["pareto_nbd"]
    actual = cdnow_validation.actual
    assert value(cdnow_validation, "pareto_nbd", "mae") == pytest.approx(
        np.mean(np.abs(said.distribution.median - actual))
    )
    assert value(cdnow_validation, "pareto_nbd", "rmse") == pytest.approx(
        np.sqrt(np.mean((said.expected - actual) ** 2))
    )


def test_every_metric_stands_in_the_table_with_an_error(cdnow_validation):
    scores = cdnow_validation.scores
    assert set(scores["metric"]) == set(catalogue.METRICS)
    assert not scores.duplicated(["model", "metric"]).any()
    models = scores[scores["kind"] == "model"].set_index("metric")
    assert models["value"].notna().all()
    assert (models.loc[["bias_ratio", "log_score", "poisson_deviance", "spearman"], "standard_error"] > 0).all()


def test_the_future_beyond_the_holdout_changes_nothing(cdnow, cdnow_validation):
    later = cdnow.assign(date=pd.to_datetime(cdnow["date"]))
    planted = pd.concat([later, later.assign(date=pd.Timestamp("1999-01-01"), amount=1e6)])
    found = clv.validate(
        planted, calibration_end="1997-09-30", holdout_end="1998-06-30", models=["pareto_nbd", "bg_nbd"]
    )
    pd.testing.assert_frame_equal(found.scores, cdnow_validation.scores)
    pd.testing.assert_frame_equal(found.scored, cdnow_validation.scored)


def test_forecasts_do_not_see_the_holdout(cdnow, cdnow_validation):
    dates = pd.to_datetime(cdnow["date"])
    planted = pd.concat([cdnow.assign(date=dates), cdnow.assign(date=pd.Timestamp("1998-03-03"), amount=1e6)])
    found = clv.validate(planted, calibration_end="1997-09-30", holdout_end="1998-06-30", **ONE)
    for name, said in found.predicted.items():
        np.testing.assert_array_equal(said.expected, cdnow_validation.predicted[name].expected)
        np.testing.assert_array_equal(said.expected_spend_total, cdnow_validation.predicted[name].expected_spend_total)
    assert found.actual.sum() > 1882


def test_customers_of_the_holdout_are_told_apart(cdnow):
    found = clv.validate(cdnow, calibration_end="1997-02-28", holdout_end="1997-05-31", models=["nbd"], n_resamples=2)
    assert len(found.scored) == 1638
    assert found.split.new_customers == 719
    assert "by 719 customers who first bought in the holdout" in found.verdict


def test_without_money(cdnow):
    found = clv.validate(cdnow[["customer_id", "date"]], calibration_end="1997-09-30", amount=None, **ONE)
    assert found.spends == {}
    assert not [metric for metric in found.scores["metric"] if metric.startswith("spend")]
    assert not [name for name in found.scored.columns if "spend" in name]


def test_any_kind_of_log_gives_the_same(cdnow, cdnow_validation, tmp_path):
    import polars as pl

    path = tmp_path / "log.csv"
    cdnow.to_csv(path, index=False)
    for log in (pl.from_pandas(cdnow), str(path)):
        found = clv.validate(log, calibration_end="1997-09-30", **ONE)
        same = cdnow_validation.scores[cdnow_validation.scores["model"].isin(found.scores["model"])]
        columns = ["model", "kind", "metric", "value"]
        pd.testing.assert_frame_equal(found.scores[columns], same[columns].reset_index(drop=True), check_exact=True)


def test_given_parameters_are_validated_as_they_are(cdnow):
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    found = clv.validate(cdnow, calibration_end="1997-09-30", models={"by hand": model}, n_resamples=2)
    assert found.names == ["by hand"]
    assert found.models["by hand"] is model


def test_a_fitted_pair_brings_its_own_spend(cdnow, cdnow_validation):
    split = clv.calibration_holdout(cdnow, calibration_end="1997-09-30")
    pair = clv.CLVModel("bg_nbd", "gamma_gamma").fit(split)
    found = clv.validate(cdnow, calibration_end="1997-09-30", models=[pair], n_resamples=2)
    assert found.spends["bg_nbd"] is pair.spend
    np.testing.assert_allclose(
        found.scored["expected_spend_total_bg_nbd"], cdnow_validation.scored["expected_spend_total_bg_nbd"]
    )


def test_a_family_without_probabilities_shows_dashes(cdnow):
    from dataclasses import replace

    family = replace(clv.PurchaseModel("nbd").family, name="bare", title="Bare", conditional_purchase_pmf=None)
    found = clv.validate(cdnow, calibration_end="1997-09-30", models=[family], n_resamples=2)
    scores = found.scores[found.scores["model"] == "bare"].set_index("metric")["value"]
    assert scores[["log_score", "crps", "coverage_95"]].isna().all()
    assert scores[["bias_ratio", "poisson_deviance", "spearman"]].notna().all()
    assert "—" in str(found)
    assert "does not provide the probabilities" in found.predicted["bare"].note
    with pytest.raises(InvalidInput, match="no model here has log_score"):
        found.best("log_score", baselines=False)


def test_best(cdnow_validation):
    scores = cdnow_validation.scores
    rows = scores[(scores["metric"] == "log_score") & (scores["kind"] == "model")].set_index("model")["value"]
    assert cdnow_validation.best("log_score", baselines=False) == rows.idxmin()
    with pytest.raises(InvalidInput, match="nothing is chosen by mae"):
        cdnow_validation.best("mae")
    with pytest.raises(InvalidInput, match="spearman"):
        cdnow_validation.best("spaerman")


def test_its_look_in_a_notebook_escapes_names(cdnow):
    found = clv.validate(cdnow, calibration_end="1997-09-30", models={"<script>": "nbd"}, n_resamples=2)
    assert "<script>" not in found._repr_html_()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"calibration_end": "1996-01-01"}, "no line with a customer and a date on or before"),
        ({"calibration_end": "1999-01-01"}, "the holdout is empty"),
        ({"calibration_end": "1997-09-30", "holdout_end": "1997-09-30"}, "must be later than calibration_end"),
        ({"calibration_end": "1997-09-30", "holdout_end": "1997-06-30"}, "must be later than calibration_end"),
        ({"calibration_end": "1997-09-30", "models": ["pareto"]}, "no model or baseline 'pareto'"),
        ({"calibration_end": "1997-09-30", "models": ["bg_bb"]}, "whole periods"),
        ({"calibration_end": "1997-09-30", "spend": "none"}, "expected one of gamma_gamma"),
        ({"calibration_end": "1997-09-30", "time_unit": "fortnight"}, "time_unit must be one of"),
    ],
)
def test_refusals(cdnow, settings, told):
    with pytest.raises(ClvError, match=told):
        clv.validate(cdnow, **settings)


def test_a_misspelt_keyword_is_refused(cdnow):
    with pytest.raises(TypeError, match="unexpected keyword argument 'costumer_id'"):
        clv.validate(cdnow, calibration_end="1997-09-30", costumer_id="x")


def test_nobody_came_back(cdnow):
    first = cdnow.drop_duplicates("customer_id")
    late = first.head(1).assign(date=pd.Timestamp("1998-01-01").date())
    with pytest.raises(NotEnoughData, match=r"nobody|came back|repeat"):
        clv.validate(pd.concat([first, late]).astype({"date": "datetime64[us]"}), calibration_end="1997-09-30")


def test_progress_names_each_step(cdnow):
    steps = []
    clv.validate(cdnow, calibration_end="1997-09-30", models=["nbd"], n_resamples=2, progress=steps.append)
    assert steps == [
        "reading the log",
        "fitting nbd",
        "forecasting with nbd",
        "baselines",
        "scores and comparisons",
        "week by week",
        "intervals",
    ]


def test_no_warning_on_the_running_example(cdnow):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clv.validate(cdnow, calibration_end="1997-09-30", models=["nbd"])


def test_tracking_ends_where_the_customers_did(cdnow_validation):
    # weekly values of R's BTYD for weeks 20 to 25 are in test_tracking.py
    last = cdnow_validation.tracking.groupby("model").last()
    assert set(last.index) == {"pareto_nbd", "bg_nbd"}
    assert last["actual_cumulative"].tolist() == [2457 + 1882] * 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n_resamples": "a"}, "n_resamples must be a whole number, 2 or more; found 'a'"),
        ({"n_resamples": None}, "found None"),
        ({"seed": None}, "seed must be a whole number of at least 0; found None"),
        ({"seed": -1}, "found -1"),
        ({"seed": "x"}, "found 'x'"),
        ({"progress": False}, "progress must be a function .* found False"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_any_fit(cdnow, asked, told):
    with pytest.raises(InvalidInput, match=told):
        clv.validate(cdnow, calibration_end="1997-09-30", **asked)


def test_a_misspelt_keyword_is_told_in_the_name_of_the_function_called(cdnow):
    with pytest.raises(TypeError, match=r"validate\(\) got an unexpected keyword argument 'amuont'"):
        clv.validate(cdnow, calibration_end="1997-09-30", amuont=None)
    with pytest.raises(TypeError, match=r"check_forecast\(\) got an unexpected keyword argument 'calibration_end'"):
        clv.check_forecast(cdnow, cdnow, calibration_end="1997-09-30")
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    with pytest.raises(TypeError, match=r"drift\(\) got an unexpected keyword argument 'amuont'"):
        clv.drift(model, cdnow, amuont=None)
    with pytest.raises(InvalidInput, match="seed must be a whole number of at least 0; found -1"):
        clv.drift(model, cdnow, seed=-1)


def test_what_is_no_name_is_refused(cdnow_validation):
    with pytest.raises(InvalidInput, match=r"metrics must be a list of names.*found 5"):
        cdnow_validation.table(5)
    with pytest.raises(InvalidInput, match="there is no forecast"):
        cdnow_validation.arrays(["bg_nbd"])
