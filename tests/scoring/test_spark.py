"""Spark gives what the embedded engine gives: summaries, patterns, fits and scores. One session for all tests.

Run by `make test-system` in an environment of its own, which holds PySpark. Where Java or PySpark is missing the tests
are skipped, but in CI (the variable CI is set) they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import uuid
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

ZONES = ("America/Sao_Paulo", "Europe/Berlin")  # the first turns its clocks at midnight, which makes days begin at 1:00
GRAINS = ("line", "hour", "day", "week", "month")


@pytest.fixture(scope="session")
def spark():
    missing = [
        what
        for what, there in (
            ("PySpark (sh tools/environment.sh .venv-spark spark)", find_spec("pyspark")),
            ("Java 17 (apt install default-jre-headless)", shutil.which("java")),
        )
        if not there
    ]
    if missing:
        told = f"Spark cannot be tested, for there is no {' and no '.join(missing)}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # minutes, not hours
        .config("spark.sql.session.timeZone", "America/Sao_Paulo")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(params=ZONES)
def zoned(spark, request):
    """The session in one zone after another: it must make no difference."""
    spark.conf.set("spark.sql.session.timeZone", request.param)
    yield spark
    spark.conf.set("spark.sql.session.timeZone", "America/Sao_Paulo")


def dirty_log(n: int = 4000, customers: int = 300) -> pd.DataFrame:
    """Refunds, zeros, several lines a day and an instant, local gaps of three zones, days before 1970, missing ids."""
    rng = np.random.default_rng(7)
    day = pd.Timestamp("1966-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), "D")
    moment = pd.Series(day) + pd.to_timedelta(rng.choice([0, 3600, 5400, 9000, 45_000, 86_399], n), "s")
    moment += pd.to_timedelta(rng.choice([0, 0, 123_456], n), "us")
    # local times that the clocks of Sao Paulo, Berlin and New York never showed
    gaps = ["2018-11-04 00:30:00", "2018-03-25 02:30:00", "2018-03-11 02:30:00", "2018-10-28 02:30:00"]
    moment.iloc[:400] = pd.to_datetime(rng.choice(gaps, 400))
    amount = np.round(rng.gamma(2.0, 15.0, n), 2)
    amount[rng.random(n) < 0.05] = 0.0
    refund = rng.random(n) < 0.12
    amount[refund] *= -1
    customer = rng.integers(1, customers, n)
    log = pd.DataFrame({"number": customer, "moment": moment.astype("datetime64[us]"), "amount": amount})
    log["customer_id"] = [f"c{i:03d}" for i in customer]
    log.loc[rng.choice(n, 25, replace=False), "customer_id"] = None
    log.loc[rng.choice(n, 5, replace=False), "customer_id"] = ""
    log["date"] = log["moment"].dt.date
    log["order"] = rng.integers(0, n // 2, n)
    return log


LOG = dirty_log()


def to_spark(spark, frame: pd.DataFrame, schema: str):
    """As Spark data, with local times as TIMESTAMP_NTZ; by Arrow, so that nothing passes through a zone."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    named = StructType.fromDDL(schema)
    columns = to_arrow_schema(named)
    table = pa.Table.from_pandas(frame[columns.names].reset_index(drop=True), columns, preserve_index=False)
    return spark.createDataFrame(table, named)


def sorted_pandas(frame) -> pd.DataFrame:
    """What Spark gives, ordered by customer."""
    table = frame.toArrow().to_pandas()
    return table.sort_values("customer_id", ignore_index=True)


def assert_same(found, expected: pd.DataFrame, tolerance: float = 1e-12) -> None:
    table = sorted_pandas(found)
    expected = expected.sort_values("customer_id", ignore_index=True)
    assert list(table.columns) == list(expected.columns)
    assert len(table) == len(expected) > 0
    for name in expected.columns:
        if pd.api.types.is_float_dtype(expected[name]):
            np.testing.assert_allclose(table[name], expected[name].astype(float), rtol=tolerance, atol=0, err_msg=name)
        else:
            assert table[name].tolist() == expected[name].tolist()


