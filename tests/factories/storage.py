"""What docs/storage.md allows to be stored, read from its tables, and what a database really stores."""

import re
from typing import Any

from tests.factories.cast import ROOT

DOCUMENT = ROOT / "docs" / "storage.md"
# Finer than a day, or without a day.
TIME_TYPES = (
    "timestamp with time zone",
    "timestamp without time zone",
    "time with time zone",
    "time without time zone",
    "interval",
)
TIME_NAMES = r"(^|_)(at|time|timestamp|when|since|until|seen|login|heartbeat)$"

TIMES = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE 'pg\\_%%'
      AND (data_type = ANY(%s) OR (column_name ~ %s AND data_type <> 'date'))
"""
SEQUENCES = """
    SELECT t.relname, a.attname FROM pg_class s
    JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE s.relkind = 'S'
"""
# A function that tells the time or makes an ordered key, as what a column is filled with by itself.
DEFAULTS = """
    SELECT table_name, column_name, column_default FROM information_schema.columns
    WHERE table_schema = 'public'
      AND column_default ~* '(now|clock|timestamp|current_|localtime|uuidv7|uuidv1|uuid_generate_v1)'
"""
TRIGGERS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"


def allowed(section: str, site: str) -> dict[tuple[str, str], str]:
    """(table, column) → reason, from the rows of `section` for `site`."""
    text = DOCUMENT.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (people|talk|both) \| (\w+) \| ([\w, ]+) \| (.+) \|$", text, re.M)
    return {
        (table, column.strip()): reason
        for of, table, columns, reason in rows
        if of in (site, "both")
        for column in columns.split(",")
    }


def pairs(cursor: Any, query: str, values: list[Any] | None = None) -> set[tuple[str, str]]:
    cursor.execute(query, values)
    return {(row[0], row[1]) for row in cursor.fetchall()}


def cells(cursor: Any) -> dict[tuple[str, str], list[str]]:
    """Every value of every column of every table, as text, by (table, column)."""
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns c "
        "JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = {}
    for table, column in cursor.fetchall():
        cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')  # noqa: S608
        found[table, column] = [row[0] for row in cursor.fetchall()]
    return found
