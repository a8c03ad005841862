"""Posteriors of CDNOW by NUTS: likelihoods written anew in PyTensor from the papers, sampled by nutpie.

Writes tests/inference/nuts_cdnow.json, which tests/inference/test_against_nuts.py compares `clv.posterior` with.
Nothing but the data comes from this package: neither likelihoods nor priors nor sampler. `make nuts` runs it, in an
environment of its own; it takes a quarter of an hour.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from arviz_stats.base import array_stats

import clvmodels as clv

TARGET = Path(__file__).resolve().parent.parent / "tests" / "inference" / "nuts_cdnow.json"
CHAINS, TUNE, DRAWS, SEED = 4, 1000, 5000, 1997
PRIOR_SD = 2.0  # of ln(parameter / scale), which is normal with mean 0
WEEKS = (np.datetime64("1997-09-30") - np.datetime64("1997-01-01")) / np.timedelta64(7, "D")
NODES = 48  # of the dropout integral


def log_beta(a: Any, b: Any) -> Any:
    """Return ln B(a, b)."""
    return pt.gammaln(a) + pt.gammaln(b) - pt.gammaln(a + b)


def bg_nbd(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Return Fader, Hardie & Lee (2005), equation 6."""
    common = pt.gammaln(r + x) + r * pt.log(alpha) - pt.gammaln(r) - log_beta(a, b)
    alive = log_beta(a, b + x) - (r + x) * pt.log(alpha + T)
    dead = log_beta(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * pt.log(alpha + t_x)
    return common + pt.switch(x > 0, pt.logaddexp(alive, dead), alive)


def mbg_nbd(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Return Batislam, Denizel & Filiztekin (2007): as above with a dropout chance after the first purchase too."""
    common = pt.gammaln(r + x) + r * pt.log(alpha) - pt.gammaln(r) - log_beta(a, b)
    alive = log_beta(a, b + x + 1) - (r + x) * pt.log(alpha + T)
    dead = log_beta(a + 1, b + x) - (r + x) * pt.log(alpha + t_x)
    return common + pt.logaddexp(alive, dead)


def pareto_nbd(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """Return Fader & Hardie (2005): the likelihood before the integral over the time of leaving is solved.

    P(x purchases at their times | λ, μ) mixed over λ ~ Gamma(r, alpha) and μ ~ Gamma(s, beta): he lives beyond T, or
    leaves at u between t_x and T.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    u = t_x[:, None] + (T - t_x)[:, None] * (nodes + 1) / 2
    common = pt.gammaln(r + x) + r * pt.log(alpha) - pt.gammaln(r)
    alive = -(r + x) * pt.log(alpha + T) - s * pt.log1p(T / beta)
    inside = -(r + x)[:, None] * pt.log(alpha + u) - (s + 1) * pt.log1p(u / beta)
    width = np.log(np.maximum((T - t_x) / 2, 1e-300))
    dead = pt.log(s / beta) + width + pt.logsumexp(inside + np.log(weights), axis=1)
    return common + pt.logaddexp(alive, dead)


def gamma_gamma(x: Any, m: Any, p: Any, q: Any, v: Any) -> Any:
    """Return Fader & Hardie (2013), note 025, equation 1a."""
    shape = p * x
    ways = pt.gammaln(shape + q) - pt.gammaln(shape) - pt.gammaln(q)
    return ways + q * pt.log(v) + (shape - 1) * np.log(m) + shape * np.log(x) - (shape + q) * pt.log(v + x * m)


def posterior(
    log_likelihood: Callable[..., Any], names: tuple[str, ...], scales: tuple[float, ...], columns: list[Any]
) -> dict[str, Any]:
    """Sample ln parameters given the rows of the columns, and tell their moments, quantiles and Monte-Carlo errors."""
    rows, weights = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    with pm.Model() as model:
        u = pm.Normal("u", 0.0, PRIOR_SD, shape=len(names))
        parameters = [scale * pt.exp(u[j]) for j, scale in enumerate(scales)]
        pm.Potential("customers", pt.sum(weights * log_likelihood(*rows.T, *parameters)))
    compiled = nutpie.compile_pymc_model(model)
    found = nutpie.sample(
        compiled,
        draws=DRAWS,
        tune=TUNE,
        chains=CHAINS,
        cores=1,
        seed=SEED,
        target_accept=0.9,
        low_rank_modified_mass_matrix=True,  # the parameters are correlated
        progress_bar=False,
    )
    told: dict[str, Any] = {
        "scales": dict(zip(names, scales, strict=True)),
        "customers": int(weights.sum()),
        "divergent": int(found.sample_stats.diverging.sum()),
    }
    for j, name in enumerate(names):
        log_theta = np.log(scales[j]) + found.posterior["u"].values[:, :, j]
        told[name] = {
            "mean": float(log_theta.mean()),
            "mcse_mean": _diagnosed("mcse", log_theta, method="mean"),
            "sd": float(log_theta.std()),
            "mcse_sd": _diagnosed("mcse", log_theta, method="sd"),
            "quantiles": {
                f"{q:g}": [float(np.quantile(log_theta, q)), _diagnosed("mcse", log_theta, method="quantile", prob=q)]
                for q in (0.05, 0.5, 0.95)
            },
            "r_hat": _diagnosed("rhat", log_theta),
            "ess_bulk": _diagnosed("ess", log_theta, method="bulk"),
            "ess_tail": _diagnosed("ess", log_theta, method="tail", prob=(0.05, 0.95)),
        }
    return told


def _diagnosed(what: str, draws: Any, **how: Any) -> float:
    return float(getattr(array_stats, what)(draws, chain_axis=0, draw_axis=1, **how))


def main() -> None:
    """Sample the four models and write the file."""
    summary = clv.rfm_summary(
        clv.load_cdnow(sample=True),
        customer_id="customer_id",
        date="date",
        amount="amount",
        time_unit="week",
        observation_end="1997-09-30",
    )
    x, t_x, T = (summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    spent = summary[summary["frequency"] > 0]
    spent = spent[spent["monetary_value"] > 0]
    amounts = [spent[name].to_numpy(dtype=float) for name in ("frequency", "monetary_value")]
    jobs: dict[str, Any] = {
        "bg_nbd": (bg_nbd, ("r", "alpha", "a", "b"), (1.0, WEEKS, 1.0, 1.0), [x, t_x, T]),
        "mbg_nbd": (mbg_nbd, ("r", "alpha", "a", "b"), (1.0, WEEKS, 1.0, 1.0), [x, t_x, T]),
        "pareto_nbd": (pareto_nbd, ("r", "alpha", "s", "beta"), (1.0, WEEKS, 1.0, WEEKS), [x, t_x, T]),
        "gamma_gamma": (gamma_gamma, ("p", "q", "v"), (1.0, 1.0, float(amounts[1].mean())), amounts),
    }
    result: dict[str, Any] = {
        "made by": "tools/nuts_check.py (make nuts): NUTS of nutpie on likelihoods written in PyTensor",
        "about": "ln parameters of models of the CDNOW sample, 39 weeks to 1997-09-30; quantiles with their MCSE",
        "prior": f"ln(parameter / scale) ~ Normal(0, {PRIOR_SD:g})",
        "prior_sd": PRIOR_SD,
        "chains": CHAINS,
        "draws": DRAWS,
        "tune": TUNE,
        "seed": SEED,
        "versions": {name: version(name) for name in ("nutpie", "pymc", "pytensor", "numpy", "arviz-stats")},
        "python": platform.python_version(),
        "models": {},
    }
    for name, job in jobs.items():
        print(name, file=sys.stderr, flush=True)
        result["models"][name] = posterior(*job)
    TARGET.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