@pytest.fixture(scope="session")
def dirty(spark):
    columns = ["customer_id", "number", "moment", "date", "amount", "order"]
    schema = "customer_id string, number long, moment timestamp_ntz, date date, amount double, order long"
    return to_spark(spark, LOG[columns], schema).cache()


@pytest.fixture(scope="session")
def cdnow(spark):
    log = clv.load_cdnow(sample=True)
    log = log.assign(date=pd.to_datetime(log["date"]).dt.date)
    return to_spark(
        spark, log[["customer_id", "date", "amount"]], "customer_id string, date date, amount double"
    ).cache()


@pytest.fixture(scope="session")
def cdnow_summary():
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="session")
def model(cdnow_summary):
    return clv.CLVModel("pareto_nbd", margin=0.3).fit(cdnow_summary)


@pytest.mark.parametrize("refunds", ["net", "carry_back", "drop"])
@pytest.mark.parametrize("event_grain", GRAINS)
def test_a_dirty_log_by_every_grain_and_refund_rule(spark, dirty, event_grain, refunds):
    settings = {"date": "moment", "event_grain": event_grain, "refunds": refunds, "observation_end": "2018-12-31"}
    assert_same(clv.spark.rfm_summary(dirty, **settings), clv.rfm_summary(LOG, **settings))


@pytest.mark.parametrize("event_grain", GRAINS)
def test_local_times_do_not_pass_through_the_zone_of_the_session(zoned, dirty, event_grain):
    settings = {"date": "moment", "event_grain": event_grain, "time_unit": "hour"}
    assert_same(clv.spark.rfm_summary(dirty, **settings), clv.rfm_summary(LOG, **settings))


@pytest.mark.parametrize("tz", ["Europe/Berlin", "America/Sao_Paulo", "-03:30"])
@pytest.mark.parametrize("event_grain", ["line", "day"])
def test_instants_are_counted_in_the_zone_asked_for(zoned, event_grain, tz):
    log = LOG[["customer_id", "amount"]].assign(date=LOG["moment"].dt.tz_localize("UTC"))
    micros = LOG["moment"].astype("int64")
    frame = to_spark(
        zoned, log[["customer_id", "amount"]].assign(micros=micros), "customer_id string, amount double, micros long"
    )
    frame = frame.selectExpr("customer_id", "amount", "timestamp_micros(micros) AS date")
    settings = {"event_grain": event_grain, "tz": tz, "time_unit": "hour"}
    assert_same(clv.spark.rfm_summary(frame, **settings), clv.rfm_summary(log, **settings))


def test_an_instant_needs_a_zone(spark, dirty):
    frame = dirty.selectExpr("customer_id", "amount", "CAST(moment AS TIMESTAMP) AS date")
    with pytest.raises(clv.InvalidInput, match=r"column 'date' holds TIMESTAMP, an instant .* pass tz="):
        clv.spark.rfm_summary(frame)


OFFSETS = ["", "Z", "+02", "-0330", "+05:30"]


@pytest.mark.parametrize("ansi", ["true", "false"])
def test_dates_that_are_text_with_and_without_offsets(zoned, ansi):
    rng = np.random.default_rng(3)
    written = [
        f"{moment:%Y-%m-%d}" if i % 7 == 0 else f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[: 26 if i % 3 else 16] + OFFSETS[i % 5]
        for i, moment in enumerate(LOG["moment"])
    ]
    log = LOG[["customer_id", "amount"]].assign(date=written)
    log.loc[rng.choice(len(log), 9, replace=False), "date"] = ["", None, "2018-02-30", "soon", "", None, "x", "-", ""]
    zoned.conf.set("spark.sql.ansi.enabled", ansi)
    frame = to_spark(zoned, log, "customer_id string, amount double, date string")
    settings = {"tz": "Europe/Berlin", "event_grain": "line", "time_unit": "day"}
    assert_same(clv.spark.rfm_summary(frame, **settings), clv.rfm_summary(log, **settings))
    zoned.conf.set("spark.sql.ansi.enabled", "true")


