"""What comes back has the kind, the names, the index and the order of what went in."""

from __future__ import annotations

import json
import math
import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels import frames

FACTS = {"time_unit": "week", "observation_end": "1997-09-30"}
HORIZONS = [1.0, 39.0, 0.0, 52.5, 2.0]
SCORED = ["customer_id", "p_alive", "expected_purchases", "expected_spend", "clv"]


def summary() -> pd.DataFrame:
    """Five customers, neither their ids nor their rows in order."""
    found = pd.DataFrame(
        {
            "customer_id": ["0042", "0007", "1000", "0001", "0900"],
            "frequency": [2, 0, 7, 1, 3],
            "recency": [30.5, 0.0, 38.0, 2.0, 20.0],
            "T": [38.5, 30.0, 38.5, 35.0, 29.0],
            "monetary_value": [22.5, math.nan, 12.25, 80.0, 35.0],
            "ahead": HORIZONS,
            "share": [0.1, 0.2, 0.3, 0.0, -0.1],
        }
    )
    found.attrs = {"clvmodels": json.dumps(FACTS)}
    return found


MAKE = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": lambda frame: frames.attach_facts(pa.Table.from_pandas(frame, preserve_index=False), FACTS),
    "batch": lambda frame: pa.RecordBatch.from_pandas(frame, preserve_index=False),
}
SERIES = {"pandas": pd.Series, "polars": pl.Series, "arrow": pa.Array, "batch": pa.Array}
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.Table, "batch": pa.Table}


@pytest.fixture(scope="module")
def model():
    return clv.PurchaseModel.from_parameters(
        "pareto_nbd", {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669}, time_unit="week"
    )


@pytest.fixture(scope="module")
def spend():
    return clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})


@pytest.fixture(scope="module")
def whole(model, spend):
    return clv.CLVModel(model, spend, margin=0.3)


QUESTIONS = {
    "p_alive": lambda m, s: m.p_alive(s),
    "p_alive_if_no_purchase": lambda m, s: m.p_alive_if_no_purchase(s, until=4),
    "expected_purchases": lambda m, s: m.expected_purchases(s, horizon=39),
    "purchase_pmf": lambda m, s: m.purchase_pmf(s, 2, horizon=39),
    "probability_of_purchase": lambda m, s: m.probability_of_purchase(s, horizon=39),
    "discounted_expected_purchases": lambda m, s: m.discounted_expected_purchases(s),
    "log_likelihood": lambda m, s: m.log_likelihood(s),
}


def listed(values):
    return values.to_pylist() if hasattr(values, "to_pylist") else list(values)


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("name", QUESTIONS)
def test_one_value_a_customer_in_the_callers_kind(name, kind, model):
    found = QUESTIONS[name](model, MAKE[kind](summary()))
    assert isinstance(found, SERIES[kind])
    assert listed(found) == listed(QUESTIONS[name](model, summary()))
    if kind in ("pandas", "polars"):
        assert found.name == name


@pytest.mark.parametrize("kind", MAKE)
def test_spend_in_the_callers_kind(kind, spend):
    found = spend.expected_spend(MAKE[kind](summary()))
    assert isinstance(found, SERIES[kind])
    assert listed(found) == listed(spend.expected_spend(summary()))
    if kind in ("pandas", "polars"):
        assert found.name == "expected_spend"


@pytest.mark.parametrize("kind", MAKE)
def test_scores_in_the_callers_kind_and_order(kind, whole):
    found = whole.predict(MAKE[kind](summary()), horizon=52)
    assert isinstance(found, FRAMES[kind])
    assert frames.column_names(found) == SCORED
    assert listed(frames.identifiers(found)) == ["0042", "0007", "1000", "0001", "0900"]
    expected = whole.predict(summary(), horizon=52)
    for name in SCORED[1:]:
        np.testing.assert_array_equal(frames.numeric(found, name), expected[name])


def test_every_row_is_answered_by_itself(whole):
    """The order of the rows changes nothing but the order of the answers."""
    expected = whole.predict(summary(), horizon=52)
    shuffled = whole.predict(summary().iloc[[3, 1, 4, 0, 2]], horizon=52)
    pd.testing.assert_frame_equal(shuffled.sort_index(), expected, rtol=1e-10)
    assert shuffled.index.to_list() == [3, 1, 4, 0, 2]


@pytest.mark.parametrize(
    "index",
    [
        list("edcba"),
        [7, 7, 7, 7, 7],
        pd.date_range("2024-01-01", periods=5, freq="D"),
        pd.MultiIndex.from_product([["x"], range(5)]),
        pd.CategoricalIndex(list("aabbc"), name="group"),
    ],
)
def test_pandas_index_is_kept(index, model, whole, spend):
    frame = summary().set_axis(index)
    for found in (
        model.p_alive(frame),
        model.expected_purchases(frame, [1, 2]),
        model.expected_purchases(frame, "ahead"),
        spend.expected_spend(frame),
        whole.predict(frame, horizon=52),
    ):
        pd.testing.assert_index_equal(found.index, frame.index)


