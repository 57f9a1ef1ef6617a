"""Fixtures of the people site's tests: a real database, the cast, browsers of theirs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from tests.factories import people
from tests.factories.hashing import QUICK
from tests.factories.served_bans import talk_site_of_one_answer

from openmai.people.models import Member
from openmai.platform.clock import utc_now


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _real_mail_queue(settings: Settings) -> None:
    # Django's test runner would swap the site's own backend for a list in memory.
    settings.EMAIL_BACKEND = "openmai.platform.mail.QueueBackend"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = QUICK


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here has the database; actions are real ones."""


@pytest.fixture
def today() -> datetime:
    """The real clock, for tests that go through pages: these read it themselves."""
    return utc_now()


@pytest.fixture
def companies(today: datetime) -> dict[str, UUID]:
    return people.make_companies(now=today)


@pytest.fixture
def alice(companies: dict[str, UUID], today: datetime) -> Member:
    return people.make_member("Alice", now=today)


@pytest.fixture
def bob(companies: dict[str, UUID], today: datetime) -> Member:
    return people.make_member("Bob", now=today)


@pytest.fixture
def charlie(companies: dict[str, UUID], today: datetime) -> Member:
    return people.make_member("Charlie", now=today)


@pytest.fixture
def mallory(companies: dict[str, UUID], today: datetime) -> Member:
    return people.make_member("Mallory", now=today)


def browser(member: Member | None = None) -> Client:
    """A browser, logged in as `member`; it sends CSRF tokens only if a page gave them."""
    client = Client(headers={"accept-language": "en"})
    if member:
        client.force_login(member)
    return client


@pytest.fixture
def as_alice(alice: Member) -> Client:
    return browser(alice)


@pytest.fixture
def as_bob(bob: Member) -> Client:
    return browser(bob)


@pytest.fixture
def as_charlie(charlie: Member) -> Client:
    return browser(charlie)


@pytest.fixture
def as_mallory(mallory: Member) -> Client:
    return browser(mallory)


@pytest.fixture
def visitor() -> Client:
    return browser()


@pytest.fixture
def talk_site() -> Iterator[tuple[str, dict[str, Any]]]:
    with talk_site_of_one_answer() as served:
        yield served
