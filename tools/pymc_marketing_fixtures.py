"""Models that pymc-marketing fitted and saved, and its own predictions: what conversion is tested against.

Writes tests/compat/pymc_marketing/: saved_models.zip with a netCDF file of each model as its `save` wrote it (fifteen
times smaller than the files), predictions.json with what it answers at its own draws, and names.json with its public
names. `make pymc-marketing` runs it, in an environment of its
own, which needs neither this package nor its tests; it takes a few minutes.
"""

from __future__ import annotations

import inspect
import json
import logging
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pymc_extras.prior import Prior
from pymc_marketing import clv

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tests" / "compat" / "pymc_marketing"
SEED = 1997
CUSTOMERS, ASKED = 60, 6
MOMENT = (1997, 9, 30, 0, 0, 0)  # of every file in the archive
SHORT: dict[str, Any] = {"draws": 60, "tune": 300, "chains": 2, "cores": 1, "random_seed": SEED}
OPTIONS: dict[str, dict[str, Any]] = {"map": {}, "advi": {"n": 4000, "draws": SHORT["draws"], "random_seed": SEED}}
# its defaults are flat without bounds, and so few customers do not bound the posterior either
PROPER = {
    "p": Prior("Weibull", alpha=2, beta=5),
    "q": Prior("Weibull", alpha=2, beta=5),
    "v": Prior("HalfNormal", sigma=30),
}
EVERY = 12  # draws at which predictions are kept
HORIZON, AFTER, NEW, PERIODS = 39.0, 13.0, 52.0, 5
MONTHS, MONTHLY_RATE = 12, 0.01


