"""Every public name says what it is, what goes in and comes out, what it raises, and shows an example.

Public is what ``clvmodels.__all__`` and the packages `plots` and `transactions` name, and every class of the package
that those return or hold. The examples themselves are run by ``pytest --doctest-modules clvmodels``.
"""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import re
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import pytest

import clvmodels
from clvmodels.errors import ClvError, ClvWarning

SECTION = re.compile(r"^([A-Z][a-z]+)\n-{3,}\n", re.MULTILINE)
WORD = re.compile(r"\b[A-Za-z_]\w*")
REFERENCE = re.compile(r"\b(?:as|of|for|to|see)\s+`([\w.]+)`")

# names that show no example of their own, and why
NO_EXAMPLE = {
    "InvalidInput": "raised by the package: `ClvError` shows how to catch it",
    "NotAvailable": "as InvalidInput",
    "NotEnoughData": "as InvalidInput",
    "NotFitted": "as InvalidInput",
    "UnitMismatch": "as InvalidInput",
    "UnreadableModel": "as InvalidInput",
    "LogLikelihood": "the signature of a function: `PurchaseFamily` shows one that has it",
}
# what takes arguments and refuses none, and why
REFUSES_NOTHING = {
    "NewCustomer": "made by PurchaseModel.new_customer, which has checked what it hands over",
    "SpendModel.spend_of": "its columns have been checked; it warns",
}


def modules() -> list[ModuleType]:
    return [
        import_module(found.name)
        for found in pkgutil.walk_packages(clvmodels.__path__, "clvmodels.")
        if "__main__" not in found.name
    ]


def own_classes() -> dict[str, type]:
    return {
        name: value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def members(cls: type) -> dict[str, Any]:
    """Public methods and properties that the package itself defines, by name."""
    own = [c for c in reversed(cls.__mro__) if c.__module__.startswith("clvmodels")]
    found = {name: value for c in own for name, value in vars(c).items() if not name.startswith("_")}
    return {
        name: value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        for name, value in found.items()
        if isinstance(value, (FunctionType, property, classmethod, staticmethod))
    }


def fields(cls: type) -> list[str]:
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls) if not field.name.startswith("_")]
    return list(getattr(cls, "_fields", ()))


def given_back(value: Any) -> str:
    """The annotations that say what a public name leads to."""
    if isinstance(value, property):
        return given_back(value.fget)
    if isinstance(value, type):
        annotations = vars(value).get("__annotations__", {})
        held = [str(annotation) for name, annotation in annotations.items() if not name.startswith("_")]
        return " ".join([*held, *map(given_back, members(value).values())])
    return str(value.__annotations__.get("return", ""))


def public() -> dict[str, Any]:
    """Functions, classes, methods and properties by their names."""
    tops: dict[str, Any] = {}
    open_modules: list[tuple[str, ModuleType]] = [("", clvmodels)]
    while open_modules:
        prefix, module = open_modules.pop()
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                open_modules.append((f"{prefix}{name}.", value))
            elif callable(value):
                tops[prefix + name] = value
    transactions = import_module("clvmodels.transactions")
    tops |= {name: value for name, value in vars(transactions).items() if isinstance(value, (FunctionType, type))}
    classes, waiting = own_classes(), list(tops.values())
    while waiting:
        for word in WORD.findall(given_back(waiting.pop())):
            if word in classes and word not in tops:
                tops[word] = classes[word]
                waiting.append(classes[word])
    found = dict(tops)
    for name, value in tops.items():
        if isinstance(value, type):
            found |= {f"{name}.{member}": each for member, each in members(value).items()}
    return found


PUBLIC = public()


def text_of(value: Any) -> str:
    return inspect.cleandoc(vars(value).get("__doc__") or "" if isinstance(value, type) else value.__doc__ or "")


def sections(text: str) -> dict[str, str]:
    parts = SECTION.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section: str) -> list[str]:
    """What the entries of a section of parameters, attributes or errors name."""
    entries = [line for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip() for entry in entries for name in entry.split(" : ")[0].split(",")]


def takes(value: Any) -> list[str]:
    """The parameters of a function, or of a class that is made by hand-written code."""
    if isinstance(value, property):
        return []
    if isinstance(value, type):
        if "__init__" not in vars(value) or fields(value) or getattr(value, "_is_protocol", False):
            return []
        value = value.__init__  # type: ignore[misc]
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(value).parameters.values()
    return [stars.get(each.kind, "") + each.name for each in found if each.name not in ("self", "cls")]


def examples(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.lstrip().startswith((">>> ", "... ")))


