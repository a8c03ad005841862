"""Models that pymc-marketing 0.19.2 fitted and saved, taken over: the same answers as its own, draw by draw.

What is read was written by tools/pymc_marketing_fixtures.py with the package itself.
"""

from __future__ import annotations

import functools
import json
import math
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray

import clvmodels as clv
from clvmodels.compat import pymc_marketing_models as module

DATA = Path(__file__).parent / "pymc_marketing"
SAVED = json.loads((DATA / "predictions.json").read_text(encoding="utf-8"))
NAMES = json.loads((DATA / "names.json").read_text(encoding="utf-8"))
ASKED, ANSWERS, EVERY = SAVED["asked"], SAVED["predictions"], SAVED["every"]
CUSTOMERS, PERIODS = pd.DataFrame(SAVED["customers"]), pd.DataFrame(SAVED["customers_in_periods"])
PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-pymc-marketing.md"
PURCHASES = {
    "bg_nbd_map": "bg_nbd",
    "bg_nbd_mcmc": "bg_nbd",
    "bg_nbd_advi": "bg_nbd",
    "mbg_nbd_map": "mbg_nbd",
    "mbg_nbd_mcmc": "mbg_nbd",
    "pareto_nbd_map": "pareto_nbd",
    "pareto_nbd_demz": "pareto_nbd",
    "bg_bb_map": "bg_bb",
    "bg_bb_mcmc": "bg_bb",
}
SPEND = ("gamma_gamma_map", "gamma_gamma_mcmc", "gamma_gamma_flat_mcmc", "gamma_gamma_individual_mcmc")


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of a file as pymc-marketing saved it."""
    folder = tmp_path_factory.mktemp("saved")
    with zipfile.ZipFile(DATA / "saved_models.zip") as archive:
        archive.extractall(folder)
    return lambda name: folder / f"{name}.nc"


@pytest.fixture(scope="session")
def taken(saved: Callable[[str], Path]) -> Callable[[str], Any]:
    """The model of such a file, in the unit that it is in."""
    return functools.cache(lambda name: clv.from_pymc_marketing(saved(name), None if name in SPEND else unit(name)))


def unit(name: str) -> str:
    return "year" if name.startswith("bg_bb") else "week"


def each_draw(model: Any) -> list[Any]:
    """A model of each of the draws whose answers are kept, and the model itself if it has one point only."""
    if model.posterior is None:
        return [model]
    kept = model.posterior.draws[:, ::EVERY].reshape(-1, len(model.family.parameters))
    rest = (model.time_unit,) if isinstance(model, clv.PurchaseModel) else ()
    named = [dict(zip(model.family.parameters, map(float, values), strict=True)) for values in kept]
    return [type(model).from_parameters(model.family, each, *rest) for each in named]


def answers(question: str, models: list[Any], asked: pd.DataFrame) -> Any:
    """What our models say to one of the questions, a row a draw."""
    horizon, after = ASKED["horizon"], ASKED["after"]
    if models[0].family.name == "bg_bb":
        horizon = after = ASKED["periods"]
    new = ASKED["periods"] if models[0].family.name == "bg_bb" else ASKED["new"]
    ask: dict[str, Callable[[Any], Any]] = {
        "expected_purchases": lambda m: m.expected_purchases(asked, horizon),
        "p_alive": lambda m: m.p_alive(asked),
        "p_alive_after": lambda m: m.p_alive(asked, after=after),
        "two_purchases": lambda m: m.purchase_pmf(asked, 2, horizon),
        "no_purchase": lambda m: m.purchase_pmf(asked, 0, after),
        "new_customer": lambda m: [m.new_customer().expected_purchases(horizon=new)],
        "expected_spend": lambda m: m.expected_spend(asked),
        "new_customer_spend": lambda m: m.population_mean,
    }
    return np.array([np.asarray(ask[question](each)) for each in models])


@pytest.mark.parametrize("name", [*PURCHASES, *SPEND])
def test_answers_are_those_of_the_original(name: str, taken: Callable[[str], Any]) -> None:
    model = taken(name)
    asked = PERIODS if name.startswith("bg_bb") else CUSTOMERS
    models = each_draw(model)
    assert len(models) == (1 if name.endswith("map") else 5 if name.endswith("advi") else 10)
    for question, theirs in ANSWERS[name].items():
        if question == "expected_purchases_at_once":  # wrong there: see below
            continue
        ours, expected = answers(question, models, asked), np.array(theirs)
        if question == "no_purchase":  # wrong there for those who never came back: see below
            again = asked["frequency"].to_numpy() > 0
            ours, expected = ours[:, again], expected[:, again]
        np.testing.assert_allclose(ours, expected, rtol=1e-12, err_msg=question)


@pytest.mark.parametrize("name", ["bg_nbd_map", "bg_nbd_mcmc", "bg_nbd_advi"])
def test_original_adds_those_who_left_where_nobody_can_have(name: str, taken: Callable[[str], Any]) -> None:
    """BG/NBD, frequency 0: P(no purchase in (T, T + t]) = ((alpha + T)/(alpha + T + t))^r, since he is alive."""
    models = each_draw(taken(name))
    never = CUSTOMERS["frequency"] == 0
    T, t = CUSTOMERS.loc[never, "T"].to_numpy(), ASKED["after"]
    right = [((m.parameters["alpha"] + T) / (m.parameters["alpha"] + T + t)) ** m.parameters["r"] for m in models]
    np.testing.assert_allclose(answers("no_purchase", models, CUSTOMERS)[:, never], right, rtol=1e-12)
    wrong = np.array(ANSWERS[name]["no_purchase"])[:, never]
    assert np.all(wrong > np.array(right) + 0.03)
    if name == "bg_nbd_map":
        page = " ".join(PAGE.read_text(encoding="utf-8").split())
        assert f"it gives {wrong[0, 0]:.3f};" in page
        assert f"is {right[0][0]:.3f}, and that" in page


def test_original_asked_for_many_draws_at_once_expects_more_than_one_purchase_a_period() -> None:
    at_once = np.array(ANSWERS["bg_bb_mcmc"]["expected_purchases_at_once"])
    one_by_one = np.array(ANSWERS["bg_bb_mcmc"]["expected_purchases"])
    assert f"expects up to {at_once.max():.0f} purchases" in PAGE.read_text(encoding="utf-8")
    np.testing.assert_allclose(at_once[0], one_by_one[0], rtol=1e-9)  # the first draw is right
    assert at_once.max() > 10 * ASKED["periods"]
    assert one_by_one.max() <= ASKED["periods"]
    assert ANSWERS["bg_bb_map"]["expected_purchases_at_once"] == ANSWERS["bg_bb_map"]["expected_purchases"]


@pytest.mark.parametrize("name", ["bg_nbd_map", "mbg_nbd_map"])
def test_maximum_of_few_customers_lies_on_the_edge_of_the_prior(name: str, taken: Callable[[str], Any]) -> None:
    found = taken(name).parameters
    assert f"{found['a'] + found['b']:.4f}" == "1.0000"


def test_value_is_that_of_the_original_in_its_convention(taken: Callable[[str], Any]) -> None:
    """Purchases of months of 4.345 weeks, each discounted from its end at a rate per month, times spend."""
    purchases = taken("bg_nbd_map")
    spend = taken("gamma_gamma_map")
    months = np.arange(ASKED["months"] + 1)
    until = purchases.expected_purchases(CUSTOMERS, horizon=(4.345 * months).tolist()).to_numpy()
    worth = np.diff(until, axis=1) / (1 + ASKED["monthly_rate"]) ** months[1:]
    value = worth.sum(axis=1) * spend.expected_spend(CUSTOMERS).to_numpy()
    np.testing.assert_allclose(value, ANSWERS["value"], rtol=1e-12)
    whole = clv.CLVModel(purchases, spend, annual_discount_rate=(1 + ASKED["monthly_rate"]) ** 12 - 1)
    scored = whole.predict(CUSTOMERS, horizon=365.25 / 7)
    # half a month earlier on average than at the end of each, and 52.18 weeks for 52.14
    np.testing.assert_allclose(scored["clv"], ANSWERS["value"], rtol=0.01)
    assert not np.allclose(scored["clv"], ANSWERS["value"], rtol=1e-4)


def test_summary_in_weeks_is_the_same(saved: Callable[[str], Path]) -> None:
    """rfm_summary(time_unit="D", time_scaler=7) there, rfm_summary(time_unit="week") here."""
    with xarray.open_datatree(saved("bg_nbd_map"), engine="h5netcdf") as tree:
        theirs = tree["fit_data"].to_dataset().to_dataframe().sort_values("customer_id")
    ours = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    ours = ours.assign(customer_id=ours["customer_id"].astype(int)).set_index("customer_id")
    ours = ours.loc[theirs["customer_id"]].fillna({"monetary_value": 0.0})
    for column in ("frequency", "recency", "T", "monetary_value"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-14)


# What is told of the draws


@pytest.mark.parametrize("name", sorted(SAVED["fit_summaries"]))
def test_posterior_has_every_draw_and_the_diagnostics_of_the_original(name: str, taken: Callable[[str], Any]) -> None:
    model = taken(name)
    found, theirs = model.posterior, SAVED["fit_summaries"][name]
    assert found.draws.shape == (2, 60, len(model.family.parameters))
    assert found.parameters == model.family.parameters
    assert found.time_unit == (None if name in SPEND else unit(name))
    for each in found.table().to_dict("records"):
        for key in ("mean", "ess_bulk", "r_hat"):
            assert math.isclose(each[key], theirs[each["parameter"]][key], rel_tol=1e-9), (each["parameter"], key)
        # there the tail is that of ArviZ 0.23, the smaller one of 5 % and 95 %, as here
        assert math.isclose(each["ess_tail"], theirs[each["parameter"]]["ess_tail"], rel_tol=1e-9)
        assert each["ess"] == min(each["ess_bulk"], each["ess_tail"])
    np.testing.assert_array_equal(list(model.parameters.values()), np.median(found.flat(), axis=0))
    assert not found.trusted  # so few draws


def test_methods_are_told_apart(taken: Callable[[str], Any]) -> None:
    nuts, demz, advi, spend = (
        taken("bg_nbd_mcmc").posterior,
        taken("pareto_nbd_demz").posterior,
        taken("bg_nbd_advi").posterior,
        taken("gamma_gamma_mcmc").posterior,
    )
    assert [each.method for each in (nuts, demz, advi, spend)] == ["nuts", "demz", "advi", "nuts"]
    assert 0.6 < nuts.acceptance < 1
    assert demz.acceptance is None
    assert advi.r_hat is None
    assert advi.draws.shape == (1, 60, 4)
    assert "variational" in advi.verdict
    assert "fitted by pymc-marketing with pymc" in nuts.notes[0]
    assert nuts.n_customers == 60
    assert spend.n_customers == 30
    assert nuts.prior == (
        "alpha: Weibull(alpha=2, beta=10)",
        "r: Weibull(alpha=2, beta=1)",
        "phi_dropout: Uniform(lower=0, upper=1)",
        "kappa_dropout: Pareto(alpha=1, m=1)",
    )
    assert spend.prior == ("p: Weibull(alpha=2, beta=5)", "q: Weibull(alpha=2, beta=5)", "v: HalfNormal(sigma=30)")


def test_chains_that_are_stuck_speak_against_the_draws(taken: Callable[[str], Any]) -> None:
    """Flat priors without bounds, the defaults there: one chain ends at p = 2e15 and the other at q = 3e14."""
    found = taken("gamma_gamma_flat_mcmc").posterior
    assert found.prior == ("p: HalfFlat()", "q: HalfFlat()", "v: HalfFlat()")
    assert f"{found.r_hat['v']:.1f}" == "4.9"
    assert any(reason.startswith("R-hat of v is ") for reason in found.reasons)
    p, q, _ = np.median(found.draws, axis=1).max(axis=0)
    assert (f"{p:.0e}", f"{q:.0e}") == ("2e+15", "3e+14")
    assert found.distinct_draws < 120
    one = {name: np.full((2, 20), value) for name, value in POINT.items()}
    assert not clv.from_pymc_marketing(made(one, sample_stats=xarray.Dataset()), "week").posterior.trusted


def test_posterior_serves_intervals_and_files(taken: Callable[[str], Any], tmp_path: Path) -> None:
    model = clv.CLVModel(taken("mbg_nbd_mcmc"), taken("gamma_gamma_mcmc"))
    with pytest.warns(clv.ClvWarning, match="Do not trust intervals from these draws"):
        scored = model.predict(CUSTOMERS, horizon=39, interval=0.9)
    assert scored.attrs
    assert (scored["p_alive_low"] < scored["p_alive_high"]).all()
    model.save(tmp_path / "model.json", posterior=True)
    again = clv.load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(again.purchases.posterior.draws, model.purchases.posterior.draws)
    assert again.purchases.posterior.verdict == model.purchases.posterior.verdict


def test_profile_of_its_customers_stays_and_warns_of_another_unit(taken: Callable[[str], Any]) -> None:
    model = taken("bg_nbd_map")
    assert model.largest_trained is not None
    assert 38 < model.largest_trained < 39
    days = CUSTOMERS.assign(T=CUSTOMERS["T"] * 7, recency=CUSTOMERS["recency"] * 7)
    with pytest.warns(clv.ClvWarning, match="largest T"):
        model.p_alive(days)


def test_without_a_unit_it_answers_what_needs_none(
    saved: Callable[[str], Path], taken: Callable[[str], Any], tmp_path: Path
) -> None:
    model, known = clv.from_pymc_marketing(saved("bg_nbd_mcmc")), taken("bg_nbd_mcmc")
    assert model.time_unit is None
    assert model.posterior.time_unit is None
    pd.testing.assert_series_equal(model.p_alive(CUSTOMERS), known.p_alive(CUSTOMERS))
    with pytest.raises(clv.UnitMismatch, match="time unit"):
        model.discounted_expected_purchases(CUSTOMERS)


# Sources


def made(draws: dict[str, Any], kind: str | None = "BG/NBD", **groups: Any) -> xarray.DataTree:
    """An idata as pymc-marketing leaves it, of draws (chain, draw) by name."""
    posterior = xarray.Dataset({name: (("chain", "draw"), np.atleast_2d(value)) for name, value in draws.items()})
    tree = xarray.DataTree.from_dict({"posterior": posterior, **groups})
    if kind is not None:
        tree.attrs["model_type"] = kind
    return tree


POINT = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


class Groups:
    """Groups as ArviZ's InferenceData has them: no mapping, no get."""

    def __init__(self, tree: xarray.DataTree) -> None:
        self._groups = {name: tree[name].to_dataset() for name in tree.children}
        self.attrs = dict(tree.attrs)

    def __iter__(self) -> Any:
        return iter(self._groups)

    def __contains__(self, name: str) -> bool:
        return name in self._groups

    def __getitem__(self, name: str) -> xarray.Dataset:
        return self._groups[name]


