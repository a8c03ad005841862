"""Options that stand in a file: at its top those for every command, in a table ``[forecast]`` those for one.

customer_id = "client"
time_unit = "day"

[score]
horizon = 90
"""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidInput

FILE = "clvmodels.toml"
_NOT_HERE = ("help", "config", "traceback", "run")


def apply(path: str | None, commands: Mapping[str, argparse.ArgumentParser]) -> str | None:
    """Make what the file says the defaults of the commands, and return its name; the command line has the last word."""
    if path is None and not os.path.isfile(FILE):
        return None
    name = path or FILE
    try:
        with open(name, encoding="utf-8-sig") as file:
            told = tomllib.loads(file.read())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(f"the settings file {name} could not be read: {reason}") from None
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    for table in tables:
        if table not in commands:
            raise InvalidInput(f"{name}: [{table}] is no command; expected one of {', '.join(commands)}")
    everywhere = _by_dest(name, {key: value for key, value in told.items() if key not in tables})
    options = {command: _options(parser) for command, parser in commands.items()}
    for key in everywhere:
        if not any(key in known for known in options.values()):
            raise InvalidInput(f"{name}: {key} is no option of any command; `clvmodels forecast --help` lists them")
    for command, parser in commands.items():
        own = _by_dest(name, tables.get(command, {}))
        for key in own:
            if key not in options[command]:
                raise InvalidInput(f"{name}: {key} is no option of {command}; `clvmodels {command} --help` lists them")
        for key, value in {**everywhere, **own}.items():
            if key in options[command]:
                action = options[command][key]
                parser.set_defaults(**{key: _checked(name, action, value)})
                action.required = False
    return name


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {a.dest: a for a in parser._actions if a.option_strings and a.dest not in _NOT_HERE}


def _by_dest(file: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with underscores in their names; two spellings of one are refused."""
    found: dict[str, Any] = {}
    for key, value in told.items():
        if key.replace("-", "_") in found:
            raise InvalidInput(f"{file}: {key} is there twice, with a dash and with an underscore: leave one out")
        found[key.replace("-", "_")] = value
    return found


def _checked(file: str, action: argparse.Action, value: Any) -> Any:
    """The value as the command line would have read it."""
    what = f"{file}: {action.dest}"
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise InvalidInput(f"{what} must be true or false; found {value!r}")
        return value
    if isinstance(value, (bool, list, dict)):
        raise InvalidInput(f"{what} must be one number or text; found {value!r}")
    try:
        result = action.type(str(value)) if callable(action.type) else str(value)
    except argparse.ArgumentTypeError as error:
        raise InvalidInput(f"{what}: {error}") from None
    if action.choices is not None and result not in action.choices:
        raise InvalidInput(f"{what} must be one of {', '.join(map(str, action.choices))}; found {value!r}")
    return result