def test_an_index_named_customer_id_is_accepted(model, whole):
    frame = summary().set_index("customer_id")
    found = model.p_alive(frame)
    assert found.index.name == "customer_id"
    assert found["1000"] == model.p_alive(summary())[2]
    scored = whole.predict(frame, horizon=52)
    assert list(scored.columns) == SCORED
    assert scored.index.to_list() == scored["customer_id"].to_list() == frame.index.to_list()
    assert scored.merge(frame.reset_index(), on="customer_id").shape[0] == 5
    with pytest.raises(clv.InvalidInput, match="2 of 5 rows repeat a customer_id, first customer_id='0042'"):
        whole.predict(frame.set_axis(pd.Index(["0042", "0042", "a", "b", "0042"], name="customer_id")))


@pytest.mark.parametrize("kind", MAKE)
def test_no_identifier_is_needed(kind, whole, model):
    frame = MAKE[kind](summary().drop(columns="customer_id"))
    found = whole.predict(frame, horizon=52)
    assert frames.column_names(found) == SCORED[1:]
    assert len(model.p_alive(frame)) == 5


@pytest.mark.parametrize(
    "ids", [[5, 4, 3, 2, 1], pd.Categorical(list("edcba")), pd.array(list("edcba"), dtype="string")]
)
def test_identifiers_keep_their_type(ids, whole):
    frame = summary().assign(customer_id=ids)
    pd.testing.assert_series_equal(whole.predict(frame)["customer_id"], frame["customer_id"])


# --- several horizons, and one a row --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("several", [[1, 39.5], (1, 39.5), range(1, 3), [52], []])
def test_several_horizons_give_a_frame(several, kind, model):
    frame = MAKE[kind](summary())
    found = model.expected_purchases(frame, several)
    assert isinstance(found, FRAMES[kind])
    assert frames.column_names(found) == [f"expected_purchases_{v:g}" for v in several]
    for v in several:
        expected = listed(model.expected_purchases(frame, v))
        np.testing.assert_allclose(frames.numeric(found, f"expected_purchases_{v:g}"), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["discounted_expected_purchases", "probability_of_purchase", "p_alive"])
def test_several_of_every_question(name, model):
    found = getattr(model, name)(summary(), [1, 4])
    assert list(found.columns) == [f"{name}_1", f"{name}_4"]
    pd.testing.assert_series_equal(found[f"{name}_4"], getattr(model, name)(summary(), 4), check_names=False)


def test_several_counts_give_a_frame(model):
    found = model.purchase_pmf(summary(), range(4), horizon=39)
    assert list(found.columns) == [f"purchase_pmf_{n}" for n in range(4)]
    pd.testing.assert_series_equal(
        found["purchase_pmf_2"], model.purchase_pmf(summary(), 2, horizon=39), check_names=False
    )
    rest = 1 - model.probability_of_purchase(summary(), horizon=39)
    np.testing.assert_allclose(found["purchase_pmf_0"], rest, rtol=1e-9)


def test_several_horizons_of_a_value(whole):
    with pytest.warns(clv.ClvWarning, match=r"without end, undiscounted, is infinite: s = 0\.6061 is not above 1"):
        found = whole.predict(summary(), horizon=[26, math.inf])
    assert np.isfinite(found["clv_inf"]).all()
    names = ["expected_purchases_26", "expected_purchases_inf", "expected_spend", "clv_26", "clv_inf"]
    assert list(found.columns)[2:] == names
    pd.testing.assert_series_equal(found["clv_26"], whole.predict(summary(), horizon=26)["clv"], check_names=False)


@pytest.mark.parametrize("several", [[1234567, 1234568], [52.178571, 52.1785714]])
def test_several_horizons_give_as_many_columns(several, model, whole):
    assert model.expected_purchases(summary(), several).shape[1] == 2
    assert whole.predict(summary(), several).shape[1] == 7


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    "make",
    [
        np.array,
        pd.Series,
        pl.Series,
        pa.array,
        lambda v: pa.chunked_array([v[:2], v[2:]]),
        lambda v: pd.Series(v, dtype="Float64"),
        lambda v: np.array(v, dtype=np.float32),
        lambda _: "ahead",
    ],
)
def test_a_series_array_or_column_is_one_horizon_a_row(make, kind, model, whole):
    frame, each = MAKE[kind](summary()), make(HORIZONS)
    found = model.expected_purchases(frame, each)
    assert isinstance(found, SERIES[kind])
    one_by_one = [listed(model.expected_purchases(summary(), h))[i] for i, h in enumerate(HORIZONS)]
    np.testing.assert_allclose(listed(found), one_by_one, rtol=1e-10)
    scored = whole.predict(frame, horizon=each)
    assert frames.column_names(scored) == SCORED
    np.testing.assert_allclose(frames.numeric(scored, "expected_purchases"), one_by_one, rtol=1e-10)


