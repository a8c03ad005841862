"""cross_check: the same customers with the real other package; where the two part, and what is said of it."""

from __future__ import annotations

import math
import re
import sys
import types
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat import cross_checks, lifetimes, original_lifetimes
from clvmodels.compat.cross_check_fits import months_of
from clvmodels.compat.other_packages import Found, OtherPackage, timed

pytest.importorskip("lifetimes")

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def whole(summary):
    """Pareto/NBD with Gamma-Gamma and a margin, checked on all of CDNOW's sample."""
    model = clv.CLVModel(margin=0.3).fit(summary)
    return model, clv.cross_check(model, summary)


def sentence(found: clv.CrossCheck, begins: str) -> str:
    (text,) = [text for text in found.sentences if text.startswith(begins)]
    return text


def predicted(found: clv.CrossCheck, quantity: str, parameters: str = "same") -> pd.Series:
    rows = found.predictions
    return rows[(rows["quantity"] == quantity) & (rows["parameters"] == parameters)].iloc[0]


class TestCdnow:
    def test_agrees_with_the_published_fits(self, whole):
        """Fader & Hardie (2005): .553, 10.578, .606, 11.669, LL −9595.0; note 025: 6.25, 3.74, 15.44, LL −4055.92."""
        _, found = whole
        assert found.agrees
        assert found.verdict.startswith("This package and lifetimes 0.11.3 agree")
        theirs = found.parameters.set_index("parameter")["theirs"]
        assert [round(theirs[name], 2) for name in ("r", "alpha", "s", "beta")] == [0.55, 10.58, 0.61, 11.67]
        assert [round(theirs[name], 2) for name in ("p", "q", "v")] == [6.25, 3.74, 15.44]
        likelihoods = found.log_likelihoods
        np.testing.assert_allclose(likelihoods["by_theirs"], likelihoods["by_ours"], rtol=1e-9)
        assert likelihoods["by_theirs"].round(1).tolist() == [-9595.0, -9595.0, -4055.9, -4055.9]

    def test_distances_are_in_our_standard_errors(self, whole):
        _, found = whole
        table = found.parameters
        np.testing.assert_allclose(table["apart_by"], (table["theirs"] - table["ours"]) / table["standard_error"])
        assert table["apart_by"].abs().max() < 0.001

    def test_predictions_are_those_of_both_packages(self, whole, summary, original):
        model, found = whole
        fitter = original.ParetoNBDFitter()
        fitter.params_ = pd.Series(model.purchases.parameters)
        rows = [summary[name] for name in ("frequency", "recency", "T")]
        year = 365.25 / 7
        with np.errstate(all="ignore"):
            expected = fitter.conditional_expected_number_of_purchases_up_to_time(year, *rows)
        np.testing.assert_allclose(found.customers["expected_purchases_theirs_same"], expected, rtol=1e-12)
        ours = model.predict(summary, year)
        for name in ("p_alive", "expected_purchases", "expected_spend"):
            np.testing.assert_allclose(found.customers[f"{name}_ours_same"], ours[name], rtol=1e-12)
        assert found.customers["customer_id"].tolist() == summary["customer_id"].tolist()
        assert found.horizon == pytest.approx(year)
        assert predicted(found, "expected_purchases")["largest_difference"] < 1e-9
        assert 0 < predicted(found, "expected_purchases", "own")["largest_difference"] < 1e-3

    def test_values_are_those_of_both_conventions(self, whole, summary, original):
        """lifetimes with months of 4.345 weeks, its monthly rate and our margin; ours over the same time."""
        model, found = whole
        buying, paying = original.ParetoNBDFitter(), original.GammaGammaFitter()
        buying.params_, paying.params_ = pd.Series(model.purchases.parameters), pd.Series(model.spend.parameters)
        buying.predict = buying.conditional_expected_number_of_purchases_up_to_time
        rows = [summary[name] for name in ("frequency", "recency", "T")]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            theirs = 0.3 * paying.customer_lifetime_value(
                buying, *rows, summary["monetary_value"].fillna(0), 12, 1.1 ** (1 / 12) - 1, "W"
            )
        np.testing.assert_allclose(found.customers["clv_theirs_same"], theirs, rtol=1e-9)
        np.testing.assert_allclose(
            found.customers["clv_ours_same"], model.predict(summary, 12 * 4.345)["clv"], rtol=1e-9
        )
        row = predicted(found, "clv")
        assert row["total_theirs"] < row["total_ours"]  # discounted from the end of the month
        assert "a convention, no error" in sentence(found, "Value (clv)")

    def test_shows_itself(self, whole):
        _, found = whole
        assert repr(found) == (
            "CrossCheck of Pareto/NBD and Gamma-Gamma against lifetimes 0.11.3: 2,357 customers, 52.18 weeks ahead; "
            "they agree"
        )
        text = str(found)
        assert text.startswith(found.verdict)
        assert all(each in text for each in (*found.sentences, "-9,594.9762", "beta", "times faster"))
        assert "apart by so many standard errors" in text
        times = [line.split() for line in text.split("Times: ")[1].splitlines()[2:]]
        assert all(re.fullmatch(r"\d+\.\d{3}", each) for _, *seconds, _ in times for each in seconds)
        html = found._repr_html_()
        assert "✓" in html
        assert html.count("<table") == 4

    def test_html_holds_what_comes_from_outside_as_text(self, whole):
        _, found = whole
        hostile = replace(
            found,
            package="<i>",
            verdict="<b>: <u>",
            sentences=("the most customer_id=<script>",),
            parameters=found.parameters.assign(part="<s>"),
        )
        html = hostile._repr_html_()
        assert all(html.count(f"&lt;{tag}&gt;") for tag in ("i", "b", "u", "script", "s"))
        assert not any(f"<{tag}>" in html for tag in ("i", "u", "script", "s"))

    def test_the_model_stays_as_it_is_and_times_are_of_both_fits(self, whole, summary):
        model, found = whole
        before = model.purchases.parameters
        clv.cross_check(model.purchases, summary)
        assert model.purchases.parameters == before
        assert found.times["part"].tolist() == ["purchases", "spend"]
        assert (found.times[["ours", "theirs"]] > 0).all(axis=None)

    def test_a_model_of_other_parameters_is_told(self, summary):
        model = clv.PurchaseModel.from_parameters("bg_nbd", BG | {"alpha": 6.0}, "week")
        found = clv.cross_check(model, summary, horizon=39)
        assert found.agrees  # both packages do the same with them, and fit the same
        assert "its parameters were not fitted here; the furthest, alpha" in sentence(
            found, "The BG/NBD that was given"
        )
        assert predicted(found, "expected_purchases")["total_ours"] == pytest.approx(
            model.expected_purchases(summary, 39).sum()
        )
        assert predicted(found, "expected_purchases", "own")["total_ours"] == pytest.approx(1653.4, abs=0.1)

    def test_a_regularised_model_is_told(self, summary):
        model = clv.PurchaseModel("bg_nbd").fit(summary, l2_penalty=50.0)
        found = clv.cross_check(model, summary)
        assert any("is regularised" in text for text in found.sentences)

    def test_any_order_of_keywords_and_any_kind_of_frame(self, summary):
        import polars as pl

        model = clv.PurchaseModel("mbg_nbd", time_unit="week")
        found = clv.cross_check(against="lifetimes", summary=pl.from_pandas(summary), horizon=10, model=model)
        assert isinstance(found.customers, pd.DataFrame)
        assert found.log_likelihoods["by_theirs"].round(3).tolist() == [-9582.136, -9582.136]


