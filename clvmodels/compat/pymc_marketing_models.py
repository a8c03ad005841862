"""Models that pymc-marketing fitted, read from its files or objects: draws become a posterior, a point the parameters.

Names and meanings of the parameters are the same in both packages; PyMC itself is not needed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ClvError, InvalidInput, NotAvailable, NotFitted, UnreadableModel, warn
from ..families import purchase_family, spend_family
from ..families.contract import PurchaseFamily, SpendFamily
from ..inference import diagnostics
from ..models import statistics
from ..models.fitted import Fitted, package_versions, profile_of
from ..models.posterior import Posterior, judged
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..numerics.arrays import Array
from ..units import hours_in

_PURCHASES = {
    "BG/NBD": "bg_nbd",
    "MBG/NBD": "mbg_nbd",
    "Pareto/NBD": "pareto_nbd",
    "BG/BB": "bg_bb",
}
_SPEND = {
    "Gamma-Gamma Model (Mean Transactions)": "gamma_gamma",
    "Gamma-Gamma Model (Individual Transactions)": "gamma_gamma",
}
_CONTRACTUAL = ("Shifted Beta-Geometric", "Shifted-Beta-Geometric Model (Individual Customers)")
_ENGINES = {"h5netcdf": ("h5netcdf", "h5py"), "netcdf4": ("netCDF4",)}  # of xarray, and the modules that each needs
_LONGEST = 200  # characters of a prior


def from_pymc_marketing(source: Any, time_unit: str | None = None) -> PurchaseModel | SpendModel:
    """Take over a model that pymc-marketing fitted: its draws as a posterior, or its point as the parameters.

    The parameters have the same names and meanings there. Of draws θ_1, ..., θ_n each parameter is the median, and the
    intervals come from the draws; the one point that ``method="map"`` leaves is taken as it is.

    Parameters
    ----------
    source
        The path of a file that a model's ``save`` wrote (needs the extra ``bayes``), its ``idata`` (an ArviZ
        InferenceData or an xarray DataTree), or the fitted model itself.
    time_unit
        In which unit its T was: ``"day"`` where its ``rfm_summary`` was left at its defaults, ``"week"`` with
        ``time_scaler=7``. Files do not say it, and nothing is guessed: without it the model answers what needs no
        unit, and refuses what does (discounting, dates, files). A spend model has none.

    Returns
    -------
    PurchaseModel or SpendModel
        BetaGeoModel becomes ``"bg_nbd"``, ModifiedBetaGeoModel ``"mbg_nbd"``, ParetoNBDModel ``"pareto_nbd"``,
        BetaGeoBetaBinomModel ``"bg_bb"``, GammaGammaModel and GammaGammaModelIndividual ``"gamma_gamma"``. With draws
        it carries a `Posterior` (``model.posterior``) with their diagnostics, the prior in words and a verdict.

    Raises
    ------
    InvalidInput
        If there is no such file, what was given holds no posterior of such a model or values that cannot be its
        parameters, or the unit is not known.
    UnreadableModel
        If the file is no netCDF file.
    NotFitted
        If the model has not been fitted.
    NotAvailable
        If the model has covariates or is a contractual one, which this package does not have, or no reader of netCDF
        is installed.

    Warns
    -----
    ClvWarning
        If the customers kept beside the draws cannot be read; the model then knows nothing of them.

    Notes
    -----
    The mean of the forecasts of all draws is what a posterior says. With few customers forecasts at the medians lie
    nearer to it than those at the means, which a few large draws of b or beta pull away from all others.

    Examples
    --------
    >>> import xarray
    >>> import clvmodels as clv
    >>> point = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> posterior = xarray.Dataset({name: (("chain", "draw"), [[value]]) for name, value in point.items()})
    >>> idata = xarray.DataTree.from_dict({"posterior": posterior})
    >>> idata.attrs["model_type"] = "BG/NBD"
    >>> clv.from_pymc_marketing(idata, time_unit="week")
    PurchaseModel('bg_nbd', time_unit='week'): r=0.243, alpha=4.414, a=0.793, b=2.426
    """
    if time_unit is not None:
        hours_in(time_unit)
    with _refused_if_damaged(source), ExitStack() as stack:
        groups = _opened(source, stack)
        family = _family_of(groups)
        draws = _draws(groups, family)
        customers = _customers(groups)
        made = dict(zip(family.parameters, np.median(draws, axis=(0, 1)).tolist(), strict=True))
        found = None if draws.shape[0] * draws.shape[1] == 1 else _posterior(groups, family, draws, customers)
    if isinstance(family, SpendFamily):
        spend = SpendModel.from_parameters(family, made)
        return spend if found is None else spend.with_posterior(found)
    model = PurchaseModel(family, time_unit)
    model._fitted = _known(family, made, customers)
    return model if found is None else model.with_posterior(replace(found, time_unit=time_unit))


def _opened(source: Any, stack: ExitStack) -> Any:
    """The groups of draws, customers and so on by name, with the attributes of the whole as ``attrs``."""
    if isinstance(source, (str, os.PathLike)):
        return _read(source, stack)
    groups = getattr(source, "idata", source)
    if groups is None:
        raise NotFitted(f"this {type(source).__name__} has no posterior yet: fit it first")
    if not isinstance(getattr(groups, "attrs", None), Mapping) or not hasattr(type(groups), "__getitem__"):
        raise InvalidInput(
            "source must be the path of a file that pymc-marketing saved, a fitted model of it, or the model's idata "
            f"(InferenceData or DataTree); found {type(source).__name__}"
        )
    return groups


def _read(path: str | os.PathLike[str], stack: ExitStack) -> Any:
    engine = next((name for name, modules in _ENGINES.items() if all(map(find_spec, modules))), None)
    if engine is None or find_spec("xarray") is None:
        raise NotAvailable('netCDF files need xarray, h5netcdf and h5py: pip install "clvmodels[bayes]"')
    if not os.path.isfile(path):
        raise InvalidInput(f"cannot read the file {str(path)[:200]!r}: there is none")
    import xarray

    try:
        return stack.enter_context(xarray.open_datatree(path, engine=engine))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from None


@contextmanager
def _refused_if_damaged(source: Any) -> Iterator[None]:
    """Values are read from a file when they are asked for, and only then it shows whether they can be."""
    try:
        yield
    except ClvError:
        raise
    except (OSError, RuntimeError) as error:
        if not isinstance(source, (str, os.PathLike)):
            raise
        raise _unreadable(source, error) from None


def _unreadable(path: str | os.PathLike[str], error: Exception) -> UnreadableModel:
    return UnreadableModel(
        f"{str(path)[:200]} is no netCDF file that can be read ({type(error).__name__}: {str(error)[:80]}): "
        "expected what pymc-marketing's save() wrote"
    )


def _family_of(groups: Any) -> PurchaseFamily | SpendFamily:
    known = (*_PURCHASES, *_SPEND)
    kind = groups.attrs.get("model_type")
    if kind is None:
        raise InvalidInput(
            "this is no model of pymc-marketing: expected the attribute model_type, one of "
            f"{', '.join(known)}; found {', '.join(map(str, groups.attrs)) or 'no attribute'}"
        )
    if kind in _CONTRACTUAL:
        raise NotAvailable(f"{kind}: contractual models, of customers who cancel, are not part of this package")
    if kind in _PURCHASES:
        return purchase_family(_PURCHASES[kind])
    if kind in _SPEND:
        return spend_family(_SPEND[kind])
    raise NotAvailable(f"the model {str(kind)[:60]!r} is not one that is known here: {', '.join(known)}")


def _group(groups: Any, name: str) -> Any:
    """A group, or None: an InferenceData has no get."""
    there = name in groups
    return groups[name] if there else None


def _draws(groups: Any, family: PurchaseFamily | SpendFamily) -> Array:
    """The parameters in the family's order: (chains, draws, parameters)."""
    posterior = _group(groups, "posterior")
    if posterior is None:
        raise InvalidInput(f"there are no draws: expected a group posterior, found {', '.join(map(str, groups))[:200]}")
    _refuse_covariates(groups, posterior, family)
    columns = []
    for name in family.parameters:
        values = next((posterior[each] for each in (name, f"{name}_prior") if each in posterior), None)
        if values is None:  # files of early releases said r_prior
            raise InvalidInput(
                f"{family.title} has the parameters {', '.join(family.parameters)}; the posterior holds "
                f"{', '.join(map(str, posterior.data_vars))[:200]}"
            )
        if set(values.dims) != {"chain", "draw"}:
            raise NotAvailable(
                f"{name} differs over {', '.join(str(d) for d in values.dims if d not in ('chain', 'draw'))}: only "
                "models with one set of parameters for all customers can be taken over"
            )
        columns.append(np.asarray(values.transpose("chain", "draw").values, dtype=np.float64))
    draws = np.stack(columns, axis=2)
    wrong = ~(np.isfinite(draws) & (draws > 0))
    if not draws.size or wrong.any():
        first = f", first {family.parameters[np.argwhere(wrong)[0, 2]]} = {draws[wrong][0]!r}" if draws.size else ""
        raise InvalidInput(
            f"draws must be finite and above 0: {int(wrong.any(axis=2).sum())} of {draws.shape[0] * draws.shape[1]} "
            f"violate it{first}"
        )
    return draws


