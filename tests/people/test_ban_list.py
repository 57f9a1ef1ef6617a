"""The people site reads the talk site's ban list as any visitor does."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.cast import DOMAIN
from tests.factories.served_bans import ban, ban_list

from openmai.anonymity.documents import DocumentRefused
from openmai.people.ban_list import bans_in_force, read_in_force


def test_bans_are_read_as_any_visitor_reads_them(talk_site: tuple[str, dict[str, Any]], now: datetime):
    origin, answer = talk_site
    answer["body"] = ban_list(
        ban(), ban(thread="22" * 32), ban(thread="33" * 32, until="2026-03-20T10:00:00Z")
    )
    found = bans_in_force(origin, domain=DOMAIN, now=now)
    assert found is not None
    assert len(found) == 2
    [(path, headers)] = answer["asked"]
    assert path == "/api/v1/bans"
    assert not {"cookie", "authorization"} & {name.lower() for name in headers}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b""),
        (500, ban_list()),
        (200, b"{}"),
        (200, b"[" * 100_000),
        (200, ban_list(site="elsewhere.example")),
        (200, ban_list(season="s1")),
        (200, ban_list(bans={})),
        (200, ban_list(ban(until="tomorrow"))),
        (200, ban_list(ban(nullifier="07"))),
        (200, ban_list(ban(extra=1))),
    ],
)
def test_what_is_no_ban_list_is_no_empty_one(
    talk_site: tuple[str, dict[str, Any]], now: datetime, status: int, body: bytes
):
    origin, answer = talk_site
    answer |= {"status": status, "body": body}
    assert bans_in_force(origin, domain=DOMAIN, now=now) is None


def test_a_talk_site_that_does_not_answer_is_no_empty_list(now: datetime):
    assert bans_in_force("http://127.0.0.1:9", domain=DOMAIN, now=now) is None


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
            ),
        ).map(lambda document: json.dumps(document).encode()),
    )
)
def test_any_bytes_are_refused_in_one_way(now_of_list: datetime, data: bytes):
    with pytest.raises((DocumentRefused, ValueError)):
        read_in_force(data, domain=DOMAIN, now=now_of_list)


@pytest.fixture(scope="session")
def now_of_list() -> datetime:
    return datetime.fromisoformat("2026-03-20T10:00:00+00:00")
