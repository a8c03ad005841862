"""Scores into a table of a PostgreSQL server or of a DuckDB file.

Everything is first put where nobody sees it: a temporary table of the session, which is gone with it, however it ends.
Then, in one short transaction, the rows of the table are deleted and the new ones inserted, with the rejects
(``TABLE_rejects``) and what is to be known of the run (``TABLE_run``). Readers see the old content or the new one,
never none and never half, and are not kept waiting; grants, indexes and views on the table stay. TRUNCATE would lock
readers out, and show an empty table to those who began before; another table renamed to the name would leave views with
the old one. The price is room for the deleted rows, which the next VACUUM frees.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..errors import InvalidInput
from ..models.saved import fingerprint
from ..transactions import postgres
from ..transactions.columns import quoted
from ..transactions.databases import FILES, Database, cannot_open
from ..transactions.engine import connection
from . import manifest
from .job import Job, Part
from .outcome import Outcome
from .tally import Totals

_IN_FILE = re.compile(rf"(?P<file>.+(?:{'|'.join(map(re.escape, FILES))}))(?:/(?P<table>.+))?", re.IGNORECASE)
_LONGEST = 63 - len("_rejects")  # of a name in PostgreSQL, in bytes
_STAGED = "clvmodels_staged_"
_PARTS = ("", "_rejects", "_run")  # of the names of the three tables


@dataclass(frozen=True, repr=False)
class Place:
    """A database, and the table in it; ``address`` may hold a password and is for the driver alone."""

    address: str
    schema: str | None
    table: str

    @property
    def is_server(self) -> bool:
        """Whether it is a PostgreSQL server, and no file."""
        return postgres.is_address(self.address)

    @property
    def shown(self) -> str:
        """The whole name as it may be shown."""
        return f"{postgres.shown(self.address) if self.is_server else self.address}/{self.named('')}"

    def named(self, part: str) -> str:
        """The table's name, or that of its rejects or of its run, as one would write it."""
        return postgres.written(self.schema or "", self.table + part, "")

    def identifier(self, part: str, catalog: str = "") -> str:
        """The same as SQL."""
        schema = self.schema or ("main" if catalog else None)
        return ".".join(map(quoted, filter(None, (catalog, schema, self.table + part))))


def is_place(out: str) -> bool:
    """Whether scores go into a database, by the form of the name.

    >>> [is_place(out) for out in ("postgresql://host/db/scores", "shop.duckdb/scores", "shop.duckdb", "scores")]
    [True, True, True, False]
    """
    return postgres.is_address(out) or _IN_FILE.fullmatch(out) is not None


def place_of(out: str) -> Place:
    """The database and the table that a name speaks of.

    >>> place_of("postgresql://ann:secret@host/shop/crm.scores?sslmode=require").shown
    'postgresql://ann@host/shop/crm.scores'
    """
    if postgres.is_address(out):
        found = postgres.parts_of(out)
        database, _, table = (found["path"] or "").partition("/")
        address = out[: found.start("path")] + database + out[found.end("path") :] if found["path"] else out
        table = unquote(table)
    else:
        match = _IN_FILE.fullmatch(out)
        address, table = (match["file"], match["table"] or "") if match else (out, "")
    if not table:
        like = "postgresql://host/database/scores" if postgres.is_address(out) else f"{address}/scores"
        raise InvalidInput(f"to write into a database name the table too, as in {like}")
    *schema, name = postgres.table_parts(table)
    if len(name.encode()) > _LONGEST:
        raise InvalidInput(
            f"the table's name must be at most {_LONGEST} bytes long; found {len(name.encode())}: {name}"
        )
    return Place(address, schema[0] if schema else None, name)


def shown(out: str) -> str:
    """A destination as it may be shown, without password."""
    return place_of(out).shown


def write(job: Job, out: str, overwrite: bool) -> Outcome:
    """Score into the table, which changes when all is there."""
    place = place_of(out)
    _refuse_own_source(place, job.source)
    refuse_other_columns(place, job.columns, overwrite=overwrite)
    files = manifest.of_files(job.source)
    job.progress("reading")
    totals = Totals()

    def batches(found: Any, schema: Any, end: str) -> Iterator[Any]:
        nonlocal totals
        for batch, own in job.scored(found, schema, end, found.batches(None, job.batch)):
            totals += own
            yield batch

    with ExitStack() as stack:
        with job.open() as found:
            end = job.check(found)
            job.progress("scoring")
            begun = time.monotonic()
            rejected = found.counts.lines_rejected + found.counts.customers_rejected
            schema = job.schema(found, end)
            content = Content(
                schema,
                batches(found, schema, end),
                found.rejects,
                _run(job, found, end),
                ids_are_uuids=found.id_type == "UUID",
            )
            finish = stack.enter_context(staged(place, content, overwrite=overwrite, limits=job.limits))
        job.refuse_changed(files)
        finish()  # after the source is closed, which may be the same file
    job.on_part(Part(1, 1, totals.customers, rejected, time.monotonic() - begun))
    return Outcome(
        kind=found.kind,
        counts=found.counts,
        facts={**found.facts, "observation_end": end},
        totals=totals,
        best=job.best[0] if job.best else None,
        rejects=f"table {place.named('_rejects')}" if rejected else None,
        files=(),
    )


