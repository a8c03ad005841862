"""The statements that tests compare, and how they are renewed: python tests/transactions/golden.py."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import clvmodels as clv
from clvmodels.transactions.dialects import DIALECTS
from clvmodels.versions import version_of

FOLDER = Path(__file__).with_name("golden")
SETTINGS = {
    "day_net": {"observation_end": "2024-12-31"},
    "hour_without_money": {
        "amount": None,
        "event_grain": "hour",
        "time_unit": "day",
        "observation_end": "2024-12-31",
        "date_type": "timestamp with time zone",
        "tz": "-09:30",
    },
    "line_carry_back": {
        "customer_id": "Customer ID",
        "date": "when",
        "order_id": 'the "order"',
        "event_grain": "line",
        "time_unit": "month",
        "refunds": "carry_back",
        "observation_start": "2023-01-01",
        "observation_end": "2024-12-31T12:30",
        "date_type": "timestamp with time zone",
        "tz": "Europe/Berlin",
    },
    "month_net": {"event_grain": "month", "observation_end": "2024-12-31", "date_type": "timestamp"},
    "week_drop": {
        "event_grain": "week",
        "refunds": "drop",
        "observation_start": "2023-01-01",
        "observation_end": "2024-12-31T12:30",
        "date_type": "timestamp",
    },
}
CASES = list(product(SETTINGS, DIALECTS))


def file(setting: str, dialect: str) -> Path:
    return FOLDER / f"{setting}.{dialect}.sql"


def statement(setting: str, dialect: str) -> str:
    """The statement, without the version of the package, which changes."""
    text = clv.summary_sql(dialect, "shop.orders", **SETTINGS[setting])
    return text.replace(f"clvmodels {version_of('clvmodels')}:", "clvmodels VERSION:")


if __name__ == "__main__":
    for old in FOLDER.glob("*.sql"):
        old.unlink()
    for case in CASES:
        file(*case).write_text(statement(*case))
