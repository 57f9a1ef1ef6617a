"""The talk database knows no time but the tick's, and counts nothing by itself."""

from django.apps import apps
from django.db import connection, models
from tests.factories.storage import (
    DEFAULTS,
    SEQUENCES,
    TIME_NAMES,
    TIME_TYPES,
    TIMES,
    TRIGGERS,
    allowed,
    pairs,
)
from tests.talk.conftest import Talk


def test_every_column_with_a_time_is_allowed_for_a_reason(talk: Talk):
    with connection.cursor() as cursor:
        found = pairs(cursor, TIMES, [list(TIME_TYPES), TIME_NAMES])
    assert found == set(allowed("Times", "talk"))


def test_every_sequence_is_allowed_for_a_reason(talk: Talk):
    with connection.cursor() as cursor:
        assert pairs(cursor, SEQUENCES) == set(allowed("Sequences", "talk"))


def test_no_column_is_filled_by_a_clock_and_no_trigger_runs(talk: Talk):
    with connection.cursor() as cursor:
        assert pairs(cursor, DEFAULTS) == set()
        # The log's own, which refuse to change or forget an entry, and write nothing.
        assert {name for _table, name in pairs(cursor, TRIGGERS)} == {"log_is_kept", "log_has_no_gap"}
    fields = [field for model in apps.get_models() for field in model._meta.concrete_fields]
    assert not [
        field
        for field in fields
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    ]
    assert not [field for field in fields if isinstance(field, models.UUIDField)]
