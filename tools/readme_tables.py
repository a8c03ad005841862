"""Print the tables of the docs that are made from the code, or write them there with --write."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from clvmodels.compat.lifetimes.differences import DIFFERENCES
from clvmodels.families import PURCHASE_FAMILIES, SPEND_FAMILIES

ROOT = Path(__file__).resolve().parent.parent


def families_table() -> str:
    """Build one row per shipped family: name, what it says, parameters, source."""
    lines = ["| name | model | parameters | source |", "|---|---|---|---|"]
    for name in (*PURCHASE_FAMILIES, *SPEND_FAMILIES):
        module = import_module(f"clvmodels.families.{name}")
        family = module.FAMILY
        says = (module.__doc__ or "").split("\n")[0].removesuffix(".")
        lines.append(f"| `{name}` | {says} | {', '.join(family.parameters)} | {family.source} |")
    return "\n".join(lines) + "\n"


def differences_table() -> str:
    """Build one row per place where this package does not do as lifetimes does."""
    lines = ["| what | lifetimes 0.11.3 | here | a warning |", "|---|---|---|---|"]
    for difference in DIFFERENCES.values():
        here = ". ".join(filter(None, (difference.here, difference.advice)))
        cells = (difference.names, difference.there, here, "yes" if difference.told else "no")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


# page: the name of the table in its marks, and what makes it
TABLES: Mapping[Path, tuple[str, str]] = {
    ROOT / "README.md": ("families", families_table()),
    ROOT / "docs" / "coming-from-lifetimes.md": ("differences", differences_table()),
}


def with_table(text: str, name: str, table: str) -> str:
    """Return a page with the table between its marks made anew."""
    begin, end = f"<!-- {name}: made by tools/readme_tables.py -->\n", f"<!-- end of {name} -->\n"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return before + begin + table + end + after


if __name__ == "__main__":
    for page, (name, table) in TABLES.items():
        if "--write" in sys.argv:
            page.write_text(with_table(page.read_text(encoding="utf-8"), name, table), encoding="utf-8")
        else:
            sys.stdout.write(table + "\n")
