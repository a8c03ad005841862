"""A summary in Spark: its facts as metadata of a column, and whether every row of it can be scored."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.time_units import check_unit_to_predict
from ..transactions.moments import parse_moment
from ..transactions.patterns import STATISTICS
from ..units import hours_in

_TOLERANCE = "1e-9 * GREATEST(T, 1.0)"
_ADVICE = (
    "in discrete time. Make the summary with discrete_summary(log, period=...), which counts the periods with a "
    "purchase, or choose a family in continuous time"
)


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


def check_summary(frame: Any, facts: dict[str, str | None], model: Any, more: list[str]) -> None:
    """Look through the summary once, and refuse what no model could read: how many rows, and which first."""
    rules = _rules(frame, model, more)
    named = {f"broken_{i}": where for i, (where, _) in enumerate(rules)}
    counts = ", ".join(f"COUNT(CASE WHEN {where} THEN 1 END) AS {name}" for name, where in named.items())
    once = "COUNT(customer_id) - COUNT(DISTINCT customer_id)" if "customer_id" in frame.columns else "0"
    text = f"SELECT COUNT(*) AS customers, MAX(T) AS largest, {once} AS repeated, {counts} FROM {{summary}}"
    met = frame.sparkSession.sql(text, summary=frame).collect()[0]
    for (where, rule), name in zip(rules, named, strict=True):
        if met[name]:
            shown = [name for name in ("customer_id", *STATISTICS, "monetary_value", *more) if name in frame.columns]
            first = frame.where(where).select(*shown).first()
            told = ", ".join(f"{name}={first[name]!r}" for name in shown)
            raise InvalidInput(f"{rule}: {met[name]:,} of {met['customers']:,} customers violate it, first {told}")
    if met["repeated"]:
        again = frame.groupBy("customer_id").count().where("count > 1").first()
        raise InvalidInput(
            f"a summary has one row per customer: {met['repeated']:,} of {met['customers']:,} rows repeat a "
            f"customer_id, first customer_id={again['customer_id']!r}. Summarise the whole log at once, or drop the "
            "duplicates"
        )
    if model is not None and met["customers"]:
        purchases = _purchases(model)
        told = frames.attach_facts(_one_row(), facts)
        check_unit_to_predict(purchases._unit, purchases.largest_trained, told, np.array([float(met["largest"])]))


def _purchases(model: CLVModel | PurchaseModel) -> PurchaseModel:
    return model.purchases if isinstance(model, CLVModel) else model


def _one_row() -> Any:
    import pyarrow as pa

    return pa.table({"T": [0.0]})


def _rules(frame: Any, model: Any, more: list[str]) -> list[tuple[str, str]]:
    """What must not be, in SQL, and what to say then."""
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    money = "monetary_value" in types and (model is None or isinstance(model, CLVModel))
    needed = [*(["customer_id"] if model is not None else []), *STATISTICS, *more]
    needed += ["monetary_value"] if isinstance(model, CLVModel) else []
    for name in needed:
        if name not in types:
            raise InvalidInput(f"there is no column {name!r}; the columns found are {', '.join(map(repr, types))}")
        if name != "customer_id" and types[name].split("(")[0] not in _NUMBERS:
            raise InvalidInput(f"column {name!r} must hold numbers; found {types[name]}")
    rules = [("customer_id IS NULL", "customer_id must be there")] if model is not None else []
    for name in (*STATISTICS, *more):
        column = "`" + name.replace("`", "``") + "`"
        value = f"CAST({column} AS DOUBLE)"
        rules.append(
            (
                f"{column} IS NULL OR ISNAN({value}) OR ABS({value}) = DOUBLE('Infinity')",
                f"{name} must be a finite number",
            )
        )
        if name in STATISTICS:
            rules.append((f"{column} < 0", f"{name} must not be negative"))
    rules += [
        ("frequency <> FLOOR(frequency)", "frequency must be a whole number of repeat purchases"),
        (f"recency > T + {_TOLERANCE}", "recency must not exceed T"),
        ("frequency = 0 AND recency > 0", "recency must be 0 where frequency is 0 (it ends at the last repeat)"),
    ]
    if model is not None and _purchases(model).family.time == "discrete":
        rules += [
            (f"{name} <> FLOOR({name})", f"{name} must be a whole number of periods {_ADVICE}")
            for name in ("T", "recency")
        ]
        rules.append(("frequency > recency", f"frequency must not exceed recency (one purchase a period) {_ADVICE}"))
    if money:
        value = "CAST(monetary_value AS DOUBLE)"
        rules += [
            (
                f"frequency > 0 AND (monetary_value IS NULL OR ISNAN({value}))",
                "monetary_value must be there for customers with frequency > 0",
            ),
            (f"ABS({value}) = DOUBLE('Infinity')", "monetary_value must be finite"),
            ("frequency > 0 AND monetary_value < 0", "monetary_value must not be negative"),
        ]
    return rules


_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "void")
