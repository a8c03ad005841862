"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .acquisition import acquisition_cost
from .acquisition_cohorts import cohorts_of
from .cash_curves import cash_curve, cash_curve_of
from .after_validation import overview_after
from .at_risk import at_risk, falls_below
from .cash_curve import cash_curve, cash_curve_of
from .concentration import compute_concentration, gini, top_share
from .customer_base import Overview, overview
from .equity import Equity, customer_equity, equity_by
from .equity_change import EquityChange, equity_change
from .log_age import Freshness, freshness
from .loyalty_tiers import loyalty_thresholds, thresholds_for_shares
from .margins import Margins, margin_of, margins_from_cost
from .migration import Migration, migration
from .next_purchase import next_purchase
from .payback import Payback, highest_bid_for_payback, payback_period
from .audit import CustomerAudit, audit
from .cohort_survival import compute_cohort_survival
from .cohorts import cohort_table, compute_cohorts
from .decile_change import decile_change
from .decomposition import PeriodChange, change_between
from .kpis import kpis
from .order_counts import order_counts
from .purchases import Purchases, read_purchases
from .retention_action import RetentionAction, break_even_uplift, retention_action
from .rfm_scores import rfm_bounds, rfm_scores, rfm_segments
from .rules import segment_rules
from .segment_value import compute_segment_value
from .spend_periods import spend_by_period
from .tiers import tier_table, value_tiers
from .value_segments import value_if_alive, value_segments
from .value_to_cost import highest_bid, ltv_to_cac
from .tornado import compute_tornado
from .what_if import WhatIf, what_if

__all__ = [
    "Equity",
    "EquityChange",
from .log_values import historical_clv, order_value_table
from .margins import Margins, margin_of, margins_from_cost
from .method_comparison import compare_clv_methods
from .method_result import MethodComparison
from .payback import Payback, highest_bid_for_payback, payback_period
from .purchases import Purchases, read_purchases
from .retention_actions import RetentionAction, break_even_uplift, retention_action
from .retention_value import retention_clv, retention_clv_timings
from .simple_formulas import average_clv, discount_rate_per_period, lifetime_from_churn, order_value_clv
from .spend_periods import spend_by_period
from .unit_table import UnitEconomics, unit_economics
from .value_to_cost import highest_bid, ltv_to_cac

__all__ = [
    "Equity",
    "EquityChange",
    "Margins",
    "MethodComparison",
    "Payback",
    "Purchases",
    "RetentionAction",
    "UnitEconomics",
    "acquisition_cost",
    "average_clv",
    "Freshness",
    "Margins",
    "Migration",
    "Overview",
    "Payback",
    "Purchases",
    "RetentionAction",
    "acquisition_cost",
    "at_risk",
    "break_even_uplift",
    "cash_curve",
    "cash_curve_of",
from .new_customer_result import NewCustomerValues
from .new_customers import new_customer_value, value_of_new_customer

__all__ = [
    "Equity",
    "NewCustomerValues",
    "WhatIf",
    "cohorts_of",
    "compare_clv_methods",
    "compute_concentration",
    "compute_segment_value",
    "compute_tornado",
    "customer_equity",
    "discount_rate_per_period",
    "equity_by",
    "equity_change",
    "falls_below",
    "freshness",
    "gini",
    "highest_bid",
    "highest_bid_for_payback",
    "loyalty_thresholds",
    "ltv_to_cac",
    "margin_of",
    "margins_from_cost",
    "migration",
    "next_purchase",
    "overview",
    "overview_after",
    "payback_period",
    "read_purchases",
    "retention_action",
    "rfm_bounds",
    "rfm_scores",
    "rfm_segments",
    "segment_rules",
    "tier_table",
    "top_share",
    "value_if_alive",
    "value_segments",
    "value_tiers",
from .at_risk import at_risk, falls_below
from .loyalty_tiers import loyalty_thresholds, thresholds_for_shares
from .migration import Migration, migration
from .next_purchase import next_purchase

__all__ = [
    "Migration",
    "at_risk",
    "falls_below",
    "loyalty_thresholds",
    "migration",
    "next_purchase",
    "thresholds_for_shares",
    "highest_bid",
    "highest_bid_for_payback",
    "historical_clv",
    "lifetime_from_churn",
    "ltv_to_cac",
    "margin_of",
    "margins_from_cost",
    "order_value_clv",
    "order_value_table",
    "payback_period",
    "read_purchases",
    "retention_action",
    "retention_clv",
    "retention_clv_timings",
    "spend_by_period",
    "top_share",
    "unit_economics",
    "spend_by_period",
    "thresholds_for_shares",
    "tier_table",
    "top_share",
    "value_if_alive",
    "value_segments",
    "value_tiers",
    "new_customer_value",
    "top_share",
    "value_of_new_customer",
    "CustomerAudit",
    "PeriodChange",
    "Purchases",
    "audit",
    "change_between",
    "cohort_table",
    "compute_cohort_survival",
    "compute_cohorts",
    "decile_change",
    "kpis",
    "order_counts",
    "read_purchases",
    "what_if",
]