def _refuse_covariates(groups: Any, posterior: Any, family: PurchaseFamily | SpendFamily) -> None:
    config = _config(groups)
    listed = [value for name, value in config.items() if name.endswith("_covariate_cols") and isinstance(value, list)]
    columns = list(dict.fromkeys(str(each) for value in listed for each in value))
    coefficients = [str(name) for name in posterior.data_vars if "coefficient" in str(name)]
    if columns or coefficients:
        raise NotAvailable(
            f"this {family.title} model has covariates ({', '.join(columns or coefficients)[:200]}), which models here "
            "do not have: fit it without, or a model for each group of customers"
        )


def _config(groups: Any) -> dict[str, Any]:
    """The model's configuration, or nothing where there is none that can be read."""
    try:
        found = json.loads(groups.attrs.get("model_config", "{}"))
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _posterior(
    groups: Any, family: PurchaseFamily | SpendFamily, draws: Array, customers: pd.DataFrame | None
) -> Posterior:
    chains, each, _ = draws.shape
    names = family.parameters
    method, notes, reasons, acceptance = _sampler(groups)
    bulk = tail = dict.fromkeys(names, float(chains * each))
    hat = None
    if method != "advi":
        with np.errstate(divide="ignore", invalid="ignore"):  # a chain that is stuck does not vary
            found = (diagnostics.r_hat(draws), *diagnostics.bulk_and_tail_ess(draws))
        hat, bulk, tail = (dict(zip(names, values.tolist(), strict=True)) for values in found)
    many = math.nan if customers is None else float(customers["customer_id"].nunique())
    return judged(
        Posterior(
            parameters=names,
            draws=draws,
            method=method,
            prior=_priors(_config(groups), groups["posterior"]),
            n_customers=many,
            ess={name: min(bulk[name], tail[name]) for name in names},
            r_hat=hat,
            ess_bulk=None if hat is None else bulk,
            ess_tail=None if hat is None else tail,
            acceptance=acceptance,
            distinct_draws=len(np.unique(draws.reshape(-1, len(names)), axis=0)),
            reasons=reasons,
            family=family.name,
            notes=notes,
        )
    )