def complaints(name: str, value: Any, whole: str = "") -> list[str]:
    """What is missing from a docstring; ``whole`` is that of the class of a method or property."""
    text, found = text_of(value), []
    parts, wanted = sections(text), takes(value)
    if not text:
        return ["no docstring"]
    if not text.splitlines()[0].endswith("."):
        found.append("the first line is no sentence")
    is_error = isinstance(value, type) and issubclass(value, (ClvError, ClvWarning))
    if isinstance(value, property):
        if not re.search(rf"\.{name.rsplit('.', 1)[-1]}\b", examples(text) + examples(whole)):
            found.append("no example, here or at the class")
    elif ">>> " not in text and name not in NO_EXAMPLE:
        found.append("no example")
    if wanted and not is_error and name not in REFUSES_NOTHING and not re.search(r"\bRaises\b", text):
        found.append("does not say what it raises")
    if "Parameters" in parts and named(parts["Parameters"]) != wanted:
        found.append(f"describes {named(parts['Parameters'])}, takes {wanted}")
    if "Parameters" not in parts and not is_error:
        unnamed = [each for each in wanted if not re.search(rf"\b{each.strip('*')}\b", prose(text))]
        if unnamed and not REFERENCE.search(prose(text)):
            found.append(f"says nothing of {unnamed}")
    if isinstance(value, type):
        described = named(parts["Attributes"]) if "Attributes" in parts else WORD.findall(prose(text))
        found += [f"says nothing of the field {each}" for each in fields(value) if each not in described]
        if "Attributes" in parts and fields(value) and set(described) - set(fields(value)):
            found.append(f"describes fields that are none: {sorted(set(described) - set(fields(value)))}")
    return found


def prose(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith((">>> ", "... ")))


def class_of(name: str) -> str:
    """The docstring of the class whose member this is, if it is one."""
    value = PUBLIC.get(name.rpartition(".")[0])
    return text_of(value) if isinstance(value, type) else ""


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_docstring_is_complete(name: str) -> None:
    found = complaints(name, PUBLIC[name], class_of(name))
    assert not found, f"{name}: {'; '.join(found)}"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_errors_named_are_errors(name: str) -> None:
    """Under Raises and Warns, and after "raises" in a sentence, stand classes of the package."""
    text = text_of(PUBLIC[name])
    parts = sections(text)
    said = [each for section in ("Raises", "Warns") if section in parts for each in named(parts[section])]
    for sentence in re.findall(r"\b[Rr]aises ([^.:]*)", re.sub(r"`[^`]*`", "", prose(text))):
        said += re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", sentence)
    for each in said:
        known = getattr(clvmodels, each, None)
        assert isinstance(known, type), f"{name} names {each}"
        assert issubclass(known, (ClvError, ClvWarning)), f"{name} names {each}"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_references_lead_somewhere(name: str) -> None:
    """Whoever is sent to another name for the parameters finds it."""
    where = name.rpartition(".")[0]
    for other in REFERENCE.findall(prose(text_of(PUBLIC[name]))):
        asked = other.removeprefix("clvmodels.")
        known = {asked, f"{where}.{asked}", asked.rpartition(".")[2]} & set(PUBLIC)
        of, _, field = asked.rpartition(".")
        assert known or field in fields(PUBLIC.get(of)), f"{name} refers to {other}"


def test_everything_is_looked_at() -> None:
    assert set(clvmodels.__all__) - {"economics", "plots", "spark", "validation"} <= set(PUBLIC)
    for name in (
        "plots.plot_p_alive", "split_at", "Split.report", "Quality.to_frame", "Finding.headline", "Forecast",
        "Simulated", "Profile", "NewCustomer.latent_means", "PurchaseModel.from_parameters", "PurchaseModel.fit_report",
        "Limit",
    ):  # fmt: skip
        assert name in PUBLIC


def test_exceptions_are_still_there() -> None:
    assert set(NO_EXAMPLE) | set(REFUSES_NOTHING) <= set(PUBLIC)
    assert not [name for name in NO_EXAMPLE if ">>> " in text_of(PUBLIC[name])]


def bare(summary):
    pass


def poor(summary, horizon):
    """Answer a question, whichever

    Parameters
    ----------
    summary
        One row a customer.
    start
        What is not there.
    """


@dataclasses.dataclass
class Silent:
    """Something.

    >>> Silent(1, 2).lot
    1
    """

    lot: int
    many: int

    @property
    def share(self):
        """One of many."""


def test_what_is_missing_is_found() -> None:
    assert complaints("bare", bare) == ["no docstring"]
    assert complaints("poor", poor) == [
        "the first line is no sentence",
        "no example",
        "does not say what it raises",
        "describes ['summary', 'start'], takes ['summary', 'horizon']",
    ]
    assert complaints("Silent", Silent) == ["says nothing of the field lot", "says nothing of the field many"]
    assert complaints("Silent.share", Silent.share, text_of(Silent)) == ["no example, here or at the class"]
