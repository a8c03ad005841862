"""Tables of values: a customer counts once, and a column is called by its name."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import economics

TWICE = pd.DataFrame({"customer_id": ["a", "b", "a"], "p_alive": 0.5, "clv": [3.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    "told",
    [
        economics.equity_by,
        economics.compute_concentration,
        economics.gini,
        economics.top_share,
        economics.tier_table,
        economics.compute_segment_value,
    ],
)
def test_a_customer_does_not_count_twice_in_a_total(told):
    told(TWICE.iloc[:2])
    with pytest.raises(clv.InvalidInput, match=r"1 of 3 rows repeat a customer_id, first customer_id='a'"):
        told(TWICE)


@pytest.mark.parametrize("value", [["clv"], np.array(["clv", "p_alive"]), pd.Series([1.0]), pd.NA, 3.0])
def test_a_column_is_called_by_its_name(value):
    with pytest.raises(clv.InvalidInput, match="a column is called by its name"):
        economics.equity_by(TWICE.iloc[:2], value=value)


def test_what_is_no_model_and_no_margin_is_refused():
    for ask in (economics.cash_curve, lambda model: economics.customer_equity(model, TWICE)):
        with pytest.raises(clv.InvalidInput, match="model must be a CLVModel"):
            ask(None)
    with pytest.raises(clv.InvalidInput, match="model must be a CLVModel"):
        economics.value_of_new_customer(None)
    with pytest.raises(clv.InvalidInput, match="future must be what"):
        economics.retention_action(TWICE.iloc[:2], 1, 0.1, future=3)
    log = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"], "amount": [1.0]})
    with pytest.raises(clv.InvalidInput, match="margin must be one number"):
        economics.kpis(log, margin=b"0.3")


@pytest.mark.parametrize("order", [5, "low", [["low"]], [float("nan")]])
def test_an_order_of_segments_is_a_list_of_labels(order):
    table = pd.DataFrame({"customer_id": ["a"], "segment": ["low"]})
    with pytest.raises(clv.InvalidInput, match="order must be a list of labels"):
        economics.migration(table, table, order=order)


def test_lists_where_one_number_or_word_is_asked_are_refused():
    log = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"], "amount": [1.0]})
    costs = economics.acquisition_cost({"ads": 60}, {"ads": 30})
    for ask in (
        lambda: economics.order_value_table(log, lifespan_months=[12.0, 24.0]),
        lambda: economics.cohort_table(log, quantity=["orders"]),
        lambda: economics.cohort_table(log, by=np.array(["age", "calendar"])),
        lambda: economics.segment_rules(["rfm"]),
        lambda: economics.spend_by_period(log, period=["month"]),
        lambda: economics.value_tiers(TWICE, names=3),
        lambda: economics.unit_economics(costs, {"ads": [20.0]}),
        lambda: economics.unit_economics(costs, 20.0, curve=7),
        lambda: economics.new_customer_value(TWICE.iloc[:2], np.array("web")),
    ):
        with pytest.raises(clv.InvalidInput):
            ask()


def test_a_path_longer_than_the_system_allows_is_refused():
    with pytest.raises(clv.InvalidInput, match="is no path of a file"):
        economics.kpis("a" * 5000 + ".csv")