class TestWhereTheyPart:
    def test_nan_for_frequent_buyers(self):
        """Pareto/NBD with beta without bound: lifetimes' hypergeometric functions give up on frequent buyers."""
        known = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 3.0}, "week")
        rows = known.simulate(400, observation=50, seed=1).summary
        model = clv.PurchaseModel.from_parameters(
            "pareto_nbd", {"r": 1.0, "alpha": 3.0, "s": 20.0, "beta": 1e7}, "week"
        )
        found = clv.cross_check(model, rows)
        assert not found.agrees
        row, table = predicted(found, "expected_purchases"), found.customers
        lost = table["expected_purchases_theirs_same"].isna()
        assert row["nan"] == lost.sum() > 0
        assert table["expected_purchases_ours_same"].notna().all()
        told = sentence(found, "Same parameters, expected purchases")
        assert f"lifetimes gives NaN to {lost.sum():,} of 400 customers" in told
        assert f"customer_id={table['customer_id'][lost].iloc[0]}" in told
        assert "expected purchases part for" in found.verdict
        assert "✗" in found._repr_html_()

    @pytest.mark.parametrize("a", [1.0, 1.0 + 1e-9])
    def test_a_of_one(self, summary, a):
        found = clv.cross_check(clv.PurchaseModel.from_parameters("bg_nbd", BG | {"a": a}, "week"), summary)
        told = sentence(found, "Same parameters, expected purchases")
        assert "divides a difference of nearly equal numbers by a − 1" in told
        row = predicted(found, "expected_purchases")
        assert row["nan"] + row["infinite"] == (2357 if a == 1 else 0)
        assert a == 1 or row["largest_difference"] > 1e-6
        assert "P(alive)" not in found.verdict

    def test_a_search_that_stops_short(self):
        """Nelder-Mead on frequent buyers: the objective is a sum over customers, the steps are small far from it."""
        known = clv.PurchaseModel.from_parameters(
            "pareto_nbd", {"r": 1.0, "alpha": 0.3, "s": 0.6, "beta": 12.0}, "week"
        )
        rows = known.simulate(3000, observation=100, seed=1).summary
        found = clv.cross_check(clv.PurchaseModel("pareto_nbd"), rows)
        below = found.log_likelihoods.set_index("parameters")["below_best"]
        assert below["ours"] == 0
        assert below["theirs"] > 0.001
        told = sentence(found, "Pareto/NBD, the fit")
        assert f"{below['theirs']:.2g} below the optimum found here" in told
        assert "Nelder-Mead" in told
        assert "fit of lifetimes" in found.verdict

    def test_q_below_one_and_repeaters_who_paid_nothing(self):
        rng = np.random.default_rng(0)
        x = rng.integers(0, 6, 3000)
        times = np.maximum(x, 1)
        paid = np.where(x > 0, rng.gamma(6.0 * times) / times / rng.gamma(0.8, 1 / 15, 3000), np.nan)
        paid[np.flatnonzero(x > 0)[:3]] = 0.0
        rows = pd.DataFrame({"customer_id": np.arange(3000), "frequency": x, "monetary_value": paid})
        found = clv.cross_check(clv.SpendModel(), rows)
        assert "3 repeaters with a mean spend of 0." in sentence(found, "Left out of both fits of spend")
        row = predicted(found, "expected_spend")
        assert row["negative"] == (x == 0).sum()
        assert (found.customers["expected_spend_ours_same"][x == 0] == math.inf).all()
        assert "is not above 1" in sentence(found, "Same parameters, expected spend")
        assert (found.horizon, found.time_unit) == (None, None)
        assert "3,000 customers; they part" in repr(found)

    def test_its_exception_is_a_finding(self, summary, monkeypatch):
        import lifetimes

        def broken(*given, **more):
            print("a lot of text")
            raise lifetimes.utils.ConvergenceError("\n  The model did not\n  converge.\n")

        monkeypatch.setattr(lifetimes.BetaGeoFitter, "fit", broken)
        found = clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)
        assert found.verdict == "They part: lifetimes did not fit the BG/NBD."
        assert "broke off: ConvergenceError: The model did not converge." in sentence(found, "BG/NBD, the fit")
        assert found.parameters["theirs"].isna().all()
        assert set(found.predictions["parameters"]) == {"same"}  # the formulas are compared all the same

    def test_formulas_that_break_off(self, summary, monkeypatch):
        import lifetimes

        def broken(*given):
            raise OverflowError("too large")

        monkeypatch.setattr(lifetimes.BetaGeoFitter, "conditional_probability_alive", broken)
        found = clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)
        assert "lifetimes broke off: OverflowError: too large" in sentence(found, "Same parameters, P(alive)")
        assert found.customers["p_alive_theirs_same"].isna().all()

    def test_parameters_that_are_none(self):
        assert timed(lambda: {"r": math.nan}).failure == "it ended at r = nan, where parameters are finite and above 0."