def _refuse_own_source(place: Place, source: object) -> None:
    """Refuse to write over the table that is read, which ``overwrite`` would drop."""
    if not isinstance(source, Database) or source.table is None:
        return
    if place.is_server:
        usual = "public"
        together = postgres.is_address(source.where) and postgres.shown(source.where) == postgres.shown(place.address)
    else:
        usual = "main"
        together = Path(source.where).resolve() == Path(place.address).resolve()
    *schema, name = postgres.table_parts(source.table)
    read = (schema[-1] if schema else usual, name)
    if together and read in {(place.schema or usual, place.table + part) for part in _PARTS}:
        raise InvalidInput(f"{place.shown} would write over the table {source.table}, which is read: choose another")


def _run(job: Job, found: Any, end: str) -> dict[str, str | None]:
    """What is to be known of a run: no time of day, so that the same work leaves the same rows; no credentials."""
    settings = {f"setting {name}": value for name, value in job.identity()["settings"].items()}
    counts = {name: getattr(found.counts, name) for name in ("lines", "lines_used", "lines_after_end")}
    counts |= {name: getattr(found.counts, name) for name in ("lines_rejected", "customers", "customers_scored")}
    told = {
        "model": f"sha256:{fingerprint(job.model)}",
        **{f"version {name}": version for name, version in manifest.versions().items()},
        **found.facts,
        "observation_end": end,
        **settings,
        **counts,
        "customers_rejected": found.counts.customers_rejected,
    }
    return {
        name: value if value is None or isinstance(value, str) else json.dumps(value) for name, value in told.items()
    }


@dataclass(frozen=True, eq=False)
class Content:
    """What is to be written: the scores' schema and batches, a reader of rejects (asked for last), facts of the run."""

    schema: Any
    batches: Iterator[Any]
    rejects: Callable[[], Any]
    run: Mapping[str, str | None]
    ids_are_uuids: bool = False

    def readers(self, failed: list[BaseException]) -> Iterator[tuple[str, Any]]:
        """Each table's part of the name, and its rows as a reader; what breaks one is kept in ``failed``."""
        import pyarrow as pa

        yield "", _reader(self.schema, self.batches, failed)
        rejects = self.rejects()
        yield "_rejects", _reader(rejects.schema, rejects, failed)
        facts = pa.table(
            [pa.array(list(column), pa.string()) for column in (self.run, self.run.values())], ["name", "value"]
        )
        yield "_run", facts.to_reader()


