"""Keeps the write-ahead log young.

It holds each commit's microsecond and the text of deleted rows. PostgreSQL lets a segment go at the
checkpoint after the next one began, and skips both where nothing was written since: on a quiet site the last
posts of a week would stay in it. An hourly mark, whatever happened, keeps both going (docs/adr/0022).
"""

from datetime import datetime
from typing import Any, Final

HOUR: Final = 3600
# Without a transaction, so without a commit's time; any role may write it.
_MARK: Final = "SELECT pg_logical_emit_message(false, 'openmai', '')"


class HourlyMark:
    """Remembers for which hour the mark was written; one for each process that lives long."""

    def __init__(self) -> None:
        self._hour: int | None = None

    def write_if_due(self, connection: Any, *, now: datetime) -> bool:
        """Write, outside a transaction, and return whether it was time to."""
        hour = int(now.timestamp()) // HOUR
        if hour == self._hour:
            return False
        with connection.cursor() as cursor:
            cursor.execute(_MARK)
        self._hour = hour
        return True
