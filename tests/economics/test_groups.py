"""Which group each customer belongs to: odd labels, odd identifiers, groups without a customer."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics.groups import alike, groups_of

THREE = pd.DataFrame({"customer_id": ["a", "b", "c"], "clv": [3.0, 2.0, 1.0]})
SIZES = pd.Categorical(["small", "large", "small"], categories=["small", "large", "huge"])


@pytest.mark.parametrize(
    "by",
    [
        SIZES,
        pd.Series(SIZES),
        pd.CategoricalIndex(SIZES),
        pd.DataFrame({"customer_id": ["a", "b", "c"], "size": SIZES}),
    ],
)
def test_categories_keep_their_order_and_those_without_a_customer_are_told(by):
    found = groups_of(THREE, by)
    assert (found.names, found.sizes.tolist()) == (["small", "large"], [2, 1])
    assert found.notes == ("groups without a customer in the table, which have no row: 'huge'",)
    with pytest.warns(clv.ClvWarning, match="without a customer in the table.*'huge'"):
        assert clv.economics.equity_by(THREE, by)["group"].tolist() == ["small", "large", "all"]


@pytest.mark.parametrize("by", [[["x"], ["y"], ["z"]], [("x", 1), ("y", 2), ("z", 3)], np.array([["x", "y", "z"]]).T])
def test_labels_of_two_dimensions_are_refused(by):
    with pytest.raises(clv.InvalidInput, match="one label per row"):
        groups_of(THREE, by)


def test_a_group_is_not_called_as_customers_without_one():
    assert groups_of(THREE, ["(no group)", "x", "x"]).sizes.tolist() == [1, 2]
    with pytest.raises(clv.InvalidInput, match="of whom there are 1 too"):
        groups_of(THREE, ["(no group)", "x", None])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.Series([7.0, np.nan]), pd.Series([7, 8])),
        (pd.Series([7.0, np.nan]), pd.Series(["7", "8"])),
        (pd.Series([7, None], dtype="Int64"), pd.Series(["7", "8"])),
        (pd.Series([7, None], dtype=object), pd.Series(["7", "8"])),
        (pd.Series([2**64 - 1], dtype="uint64"), pd.Series([str(2**64 - 1)])),
        (pd.Series([2**64 - 1], dtype="uint64"), pd.Series([2**64 - 1], dtype=object)),
    ],
)
def test_numbers_beside_missing_ones_and_very_large_ones_are_found_again(one, other):
    for first, second in (alike(one, other), alike(other, one)[::-1]):
        assert pd.Index(second).get_indexer(pd.Index(first))[0] == 0


def test_numbers_beyond_whole_ones_are_not_taken_for_one_another():
    assert alike(pd.Series([1e20, 2e20]), pd.Series([1]))[0].nunique() == 2