@pytest.mark.parametrize(
    "date_format", ["%d.%m.%Y %H:%M", "%m/%d/%y", "%Y%m%d", "%d/%m/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S.%f %z"]
)
def test_dates_in_a_format(spark, date_format):
    moments = LOG["moment"].where(LOG["moment"].dt.year >= 1969, LOG["moment"] + pd.Timedelta(days=3653))
    log = LOG[["customer_id", "amount"]].assign(date=moments.dt.strftime(date_format.replace("%z", "+0530")))
    log.loc[5, "date"] = "31.31.1999"
    frame = to_spark(spark, log, "customer_id string, amount double, date string")
    settings = {"tz": "Europe/Berlin", "date_format": date_format, "event_grain": "line", "time_unit": "day"}
    assert_same(clv.spark.rfm_summary(frame, **settings), clv.rfm_summary(log, **settings))


def test_orders_start_and_exact_end(spark, dirty):
    settings = {
        "date": "moment",
        "order_id": "order",
        "event_grain": "hour",
        "refunds": "carry_back",
        "observation_start": "1967-03-01",
        "observation_end": "2018-06-01T12:30:00",
    }
    assert_same(clv.spark.rfm_summary(dirty, **settings), clv.rfm_summary(LOG, **settings))


@pytest.mark.parametrize("ids", ["long", "whole floats", "decimals", "uuids"])
def test_every_kind_of_id(spark, dirty, ids):
    number = LOG["number"]
    made, schema, sql = {
        "long": (number, "long", "number"),
        "whole floats": (number.where(number != 5).astype(float), "double", "CAST(NULLIF(number, 5) AS DOUBLE)"),
        "decimals": (number / 4, "double", "number / 4"),
        "uuids": (number.map(lambda i: str(uuid.UUID(int=i))), "string", None),
    }[ids]
    log = LOG[["date", "amount"]].assign(customer_id=made)
    if sql is None:
        frame = to_spark(spark, log, f"date date, amount double, customer_id {schema}")
    else:
        frame = dirty.selectExpr("date", "amount", f"{sql} AS customer_id")
    assert_same(clv.spark.rfm_summary(frame), clv.rfm_summary(log))


def test_money_is_as_exact_as_in_the_embedded_engine(spark):
    cents = np.random.default_rng(1).integers(-10_000, 10**9, 3000)
    log = pd.DataFrame({"customer_id": np.arange(3000) % 40, "amount": cents / 100})
    log["date"] = (pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(3000) % 700, "D")).date
    log.loc[:2, "amount"] = [-0.0, 1e-6, 123_456_789.25]
    frame = to_spark(spark, log, "customer_id long, amount double, date date")
    found = sorted_pandas(clv.spark.rfm_summary(frame))
    expected = clv.rfm_summary(log)
    assert found["monetary_value"].tolist() == expected["monetary_value"].tolist()  # to the last bit
    as_decimal = frame.selectExpr("customer_id", "CAST(amount AS DECIMAL(20, 6)) AS amount", "date")
    assert sorted_pandas(clv.spark.rfm_summary(as_decimal)).equals(found)
    as_text = frame.selectExpr("customer_id", "CAST(CAST(amount AS DECIMAL(20, 6)) AS STRING) AS amount", "date")
    assert sorted_pandas(clv.spark.rfm_summary(as_text)).equals(found)


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ({}, {"customer_id": "who"}),
        ({}, {"amount": "price"}),
        ({}, {"amount": "customer_id"}),
        ({"amount": "CASE WHEN number = 7 THEN DOUBLE('NaN') ELSE amount END"}, {}),
        ({"amount": "CASE WHEN number = 7 THEN 1e13 ELSE amount END"}, {}),
        ({"customer_id": "CAST(NULL AS STRING)"}, {}),
        ({"date": "'03/04/2020'"}, {}),
        ({"date": "'soon'"}, {}),
        ({"date": "'2020-01-01T00:00+01:00'"}, {}),
        ({"date": "number"}, {}),
        ({}, {"refunds": "error"}),
        ({}, {"strict": True}),
        ({}, {"observation_end": "1950-01-01"}),
        ({}, {"observation_start": "2030-01-01", "observation_end": "2020-01-01"}),
        ({}, {"event_grain": "minute"}),
        ({}, {"time_unit": "fortnight"}),
        ({}, {"tz": "Mars"}),
        ({}, {"date_format": "%d.%m.%Y"}),
    ],
)
def test_bad_logs_get_the_same_words(spark, dirty, change, settings):
    frame = dirty.selectExpr(
        *(f"{change.get(name, name)} AS {name}" for name in ("customer_id", "date", "amount"))
    ).coalesce(1)
    log = frame.toArrow().to_pandas()
    if "amount" in settings and settings["amount"] == "customer_id":
        with pytest.raises(clv.InvalidInput, match="are missing, infinite, too large or no number, first"):
            clv.spark.rfm_summary(frame, **settings)
        return
    with pytest.raises(clv.ClvError) as expected:
        clv.rfm_summary(log, **settings)
    with pytest.raises(type(expected.value)) as found:
        clv.spark.rfm_summary(frame, **settings)
    assert _plain(found.value) == _plain(expected.value)


