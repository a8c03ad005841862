"""What an option is taken to be where nothing is said."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "customer_id": "customer_id",
    "date": "date",
    "amount": "amount",
    "event_grain": "day",
    "refunds": "net",
    "purchases": "pareto_nbd",
    "spend": "gamma_gamma",
    "time_unit": "week",
    "annual_discount_rate": 0.10,
    "margin": 1.0,
    "top": 10,
    "draws": 1000,
    "models": "pareto_nbd",
    "late": "refuse",
}
