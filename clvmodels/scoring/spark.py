"""Summaries, patterns to fit on and scores of every customer in Spark, for what outgrows one machine.

Spark reads the same SQL as the embedded engine, and the same model scores; results at equal parameters are the same.
PySpark 4.0 or newer is the cluster's. ``pip install 'clvmodels[spark]'`` on the driver adds sqlglot, which writes the
SQL; for `score` clvmodels must be installed on the workers as well. Nothing is registered in the session, no setting of
it is changed, and its time zone and ANSI mode make no difference.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable, NotEnoughData
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.saved import from_text, to_text
from ..transactions.columns import Columns
from ..transactions.cut import names_in
from ..transactions.patterns import CUSTOMERS, STATISTICS, Patterns, is_summary
from ..transactions.summarize import refuse_unknown
from .scored import scored_table
from .spark_log import SparkSummary, frame_of, summary_of
from .spark_summary import check_summary, facts_of, statistics_of, with_facts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["patterns", "rfm_summary", "score"]

ROWS = 131_072  # rows scored at a time: Spark's batches of 10,000 pay too much for what is done once a batch


def rfm_summary(
    log: Any,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    time_unit: str = "week",
    event_grain: str = "day",
    observation_start: object = None,
    observation_end: object = None,
    refunds: str = "net",
    order_id: str | None = None,
    tz: str | None = None,
    date_format: str | None = None,
    strict: bool = False,
) -> Any:
    """Turn a transaction log in Spark into one row a customer, as `clvmodels.rfm_summary` does.

    Parameters
    ----------
    log
        A Spark DataFrame, or the name of a table.
    customer_id, date, amount, time_unit, event_grain, observation_start, observation_end, refunds, order_id
        As for `clvmodels.summarize`. Amounts may also be text, as Spark reads them from CSV files.
    tz
        As there; needed for a column of TIMESTAMP, which in Spark is an instant. TIMESTAMP_NTZ is local time as it is.
    date_format
        As there, with %d %m %Y %y %H %I %p %M %S %f and %z.
    strict
        As there; refunds that cannot be taken off anything then need the summary to be computed once at once.

    Returns
    -------
    DataFrame
        Spark's: customer_id, frequency, recency, T and, with amounts, monetary_value, in no order. The lines are read
        once at once, to count and to refuse; the summary is computed when it is asked for. The facts are metadata of
        the column T, which Spark keeps through filters, joins, Parquet files and tables.

    Raises
    ------
    InvalidInput, NotEnoughData
        If the log, or a setting, cannot be used as it is.
    NotAvailable
        If PySpark or sqlglot is not installed, or ``date_format`` holds what Spark cannot read.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.spark.rfm_summary("shop.orders", time_unit="week", tz="UTC")  # doctest: +SKIP
    """
    found = summary_of(
        log,
        Columns(customer_id, date, amount, order_id),
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=observation_start,
        observation_end=observation_end,
        refunds=refunds,
        tz=tz,
        date_format=date_format,
        strict=strict,
    )
    return with_facts(found.frame, found.facts)


def patterns(source: Any, **reading: Any) -> Patterns:
    """Distinct histories of the customers and how many have each, merged in Spark: small frames to fit on.

    Parameters
    ----------
    source
        A Spark DataFrame or the name of a table: a log, or a summary, which has frequency, recency and T.
    **reading
        As for `rfm_summary`; of a summary ``time_unit`` and ``observation_end`` where its metadata was lost.

    Returns
    -------
    Patterns
        What `clvmodels.patterns` gives, and every ``fit`` takes: ``purchases`` and ``spend``, small pandas frames.

    Raises
    ------
    InvalidInput, NotEnoughData, NotAvailable
        As `rfm_summary` does, and for a summary that is none.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.spark.patterns("shop.orders", tz="UTC")  # doctest: +SKIP
    >>> clv.CLVModel("bg_nbd").fit(found)  # doctest: +SKIP
    """
    found = _read(source, "patterns", **reading)
    purchases = _merged(found.frame, STATISTICS)
    each = purchases[CUSTOMERS]
    counts: dict[str, int | float] = {
        "customers": int(each.sum()),
        "repeaters": int(each[purchases["frequency"] > 0].sum()),
    }
    if not counts["customers"]:
        raise NotEnoughData("there is no customer to fit: no purchase remains, or the summary has no rows")
    spend = None
    if "monetary_value" in found.frame.columns:
        spend = _merged(found.frame.where("frequency > 0"), ("frequency", "monetary_value"))
        spend = frames.attach_facts(spend, found.facts)
    return Patterns(frames.attach_facts(purchases, found.facts), spend, found.facts, counts)


def score(
    model: CLVModel | PurchaseModel,
    source: Any,
    *,
    horizon: float | None = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    interval: float | None = None,
    draws: int = 1000,
    seed: int = 0,
    **reading: Any,
) -> Any:
    """Score every customer of a log or a summary in Spark with a fitted model.

    Nothing is set aside as `clvmodels.score` does, which keeps lines and customers that cannot be scored as rejects:
    a log with amounts that cannot be read, and a summary with a row that no model can read, are refused as a whole,
    with how many there are and the first of them. Lines without a customer or a date are left out.

    Parameters
    ----------
    model
        A `CLVModel`, or a `PurchaseModel` where there is no money; of shipped families. Its saved text travels to the
        workers, with its posterior if it carries one.
    source
        A Spark DataFrame or the name of a table: a log, or a summary, which has frequency, recency and T.
    horizon, annual_discount_rate
        As for `CLVModel.predict`.
    margin
        As there; the name of a column where the source is a summary.
    interval, draws, seed
        As there. The ends of ``clv`` are simulated for the customers of a batch together, so they
        differ, within the error of so many draws, when Spark cuts the rows otherwise.
    **reading
        As for `rfm_summary`, of a log; ``time_unit`` is the model's. Of a summary ``observation_end`` and
        ``time_unit`` where its metadata was lost.

    Returns
    -------
    DataFrame
        Spark's, lazy: customer_id, p_alive, expected_purchases and, with money, expected_spend and clv, with an
        interval each followed by its ends; in every row observation_end, horizon and time_unit, and with an interval
        interval and interval_source.

    Raises
    ------
    InvalidInput, NotEnoughData, NotFitted, UnitMismatch, NotAvailable
        If the source, the model or a setting cannot be used: a summary is looked through once before.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.load_model("model.json")  # doctest: +SKIP
    >>> scored = clv.spark.score(model, "shop.orders", horizon=52, tz="UTC")  # doctest: +SKIP
    >>> scored.write.mode("overwrite").saveAsTable("shop.scores")  # doctest: +SKIP
    """
    if not isinstance(model, (CLVModel, PurchaseModel)):
        raise InvalidInput(f"expected a CLVModel or a PurchaseModel; found {type(model).__name__}")
    purchases = model.purchases if isinstance(model, CLVModel) else model
    source = frame_of(source, "log or summary")
    if purchases.family.time == "discrete" and not is_summary(source.columns):
        raise InvalidInput(
            f"{purchases.family.title} reads whole periods, which are not counted in Spark: score a summary made by "
            "discrete_summary(log, period=...), or choose a family in continuous time"
        )
    if isinstance(model, PurchaseModel) and "amount" not in source.columns:
        reading.setdefault("amount", None)  # where there are amounts, refunds decide what a purchase is
    reading.setdefault("time_unit", purchases._unit)
    share = model.margin if isinstance(model, CLVModel) and margin is None else margin
    column = share if isinstance(share, str) else None
    found = _read(source, "score", model=model, margin=column, **reading)
    terms: dict[str, Any] = {
        "horizon": horizon,
        "annual_discount_rate": annual_discount_rate,
        "margin": margin,
        "interval": interval,
        "draws": draws,
        "seed": seed,
    }
    text = _sendable(model)
    statistics, _ = statistics_of(model)
    picked = found.frame.select("customer_id", *dict.fromkeys([*statistics, *([] if column is None else [column])]))
    schema = _schema(model, picked, found.facts, terms)
    return picked.mapInArrow(partial(_scored, text, tuple(found.facts.items()), tuple(terms.items())), schema)


def _read(source: Any, function: str, model: Any = None, margin: str | None = None, **reading: Any) -> SparkSummary:
    """The summary that the source is, or that is made of it."""
    refuse_unknown(function, reading)
    frame = frame_of(source, "log or summary")
    if is_summary(frame.columns):
        facts = facts_of(frame, reading)
        check_summary(frame, facts, model, margin)
        return SparkSummary(frame, facts)
    if margin is not None:
        raise InvalidInput(
            f"the margin is to be taken from column {margin!r}, which a log has none of: make the summary with "
            "clvmodels.spark.rfm_summary, join the column to it and score that"
        )
    usual: dict[str, Any] = {
        "time_unit": "week",
        "event_grain": "day",
        "observation_start": None,
        "observation_end": None,
        "refunds": "net",
        "tz": None,
        "date_format": None,
        "strict": False,
    }
    settings = {name: reading.get(name, value) for name, value in usual.items()}
    return summary_of(frame, names_in(reading), **settings)


def _merged(frame: Any, statistics: tuple[str, ...]) -> Any:
    """Distinct statistics in ascending order, and how many customers have them."""
    doubles = [frame[name].cast("bigint" if name == "frequency" else "double").alias(name) for name in statistics]
    found = frame.select(*doubles).groupBy(*statistics).count().withColumnRenamed("count", CUSTOMERS).toArrow()
    table = found.replace_schema_metadata(None).to_pandas()
    return table.sort_values(list(statistics), ignore_index=True)


def _sendable(model: CLVModel | PurchaseModel) -> str:
    text = to_text(model, posterior=True)
    try:
        from_text(text)
    except InvalidInput as error:
        raise NotAvailable(f"only models of shipped families can be sent to Spark's workers: {error}") from error
    return text


def _schema(model: Any, picked: Any, facts: dict[str, str | None], terms: dict[str, Any]) -> Any:
    """What scoring gives, found by scoring a customer that is none: it also tells what is wrong with the settings."""
    import pyarrow as pa
    from pyspark.sql import types

    one: dict[str, Any] = {name: np.zeros(1) for name in picked.columns if name != "customer_id"}
    tried = scored_table(model, frames.attach_facts(pa.table({"customer_id": [0], **one}), facts), **terms)
    fields = [picked.schema["customer_id"]]
    for field in tried.schema:
        if field.name != "customer_id":
            sort = types.StringType() if pa.types.is_string(field.type) else types.DoubleType()
            fields.append(types.StructField(field.name, sort))
    return types.StructType(fields)


_model = cache(from_text)  # once a process


def _scored(
    text: str,
    facts: tuple[tuple[str, str | None], ...],
    terms: tuple[tuple[str, Any], ...],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Score batches on a worker; nothing but texts and numbers was sent to it."""
    for table in _gathered(batches):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were told on the driver, or would be told once a batch
            found = scored_table(_model(text), frames.attach_facts(table, dict(facts)), **dict(terms))
        yield from found.replace_schema_metadata(None).to_batches()


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if sum(one.num_rows for one in waiting):
        yield pa.Table.from_batches(waiting)