def test_a_column_is_found_by_its_own_name(model):
    frame = summary().rename(columns={"ahead": 52})
    try:
        found = model.expected_purchases(frame, "52")
    except clv.InvalidInput:
        return
    pd.testing.assert_series_equal(found, model.expected_purchases(frame, np.array(HORIZONS)))


def test_a_start_moves_the_window(model):
    together = model.expected_purchases(summary(), 10) + model.expected_purchases(summary(), 29, start=10)
    np.testing.assert_allclose(together, model.expected_purchases(summary(), 39), rtol=1e-9)


def test_margin_and_weights_may_be_columns(whole):
    frame = summary()
    found = whole.predict(frame, horizon=52, margin="share")["clv"]
    np.testing.assert_allclose(found, whole.predict(frame, horizon=52, margin=1)["clv"] * frame["share"], rtol=1e-14)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        for weights in ("frequency", frame["frequency"], frame["frequency"].to_numpy(), frame["frequency"].to_list()):
            model = clv.PurchaseModel("nbd").fit(frame, weights=weights)
            assert model.fit_report.n_customers == 13


@pytest.mark.filterwarnings("error")
def test_a_finite_value_without_end_is_not_advised_against(whole):
    with pytest.warns(clv.ClvWarning) as seen:
        whole.predict(summary(), horizon=math.inf)
    assert "discount rate above 0" not in str(seen[0].message)


# --- files, relations, facts ----------------------------------------------------------------------------------------


def test_paths_and_relations_answer_in_pandas(tmp_path, model, whole):
    frame = summary()
    frame.to_parquet(tmp_path / "s.parquet")
    frame.to_csv(tmp_path / "s.csv", index=False)
    expected = whole.predict(frame, horizon=52)
    with duckdb.connect() as con:
        found = {
            "parquet": whole.predict(tmp_path / "s.parquet", horizon=52),
            "csv": whole.predict(str(tmp_path / "s.csv"), horizon=52),
            "relation": whole.predict(con.sql(f"FROM read_parquet('{tmp_path / 's.parquet'}')"), horizon=52),
        }
        for scored in found.values():
            pd.testing.assert_frame_equal(scored, expected, check_exact=True, check_dtype=False)
        of_relation = model.p_alive(con.sql("SELECT 2 AS frequency, 3.0 AS recency, 9 AS T"))
    assert isinstance(of_relation, pd.Series)
    assert isinstance(model.expected_purchases(tmp_path / "s.csv", [1, 2]), pd.DataFrame)
    assert isinstance(model.p_alive(pl.from_pandas(frame).lazy()), pl.Series)


def test_a_model_fitted_on_any_kind_is_the_same(tmp_path):
    log = clv.load_cdnow(sample=True)
    frame = clv.rfm_summary(log, observation_end="1997-09-30").iloc[::6]
    frame.to_parquet(tmp_path / "s.parquet")
    kinds = [frame, tmp_path / "s.parquet", pa.Table.from_pandas(frame), pl.from_pandas(frame)]
    found = [clv.PurchaseModel("bg_nbd", time_unit="week").fit(kind).parameters for kind in kinds]
    assert found.count(found[0]) == len(found)


def test_facts_go_with_pandas_arrow_and_parquet_and_say_more_afterwards(tmp_path, whole):
    told = {"time_unit": "week", "horizon": "52.0", "annual_discount_rate": "0.1", "margin": "0.3"}
    for kind in ("pandas", "arrow"):
        facts = frames.read_facts(whole.predict(MAKE[kind](summary()), horizon=52))
        assert facts == {**FACTS, **told}
    whole.predict(summary(), horizon=52).to_parquet(tmp_path / "scored.parquet")
    assert frames.read_facts(parquet.read_table(tmp_path / "scored.parquet")) == {**FACTS, **told}
    each = frames.read_facts(whole.predict(summary(), horizon="ahead", margin="share"))
    assert (each["horizon"], each["margin"]) == ("ahead", "share")
    assert frames.read_facts(whole.predict(summary(), horizon=np.array(HORIZONS)))["horizon"] == "one per row"
    assert float(frames.read_facts(whole.predict(summary()))["horizon"]) == 365.25 / 7
    assert all(isinstance(value, str) for value in whole.predict(summary()).attrs.values())


