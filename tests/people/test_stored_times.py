"""The people database keeps when members were here by the day, and not finer, whatever a library would do."""

import re
import time
from datetime import datetime
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import connection, models
from django.test import Client
from tests.factories.people import HARBOUR_DOMAIN, employ, enrol, make_member
from tests.factories.storage import (
    DEFAULTS,
    DOCUMENT,
    SEQUENCES,
    TIME_NAMES,
    TIME_TYPES,
    TIMES,
    allowed,
    cells,
    pairs,
)

from openmai.people import actions
from openmai.people.models import Member
from openmai.people.sessions import SessionStore

# Left of a decimal point or of nothing: 1.7 billion seconds and its kin in milli- and microseconds.
UNIX_TIME = re.compile(r"(?<![\da-fA-F])1[789]\d{8}(?:\d{3}){0,2}(?![\da-fA-F])")
TIME_OF_DAY = re.compile(r"(?<!\d)(?!00:00:00)\d\d:\d\d:\d\d")


def tells_a_time(text: str) -> bool:
    """Whether it holds a time of day, or seconds since 1970 that are no midnight."""
    clocks = [int(each[:10]) % 86_400 for each in UNIX_TIME.findall(text)]
    return bool(TIME_OF_DAY.search(text)) or any(clocks)


def test_every_column_with_a_time_is_allowed_for_a_reason():
    with connection.cursor() as cursor:
        found = pairs(cursor, TIMES, [list(TIME_TYPES), TIME_NAMES])
    assert found == set(allowed("Times", "people"))


def test_every_sequence_is_allowed_for_a_reason():
    with connection.cursor() as cursor:
        assert pairs(cursor, SEQUENCES) == set(allowed("Sequences", "people"))


def test_columns_that_a_clock_fills_are_allowed_ones():
    with connection.cursor() as cursor:
        assert pairs(cursor, DEFAULTS) <= set(allowed("Times", "people"))
    ours = [
        field
        for model in apps.get_models()
        if model.__module__.startswith("openmai.")
        for field in model._meta.concrete_fields
    ]
    for field in ours:
        assert not getattr(field, "auto_now", False), field
        assert not getattr(field, "auto_now_add", False), field


def test_keys_are_random_and_do_not_count(alice: Member, today: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if not model.__module__.startswith("openmai."):
                continue
            for field in model._meta.concrete_fields:
                if isinstance(field, models.UUIDField) and field.primary_key:
                    cursor.execute(f'SELECT "{field.column}" FROM "{model._meta.db_table}"')  # noqa: S608
                    assert {UUID(str(key)).version for (key,) in cursor.fetchall()} <= {4}


def test_addresses_do_not_tell_in_which_order_members_came(today: datetime):
    members = [make_member(f"Member {chr(65 + number)}", now=today) for number in range(12)]
    keys = [EmailAddress.objects.get(user=member).pk for member in members]
    assert keys != sorted(keys)
    assert max(keys) > 2**24


@pytest.mark.django_db(transaction=True)
def test_after_a_busy_day_no_cell_tells_a_time_of_day(alice: Member, today: datetime):
    """Alice registers, logs in, verifies, enrols, changes her address: every cell is looked at."""
    client = Client(headers={"accept-language": "en"})
    client.post("/en/account/login/", {"login": alice.email, "password": "correct horse battery"})
    client.force_login(alice)
    client.post("/en/employment/new/", {"address": f"alice@{HARBOUR_DOMAIN}"})
    client.post("/en/account/email/", {"email": "alice@new.example", "action_add": "1"})
    enrol(alice, now=today)
    employ(alice, f"alice.k@{HARBOUR_DOMAIN}", now=today)
    actions.publish_rosters(now=today)
    with connection.cursor() as cursor:
        found = cells(cursor)
    # Random numbers, one in five of which could pass for a time: the test above looks at them.
    known = {*allowed("Times", "people"), ("account_emailaddress", "id")}
    # Sealed by a signature, not by a cipher: whoever has the disk reads them.
    sessions = [str(SessionStore().decode(each)) for each in found["django_session", "session_data"]]
    assert any(str(alice.id) in each for each in sessions)
    found["django_session", "session_data"] = sessions
    assert found["procrastinate_jobs", "args"]
    told = {place for place, values in found.items() if place not in known and any(map(tells_a_time, values))}
    assert told == set()


def test_the_search_would_find_a_clock():
    now = time.time()
    for clock in (str(int(now)), f'{{"at": {now}}}', str(int(now * 1e6)), "2026-11-21 17:03:09.1+00"):
        assert tells_a_time(clock), clock
    assert not tells_a_time(f"{int(now) // 86_400 * 86_400} 2026-11-21 00:00:00+00")


def test_the_queue_keeps_no_event_and_the_mail_no_date(alice: Member, today: datetime):
    from base64 import b64decode

    actions.request_code(
        member_id=alice.id, address=f"alice@{HARBOUR_DOMAIN}", now=today, randbelow=lambda _n: 1
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        cursor.execute("SELECT count(*) FROM procrastinate_events")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT args->>'message' FROM procrastinate_jobs")
        [(message,)] = cursor.fetchall()
    headers = b64decode(message).split(b"\r\n\r\n")[0]
    assert b"Subject" in headers
    assert b"\r\nDate:" not in headers
    assert b"Message-ID" not in headers


def test_the_short_lived_tables_exist_and_are_in_the_documents():
    for table in actions.SHORT_LIVED:
        assert table in connection.introspection.table_names()
        assert f"`{table}`" in DOCUMENT.read_text()