def _plain(error: BaseException) -> str:
    """The words without how a value is shown, which differs between None and nan."""
    return str(error).replace("nan", "None").replace(", number", "")


def test_an_empty_log_and_an_empty_summary(spark, dirty, model):
    with pytest.raises(clv.NotEnoughData, match="the log is empty"):
        clv.spark.rfm_summary(dirty.where("FALSE"))
    summary = clv.spark.rfm_summary(dirty, observation_end="2018-12-31").where("FALSE")
    scored = clv.spark.score(model, summary)
    assert scored.count() == 0
    assert scored.columns[:5] == ["customer_id", "p_alive", "expected_purchases", "expected_spend", "clv"]


def test_tables_by_name_and_what_is_no_table(spark, dirty):
    dirty.select("customer_id", "date", "amount").createOrReplaceTempView("orders")
    assert_same(clv.spark.rfm_summary("orders"), clv.rfm_summary(LOG))
    before = [table.name for table in spark.catalog.listTables()]
    assert before == ["orders"]  # reading registers nothing of its own
    spark.catalog.dropTempView("orders")
    with pytest.raises(clv.InvalidInput, match="no table 'orders'"):
        clv.spark.rfm_summary("orders")
    with pytest.raises(
        clv.InvalidInput, match=r"no table '/data/my orders/\*'.*pass a data frame, .*spark.read.parquet"
    ):
        clv.spark.rfm_summary("/data/my orders/*")
    with pytest.raises(clv.InvalidInput, match="a log must be all there; found a stream"):
        clv.spark.rfm_summary(spark.readStream.format("rate").load())
    with pytest.raises(clv.InvalidInput, match=r"a log must be a Spark DataFrame .*; found pandas"):
        clv.spark.rfm_summary(LOG)


def test_odd_names_of_columns(spark, dirty):
    frame = dirty.selectExpr("customer_id AS `who {is} ``it`", "date AS `a.b`", "amount AS `lines`")
    names = {"customer_id": "who {is} `it", "date": "a.b", "amount": "lines"}
    log = LOG[["customer_id", "date", "amount"]].set_axis(list(names.values()), axis=1)
    assert_same(clv.spark.rfm_summary(frame, **names), clv.rfm_summary(log, **names))