def test_objects_and_files_give_the_same(saved: Callable[[str], Path]) -> None:
    from_file = clv.from_pymc_marketing(str(saved("bg_nbd_mcmc")), "week")
    tree = xarray.open_datatree(saved("bg_nbd_mcmc"), engine="h5netcdf")
    for source in (tree, Groups(tree), SimpleNamespace(idata=tree)):
        model = clv.from_pymc_marketing(source, "week")
        assert model.parameters == from_file.parameters
        np.testing.assert_array_equal(model.posterior.draws, from_file.posterior.draws)
        assert model.posterior.prior == from_file.posterior.prior
        assert model.largest_trained == from_file.largest_trained
    tree.close()


def test_file_is_closed(saved: Callable[[str], Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.nc"
    copy.write_bytes(saved("bg_nbd_map").read_bytes())
    model = clv.from_pymc_marketing(copy, "week")
    copy.unlink()
    assert model.parameters["r"] > 0


def test_names_of_early_releases_are_read() -> None:
    old = made({f"{name}_prior": value for name, value in POINT.items()})
    old.attrs["model_config"] = json.dumps({"r_prior": {"dist": "HalfNormal", "kwargs": {"sigma": 2}}, "a_prior": 3})
    assert clv.from_pymc_marketing(old, "week").parameters == POINT
    many = made({f"{name}_prior": np.full((2, 8), value) for name, value in POINT.items()})
    many.attrs["model_config"] = old.attrs["model_config"]
    assert clv.from_pymc_marketing(many, "week").posterior.prior == ("r: HalfNormal(sigma=2)", "a: 3")


def test_wide_draws_do_not_move_the_parameters() -> None:
    spread = np.random.default_rng(5).normal(scale=0.1, size=(4, 101))
    spread[0, :4] = 20.0
    draws = {name: value * np.exp(spread - np.median(spread)) for name, value in POINT.items()}
    found = clv.from_pymc_marketing(made(draws), "week").parameters
    assert found == pytest.approx(POINT, rel=1e-3)


def test_too_few_to_compare_chains() -> None:
    found = clv.from_pymc_marketing(
        made({name: [[value, value * 1.1]] for name, value in POINT.items()}, sample_stats=xarray.Dataset()), "week"
    )
    assert not found.posterior.trusted
    assert math.isnan(found.posterior.n_customers)
    assert "customers" not in str(found.posterior)


def test_parameter_that_never_moves_speaks_against_the_draws_wherever_it_stands() -> None:
    rng = np.random.default_rng(3)
    for stuck in POINT:
        draws = {name: value * np.exp(rng.normal(scale=0.1, size=(4, 500))) for name, value in POINT.items()}
        draws[stuck] = np.full((4, 500), POINT[stuck])
        found = clv.from_pymc_marketing(made(draws, sample_stats=xarray.Dataset()), "week").posterior
        assert f"R-hat of {stuck} is nan" in found.verdict


def test_posterior_of_unknown_customers_is_saved_and_read(tmp_path: Path) -> None:
    draws = {name: [[value, value * 1.1]] for name, value in POINT.items()}
    model = clv.from_pymc_marketing(made(draws, sample_stats=xarray.Dataset()), "week")
    model.save(tmp_path / "model.json", posterior=True)
    again = clv.load_model(tmp_path / "model.json").posterior
    assert math.isnan(again.n_customers)
    assert math.isnan(again.r_hat["a"])
    assert again.verdict == model.posterior.verdict


def test_divergent_trajectories_speak_against_the_draws() -> None:
    rng = np.random.default_rng(3)
    draws = {name: value * np.exp(rng.normal(scale=0.1, size=(4, 500))) for name, value in POINT.items()}

    def verdict(divergent: int) -> str:
        flags = np.arange(2000).reshape(4, 500) < divergent
        stats = xarray.Dataset({"diverging": (("chain", "draw"), flags)})
        return clv.from_pymc_marketing(made(draws, sample_stats=stats), "week").posterior.verdict

    assert verdict(0) == "These draws can be trusted."
    assert "3 of 2000 trajectories diverged" in verdict(3)


# Refusals


def test_covariates_are_refused_by_name(saved: Callable[[str], Path]) -> None:
    with pytest.raises(clv.NotAvailable, match=r"BG/NBD model has covariates \(channel\)"):
        clv.from_pymc_marketing(saved("covariates"), "week")
    bare = made(POINT | {"dropout_coefficient_a": 0.1})
    with pytest.raises(clv.NotAvailable, match=r"covariates \(dropout_coefficient_a\)"):
        clv.from_pymc_marketing(bare, "week")


def test_contractual_and_unknown_models_are_refused(saved: Callable[[str], Path]) -> None:
    with pytest.raises(clv.NotAvailable, match="contractual"):
        clv.from_pymc_marketing(saved("shifted"))
    with pytest.raises(clv.NotAvailable, match=r"'MMM' is not one that is known here: BG/NBD"):
        clv.from_pymc_marketing(made(POINT, "MMM"))


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        (42, clv.InvalidInput, "path of a file .* found int"),
        (pd.DataFrame(), clv.InvalidInput, "found no attribute"),
        (SimpleNamespace(idata=None), clv.NotFitted, "fit it first"),
        (made(POINT, None), clv.InvalidInput, "attribute model_type"),
        (xarray.DataTree(xarray.Dataset(attrs={"model_type": "BG/NBD"})), clv.InvalidInput, "no draws"),
        (made({"r": 1.0, "alpha": 2.0}), clv.InvalidInput, "has the parameters r, alpha, a, b; .* holds r, alpha"),
        (made(POINT | {"a": -1.0}), clv.InvalidInput, "above 0: 1 of 1 violate it, first a = "),
        (made({name: [[v, np.nan]] for name, v in POINT.items()}), clv.InvalidInput, "1 of 2 violate it, first r"),
        (made({name: np.empty((1, 0)) for name in POINT}), clv.InvalidInput, "0 of 0"),
        ("no/such/file.nc", clv.InvalidInput, "there is none"),
        (__file__, clv.UnreadableModel, "no netCDF file"),
    ],
)
def test_what_is_no_model_is_refused(source: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        clv.from_pymc_marketing(source, "week")


def test_a_file_whose_values_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """It opens, for its headings are whole."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "model.nc"
    made(POINT).to_netcdf(path, engine="h5netcdf", encoding={"/posterior": {name: {"zlib": True} for name in POINT}})
    with h5py.File(path) as file:
        chunk = file["posterior/alpha"].id.get_chunk_info(0)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    with pytest.raises(clv.UnreadableModel, match="is no netCDF file that can be read"):
        clv.from_pymc_marketing(path, "week")


def test_parameters_of_each_group_are_refused() -> None:
    tree = made(POINT)
    tree["posterior"] = tree["posterior"].to_dataset().assign(r=(("chain", "draw", "segment"), np.ones((1, 1, 3))))
    with pytest.raises(clv.NotAvailable, match="r differs over segment"):
        clv.from_pymc_marketing(tree, "week")


def test_unit_must_be_one_and_says_nothing_of_spend(saved: Callable[[str], Path], taken: Callable[[str], Any]) -> None:
    with pytest.raises(clv.InvalidInput, match="fortnight"):
        clv.from_pymc_marketing(made(POINT), "fortnight")
    spend = clv.from_pymc_marketing(saved("gamma_gamma_map"), "week")
    assert spend.parameters == taken("gamma_gamma_map").parameters


@pytest.mark.parametrize("missing", [{"xarray"}, {"h5netcdf", "netCDF4"}, {"h5py", "netCDF4"}])
def test_missing_reader_is_told_with_the_line_to_install(
    saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, missing: set[str]
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: name not in missing or None)
    with pytest.raises(clv.NotAvailable, match=re.escape('pip install "clvmodels[bayes]"')):
        clv.from_pymc_marketing(saved("bg_nbd_map"), "week")


def test_customers_that_cannot_be_read_are_told() -> None:
    rows = {"customer_id": [1, 2], "frequency": [1.5, 0], "recency": [1.0, 0], "T": [3.0, 3]}
    data = pd.DataFrame(rows).to_xarray()
    with pytest.warns(clv.ClvWarning, match="cannot be read.*whole number"):
        model = clv.from_pymc_marketing(made(POINT, fit_data=data), "week")
    assert model.parameters == POINT
    assert model.largest_trained is None


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000, None])
def test_configuration_that_cannot_be_read_is_none(text: Any) -> None:
    tree = made({name: np.full((1, 8), value) for name, value in POINT.items()})
    tree.attrs["model_config"] = text
    assert clv.from_pymc_marketing(tree, "week").posterior.prior == ()


def test_pymc_itself_is_not_needed(saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pymc", "pymc_marketing", "arviz"):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    assert clv.from_pymc_marketing(saved("bg_nbd_mcmc"), "week").posterior is not None


# The page


def test_page_has_every_public_name() -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", text))))
    methods = {each for every in NAMES["models"].values() for each in every}
    assert {"to_xarray", "ParetoNBD"} <= set(NAMES["deeper"])
    missing = ({*NAMES["functions"], *NAMES["deeper"], *NAMES["models"]} | methods) - told
    assert not missing
    assert f"{NAMES['version']}" in page


def test_page_names_what_is_there() -> None:
    """Every clv.something of the page, and every method of the right-hand columns."""
    page = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r"\bclv\.([A-Za-z_.]+)", page):
        found: Any = clv
        for part in name.rstrip(".").split("."):
            found = getattr(found, part)
