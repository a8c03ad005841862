"""How the customers of one period differ."""

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.economics import kpis, order_counts

from .plain_orders import orders_of


def test_against_plain_pandas(cdnow):
    table = order_counts(cdnow, "1997-Q2", most=4, margin=0.5)
    orders = orders_of(cdnow)
    here = orders[orders["day"].between("1997-04-01", "1997-06-30")]
    each = here.groupby("customer_id")["cents"].agg(["size", "sum"])
    place = each["size"].clip(upper=4)
    assert table["orders"].tolist() == ["1", "2", "3", "4+"]
    assert table["customers"].tolist() == place.value_counts().sort_index().tolist()
    np.testing.assert_allclose(table["revenue"], each["sum"].groupby(place).sum() / 100, rtol=1e-12)
    value = each["sum"].groupby(place).sum() / 100 / each["size"].groupby(place).sum()
    np.testing.assert_allclose(table["average_order_value"], value, rtol=1e-12)
    np.testing.assert_allclose(table["profit"], table["revenue"] / 2)
    assert table[["share_of_customers", "share_of_revenue"]].sum().tolist() == pytest.approx([1.0, 1.0])
    row = kpis(cdnow, "quarter").iloc[1]
    assert table["customers"].sum() == row["customers"]
    assert 1 - table["share_of_customers"].iloc[0] == pytest.approx(row["repeat_rate"])


def test_nobody_and_refusals(cdnow):
    with pytest.warns(clv.ClvWarning, match=r"during \(1996\) begins before the log"):
        nobody = order_counts(cdnow, "1996", amount=None)
    assert nobody["customers"].tolist() == [0] * 5
    assert nobody["share_of_customers"].isna().all()
    assert order_counts(cdnow)["customers"].sum() == 300  # the second quarter of 1998
    with pytest.raises(clv.InvalidInput, match="most must be a whole number"):
        order_counts(cdnow, most=0)
    with pytest.raises(clv.InvalidInput, match="during must be a period"):
        order_counts(cdnow, "spring")