def test_cdnow_summary_scores_and_fits(spark, cdnow, cdnow_summary, model):
    settings = {"time_unit": "week", "observation_end": "1997-09-30"}
    summary = clv.spark.rfm_summary(cdnow, **settings).cache()
    assert_same(summary, cdnow_summary)
    expected = model.predict(cdnow_summary, horizon=39)
    found = clv.spark.score(model, summary, horizon=39)
    assert_same(found.select(*expected.columns), expected)
    assert {name: found.first()[name] for name in ("observation_end", "horizon", "time_unit")} == {
        "observation_end": "1997-09-30",
        "horizon": 39.0,
        "time_unit": "week",
    }
    from_log = clv.spark.score(model, cdnow, horizon=39, observation_end="1997-09-30")
    assert_same(from_log.select(*expected.columns), expected)

    merged = clv.spark.patterns(summary)
    assert merged.purchases["customers"].sum() == 2357
    assert merged.spend["customers"].sum() == 946
    embedded = clv.patterns(cdnow_summary)
    assert merged.counts == embedded.counts
    pd.testing.assert_frame_equal(merged.purchases, embedded.purchases)
    pd.testing.assert_frame_equal(merged.spend, embedded.spend)
    fit = clv.CLVModel("pareto_nbd").fit(merged)
    for fitted, reference in ((fit.purchases, model.purchases), (fit.spend, model.spend)):
        np.testing.assert_allclose(list(fitted.parameters.values()), list(reference.parameters.values()), rtol=1e-8)


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"])
def test_a_dirty_log_fits_and_scores_alike(spark, dirty, family):
    settings = {"date": "moment", "time_unit": "month", "refunds": "carry_back", "observation_end": "2018-12-31"}
    expected = clv.rfm_summary(LOG, **settings)
    merged = clv.spark.patterns(dirty, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)  # such a log is nobody's
        reference = clv.PurchaseModel(family).fit(expected)
        fitted = clv.PurchaseModel(family).fit(merged)
    np.testing.assert_allclose(list(fitted.parameters.values()), list(reference.parameters.values()), rtol=1e-8)
    found = clv.spark.score(reference, dirty, horizon=12, **{k: v for k, v in settings.items() if k != "time_unit"})
    table = sorted_pandas(found)
    np.testing.assert_allclose(table["p_alive"], reference.p_alive(expected), rtol=1e-12)
    np.testing.assert_allclose(table["expected_purchases"], reference.expected_purchases(expected, 12), rtol=1e-12)
    assert list(table.columns)[-3:] == ["observation_end", "horizon", "time_unit"]


def test_a_column_of_margins_and_other_terms(spark, cdnow_summary, model):
    with_margin = cdnow_summary.assign(share=np.linspace(0.1, 0.9, len(cdnow_summary)))
    frame = to_spark(
        spark,
        with_margin,
        "customer_id string, frequency long, recency double, T double, monetary_value double, share double",
    )
    settings = {"horizon": 104, "annual_discount_rate": 0.2, "margin": "share"}
    expected = model.predict(with_margin, **settings)
    found = clv.spark.score(model, frame, observation_end="1997-09-30", time_unit="week", **settings)
    assert_same(found.select(*expected.columns), expected)
    with pytest.raises(clv.InvalidInput, match="the summary does not say when its observation ended"):
        clv.spark.score(model, frame)
    with pytest.raises(clv.UnitMismatch, match="the model is in weeks, the summary in days"):
        clv.spark.score(model, frame, observation_end="1997-09-30", time_unit="day")
    with pytest.raises(clv.InvalidInput, match="no column 'earnings'"):
        clv.spark.score(model, frame, margin="earnings", observation_end="1997-09-30")


def test_intervals(spark, cdnow_summary, model):
    posterior = clv.posterior(model, cdnow_summary, draws=1000, seed=1)
    sure = model.with_posterior(posterior)
    frame = to_spark(
        spark, cdnow_summary, "customer_id string, frequency long, recency double, T double, monetary_value double"
    ).coalesce(1)
    terms = {"horizon": 39, "interval": 0.9, "draws": 200, "seed": 3}
    found = clv.spark.score(sure, frame, observation_end="1997-09-30", **terms)
    expected = sure.predict(cdnow_summary, **terms)
    # one partition in the customers' order is one batch, so even what is simulated is the same
    assert_same(found.select(*expected.columns), expected)
    assert found.first()["interval_source"] == "posterior"
    assert found.first()["interval"] == 0.9
    with pytest.raises(clv.InvalidInput, match="interval must lie between 0 and 1"):
        clv.spark.score(model, frame, observation_end="1997-09-30", interval=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": "NULLIF(customer_id, '00004')"}, "customer_id must be there: 1 of 2357"),
        ({"customer_id": "LEAST(customer_id, '20000')"}, "one row per customer: .* customer_id='20000'"),
        ({"frequency": "frequency + 0.5"}, "frequency must be a whole number of repeat purchases: 2357"),
        ({"recency": "recency - 1"}, "recency must not be negative"),
        ({"recency": "T + 1"}, "recency must not exceed T: 2357 of 2357 customers violate it, first customer_id="),
        ({"T": "DOUBLE('Infinity')"}, "T must be a finite number"),
        ({"T": "CAST(NULL AS DOUBLE)"}, "T must be a finite number"),
        ({"monetary_value": "NULLIF(monetary_value, monetary_value)"}, "monetary_value must be there for customers"),
        ({"monetary_value": "-monetary_value"}, "monetary_value must not be negative"),
        ({"frequency": "CAST(frequency AS STRING)"}, "column 'frequency' must hold numbers; found string"),
    ],
)
def test_summaries_that_are_none_are_refused_before_scoring(spark, cdnow_summary, model, change, message):
    names = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    frame = to_spark(
        spark, cdnow_summary, "customer_id string, frequency long, recency double, T double, monetary_value double"
    )
    with pytest.raises(clv.InvalidInput, match=message):
        clv.spark.score(model, frame.selectExpr(*(f"{change.get(n, n)} AS {n}" for n in names)))