def test_lost_facts_are_asked_for_and_can_be_given(tmp_path):
    frame = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30").iloc[::6]
    frame.to_csv(tmp_path / "s.csv", index=False)
    extra = pd.DataFrame({"customer_id": frame["customer_id"], "group": "a"})
    with duckdb.connect() as con:
        losing = [
            extra.merge(frame, on="customer_id"),
            pl.from_pandas(frame),
            tmp_path / "s.csv",
            pa.Table.from_pandas(frame).replace_schema_metadata(None),
            con.from_arrow(pa.Table.from_pandas(frame)),
        ]
        for without in losing:
            with pytest.raises(clv.UnitMismatch, match="the time unit is not known"):
                clv.PurchaseModel("nbd").fit(without)
            assert clv.PurchaseModel("nbd", time_unit="week").fit(without).time_unit == "week"


# --- a customer not yet seen -----------------------------------------------------------------------------------------


def test_a_new_customer_answers_in_numbers(model):
    new = model.new_customer()
    for value in (
        new.p_alive(after=3),
        new.expected_purchases(horizon=39),
        new.purchase_pmf(0, horizon=39),
        new.probability_of_purchase(horizon=39),
        new.discounted_expected_purchases(),
        new.discounted_expected_purchases(horizon=39, annual_discount_rate=0),
    ):
        assert type(value) is float
    assert new.p_alive(0) == 1
    assert new.purchase_pmf(0, 39) + new.probability_of_purchase(39) == pytest.approx(1, rel=1e-9)
    assert new.discounted_expected_purchases(39, annual_discount_rate=0) == pytest.approx(
        new.expected_purchases(39), rel=1e-12
    )


@pytest.mark.parametrize("several", [[1, 2, 3], (1, 2, 3), range(1, 4), np.array([1.0, 2, 3]), pd.Series([1, 2, 3])])
def test_a_new_customer_answers_several_in_an_array(several, model):
    new = model.new_customer()
    for ask in (new.p_alive, new.expected_purchases, new.probability_of_purchase, lambda n: new.purchase_pmf(n, 39)):
        found = ask(several)
        assert isinstance(found, np.ndarray)
        assert found.shape == (3,)
        np.testing.assert_allclose(found, [ask(v) for v in (1, 2, 3)], rtol=1e-10)
    assert new.expected_purchases(np.ones((2, 3))).shape == (2, 3)
    assert new.expected_purchases([]).shape == (0,)


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"])
def test_a_new_customer_is_the_mean_of_the_simulated(family, model):
    if family == "pareto_nbd":
        mine = model
    else:
        more = {"nbd": {}}.get(family, {"a": 0.8, "b": 2.4})
        mine = clv.PurchaseModel.from_parameters(family, {"r": 0.55, "alpha": 10.6} | more, time_unit="week")
    log, made = mine.simulate(20_000, observation=39, seed=5)
    assert list(made.columns) == ["customer_id", "frequency", "recency", "T"]
    assert list(log.columns) == ["customer_id", "date"]
    assert len(log) == made["frequency"].sum() + 20_000
    np.testing.assert_allclose(made["T"], 39, rtol=1e-9)
    error = made["frequency"].std() / math.sqrt(20_000)
    assert made["frequency"].mean() == pytest.approx(mine.new_customer().expected_purchases(39), abs=4 * error)
    none = (made["frequency"] == 0).mean()
    assert none == pytest.approx(mine.new_customer().purchase_pmf(0, 39), abs=4 * 0.5 / math.sqrt(20_000))


def test_a_simulated_log_summarises_to_its_summary():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    for end in ("2024-12-31", "2024-12-31 15:00"):
        log, expected = model.simulate(50, observation=10, seed=1, observation_end=end)
        again = clv.rfm_summary(log, amount=None, event_grain="line", time_unit="week", observation_end=end)
        pd.testing.assert_frame_equal(again, expected)
        assert expected["T"].tolist() == [10.0] * 50


def test_an_arrow_table_made_of_a_summary_knows_its_unit():
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-01-08", "2024-01-03"], "amount": 1.0})
    summary = clv.rfm_summary(log, time_unit="day", observation_end="2024-02-01")
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    with pytest.raises(clv.UnitMismatch, match="the model is in weeks, the summary in days"):
        model.p_alive(pa.Table.from_pandas(summary))


def test_a_series_in_another_order_is_refused():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    frame = pd.DataFrame({"frequency": [0, 1], "recency": [0.0, 2.0], "T": [5.0, 9.0]}, index=["a", "b"])
    per_row = pd.Series([1.0, 2.0], index=["a", "b"])
    assert model.expected_purchases(frame, per_row).iloc[1] == model.expected_purchases(frame, 2.0).iloc[1]
    with pytest.raises(clv.InvalidInput, match="horizon is a Series whose index differs"):
        model.expected_purchases(frame, per_row[::-1])


def test_a_new_customer_may_be_asked_about_later():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    new = model.new_customer()
    assert new.expected_purchases(3, start=5) == pytest.approx(0.4 / 12 * 3)
    assert new.p_alive() == 1.0
