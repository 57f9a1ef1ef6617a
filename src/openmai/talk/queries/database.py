"""Raw reads: a statement in, tuples out. The hot pages need no model instances."""

from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, connection

Row = tuple[Any, ...]


def rows(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """All rows of a statement; `%(name)s` marks its parameters.

    A connection that the database closed meanwhile is opened again, once. That is cheaper than asking
    before each request whether it still lives (Django's health check), and pages only read.
    """
    try:
        return _rows(statement, parameters)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _rows(statement, parameters)


def _rows(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Row] = cursor.fetchall()
    return found


def one(statement: str, parameters: Mapping[str, Any]) -> Row | None:
    """The first row, or None."""
    found = rows(statement, parameters)
    return found[0] if found else None