def test_whole_periods(spark, cdnow):
    """Refused at once, and not by the first worker that meets a row."""
    log = clv.load_cdnow(sample=True)
    summary = clv.discrete_summary(log, period="month", observation_end="1997-09-30")
    parameters = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    discrete = clv.PurchaseModel.from_parameters("bg_bb", parameters, "month")
    frame = to_spark(spark, summary, "customer_id string, frequency long, recency double, T double")
    facts = {"observation_end": "1997-09-30", "time_unit": "month"}
    table = sorted_pandas(clv.spark.score(discrete, frame, horizon=6, **facts))
    np.testing.assert_allclose(table["expected_purchases"], discrete.expected_purchases(summary, 6), rtol=1e-12)
    with pytest.raises(clv.InvalidInput, match="BG/BB reads whole periods, which are not counted in Spark: score a"):
        clv.spark.score(discrete, cdnow)
    for changed, message in (
        (["T + 0.5 AS T", "recency"], "T must be a whole number of periods in discrete time. Make .*: 2357 of 2357"),
        (["T", "recency / 2 AS recency"], "recency must be a whole number of periods"),
        (["T", "LEAST(recency, 2) AS recency"], "frequency must not exceed recency"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            clv.spark.score(discrete, frame.selectExpr("customer_id", "frequency", *changed), **facts)


def test_facts_outlive_filters_files_and_joins(spark, dirty, model, tmp_path):
    summary = clv.spark.rfm_summary(dirty, observation_end="2018-12-31", tz="UTC", date="moment")
    summary.write.parquet(str(tmp_path / "summary"))
    back = (
        spark.read.parquet(str(tmp_path / "summary"))
        .where("frequency > 1")
        .join(summary.select("customer_id").distinct(), "customer_id")
    )
    facts = json.loads(back.schema["T"].metadata["clvmodels"])
    assert (facts["time_unit"], facts["observation_end"], facts["tz"]) == ("week", "2018-12-31", "UTC")
    assert clv.spark.score(model, back).first()["observation_end"] == "2018-12-31"
    with pytest.raises(clv.InvalidInput, match="the summary says it ends at '2018-12-31'"):
        clv.spark.score(model, back, observation_end="2019-01-31")
    with pytest.raises(clv.InvalidInput, match="tz is about reading a log"):
        clv.spark.score(model, back, tz="UTC")


def test_what_cannot_be_scored(spark, dirty, model):
    with pytest.raises(clv.NotFitted):
        clv.spark.score(clv.CLVModel("bg_nbd", time_unit="week"), dirty, observation_end="2018-12-31")
    with pytest.raises(clv.InvalidInput, match="expected a CLVModel or a PurchaseModel; found str"):
        clv.spark.score("model.json", dirty)
    with pytest.raises(TypeError, match="unexpected keyword argument 'granularity'"):
        clv.spark.score(model, dirty, granularity="day")
    with pytest.raises(clv.InvalidInput, match="a purchase model knows no money"):
        clv.spark.score(model.purchases, dirty, margin=0.3, observation_end="2018-12-31")