def weekly() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weeks of a few customers of CDNOW as pymc-marketing counts them, and the amounts of their repeat purchases."""
    log = pd.read_csv(ROOT / "data" / "cdnow_sample_transactions.csv", parse_dates=["date"])
    log = log[log["date"] <= "1997-09-30"]
    whole = clv.rfm_summary(
        log, "customer_id", "date", "amount", observation_period_end="1997-09-30", time_unit="D", time_scaler=7
    )
    again = whole[(whole["frequency"] > 0) & (whole["monetary_value"] > 0)].iloc[: CUSTOMERS // 2]
    once = whole[whole["frequency"] == 0].iloc[: CUSTOMERS // 2]
    summary = pd.concat([again, once]).sort_values("customer_id").reset_index(drop=True)
    daily = log[log["customer_id"].isin(again["customer_id"])].groupby(["customer_id", "date"])["amount"].sum()
    repeats = daily[daily.groupby("customer_id").cumcount() > 0]
    return summary, repeats[repeats > 0].reset_index()


def yearly() -> pd.DataFrame:
    """Purchases in whole periods: two of six that hold one, and so on."""
    histories = [(0, 0), (1, 1), (1, 3), (2, 2), (2, 6), (3, 5), (4, 6), (6, 6), (0, 0), (0, 0), (5, 6), (1, 6)] * 5
    x, t_x = np.array(histories).T
    return pd.DataFrame({"customer_id": np.arange(len(x)), "frequency": x, "recency": t_x, "T": 6})


def kept(answer: Any) -> list[Any]:
    """Some of the draws of an answer, all chains: draws x customers, or a list of numbers if it has no customers."""
    rest = [dim for dim in answer.dims if dim not in ("chain", "draw")]
    values = answer.isel(draw=slice(None, None, EVERY)).transpose("chain", "draw", *rest).values
    listed: list[Any] = values.reshape(-1, *values.shape[2:]).tolist()
    return listed


def purchases(model: Any, asked: pd.DataFrame) -> dict[str, Any]:
    """What a model of purchases answers for the customers asked about."""
    if isinstance(model, clv.BetaGeoBetaBinomModel):
        return in_periods(model, asked)
    now = {"future_t": 0.0} if isinstance(model, clv.ParetoNBDModel) else {}
    found = {
        "expected_purchases": kept(model.expected_purchases(asked, future_t=HORIZON)),
        "p_alive": kept(model.expected_probability_alive(asked, **now)),
        "new_customer": kept(model.expected_purchases_new_customer(asked.iloc[:1], t=NEW)),
    }
    if isinstance(model, clv.ParetoNBDModel):
        found["p_alive_after"] = kept(model.expected_probability_alive(asked, future_t=AFTER))
        found["two_purchases"] = kept(model.expected_purchase_probability(asked, n_purchases=2, future_t=HORIZON))
    if type(model) is clv.BetaGeoModel:  # the modified one refuses it
        found["no_purchase"] = kept(model.expected_probability_no_purchase(AFTER, asked))
    return found


def in_periods(model: Any, asked: pd.DataFrame) -> dict[str, Any]:
    """The same of BG/BB, draw by draw: of many, 0.19.2 takes the likelihood of the first for that of all of them."""
    whole, found = model.idata, {}
    at_once = kept(model.expected_purchases(asked, future_t=PERIODS))
    for chain in whole.posterior.chain.values:
        for draw in whole.posterior.draw.values[::EVERY]:
            model.idata = whole.sel(chain=[chain], draw=[draw])
            each = {
                "expected_purchases": model.expected_purchases(asked, future_t=PERIODS),
                "p_alive": model.expected_probability_alive(asked, future_t=0),
                "p_alive_after": model.expected_probability_alive(asked, future_t=PERIODS),
                "new_customer": model.expected_purchases_new_customer(asked.iloc[:1], t=PERIODS),
            }
            for question, answer in each.items():
                found.setdefault(question, []).extend(kept(answer))
    model.idata = whole
    return {**found, "expected_purchases_at_once": at_once}


def spending(model: Any, asked: pd.DataFrame) -> dict[str, Any]:
    """What a model of spend answers."""
    return {
        "expected_spend": kept(model.expected_customer_spend(asked)),
        "new_customer_spend": kept(model.expected_new_customer_spend()),
    }


def public_names() -> dict[str, Any]:
    """What its models, pictures and functions are called, also those of its modules, and the methods of each model."""
    functions = [name for name in clv.__all__ if not inspect.isclass(getattr(clv, name))]
    modules = (clv.utils, clv.plotting, clv.distributions)
    deeper = sorted({name for module in modules for name in module.__all__} - set(clv.__all__))
    models = {
        name: sorted(
            member
            for member, value in inspect.getmembers(getattr(clv, name))
            if not member.startswith("_") and (callable(value) or isinstance(value, property))
        )
        for name in clv.__all__
        if name not in functions
    }
    return {"version": version("pymc-marketing"), "functions": functions, "deeper": deeper, "models": models}


def main() -> None:
    """Fit, save and ask every model."""
    logging.getLogger("pymc").setLevel(logging.ERROR)
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "saved_models.zip")
        with zipfile.ZipFile(whole, "w") as archive:
            predictions = fitted_and_asked(Path(folder), archive)
        shutil.copyfile(whole, TARGET / whole.name)
    (TARGET / "predictions.json").write_text(json.dumps(predictions) + "\n", encoding="utf-8")
    (TARGET / "names.json").write_text(json.dumps(public_names(), indent=1) + "\n", encoding="utf-8")


def fitted_and_asked(folder: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """Fit and save every model, and give its predictions."""
    summary, amounts = weekly()
    periods = yearly()
    again = summary[summary["frequency"] > 0].reset_index(drop=True)
    lines = amounts.assign(customer_id=pd.factorize(amounts["customer_id"])[0])
    lines = lines.rename(columns={"amount": "individual_transaction_value"})[
        ["customer_id", "individual_transaction_value"]
    ]
    order = summary.sort_values("frequency")
    asked = pd.concat([order.iloc[: ASKED // 2], order.iloc[-ASKED // 2 :]]).reset_index(drop=True)
    asked_periods = periods.drop_duplicates(["frequency", "recency"]).iloc[:ASKED].reset_index(drop=True)
    covariate = summary.assign(channel=(summary["customer_id"] % 2).astype(float))
    retention = pd.DataFrame({"customer_id": np.arange(20), "recency": [1, 2, 3, 4, 5] * 4, "T": 5, "cohort": "a"})
    with_covariate = {"purchase_covariate_cols": ["channel"]}
    plan: list[tuple[str, Any, pd.DataFrame, str, Callable[..., Any] | None, pd.DataFrame]] = [
        ("bg_nbd_map", clv.BetaGeoModel(), summary, "map", purchases, asked),
        ("bg_nbd_mcmc", clv.BetaGeoModel(), summary, "mcmc", purchases, asked),
        ("bg_nbd_advi", clv.BetaGeoModel(), summary, "advi", purchases, asked),
        ("mbg_nbd_map", clv.ModifiedBetaGeoModel(), summary, "map", purchases, asked),
        ("mbg_nbd_mcmc", clv.ModifiedBetaGeoModel(), summary, "mcmc", purchases, asked),
        ("pareto_nbd_map", clv.ParetoNBDModel(), summary, "map", purchases, asked),
        ("pareto_nbd_demz", clv.ParetoNBDModel(), summary, "demz", purchases, asked),
        ("bg_bb_map", clv.BetaGeoBetaBinomModel(), periods, "map", purchases, asked_periods),
        ("bg_bb_mcmc", clv.BetaGeoBetaBinomModel(), periods, "mcmc", purchases, asked_periods),
        ("gamma_gamma_map", clv.GammaGammaModel(), again, "map", spending, asked),
        ("gamma_gamma_mcmc", clv.GammaGammaModel(model_config=PROPER), again, "mcmc", spending, asked),
        ("gamma_gamma_flat_mcmc", clv.GammaGammaModel(), again, "mcmc", spending, asked),
        ("gamma_gamma_individual_mcmc", clv.GammaGammaModelIndividual(), lines, "mcmc", spending, asked),
        ("covariates", clv.BetaGeoModel(model_config=with_covariate), covariate, "map", None, asked),
        ("shifted", clv.ShiftedBetaGeoModel(), retention, "map", None, asked),
    ]
    predictions: dict[str, Any] = {}
    summaries: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for name, model, data, method, ask, customers in plan:
        print(name, file=sys.stderr)
        model.fit(data, method=method, progressbar=False, **OPTIONS.get(method, SHORT))
        file = Path(folder, f"{name}.nc")
        model.save(str(file), groups=["posterior", "sample_stats", "fit_data"])
        archive.writestr(zipfile.ZipInfo(file.name, MOMENT), file.read_bytes(), zipfile.ZIP_LZMA)
        models[name] = model
        if ask is not None:
            predictions[name] = ask(model, customers)
        if method in ("mcmc", "demz"):
            summaries[name] = model.fit_summary(round_to="none").to_dict("index")
    value = models["gamma_gamma_map"].expected_customer_lifetime_value(
        models["bg_nbd_map"], asked.copy(), future_t=MONTHS, discount_rate=MONTHLY_RATE, time_unit="W"
    )
    predictions["value"] = kept(value)[0]
    versions = {each: version(each) for each in ("pymc-marketing", "pymc", "arviz", "xarray", "numpy")}
    return {
        "versions": versions,
        "seed": SEED,
        "every": EVERY,
        "asked": {
            "horizon": HORIZON,
            "after": AFTER,
            "new": NEW,
            "periods": PERIODS,
            "months": MONTHS,
            "monthly_rate": MONTHLY_RATE,
        },
        "customers": asked.to_dict("list"),
        "customers_in_periods": asked_periods.to_dict("list"),
        "predictions": predictions,
        "fit_summaries": summaries,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
