"""What an adversary carries away: both clusters byte for byte, logs, backups, every file beside them.

The statistics and the tables are read out before the power goes, as a superuser can; then all stops.
"""

import base64
import json
import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row
from tests.adversary.site import NAMES, Site, SiteName
from tests.adversary.world import DAY

# How long the write-ahead log lives at most, as docs/storage.md promises; with its settings it is 2½ hours.
LOG_DAYS: Final = 1
_STATISTICS: Final = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'pg_catalog' AND c.relname LIKE 'pg_stat%' AND c.relkind = 'v'
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_RELATIONS: Final = """
    SELECT c.oid::bigint, c.relname, c.relkind::text AS kind, pg_relation_filepath(c.oid) AS path,
           c.reltoastrelid::bigint AS toast, i.indrelid::regclass::text AS of
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'pg_toast') AND c.relkind IN ('r', 'i', 't', 'S')
"""


def seize(site: Site, to: Path, *, log_since: float) -> None:
    """Read out both clusters, stop everything, and leave `site.folder` as it lies on the disk, but for what
    the real-name site's write-ahead log would have lost before `log_since`, in seconds of the machine.
    """
    to.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (to / f"{name}.json").write_text(json.dumps(_read_out(site, name), default=_plain))
    site.stop()
    _forget_log(site.clusters["people"].home / "data" / "pg_wal", log_since)


def begin_of_log(times: Path, *, until: float) -> float:
    """What the machine's clock showed `LOG_DAYS` before the moment `until` of the simulation: that at which
    the last visits end, or there would be no log-in to be found.
    """
    pairs = json.loads(times.read_text())
    return float(next(real for real, moment in pairs if moment >= until - LOG_DAYS * DAY))


def _forget_log(folder: Path, since: float) -> None:
    """PostgreSQL deletes by its own clock, which is not the simulation's. Job Talk's log is left whole."""
    for path in folder.iterdir():
        if path.is_file() and path.stat().st_mtime < since:
            path.unlink()


def _read_out(site: Site, name: SiteName) -> dict[str, Any]:
    with site.sql(name) as connection, connection.cursor(row_factory=dict_row) as cursor:
        # What is in memory goes to the files, as in an orderly shut-down.
        cursor.execute("CHECKPOINT")
        relations = cursor.execute(_RELATIONS).fetchall()
        tables = [row["tablename"] for row in cursor.execute(_TABLES).fetchall()]
        rows = {table: _rows(cursor, table) for table in tables}
        views = [row["relname"] for row in cursor.execute(_STATISTICS).fetchall()]
        statistics = {view: _everything(cursor, view) for view in views}
        data = str(cursor.execute("SHOW data_directory").fetchall()[0]["data_directory"])
    return {"data": data, "relations": relations, "rows": rows, "statistics": statistics}


def _rows(cursor: Any, table: str) -> list[dict[str, Any]]:
    columns = (
        "SELECT ctid::text AS _ctid, xmin::text::bigint AS _xmin, xmax::text::bigint AS _xmax, * FROM {}"
    )
    found: list[dict[str, Any]] = cursor.execute(sql.SQL(columns).format(sql.Identifier(table))).fetchall()
    return found


def _everything(cursor: Any, view: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cursor.execute(
        sql.SQL("SELECT * FROM {}").format(sql.Identifier(view))
    ).fetchall()
    return found


def _plain(value: object) -> object:
    """Bytes as hexadecimal, times as Unix seconds, the rest as text."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date | uuid.UUID | Decimal):
        return str(value)
    return base64.b64encode(repr(value).encode()).decode()
