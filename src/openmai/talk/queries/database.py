"""Raw reads: a statement in, tuples out. The hot pages need no model instances."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

Row = tuple[Any, ...]


def rows(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """All rows of a statement; `%(name)s` marks its parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Row] = cursor.fetchall()
    return found


def one(statement: str, parameters: Mapping[str, Any]) -> Row | None:
    """The first row, or None."""
    found = rows(statement, parameters)
    return found[0] if found else None