def test_parameters_that_nothing_determines(summary):
    """One customer: the likelihood is flat, both fits end somewhere on it, and that is no agreement."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", clv.ClvWarning)
        found = clv.cross_check(clv.PurchaseModel("pareto_nbd"), summary.head(1))
    assert found.verdict == "They part: the parameters of the Pareto/NBD are not determined."
    assert "the likelihood is flat in some direction" in sentence(found, "Pareto/NBD, the fit")
    assert sentence(found, "Pareto/NBD, this package's own fit: Do not trust this fit")


class TestOfThoseWithoutAnAnswer:
    """BG/NBD with a + b below 1: lifetimes takes ln 2F1(r, b; a + b − 1; z), which is negative, where x = 0."""

    @pytest.fixture
    def few(self, summary):
        return summary.head(300)

    def test_what_fits_with_own_parameters_is_told_with_its_reason(self, few, original):
        found = clv.cross_check(clv.PurchaseModel.from_parameters("bg_nbd", BG, "week"), few, horizon=39)
        new = few["frequency"] == 0
        theirs = found.parameters.set_index("parameter")["theirs"]
        fitter = original.BetaGeoFitter()
        fitter.params_ = theirs
        with np.errstate(all="ignore"):
            answers = fitter.conditional_expected_number_of_purchases_up_to_time(
                39, few["frequency"], few["recency"], few["T"]
            )
        assert np.isnan(answers).equals(new)
        assert theirs["a"] + theirs["b"] < 1 < BG["a"] + BG["b"]  # the same parameters have answers, theirs have not
        assert predicted(found, "expected_purchases")["nan"] == 0
        assert predicted(found, "expected_purchases", "own")["nan"] == new.sum() == 173
        assert not found.agrees
        assert "lifetimes has no expected purchases for 173 customers with its own parameters" in found.verdict
        told = sentence(found, "Own parameters, expected purchases: ")
        assert "gives NaN to 173 of 300 customers, all with a frequency of 0" in told
        assert "is below 1, so its closed form takes the logarithm of a negative number" in told
        assert sentence(found, "Own parameters: no prediction of a customer who gets a number from both differs")

    def test_a_headline_comes_once(self, few):
        found = clv.cross_check(clv.PurchaseModel("bg_nbd"), few, horizon=39)
        assert found.verdict == "They part: expected purchases part for 173 customers."

    def test_sums_say_of_whom_they_are(self, few):
        spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 0.5, "v": 15.44})
        buying = clv.PurchaseModel.from_parameters("bg_nbd", BG, "week")
        found = clv.cross_check(clv.CLVModel(buying, spend), few, horizon=39)
        row, each = predicted(found, "clv"), found.customers
        both = np.isfinite(each["clv_ours_same"]) & np.isfinite(each["clv_theirs_same"])
        assert both.sum() == 127
        assert row["total_ours"] == pytest.approx(each.loc[both, "clv_ours_same"].sum())
        assert ": of the 127 customers who get a number from both together " in sentence(found, "Value (clv)")


def test_own_spend_on_average_is_that_of_those_with_a_number_from_both():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, 3000)
    times = np.maximum(x, 1)
    paid = np.where(x > 0, rng.gamma(6.0 * times) / times / rng.gamma(0.8, 1 / 15, 3000), np.nan)
    rows = pd.DataFrame({"customer_id": np.arange(3000), "frequency": x, "monetary_value": paid})
    found = clv.cross_check(clv.SpendModel(), rows)
    ours, theirs = found.customers["expected_spend_ours"], found.customers["expected_spend_theirs"]
    assert np.isinf(ours[x == 0]).all()
    assert (theirs[x == 0] < 0).all()
    told = [text for text in found.sentences if text.startswith("Own parameters, expected spend: of ")]
    told += [text for text in found.sentences if text.startswith("Own parameters: no prediction of ")]
    (text,) = told
    assert "customers who get a number from both" in text or "a customer who gets a number from both" in text


def test_a_summary_in_another_unit_is_suspected(summary):
    model = clv.PurchaseModel("bg_nbd").fit(summary)
    days = pd.DataFrame({name: summary[name].to_numpy() for name in summary.columns}).head(200)
    days[["recency", "T"]] *= 7
    with pytest.warns(clv.ClvWarning, match="taken to be in weeks, as the model is; but its largest T is 272, "):
        clv.cross_check(model, days, horizon=39)


def test_who_knows_no_unit_is_told_the_line_for_his_model(summary):
    bare = pd.DataFrame({name: summary[name].to_numpy() for name in summary.columns}).head(200)
    with pytest.raises(clv.UnitMismatch, match=r'clv\.from_lifetimes\(fitter, time_unit="week"\)'):
        clv.cross_check(clv.from_clvtools(BG), bare)
    with pytest.raises(clv.UnitMismatch, match=r'Write PurchaseModel\("bg_nbd", time_unit="week"\)'):
        clv.cross_check(clv.PurchaseModel("bg_nbd"), bare)
    assert clv.cross_check(clv.from_clvtools(BG), summary.head(200), horizon=4).time_unit == "week"


def test_a_seed_that_lifetimes_cannot_take_is_no_failure_of_its(summary):
    with pytest.raises(clv.InvalidInput, match="seed must be a whole number of at most 4294967295; found 4294967296"):
        clv.cross_check(clv.PurchaseModel("pareto_nbd"), summary, seed=2**32)


@pytest.mark.parametrize(("unit", "horizon", "why"), [("year", None, "times of years"), ("week", 0, "horizon is 0")])
def test_values_that_are_not_compared(unit, horizon, why):
    rows = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit=unit, observation_end="1997-09-30")
    found = clv.cross_check(clv.CLVModel("mbg_nbd"), rows, horizon=horizon, customers=500)
    assert why in sentence(found, "Value (clv): not compared")
    assert found.agrees


def test_discrete_time():
    known = clv.PurchaseModel.from_parameters(
        "bg_bb", {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}, "year"
    )
    found = clv.cross_check(known, known.simulate(1500, observation=6, seed=1).summary, horizon=5.5)
    assert found.horizon == 5  # whole periods
    assert found.agrees


def test_a_sample_of_a_large_summary(summary):
    model = clv.PurchaseModel("bg_nbd")
    found = clv.cross_check(model, summary, customers=300, seed=4)
    assert (found.n_customers, found.of_customers) == (300, 2357)
    assert found.sentences[0] == "300 of 2,357 customers, drawn with seed 4, were fitted and compared."
    ids = found.customers["customer_id"]
    assert ids.is_monotonic_increasing
    assert ids.is_unique
    again = clv.cross_check(model, summary, customers=300, seed=4)
    pd.testing.assert_frame_equal(found.customers, again.customers)
    assert clv.cross_check(model, summary, customers=300, seed=5).customers["customer_id"].tolist() != ids.tolist()


def test_random_starts_come_from_the_seed_and_leave_numpy_as_it_was(summary):
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    model = clv.PurchaseModel("pareto_nbd")
    one, other = (clv.cross_check(model, summary, customers=500) for _ in range(2))
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert one.parameters["theirs"].tolist() == other.parameters["theirs"].tolist()


def test_importing_lifetimes_leaves_nothing_behind(summary):
    """It changes a pandas option and the filters of warnings; in a process of its own, to see the first import."""
    import subprocess

    script = """