def _sampler(groups: Any) -> tuple[str, tuple[str, ...], tuple[str, ...], float | None]:
    """Method, how the draws were made, what speaks against them, and the acceptance of NUTS."""
    told = groups["posterior"].attrs
    library = " ".join(str(told[key]) for key in ("inference_library", "inference_library_version") if key in told)
    notes = (f"fitted by pymc-marketing{f' with {library}' if library else ''}",)
    stats = _group(groups, "sample_stats")
    if stats is None and not {"sampling_time", "tuning_steps"} & set(told):
        reason = (
            "they are draws of a variational approximation (advi), and nothing tells how close it is to the "
            'posterior: fit with method="mcmc"'
        )
        return "advi", notes, (reason,), None
    if stats is None or "diverging" not in stats:
        return ("mcmc" if stats is None else "demz"), notes, (), None
    divergent = int(np.sum(stats["diverging"].values))
    reasons: tuple[str, ...] = ()
    if divergent:
        total = stats["diverging"].size
        reasons = (f"{divergent} of {total} trajectories diverged, so part of the posterior may be missing",)
    rate = float(np.mean(stats["acceptance_rate"].values)) if "acceptance_rate" in stats else None
    return "nuts", notes, reasons, rate


def _priors(config: Mapping[str, Any], posterior: Any) -> tuple[str, ...]:
    """One sentence for each parameter that was drawn and has a prior of its own."""
    names = [name for name in config if {name, f"{name}_prior"} & {str(each) for each in posterior.data_vars}]
    return tuple(f"{name.removesuffix('_prior')}: {_worded(config[name])}"[:_LONGEST] for name in names)


def _worded(prior: Any, depth: int = 3) -> str:
    """Weibull(alpha=2, beta=1)."""
    if not isinstance(prior, dict) or depth == 0:
        return f"{prior:g}" if isinstance(prior, (int, float)) else str(prior)[:_LONGEST]
    if "dist" not in prior:
        return ", ".join(f"{key}={_worded(value, depth - 1)}" for key, value in prior.items())
    kwargs = prior.get("kwargs") or {name: value for name, value in prior.items() if name != "dist"}
    return f"{prior['dist']}({_worded(kwargs, depth - 1) if kwargs else ''})"


def _customers(groups: Any) -> pd.DataFrame | None:
    """The customers kept beside the draws, or None."""
    data = _group(groups, "fit_data")
    if data is None or "customer_id" not in data:
        return None
    frame = data.to_dataset() if hasattr(data, "to_dataset") else data
    return frame.to_dataframe().reset_index()  # type: ignore[no-any-return]


def _known(family: PurchaseFamily, parameters: dict[str, float], customers: pd.DataFrame | None) -> Fitted:
    """Parameters, with a profile of the customers that they are of, against which later ones are compared."""
    fitted = Fitted(parameters, versions=package_versions())
    if customers is None:
        return fitted
    try:
        columns = statistics.read(customers, family.statistics, family.time)
    except InvalidInput as error:
        warn(f"the customers kept with the draws cannot be read, so nothing is known of them: {error}")
        return fitted
    log_likelihood = float(family.log_likelihood(*columns.values(), *fitted.values)[0].sum())
    return replace(fitted, profile=profile_of(columns, np.ones(len(customers)), {}, log_likelihood))
