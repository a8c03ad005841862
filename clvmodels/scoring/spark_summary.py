"""A summary in Spark: its facts as metadata of a column, and whether every row of it can be scored."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..frames import CUSTOMER_ID
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.time_units import check_unit_to_predict
from ..transactions.moments import parse_moment
from ..transactions.patterns import STATISTICS
from ..transactions.summary_rules import MONEY, Rule, rules_of
from ..units import hours_in
from .spark_log import ticked

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "void")


def with_facts(frame: Any, facts: dict[str, str | None]) -> Any:
    """The data frame with its facts as metadata of the column T."""
    return frame.withMetadata("T", {frames.FACTS_KEY: json.dumps(facts)})


def facts_of(frame: Any, given: dict[str, Any]) -> dict[str, str | None]:
    """What the metadata says, and what was given for the time unit and the end of observation; both must agree."""
    known = _known(frame)
    others = sorted(set(given) - {"time_unit", "observation_end", "amount"})
    if others:
        raise InvalidInput(
            f"{others[0]} is about reading a log; the source is a summary, for it has the columns "
            f"{', '.join(STATISTICS)}. Leave it out"
        )
    unit, end = given.get("time_unit"), given.get("observation_end")
    if unit is not None:
        hours_in(unit)
        if known.get("time_unit") not in (None, unit):
            raise UnitMismatch(
                f"time_unit={unit!r} is asked for, the summary is in {known['time_unit']!r}: summarise again with "
                f"time_unit={unit!r}"
            )
        known["time_unit"] = unit
    if end is not None:
        told = parse_moment("observation_end", end, known.get("tz")).isoformat()
        if known.get("observation_end") not in (None, told):
            raise InvalidInput(
                f"observation_end={told!r} was passed, the summary says it ends at {known['observation_end']!r}: leave "
                "it out, or summarise again"
            )
        known["observation_end"] = told
    return known


def _known(frame: Any) -> dict[str, str | None]:
    import pyarrow as pa

    text = str(frame.schema["T"].metadata.get(frames.FACTS_KEY, "{}"))
    return dict(frames.read_facts(pa.table({"T": [0.0]}).replace_schema_metadata({frames.FACTS_KEY: text})))


def check_summary(frame: Any, facts: dict[str, str | None], model: Any, margin: str | None) -> None:
    """Look through the summary once, and refuse what no model could read: how many rows, and which first."""
    purchases = model.purchases if isinstance(model, CLVModel) else model
    statistics, time = (STATISTICS, "continuous") if model is None else statistics_of(model)
    if model is None and MONEY in frame.columns:
        statistics = (*statistics, MONEY)
    ids = [CUSTOMER_ID] if model is not None or CUSTOMER_ID in frame.columns else []
    names = list(dict.fromkeys([*statistics, "T", *([] if margin is None else [margin])]))
    _check_columns(frame, [*ids, *names])
    read = frame.select(*ids, *(frame[ticked(name)].cast("double").alias(name) for name in names))
    rules = rules_of(statistics, time=time, margin=margin, quote=ticked)
    if model is not None:
        rules.insert(0, Rule("customer_id IS NULL", (), "customer_id must be there", "no customer"))
    named = {f"broken_{i}": rule for i, rule in enumerate(rules)}
    counts = ", ".join(f"COUNT(CASE WHEN {rule.wrong} THEN 1 END) AS {name}" for name, rule in named.items())
    once = "COUNT(customer_id) - COUNT(DISTINCT customer_id)" if ids else "0"
    text = f"SELECT COUNT(*) AS customers, MAX(T) AS largest, {once} AS repeated, {counts} FROM {{summary}}"
    met = frame.sparkSession.sql(text, summary=read).collect()[0]
    for name, rule in named.items():
        if met[name]:
            row = read.where(rule.wrong).first().asDict()
            who = f"customer_id={row[CUSTOMER_ID]!r}" if ids else "of them"
            raise InvalidInput(rule.refusal(met[name], met["customers"], who, row))
    if met["repeated"]:
        again = frame.groupBy("customer_id").count().where("count > 1").first()
        raise InvalidInput(
            f"a summary has one row per customer: {met['repeated']:,} of {met['customers']:,} rows repeat a "
            f"customer_id, first customer_id={again['customer_id']!r}. Summarise the whole log at once, or drop the "
            "duplicates"
        )
    if model is not None and met["customers"]:
        told = frames.attach_facts(_one_row(), facts)
        check_unit_to_predict(purchases._unit, purchases.largest_trained, told, np.array([float(met["largest"])]))


def statistics_of(model: CLVModel | PurchaseModel) -> tuple[tuple[str, ...], str]:
    """The columns of a summary that a model reads, and whether time is continuous or discrete in it."""
    purchases = model.purchases if isinstance(model, CLVModel) else model
    spend = model.spend.family.statistics if isinstance(model, CLVModel) else ()
    return tuple(dict.fromkeys((*purchases.family.statistics, *spend))), purchases.family.time


def _one_row() -> Any:
    import pyarrow as pa

    return pa.table({"T": [0.0]})


def _check_columns(frame: Any, needed: list[str]) -> None:
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    for name in needed:
        if name not in types:
            raise InvalidInput(f"there is no column {name!r}; the columns found are {', '.join(map(repr, types))}")
        if name != CUSTOMER_ID and types[name].split("(")[0] not in _NUMBERS:
            raise InvalidInput(f"column {name!r} must hold numbers; found {types[name]}")
