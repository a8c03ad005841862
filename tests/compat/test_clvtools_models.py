"""Models of what CLVTools printed: names, logarithms, tables and files; and what was published of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv

# CLVTools on the CDNOW sample, calibrated to 1997-09-30, in weeks: bgnbd and gg from its own tests of correctness, pnbd
# from its print, with the standard errors .0476264 .8427222 .1872594 6.2105448
BGNBD = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
PNBD = {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687}
GG = {"p": 6.25, "q": 3.74, "gamma": 15.44}
HEAVY = pd.DataFrame({"frequency": [26.0, 2.0], "recency": [216 / 7, 30.43], "T": [31.0, 38.86]})


def logs(parameters: dict[str, float]) -> dict[str, float]:
    return {f"log.{name}": math.log(value) for name, value in parameters.items()}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


def test_bgnbd_predicts_what_was_published() -> None:
    model = clv.from_clvtools(BGNBD, time_unit="week")
    assert model.family.name == "bg_nbd"
    weeks, published = [1, 3, 32, 78], [0.053184, 0.150631, 1.043731, 1.857956]  # at these estimates
    assert_allclose(model.new_customer().expected_purchases(horizon=weeks), published, atol=6e-7)
    found = model.expected_purchases(HEAVY, horizon=[39, 52])
    assert found["expected_purchases_52"][0] == pytest.approx(25.75659, rel=1e-3)  # BTYD
    assert found["expected_purchases_39"][1] == pytest.approx(1.226, abs=5e-4)  # Hardie's spreadsheet
    assert model.p_alive(HEAVY)[0] == pytest.approx(0.9688523, abs=1e-5)


def test_pnbd_predicts_what_was_published() -> None:
    model = clv.from_clvtools(PNBD, time_unit="week")
    assert model.family.name == "pareto_nbd"
    assert model.new_customer().expected_purchases(horizon=52) == pytest.approx(1.473434, rel=1e-4)  # BTYD
    assert model.expected_purchases(HEAVY, horizon=52)[0] == pytest.approx(25.45647, rel=1e-3)  # BTYD


def test_gamma_is_v() -> None:
    model = clv.from_clvtools(GG)
    assert isinstance(model, clv.SpendModel)
    assert model.parameters == {"p": 6.25, "q": 3.74, "v": 15.44}
    # note 025, the first customers of the sample
    spent = pd.DataFrame({"frequency": [2, 1, 0], "monetary_value": [22.35, 11.77, None]})
    assert_allclose(model.expected_spend(spent), [24.65, 18.91, 35.17], rtol=2e-3)


@pytest.mark.parametrize(
    ("given", "log_likelihood"),
    [(BGNBD, -9582.429), (PNBD, -9594.976)],  # what CLVTools' logLik and the papers say of these customers
)
def test_log_likelihoods_are_the_published_ones(summary: pd.DataFrame, given: Any, log_likelihood: float) -> None:
    assert clv.from_clvtools(given, "week").log_likelihood(summary).sum() == pytest.approx(log_likelihood, abs=2e-3)


def test_spend_log_likelihood_is_the_published_one(summary: pd.DataFrame) -> None:
    model = clv.from_clvtools(GG)
    paid = summary[summary["frequency"] > 0]
    value, _ = model.family.log_likelihood(
        paid["frequency"].to_numpy(float), paid["monetary_value"].to_numpy(float), *model.parameters.values()
    )
    assert value.sum() == pytest.approx(-4055.92, abs=0.02)


@pytest.mark.parametrize("given", [BGNBD, PNBD, GG])
def test_logarithms_of_the_optimiser_are_parameters_too(given: dict[str, float]) -> None:
    own, exponentials = clv.from_clvtools(given).parameters, clv.from_clvtools(logs(given)).parameters
    assert_allclose(list(exponentials.values()), list(own.values()), rtol=1e-15)


def as_csv(folder: Path, text: str) -> Path:
    path = folder / "coef.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_whatever_holds_names_and_values(tmp_path: Path) -> None:
    turned = dict(reversed(PNBD.items()))
    names, values = list(turned), list(turned.values())
    table = pd.DataFrame({"parameter": names, "value": values})
    errors = [6.2105448, 0.1872594, 0.8427222, 0.0476264]
    coefficients = pd.DataFrame({"Estimate": values, "Std. Error": errors, "z-val": 1.0}, index=names)
    sources = [
        turned,
        pd.Series(turned),
        table,
        table.set_index("parameter"),
        table[["value", "parameter"]],
        pl.from_pandas(table),
        coefficients,
        as_csv(tmp_path, '"","x"\n' + "".join(f'"{name}",{value!r}\n' for name, value in turned.items())),
        str(tmp_path / "coef.csv"),
    ]
    for source in sources:
        assert list(clv.from_clvtools(source).parameters.items()) == list(PNBD.items()), source
    coefficients.to_csv(tmp_path / "summary.csv")
    assert clv.from_clvtools(tmp_path / "summary.csv").parameters == PNBD


def test_every_digit_of_a_file_is_read(tmp_path: Path) -> None:
    digits = {"r": 0.55328123456789123, "alpha": 10.577712345678912, "s": 1 / 3, "beta": 2 / 3}
    path = as_csv(tmp_path, '"","x"\n' + "".join(f'"{name}",{value!r}\n' for name, value in digits.items()))
    assert clv.from_clvtools(path).parameters == digits


def test_the_unit_is_what_is_said() -> None:
    assert clv.from_clvtools(PNBD, time_unit="week").time_unit == "week"
    model = clv.from_clvtools(PNBD)
    assert model.time_unit is None
    with pytest.raises(clv.UnitMismatch, match="nobody has said it"):
        model.discounted_expected_purchases(HEAVY)
    with pytest.raises(clv.InvalidInput, match="time_unit must be one of hour, day"):
        clv.from_clvtools(PNBD, time_unit="weeks")
    with pytest.raises(clv.InvalidInput, match="a spend model has no time unit"):
        clv.from_clvtools(GG, time_unit="week")


@pytest.mark.parametrize(("given", "names"), [(BGNBD, ["bgnbd", "bg_nbd"]), (GG, ["gg", "gamma_gamma"])])
def test_the_family_may_be_said_in_either_language(given: dict[str, float], names: list[str]) -> None:
    for name in names:
        assert clv.from_clvtools(given, family=name).family.name == names[1]


@pytest.mark.parametrize(
    ("given", "family", "error", "message"),
    [
        (BGNBD, "pnbd", clv.InvalidInput, "pnbd has the parameters r, alpha, s, beta; found r, alpha, a, b"),
        (BGNBD, "mbg_nbd", clv.InvalidInput, "family must be one of pnbd, bgnbd, gg, pareto_nbd"),
        ({**PNBD, "b": 0.01}, None, clv.NotAvailable, "Gamma-Gompertz/NBD, is none of this package's models"),
        (logs({**PNBD, "b": 0.01}), None, clv.NotAvailable, "Gamma-Gompertz/NBD"),
        ({**PNBD, "life.Sex": 0.7, "trans.Sex": 0.5}, None, clv.NotAvailable, "2 of its 6 .* first 'life.Sex'"),
        ({**PNBD, "constr.Channel": 0.7}, None, clv.NotAvailable, "covariates.* first 'constr.Channel'"),
        ({**PNBD, "Cor(life,trans)": 0.1}, None, clv.NotAvailable, "'Cor.life,trans.' says .* correlated"),
        ({**logs(PNBD), "correlation.param.m": 0.1}, None, clv.NotAvailable, "correlated"),
        ({"r": 1.0, "alpha": 2.0}, None, clv.InvalidInput, "no model of CLVTools .pnbd: r, alpha, .*found r, a"),
        ({**PNBD, "log.r": 0.0}, None, clv.InvalidInput, "'r' is there twice"),
        ({**PNBD, "s": -1.0}, None, clv.InvalidInput, "parameter s must be finite and above 0; found -1.0"),
        ({**PNBD, "s": float("nan")}, None, clv.InvalidInput, "parameter s must be finite"),
        ({**PNBD, "s": "0.6"}, None, clv.InvalidInput, "parameter s must be a number; found '0.6'"),
        ({**logs(PNBD), "log.s": 1000.0}, None, clv.InvalidInput, "parameter log.s must be a number"),
        ({}, None, clv.InvalidInput, "found nothing"),
        ([0.55, 10.6, 0.6, 11.7], None, clv.InvalidInput, "must be a mapping, a Series, .*found list"),
        (pd.Series([0.55, 10.6]), None, clv.InvalidInput, "values by name, for example r and alpha; found 0, 1"),
        (pd.Series([1.0, 2.0], index=["r", "r"]), None, clv.InvalidInput, "'r' again"),
        (pd.DataFrame({"n": ["r"], "x": [1.0], "y": [2.0]}), None, clv.InvalidInput, "called Estimate.; found n, x, y"),
        ("no-such.csv", None, clv.InvalidInput, "cannot read parameters from 'no-such.csv': No such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_model_is_refused(given: Any, family: str | None, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        clv.from_clvtools(given, family=family)


def test_an_estimate_of_a_known_parameter_stays_a_float() -> None:
    found = clv.from_clvtools({name: np.float64(value) for name, value in PNBD.items()})
    assert all(type(value) is float for value in found.parameters.values())


def test_a_file_of_semicolons_is_told_how_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "german.csv").write_text('"";"x"\n"r";0,55\n"alpha";10,5\n"s";0,6\n"beta";11,7\n', encoding="utf-8")
    with pytest.raises(clv.InvalidInput, match=r"found ;\"x\", in .*german\.csv'\. R writes it with write\.csv\(coef"):
        clv.from_clvtools(tmp_path / "german.csv")
