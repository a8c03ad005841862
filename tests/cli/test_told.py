"""What a command says of the age of its log."""

import clvmodels as clv
from clvmodels.cli.told import age_told


def test_how_much_of_the_horizon_has_passed():
    """CDNOW ends in 1998: of a year all has passed, of a hundred years more than a tenth, of ten thousand little."""
    summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="year")
    model = clv.PurchaseModel("nbd").fit(summary)
    assert "and all of the horizon has passed since" in " ".join(age_told(model, 1.0))
    assert "and more than a tenth of the horizon" in " ".join(age_told(model, 100.0))
    assert age_told(model, 10_000.0) == []
