"""Which models are to be validated: names, families, models and pairs with spend, each under a label of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InvalidInput, NotEnoughData, UnitMismatch
from ..families import PURCHASE_FAMILIES
from ..families.contract import PurchaseFamily, SpendFamily
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel, of_unit
from ..models.spend import SpendModel
from ..transactions.cut import is_later
from ..transactions.moments import parse_moment
from ..units import hours_in


@dataclass(frozen=True)
class Chosen:
    """A purchase model under its label, and the spend model that goes with it (None where the common one does)."""

    label: str
    purchases: PurchaseModel
    spend: SpendModel | None


def chosen_models(models: Any, baselines: Mapping[str, Any], called: str = "baseline") -> list[Chosen]:
    """Check what was asked for; baselines may be named too, which changes nothing, since they always run.

    ``called`` is the word for a baseline in messages.

    Raises
    ------
    InvalidInput
        If a name is not known, a label is taken twice, or a model is in discrete time.
    """
    if isinstance(models, str | PurchaseFamily | PurchaseModel | CLVModel):
        models = [models]
    labelled = isinstance(models, Mapping)
    try:
        pairs = list(models.items()) if labelled else [(None, model) for model in models]
    except TypeError:
        raise InvalidInput(f"models must be a list of names or models; found {type(models).__name__}") from None
    found: list[Chosen] = []
    for label, model in pairs:
        if isinstance(model, str) and model in baselines:
            continue
        made = _one(model, baselines, called)
        name = str(label) if labelled else _free(made.label, [one.label for one in found])
        if name in baselines:
            raise InvalidInput(f"{name!r} is the name of a {called}; give the model another label")
        if name in [one.label for one in found]:
            raise InvalidInput(f"labels must differ as text; {name!r} is there twice. Give one of the models another")
        found.append(Chosen(name, made.purchases, made.spend))
    if not found:
        raise InvalidInput(
            f"models must name at least one model, such as pareto_nbd; the {called}s ({', '.join(baselines)}) always "
            f"run beside it. Found {str(models)[:60]}"
        )
    return found


def _one(model: Any, baselines: Mapping[str, Any], called: str) -> Chosen:
    spend = None
    if isinstance(model, CLVModel):
        model, spend = model.purchases, model.spend
    if isinstance(model, str) and model not in PURCHASE_FAMILIES:
        raise InvalidInput(
            f"there is no model or {called} {model!r}: models are {', '.join(PURCHASE_FAMILIES)}, {called}s "
            f"{', '.join(baselines)}"
        )
    if not isinstance(model, str | PurchaseFamily | PurchaseModel):
        raise InvalidInput(
            f"a model must be a name, a family, a PurchaseModel or a CLVModel; found {type(model).__name__}"
        )
    made = model if isinstance(model, PurchaseModel) else PurchaseModel(model)
    if made.family.time != "continuous":
        raise InvalidInput(
            f"{made.family.title} counts whole periods with a purchase, and a holdout counts purchases: the two do not "
            "compare. Leave it out"
        )
    return Chosen(made.family.name, made, spend)


def _free(label: str, taken: list[str]) -> str:
    if label not in taken:
        return label
    return next(name for i in range(2, len(taken) + 3) if (name := f"{label}_{i}") not in taken)


def common_unit(chosen: list[Chosen], time_unit: str | None) -> str:
    """The unit asked for, else that of the models, else weeks; all must agree."""
    if time_unit is not None:
        hours_in(time_unit)
    else:
        for one in chosen:
            if one.purchases._fitted is not None:
                _ = one.purchases._unit  # an error if nobody has said it
    units = {one.purchases.time_unit for one in chosen if one.purchases.time_unit} | {time_unit or ""} - {""}
    if len(units) > 1:
        raise UnitMismatch(
            f"models and time_unit must agree; found {', '.join(sorted(map(str, units)))}. Leave time_unit out, or "
            "give the names of the families"
        )
    return next(iter(units), None) or "week"


def in_unit(chosen: list[Chosen], unit: str) -> list[Chosen]:
    """The same, where a model that came without a unit has the one that was asked for."""
    return [
        replace(one, purchases=of_unit(one.purchases, unit))
        if one.purchases._fitted is not None and one.purchases.time_unit is None
        else one
        for one in chosen
    ]


def fitted(one: Chosen, frame: Any, unit: str, calibration_end: str) -> PurchaseModel:
    """The model itself if it has parameters; else one of its family, fitted on the calibration period.

    Raises
    ------
    InvalidInput
        If it was fitted on a summary that reaches beyond calibration_end, and so knows a part of the holdout.
    """
    model = one.purchases
    if model._fitted is None:
        return PurchaseModel(model.family, model.time_unit or unit).fit(frame)
    _refuse_hindsight(one.label, model._fitted.facts.get("observation_end"), calibration_end)
    return model


def fitted_spend(one: Chosen, common: SpendModel, frame: Any, calibration_end: str) -> SpendModel:
    """The spend model that goes with a purchase model, fitted on the calibration period if it was not before."""
    model = one.spend or common
    if model._fitted is None:
        try:
            return (SpendModel(model.family) if one.spend else common).fit(frame)
        except NotEnoughData as error:
            raise NotEnoughData(f"{error}. To validate purchases alone pass amount=None") from error
    _refuse_hindsight(f"the spend model of {one.label}", model._fitted.facts.get("observation_end"), calibration_end)
    return model


def common_spend(spend: Any) -> SpendModel:
    """The spend model for all that have none of their own."""
    if isinstance(spend, SpendModel):
        return spend if spend._fitted is not None else SpendModel(spend.family)
    if not isinstance(spend, str | SpendFamily):
        raise InvalidInput(f"spend must be a name, a SpendFamily or a SpendModel; found {type(spend).__name__}")
    return SpendModel(spend)


def _refuse_hindsight(label: str, fitted_until: str | None, calibration_end: str) -> None:
    if fitted_until is None:
        return
    until, cut = (parse_moment("observation_end", text, None) for text in (fitted_until, calibration_end))
    if is_later(until, cut):
        raise InvalidInput(
            f"{label} was fitted on purchases until {fitted_until}, later than calibration_end ({calibration_end}): it "
            "knows a part of the holdout. Fit it on the calibration period, or give its name"
        )