import warnings
from dataclasses import replace
import numpy, pandas, scipy.optimize, clvmodels as clv
clv.PurchaseModel, clv.SpendModel
from clvmodels.compat import cross_checks
summary = pandas.DataFrame({"frequency": [1, 0, 2, 0] * 20, "recency": [3.0, 0, 8, 0] * 20, "T": [9.0, 9, 8, 7] * 20})
def state():
    filters = warnings.filters[:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer pandas warn of the option itself
        return filters, pandas.options.mode.chained_assignment
before = state()
clv.cross_check(clv.PurchaseModel("bg_nbd", time_unit="week"), summary)
print(before == state())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n", done.stderr
    assert done.stderr == ""


class TestRefuses:
    def test_without_the_other_package(self, summary, monkeypatch):
        monkeypatch.setitem(sys.modules, "lifetimes", None)
        with pytest.raises(clv.NotAvailable, match=r'not installed. pip install "clvmodels\[lifetimes\]"'):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)
        monkeypatch.setitem(sys.modules, "pymc_marketing", None)
        with pytest.raises(clv.NotAvailable, match="pip install pymc-marketing"):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary, against="pymc_marketing")

    def test_the_stand_in(self, summary, monkeypatch):
        monkeypatch.setitem(sys.modules, "lifetimes", types.ModuleType("clvmodels.compat.lifetimes"))
        with pytest.raises(clv.NotAvailable, match=r"own stand-in here, for .*install\(\) was called"):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("import numpy\nnumpy.no_such_thing", r"cannot be imported here\. AttributeError: .*--force-reinstall"),
            ("def (", r"cannot be imported here\. SyntaxError: "),
            ("import no_such_package", r"cannot be imported here\. ModuleNotFoundError: .*no_such_package"),
            ("__version__ = '0.1'", r"by that name, from .*lifetimes\.py, is another or an old one: it has no Beta"),
        ],
    )
    def test_what_is_broken_or_another(self, summary, monkeypatch, tmp_path, source, message):
        (tmp_path / "lifetimes.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "lifetimes", raising=False)
        model = clv.PurchaseModel.from_parameters("bg_nbd", BG, "week")
        with pytest.raises(clv.NotAvailable, match="a cross-check needs the package lifetimes.*" + message):
            clv.cross_check(model, summary)
        with pytest.raises(clv.NotAvailable, match="to_lifetimes needs the package lifetimes.*" + message):
            clv.to_lifetimes(model)

    def test_a_broken_pymc_marketing(self, summary, monkeypatch, tmp_path):
        (tmp_path / "pymc_marketing.py").write_text("raise RuntimeError('no compiler')", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "pymc_marketing", raising=False)
        with pytest.raises(clv.NotAvailable, match=r"its import broke off\. RuntimeError: no compiler\. pip install"):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary, against="pymc_marketing")

    def test_an_unknown_package(self, summary):
        with pytest.raises(clv.InvalidInput, match="one of 'lifetimes', 'pymc_marketing'; found 'btyd'"):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary, against="btyd")

    def test_a_family_that_it_has_not(self, summary):
        with pytest.raises(clv.NotAvailable, match="lifetimes has no NBD to check against: expected one of bg_nbd"):
            clv.cross_check(clv.PurchaseModel("nbd"), summary)

    def test_what_is_no_model_and_no_summary(self, summary):
        with pytest.raises(clv.InvalidInput, match=r"found str. clv.load_model\(path\) loads a saved one"):
            clv.cross_check("bg_nbd", summary)
        with pytest.raises(clv.InvalidInput, match=r"found BetaGeoFitter. Convert it: clv.from_lifetimes\(fitter"):
            clv.cross_check(lifetimes.BetaGeoFitter(), summary)
        with pytest.raises(clv.InvalidInput, match=r"Convert it: clv.from_pymc_marketing\(model"):
            clv.cross_check(types.SimpleNamespace(idata=None), summary)
        with pytest.raises(clv.InvalidInput, match=r"no column 'frequency', .* is this a log\? clv.rfm_summary\(log\)"):
            clv.cross_check(clv.PurchaseModel("bg_nbd", time_unit="week"), clv.load_cdnow(sample=True))
        with pytest.raises(clv.InvalidInput, match="summary is missing"):
            clv.cross_check(clv.PurchaseModel("bg_nbd"))
        with pytest.raises(clv.InvalidInput, match="monetary_value"):
            clv.cross_check(clv.CLVModel(), summary.drop(columns="monetary_value"))

    @pytest.mark.parametrize("wrong", [{"customers": 0}, {"customers": 2.5}, {"seed": -1}, {"horizon": math.inf}])
    def test_numbers(self, summary, wrong):
        with pytest.raises(clv.InvalidInput, match=next(iter(wrong))):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), summary, **wrong)

    def test_an_unknown_unit(self):
        rows = pd.DataFrame({"frequency": [1, 0], "recency": [3.0, 0.0], "T": [9.0, 9.0]})
        with pytest.raises(clv.UnitMismatch, match='time_unit="week"'):
            clv.cross_check(clv.PurchaseModel("bg_nbd"), rows)


