"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .acquisition import acquisition_cost
from .acquisition_cohorts import cohorts_of
from .after_validation import overview_after
from .cash_curves import cash_curve, cash_curve_of
from .cohort_survival import compute_cohort_survival
from .cohorts import cohort_table, compute_cohorts
from .concentration import compute_concentration, gini, top_share
from .customer_base import Overview, overview
from .data_freshness import Freshness, freshness
from .deciles_between import decile_change
from .decomposition import PeriodChange, change_between
from .equity import Equity, customer_equity, equity_by
from .equity_between import EquityChange, equity_change
from .five_lenses import CustomerAudit, audit
from .key_figures import kpis
from .log_values import historical_clv, order_value_table
from .loyalty_tiers import loyalty_thresholds, thresholds_for_shares
from .margins import Margins, margin_of, margins_from_cost
from .method_comparison import compare_clv_methods
from .method_result import MethodComparison
from .new_customer_result import NewCustomerValues
from .new_customers import new_customer_value, value_of_new_customer
from .next_purchases import next_purchase
from .orders_per_customer import order_counts
from .payback import Payback, highest_bid_for_payback, payback_period
from .purchases import Purchases, read_purchases
from .retention_actions import RetentionAction, break_even_uplift, retention_action
from .retention_value import retention_clv, retention_clv_timings
from .rfm import rfm_bounds, rfm_scores, rfm_segments
from .rules import segment_rules
from .segment_migration import Migration, migration
from .segment_value import compute_segment_value
from .segments_of_value import value_if_alive, value_segments
from .silent_customers import at_risk, falls_below
from .simple_formulas import average_clv, discount_rate_per_period, lifetime_from_churn, order_value_clv
from .spend_periods import spend_by_period
from .tiers import tier_table, value_tiers
from .tornado import compute_tornado
from .unit_table import UnitEconomics, unit_economics
from .value_to_cost import highest_bid, ltv_to_cac
from .what_if_result import WhatIf, what_if

__all__ = [
    "CustomerAudit",
    "Equity",
    "EquityChange",
    "Freshness",
    "Margins",
    "MethodComparison",
    "Migration",
    "NewCustomerValues",
    "Overview",
    "Payback",
    "PeriodChange",
    "Purchases",
    "RetentionAction",
    "UnitEconomics",
    "WhatIf",
    "acquisition_cost",
    "at_risk",
    "audit",
    "average_clv",
    "break_even_uplift",
    "cash_curve",
    "cash_curve_of",
    "change_between",
    "cohort_table",
    "cohorts_of",
    "compare_clv_methods",
    "compute_cohort_survival",
    "compute_cohorts",
    "compute_concentration",
    "compute_segment_value",
    "compute_tornado",
    "customer_equity",
    "decile_change",
    "discount_rate_per_period",
    "equity_by",
    "equity_change",
    "falls_below",
    "freshness",
    "gini",
    "highest_bid",
    "highest_bid_for_payback",
    "historical_clv",
    "kpis",
    "lifetime_from_churn",
    "loyalty_thresholds",
    "ltv_to_cac",
    "margin_of",
    "margins_from_cost",
    "migration",
    "new_customer_value",
    "next_purchase",
    "order_counts",
    "order_value_clv",
    "order_value_table",
    "overview",
    "overview_after",
    "payback_period",
    "read_purchases",
    "retention_action",
    "retention_clv",
    "retention_clv_timings",
    "rfm_bounds",
    "rfm_scores",
    "rfm_segments",
    "segment_rules",
    "spend_by_period",
    "thresholds_for_shares",
    "tier_table",
    "top_share",
    "unit_economics",
    "value_if_alive",
    "value_of_new_customer",
    "value_segments",
    "value_tiers",
    "what_if",
]
