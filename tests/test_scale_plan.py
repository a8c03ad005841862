"""The plan for very many customers is arithmetic on what was measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURED = {
    "machine": "a machine",
    "lines": 20_000_000,
    "customers": 2_000_000,
    "log_bytes": 100_000_000,
    "scored": {"bg_nbd": {"wall": 3.0, "cpu": 5.0, "peak": 1e9, "bytes": 48_000_000}},
}


def tool():
    spec = importlib.util.spec_from_file_location("scale_plan", ROOT / "tools" / "scale_plan.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_costs_grow_with_customers_and_are_shared_by_cores():
    table = tool().plan(MEASURED, 1e9, spark_seconds=18.0, spark_cores=2)
    assert "| lines | 10,000,000 | 10,000,000,000 |" in table
    assert "| log, Parquet | 50.0 MB | 50.0 GB |" in table
    assert "| scored table, Parquet | 24.0 MB | 24.0 GB |" in table
    assert "1.50 s (2.50 core-seconds) | 25.0 minutes |" in table
    assert "| Spark | 18.00 s on 2 cores (36.00 core-seconds) | 10.0 core-hours |" in table
    assert "| Spark, 64 cores |  | 9.4 minutes |" in table
    assert "Spark" not in tool().plan(MEASURED, 1e9, None, 2)


def test_the_page_keeps_what_is_around_the_plan():
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    found = tool().with_plan(page, "PLAN\n")
    before, after = found.split("PLAN\n")
    assert page.startswith(before)
    assert page.endswith(after)