def _reader(schema: Any, batches: Iterator[Any], failed: list[BaseException]) -> Any:
    """A reader of plain types: integers without sign of 64 bits as decimals, text of one kind."""
    import pyarrow as pa

    def plain(sort: Any) -> Any:
        if sort == pa.uint64():
            return pa.decimal128(20, 0)
        if pa.types.is_dictionary(sort):
            return plain(sort.value_type)
        return pa.string() if pa.types.is_large_string(sort) or pa.types.is_string_view(sort) else sort

    target = pa.schema([pa.field(field.name, plain(field.type)) for field in schema])

    def cast() -> Iterator[Any]:
        try:
            for batch in batches:
                arrays = [column.cast(field.type) for column, field in zip(batch.columns, target, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=target)
        except BaseException as error:
            failed.append(error)
            raise

    return pa.RecordBatchReader.from_batches(target, cast())


@contextmanager
def staged(
    place: Place, content: Content, *, overwrite: bool = False, limits: Mapping[str, Any] | None = None
) -> Iterator[Callable[[], None]]:
    """Put the content where nobody sees it; give what then changes the tables, in one transaction."""
    way = (
        _in_server(place, content, overwrite) if place.is_server else _in_file(place, content, overwrite, limits or {})
    )
    with way as finish:
        yield finish


def refuse_other_columns(place: Place, columns: tuple[str, ...], *, overwrite: bool = False) -> None:
    """Refuse a place that cannot be written, and a table that has other columns, before any work is done."""
    if place.is_server:
        with postgres.connected(place.address) as con, con.cursor() as cursor, _refusing(place, []):
            known = _server_columns(cursor, place, "")
    elif Path(place.address).exists():
        with _target(place) as con:
            known = _file_columns(con, place, "")
    else:
        folder = Path(place.address).absolute().parent
        if not folder.is_dir():
            raise InvalidInput(f"cannot write {place.shown}: there is no folder {folder}; make it first")
        known = {}
    if known and not overwrite:
        _refuse_names(place, known, columns)


def _refuse_names(place: Place, known: Mapping[str, str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in known]
    other = [name for name in known if name not in columns]
    if missing or other:
        told = [f"it lacks {', '.join(missing)}"] if missing else []
        told += [f"it has {', '.join(other)}, which scores do not"] if other else []
        raise InvalidInput(
            f"the table {place.shown} has other columns: {'; '.join(told)}. Choose another table, the columns with "
            "columns=..., or pass overwrite=True, which drops the table"
        )


def _refuse_types(place: Place, part: str, known: Mapping[str, str], wanted: Mapping[str, str], same: Any) -> None:
    _refuse_names(place, known, tuple(wanted))
    odd = [name for name in wanted if not same(known[name], wanted[name])]
    if odd:
        raise InvalidInput(
            f"the table {place.named(part)} of {place.shown} holds other types: {odd[0]} is {known[odd[0]]}, the "
            f"scores need {wanted[odd[0]]}. Choose another table, or pass overwrite=True, which drops the table"
        )


# PostgreSQL


@contextmanager
def _refusing(place: Place, failed: list[BaseException]) -> Iterator[None]:
    """Tell what the server refuses in our words; what broke in our own rows is raised as it was."""
    import adbc_driver_manager
    import pyarrow as pa

    try:
        yield
    except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
        if failed:
            raise failed[0] from None
        raise InvalidInput(
            f"could not write {place.shown}: {postgres.reason(error, place.address)}. The table is as it was"
        ) from None


@contextmanager
def _in_server(place: Place, content: Content, overwrite: bool) -> Iterator[Callable[[], None]]:
    failed: list[BaseException] = []
    tables: dict[str, dict[str, str]] = {}
    with postgres.connected(place.address) as con, con.cursor() as cursor:

        def finish() -> None:
            with _refusing(place, []):
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                for part, wanted in tables.items():
                    _replace_in_server(cursor, place, part, wanted)
                con.commit()

        with _refusing(place, failed):
            for part, reader in content.readers(failed):
                sent = {field.name: _server_type(field) for field in reader.schema}
                tables[part] = sent | ({"customer_id": "uuid"} if content.ids_are_uuids and not part else {})
                if not overwrite and (known := _server_columns(cursor, place, part)):
                    _refuse_types(place, part, known, tables[part], _same_in_server)
                listed = ", ".join(f"{quoted(name)} {sort}" for name, sort in sent.items())
                cursor.execute(f"CREATE TEMP TABLE {_STAGED}{part} ({listed})")
                cursor.adbc_ingest(f"{_STAGED}{part}", reader, mode="append", temporary=True)
            con.commit()
        yield finish


def _replace_in_server(cursor: Any, place: Place, part: str, wanted: Mapping[str, str]) -> None:
    name = place.identifier(part)
    known = _server_columns(cursor, place, part)
    fits = set(known) == set(wanted) and all(_same_in_server(known[key], wanted[key]) for key in wanted)
    if known and not fits:  # refused before, unless it may be overwritten
        cursor.execute(f"DROP TABLE {name}")
    if not fits:
        listed = ", ".join(f"{quoted(key)} {sort}" for key, sort in wanted.items())
        cursor.execute(f"CREATE TABLE {name} ({listed})")
    cursor.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")  # readers pass, another run waits for this one
    cursor.execute(f"DELETE FROM {name}")
    into = ", ".join(map(quoted, wanted))
    values = ", ".join(f"CAST({quoted(key)} AS {known[key] if fits else sort})" for key, sort in wanted.items())
    cursor.execute(f"INSERT INTO {name} ({into}) SELECT {values} FROM pg_temp.{_STAGED}{part}")


def _server_columns(cursor: Any, place: Place, part: str) -> dict[str, str]:
    """The columns of the table and their types; none if there is no table."""
    if place.schema is not None:
        cursor.execute("SELECT COUNT(*) FROM pg_namespace WHERE nspname = $1", (place.schema,))
        if not cursor.fetchall()[0][0]:
            raise InvalidInput(f"cannot write {place.shown}: there is no schema {place.schema}; make it first")
    cursor.execute(
        "SELECT CAST(c.relkind AS text), CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod) "
        "FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.oid = to_regclass($1) ORDER BY a.attnum",
        (place.identifier(part),),
    )
    rows = cursor.fetchall()
    if rows and rows[0][0] not in ("r", "p"):
        raise InvalidInput(f"cannot write {place.shown}: {place.named(part)} is there and is no table; choose another")
    return {name: sort for _, name, sort in rows if name is not None}


def _server_type(field: Any) -> str:
    import pyarrow as pa

    sort = field.type
    if pa.types.is_decimal(sort):
        return f"numeric({sort.precision},{sort.scale})"
    if pa.types.is_timestamp(sort):
        return "timestamp with time zone" if sort.tz else "timestamp without time zone"
    known = {
        **dict.fromkeys((pa.int8(), pa.uint8(), pa.int16()), "smallint"),
        **dict.fromkeys((pa.uint16(), pa.int32()), "integer"),
        **dict.fromkeys((pa.uint32(), pa.int64()), "bigint"),
        pa.float32(): "real",
        pa.float64(): "double precision",
        pa.string(): "text",
        pa.bool_(): "boolean",
        pa.date32(): "date",
    }
    if sort not in known:
        raise InvalidInput(f"column {field.name!r} holds {sort}, for which PostgreSQL has no type; make it text first")
    return known[sort]


def _same_in_server(theirs: str, ours: str) -> bool:
    """Whether a column that is there holds ours exactly."""
    if ours == "text":
        return theirs in ("text", "uuid") or theirs.startswith("character varying")
    if ours.startswith("numeric"):
        return theirs in (ours, "numeric")
    wider = {"smallint": ("integer", "bigint", "numeric"), "integer": ("bigint", "numeric"), "bigint": ("numeric",)}
    return theirs == ours or theirs in wider.get(ours, ())


# DuckDB files


@contextmanager
def _target(place: Place, con: Any = None) -> Iterator[Any]:
    """An engine's connection with the file attached as ``target``, for as long as needed: nobody else can open it."""
    import duckdb

    if con is None:
        with connection() as own, _target(place, own) as found:
            yield found
        return
    literal = place.address.replace("'", "''")
    try:
        con.execute(f"ATTACH '{literal}' AS target (TYPE duckdb)")
    except duckdb.Error as error:
        raise InvalidInput(cannot_open(place.address, error)) from error
    try:
        yield con
    finally:
        con.execute("DETACH target")


@contextmanager
def _in_file(
    place: Place, content: Content, overwrite: bool, limits: Mapping[str, Any]
) -> Iterator[Callable[[], None]]:
    import duckdb

    failed: list[BaseException] = []
    parts: list[str] = []
    with connection(**limits) as con:

        def finish() -> None:
            with _target(place, con):
                con.execute("BEGIN")
                try:
                    for part in parts:
                        _replace_in_file(con, place, part, overwrite)
                    con.execute("COMMIT")
                except BaseException as error:
                    con.execute("ROLLBACK")
                    if isinstance(error, duckdb.Error):
                        why = str(error).split("\n", 1)[0]
                        raise InvalidInput(f"could not write {place.shown}: {why}. The table is as it was") from error
                    raise

        con.execute("SET preserve_insertion_order = true")
        for part, reader in content.readers(failed):
            con.register("stream", reader)
            try:
                con.execute(f"CREATE TABLE {_STAGED}{part} AS SELECT * FROM stream")
            except duckdb.Error:
                if failed:
                    raise failed[0] from None
                raise
            con.unregister("stream")
            parts.append(part)
        if content.ids_are_uuids:
            con.execute(f"ALTER TABLE {_STAGED} ALTER customer_id TYPE UUID")
        yield finish


def _replace_in_file(con: Any, place: Place, part: str, overwrite: bool) -> None:
    name, staged_name = place.identifier(part, "target"), f"memory.main.{_STAGED}{part}"
    wanted = {row[0]: row[1] for row in con.execute(f"DESCRIBE {staged_name}").fetchall()}
    known = _file_columns(con, place, part)
    if known and known != wanted and overwrite:
        con.execute(f"DROP TABLE {name}")
    elif known:
        _refuse_types(place, part, known, wanted, str.__eq__)
    con.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM {staged_name} LIMIT 0")
    con.execute(f"DELETE FROM {name}")
    con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM {staged_name}")


def _file_columns(con: Any, place: Place, part: str) -> dict[str, str]:
    names = [place.schema or "main", place.table + part]
    schemas = "SELECT COUNT(*) FROM duckdb_schemas() WHERE database_name = 'target' AND schema_name = ?"
    if not con.execute(schemas, names[:1]).fetchall()[0][0]:
        raise InvalidInput(f"cannot write {place.shown}: there is no schema {names[0]}; make it first")
    where = "database_name = 'target' AND schema_name = ?"
    views = con.execute(f"SELECT COUNT(*) FROM duckdb_views() WHERE {where} AND view_name = ?", names)
    if views.fetchall()[0][0]:
        raise InvalidInput(f"cannot write {place.shown}: {place.named(part)} is there and is no table; choose another")
    query = (
        f"SELECT column_name, data_type FROM duckdb_columns() WHERE {where} AND table_name = ? ORDER BY column_index"
    )
    return dict(con.execute(query, names).fetchall())
