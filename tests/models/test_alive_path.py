"""P(alive) of one customer over time is what a summary to each day says."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv

PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}
COLUMNS = ["date", "frequency", "recency", "T", "p_alive"]
LOG = pd.DataFrame(
    {
        "customer_id": ["7", "7", "07", "7", "7", "8", "9"],
        "date": pd.to_datetime(
            ["2024-01-03", "2024-01-03 09:00", "2024-01-04", "2024-01-10 23:30", "2024-02-20", "2024-03-01", None],
            format="ISO8601",
        ),
        "amount": 5.0,
    }
)


def model_of(family, unit="week"):
    return clv.PurchaseModel.from_parameters(family, PARAMETERS[family], time_unit=unit)


@pytest.mark.parametrize("family", PARAMETERS)
@pytest.mark.parametrize("unit", ["week", "day"])
def test_every_day_is_what_a_summary_to_that_day_says(family, unit):
    model = model_of(family, unit)
    path = model.alive_path(LOG, "7")
    assert list(path.columns) == COLUMNS
    assert path["date"].tolist() == list(pd.date_range("2024-01-03", "2024-03-01"))
    for i in (0, 1, 6, 7, 8, 30, 47, 48, 49, 58):
        end = path["date"][i].date()
        row = clv.rfm_summary(LOG, time_unit=unit, observation_end=end).query("customer_id == '7'")
        assert path.loc[i, ["frequency", "recency", "T"]].tolist() == row.iloc[0, 1:4].tolist()
        assert path["p_alive"][i] == pytest.approx(model.p_alive(row).iloc[0], rel=1e-14)


@pytest.mark.parametrize("grain", ["hour", "week", "month", "line"])
def test_other_grains_end_as_their_summary(grain):
    model = model_of("mbg_nbd")
    for end in ("2024-03-01", "2024-02-29 15:00", None):
        path = model.alive_path(LOG, "7", event_grain=grain, observation_end=end)
        summary = clv.rfm_summary(LOG, event_grain=grain, observation_end=end).query("customer_id == '7'")
        last = path.iloc[-1]
        assert last[["frequency", "recency", "T"]].tolist() == summary.iloc[0, 1:4].tolist()
        assert last["p_alive"] == pytest.approx(model.p_alive(summary).iloc[0], rel=1e-14)
        assert path["date"].is_monotonic_increasing
        assert path["date"].is_unique
        assert (np.diff(path["T"]) > 0).all()
        assert path["T"][0] == 0
        if grain in ("hour", "line"):
            whole = pd.Timestamp("2024-03-02") if end != "2024-02-29 15:00" else pd.Timestamp(end)
            assert last["date"] == whole
        if grain == "line":  # both lines of the first day count
            assert last["frequency"] == 3


def test_steps_are_those_of_the_grain():
    days = {
        grain: model_of("nbd").alive_path(LOG, "7", event_grain=grain, observation_end="2024-03-01")["date"]
        for grain in ("week", "month")
    }
    assert days["week"].dt.day_name().iloc[:-1].eq("Monday").all()
    assert days["month"].astype(str).tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert len(days["week"]) == 10  # nine Mondays and the end of observation


def test_fewer_points_keep_the_purchases():
    model = model_of("pareto_nbd")
    whole = model.alive_path(LOG, "7").set_index("date")
    some = model.alive_path(LOG, "7", points=5).set_index("date")
    assert len(some) <= 8
    assert {pd.Timestamp(day) for day in ("2024-01-03", "2024-01-10", "2024-02-20", "2024-03-01")} <= set(some.index)
    pd.testing.assert_frame_equal(some, whole.loc[some.index], rtol=1e-14)


def test_any_kind_of_log(tmp_path):
    model = model_of("bg_nbd")
    expected = model.alive_path(LOG, "7")
    LOG.to_parquet(tmp_path / "log.parquet")
    LOG.to_csv(tmp_path / "log.csv", index=False)
    for log in (pl.from_pandas(LOG), pa.Table.from_pandas(LOG), tmp_path / "log.parquet", tmp_path / "log.csv"):
        pd.testing.assert_frame_equal(model.alive_path(log, "7"), expected)
    with duckdb.connect() as con:
        pd.testing.assert_frame_equal(model.alive_path(con.sql(f"FROM '{tmp_path / 'log.parquet'}'"), "7"), expected)
    renamed = LOG.rename(columns={"customer_id": 'who "is"', "date": "when"})
    found = model.alive_path(renamed, "7", customer_id='who "is"', date="when")
    pd.testing.assert_frame_equal(found, expected)
    zoned = LOG.assign(date=LOG["date"].dt.tz_localize("Europe/Berlin"))
    pd.testing.assert_frame_equal(model.alive_path(zoned, "7"), expected)


@pytest.mark.parametrize("ids", [[7, 7, 70, 7, 7, 8, 9], [7.0, 7, 70, 7, 7, 8, math.nan]])
def test_numbers_as_identifiers(ids, tmp_path):
    model, log = model_of("bg_nbd"), LOG.assign(customer_id=ids)
    expected = model.alive_path(LOG, "7")
    for customer in (7, np.int64(7)):
        pd.testing.assert_frame_equal(model.alive_path(log, customer), expected)
    with pytest.raises(clv.InvalidInput, match="there is no customer 'x' in the log"):
        model.alive_path(log, "x")


def test_dates_alone():
    model = model_of("mbg_nbd")
    expected = model.alive_path(LOG, "7", observation_end="2024-03-01")
    for dates in (
        ["2024-01-03", "2024-02-20", "2024-01-10"],
        pd.to_datetime(["2024-01-03", "2024-01-10", "2024-02-20"]),
    ):
        pd.testing.assert_frame_equal(model.alive_path(dates, observation_end="2024-03-01"), expected)


def test_refuses():
    model = model_of("bg_nbd")
    with pytest.raises(clv.InvalidInput, match=r"no customer 1 in the log, which has for example '07', '7', '8'"):
        model.alive_path(LOG, 1)
    with pytest.raises(
        clv.NotEnoughData, match="customer '8' has no purchase until the end of observation, 2024-02-01"
    ):
        model.alive_path(LOG, "8", observation_end="2024-02-01")
    with pytest.raises(clv.NotEnoughData, match="customer '9' has no purchase"):
        model.alive_path(LOG, "9")
    with pytest.raises(clv.InvalidInput, match="event_grain must be one of 'line', 'hour'"):
        model.alive_path(LOG, "7", event_grain="fortnight")
    for points in (1, 2.5, "many"):
        with pytest.raises(clv.InvalidInput, match="points must be a whole number of at least 2"):
            model.alive_path(LOG, "7", points=points)
    with pytest.raises(clv.InvalidInput, match="the log has no column 'when'"):
        model.alive_path(LOG, "7", date="when")
    with pytest.raises(clv.InvalidInput, match=r"1 lines of customer '7' are written otherwise, such as '3\.1\.2024'"):
        model.alive_path(LOG.assign(date=["3.1.2024", *["2024-01-05"] * 6]), "7")
    with pytest.raises(clv.NotFitted):
        clv.PurchaseModel("bg_nbd").alive_path(LOG, "7")
    with pytest.raises(clv.InvalidInput, match="'; DROP TABLE log; --"):
        model.alive_path(LOG, "'; DROP TABLE log; --")


def test_dates_without_a_customer_must_be_dates():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    for log, message in (
        (["01/02/2024", "13/02/2024"], "found '01/02/2024'. Pass the date_format"),
        (clv.load_cdnow(sample=True), "pass customer="),
        ([], "there is no date"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            model.alive_path(log)
    path = model.alive_path(["01/02/2024", "13/02/2024"], date_format="%d/%m/%Y", points=2)
    assert path["frequency"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("period", ["week", "month", "year"])
def test_a_path_in_whole_periods_is_that_of_the_summaries(period):
    parameters = {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}
    model = clv.PurchaseModel.from_parameters("bg_bb", parameters, time_unit=period)
    log = pd.DataFrame({"customer_id": "ann", "date": ["2020-02-28", "2020-03-04", "2021-07-01", "2022-12-31"]})
    path = model.alive_path(log, "ann", observation_end="2023-06-30")
    for row in path.iloc[:: max(1, len(path) // 12)].itertuples():
        summary = clv.discrete_summary(log, period, observation_end=row.date.date(), amount=None)
        assert summary[["frequency", "recency", "T"]].to_numpy().tolist() == [[row.frequency, row.recency, row.T]]
        assert model.p_alive(summary).iloc[0] == pytest.approx(row.p_alive, rel=1e-12)
    assert path["date"].is_monotonic_increasing
    assert path["date"].iloc[-1] <= pd.Timestamp("2023-06-30")
    whole = model.alive_path(log, "ann")
    assert whole["frequency"].iloc[-1] == {"week": 3, "month": 3, "year": 2}[period]
