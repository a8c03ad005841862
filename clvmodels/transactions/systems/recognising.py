"""Which system an export comes from, by the names of its columns."""

from __future__ import annotations

from ...errors import InvalidInput
from ..log_files import files_of
from .layouts import Layout, layout, names
from .raw_files import is_empty_page, names_in, raw_columns, sort_of_export

_PLACE = {"csv": "its header has", "json": "its records have", "parquet": "its schema has"}
_LOG = ("customer_id", "date")


def recognised(paths: object) -> tuple[Layout, str]:
    """The layout that files are in, and what decided, in words.

    A layout is recognised if every file has the columns that it needs; of two such, the one that needs all that the
    other does and more.

    Parameters
    ----------
    paths
        A path, or a list of them; wildcards allowed. CSV is looked at by its header, JSON by the keys of its first
        records, Parquet by its schema.

    Raises
    ------
    InvalidInput
        If no layout is recognised, more than one, or not the same one in every file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "deals.csv"
    ...     size = file.write_text("Record ID,Deal Name,Deal Stage,Close Date,Amount,Associated Company IDs")
    ...     found, why = recognised(file)
    >>> found.name
    'hubspot'
    """
    files = files_of(paths)
    sort = sort_of_export(files)
    known = [layout(name) for name in names()]
    found = [(file, raw_columns(file)) for file in files]
    if sort == "json":
        found = [(file, columns) for file, columns in found if columns or not is_empty_page(file)] or found[:1]
    first = _of_one(found[0][0], sort, found[0][1], known)
    for file, columns in found[1:]:
        other = first if columns == found[0][1] else _of_one(file, sort, columns, known)
        if other.name != first.name:
            raise InvalidInput(
                f"the {len(files):,} files are exports of several systems: {found[0][0]!r} of {first.title}, "
                f"{file!r} of {other.title}. Read those of each system by themselves"
            )
    return first, _why(sort, found[0][1], first, known)


def with_columns(columns: list[str]) -> Layout | None:
    """The one layout all of whose columns are among these; None if there is none, or if several are like it.

    >>> with_columns(["Name", "Email", "Financial Status", "Created at", "Currency", "Total", "Tags"]).name
    'shopify'
    >>> with_columns(["id", "date"])
    """
    best = _best([known for known in map(layout, names()) if not known.lacks(names_in(columns, known, "csv"))])
    return best[0] if best else None


def _best(fits: list[Layout]) -> list[Layout]:
    """Of layouts that fit, the one that needs all that each other does and more."""
    return [each for each in fits if all(each is other or set(other.needs) < set(each.needs) for other in fits)]


def _of_one(file: str, sort: str, columns: list[str], known: list[Layout]) -> Layout:
    fits = [each for each in known if sort in each.files and not each.lacks(names_in(columns, each, sort))]
    best = _best(fits)
    if best:
        return best[0]
    if fits:
        titles = " and ".join(each.title for each in fits)
        raise InvalidInput(
            f"{file!r} could be an export of {titles}: {_PLACE[sort]} what each of them needs. "
            f"Pass source={fits[0].name!r}, or the name of the other"
        )
    lower = {name.lower() for name in columns}
    if lower.issuperset(_LOG):
        raise InvalidInput(
            f"{file!r} is no export of a system that is known, but has columns customer_id and date: it is a log as it "
            "stands. Give its path to rfm_summary, or to whatever takes a log, and leave source= out"
        )
    near = _nearest(sort, columns, known)
    shown = ", ".join(map(repr, columns[:10])) or "none"
    more = f" and {len(columns) - 10:,} more" if len(columns) > 10 else ""
    nearest = (
        f"The nearest is {near.title} ({', '.join(near.files)}), but {_lacking(sort, columns, near)}. " if near else ""
    )
    systems = ", ".join(each.name for each in known)
    raise InvalidInput(
        f"{file!r} is no export of a system that is known ({systems}): {_PLACE[sort]} {shown}{more}. {nearest}"
        "Pass source= with a system's name, or with a map of your own, a path ending in .toml"
    )


def _lacking(sort: str, columns: list[str], near: Layout) -> str:
    lacks = near.lacks(names_in(columns, near, sort))
    if not lacks:
        return f"it does not come as {sort.upper() if sort != 'parquet' else 'Parquet'}"
    return f"the file lacks {', '.join(lacks[:5])}" + (f" and {len(lacks) - 5:,} more" if len(lacks) > 5 else "")


def _nearest(sort: str, columns: list[str], known: list[Layout]) -> Layout | None:
    """The layout of whose needs most are there; None if none of any is."""
    shares = [(_share(sort, columns, each), sort in each.files, each) for each in known]
    return max(shares, key=lambda share: share[:2])[2] if max(share for share, _, _ in shares) > 0 else None


def _share(sort: str, columns: list[str], one: Layout) -> float:
    wanted = len(one.needs) + len(one.one_of)
    return 1 - len(one.lacks(names_in(columns, one, sort))) / wanted


def _why(sort: str, columns: list[str], chosen: Layout, known: list[Layout]) -> str:
    """The columns that decided, those first that no other layout knows; and the layout that comes next."""
    others = [each for each in known if each is not chosen]
    elsewhere = {name for each in others for name in (*each.needs, *each.may_have)}
    own = sorted(names_in(columns, chosen, sort), key=elsewhere.__contains__)
    shown = " and ".join(f"'{name}'" for name in own[:2])
    more = f" and {len(own) - 2:,} more columns" if len(own) > 2 else ""
    near = _nearest(sort, columns, others)
    other = f"; the nearest other is {near.title}" if near else ""
    return f"{_PLACE[sort]} {shown}{more} of {chosen.title}{other}"
