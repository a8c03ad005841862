"""Tenths of customers from one period to another, against sorting in plain pandas."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import decile_change

from .plain_orders import orders_of


@pytest.fixture(scope="module")
def small():
    """Ten customers spend 10, 20, ..., 100 in January; those of even number spend 1 in February, and one more comes."""
    january = [(i, "2024-01-15", 10.0 * i) for i in range(1, 11)]
    february = [(i, "2024-02-15", 1.0) for i in range(2, 11, 2)] + [(11, "2024-02-29", 5.0)]
    edges = [(12, "2023-12-31", 0.5), (12, "2024-03-01", 0.5)]  # so that the log covers both months
    return pd.DataFrame(january + february + edges, columns=["customer_id", "date", "amount"])


def test_by_hand(small):
    table = decile_change(small, "2024-01", "2024-02", groups=5)
    first = table[table["sorted_by"] == "before"]
    assert first["revenue_before"].tolist() == [190.0, 150.0, 110.0, 70.0, 30.0]
    assert first["revenue_after"].tolist() == [1.0] * 5
    assert first["active_after"].tolist() == [0.5] * 5
    np.testing.assert_allclose(first["share_before"], np.array([19, 15, 11, 7, 3]) / 55)
    assert first["share_after"].tolist() == [0.1] * 5
    second = table[table["sorted_by"] == "after"]
    assert second["customers"].tolist() == [1.2] * 5
    # five who spent 1 tie: the new one and a fifth of one of them are the best fifth
    np.testing.assert_allclose(second["revenue_after"], [5.2, 1.2, 1.2, 1.2, 1.2])
    np.testing.assert_allclose(second["revenue_before"], [12.0, 72.0, 72.0, 72.0, 72.0])


def test_against_sorting(cdnow):
    orders = orders_of(cdnow)
    sums = [
        orders[orders["day"].between(first, last)].groupby("customer_id")["cents"].agg(["sum", "size"])
        for first, last in (("1997-04-01", "1997-06-30"), ("1997-07-01", "1997-09-30"))
    ]
    table = decile_change(cdnow, "1997-Q2", "1997-Q3", groups=4)
    for name, own, other in (("before", *sums), ("after", *sums[::-1])):
        rows = table[table["sorted_by"] == name]
        away = "after" if name == "before" else "before"
        ranked = own.sort_values("sum", ascending=False)
        cut = len(ranked) // 4
        if len(ranked) % 4 == 0 and ranked["sum"].iloc[cut - 1] > ranked["sum"].iloc[cut]:
            best = ranked.index[:cut]
            assert rows[f"revenue_{name}"].iloc[0] == pytest.approx(ranked["sum"].iloc[:cut].sum() / 100, rel=1e-12)
            later = other.reindex(best).dropna()
            assert rows[f"revenue_{away}"].iloc[0] == pytest.approx(later["sum"].sum() / 100, rel=1e-12)
            assert rows[f"active_{away}"].iloc[0] == pytest.approx(len(later) / cut, rel=1e-12)
        assert rows["customers"].sum() == pytest.approx(len(own))
        assert rows[f"revenue_{name}"].sum() == pytest.approx(own["sum"].sum() / 100, rel=1e-12)
        assert rows[f"orders_{name}"].sum() == pytest.approx(own["size"].sum())
        both = own.index.intersection(other.index)
        assert rows[f"revenue_{away}"].sum() == pytest.approx(other.loc[both, "sum"].sum() / 100, rel=1e-12)
        assert (rows[f"revenue_{name}"].diff().dropna() <= 0).all()
        assert rows[f"active_{name}"].tolist() == pytest.approx([1.0] * 4)


def test_without_money_orders_sort(cdnow):
    table = decile_change(cdnow, "1997-Q2", "1997-Q3", amount=None)
    assert "revenue_before" not in table
    assert (table.loc[table["sorted_by"] == "before", "orders_before"].diff().dropna() <= 1e-12).all()


def test_refusals(cdnow, small):
    with pytest.raises(clv.InvalidInput, match="nobody bought anything in 2024-01-16 to 2024-01-28 and"):
        decile_change(small, ("2024-01-16", "2024-01-28"), ("2024-02-01", "2024-02-13"))
    one = decile_change(small, ("2024-01-16", "2024-01-28"), ("2024-02-10", "2024-02-22"), groups=2)
    assert one["sorted_by"].tolist() == ["after", "after"]
    assert one["active_before"].tolist() == [0.0, 0.0]
    with pytest.raises(clv.InvalidInput, match="groups must be a whole number of at least 1; found 0"):
        decile_change(cdnow, "1997-Q2", "1997-Q3", groups=0)
    with pytest.raises(clv.InvalidInput, match="must end before"):
        decile_change(cdnow, "1997-Q3", "1997-Q2")
    with pytest.raises(TypeError, match=r"decile_change\(\) got an unexpected keyword"):
        decile_change(cdnow, group=4)