def test_months():
    assert [months_of(unit, 365.25) for unit in ("day", "month", "year")] == [12, 365, None]


def test_progress(summary):
    steps: list[str] = []
    clv.cross_check(clv.CLVModel("bg_nbd"), summary, progress=steps.append)
    assert steps == [
        *("fitting purchases here", "fitting purchases with lifetimes"),
        *("fitting spend here", "fitting spend with lifetimes", "predicting with both"),
    ]


def test_another_package_that_is_better_or_flat(summary, monkeypatch):
    """What is said where this package stops short, and where parameters are far apart at the same likelihood."""
    known = original_lifetimes.load(0)

    def against(parameters: dict[str, float]) -> clv.CrossCheck:
        fields = {name: getattr(known, name) for name in known.__dataclass_fields__}
        other = OtherPackage(**fields | {"fit": lambda family, columns: Found(parameters, 0.1)})
        monkeypatch.setattr(cross_checks, "_LOAD", {"lifetimes": lambda seed: other})
        return clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)

    far = against(BG | {"alpha": 3.0})
    assert "below the optimum" in far.verdict
    near = against({"r": 0.2426, "alpha": 4.414, "a": 0.7929, "b": 2.4259})
    assert near.agrees


def test_pymc_marketing(summary):
    """The maximum of its posterior: Gamma-Gamma has flat priors there, BG/NBD has not, and its parameters tell."""
    pytest.importorskip("pymc_marketing")
    found = clv.cross_check(clv.CLVModel("bg_nbd"), summary, against="pymc_marketing")
    below = found.log_likelihoods.set_index(["part", "parameters"])["below_best"]
    assert below["spend", "theirs"] < 1e-6
    assert 0.001 < below["purchases", "theirs"] < 1
    assert "priors of its own (" in sentence(found, "BG/NBD, the fit")
    same = found.predictions[found.predictions["parameters"] == "same"]
    assert (same["largest_difference"] < 1e-9).all()
    assert "clv" not in set(found.predictions["quantity"])
