"""The talk site with the cast's rosters, a clock that the test moves, and nobody's database but its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from tests.factories.cast import TODAY, Cast, PublishedRoster
from tests.factories.gate import made_gate

from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.rosters import open_index
from openmai.platform import clock
from openmai.platform.clock import next_tick
from openmai.talk.actions import TickReport, keep_snapshot, write_tick
from openmai.talk.epoch import EPOCH
from openmai.talk.models import RosterEpoch
from openmai.talk.rules import Rules
from openmai.talk.snapshots import FetchedEpoch, Snapshot


@pytest.fixture(scope="session")
def cast() -> Cast:
    return Cast()


class Talk:
    """The site as the cast meets it: over HTTP, and at the tick."""

    def __init__(self, cast: Cast, rules: Rules, now: datetime) -> None:
        self.cast = cast
        self.rules = rules
        self.now = now
        self.client = Client()

    def send(self, body: bytes, *, language: str = "en") -> HttpResponse:
        return self.client.post(
            "/api/v1/submissions",
            body,
            content_type="application/json",
            headers={"accept-language": language},
        )

    def accepted(self, body: bytes) -> dict[str, Any]:
        response = self.send(body)
        assert response.status_code == 202, response.content
        return dict(response.json())

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, headers=headers)

    def pass_time(self, amount: timedelta) -> None:
        self.go_to(self.now + amount)

    def go_to(self, moment: datetime) -> None:
        """The site's clock and the members' show `moment`."""
        self.now = moment
        self.cast.day = self.now.date().isoformat()

    def tick(self) -> TickReport:
        """The clock moves to the next tick, and what waits is written."""
        self.pass_time(next_tick(self.now, self.rules.tick_seconds) - self.now)
        return write_tick(epoch=EPOCH, rules=self.rules, now=self.now)

    def published(self, *bodies: bytes) -> None:
        for body in bodies:
            self.accepted(body)
        assert self.tick().written == len(bodies)

    def take_over(self, *rosters: PublishedRoster, serial: int = 1) -> None:
        """What the worker does after it has fetched and checked."""
        listed = {each.statement.roster: each for each in (*self.cast.rosters.values(), *rosters)}
        envelope = self.cast.index(serial=serial, rosters=listed.values())
        new = tuple(
            FetchedEpoch(each.signed, each.leaves, each.journal, each.journal.enrolments, each.paths)
            for each in rosters
        )
        snapshot = Snapshot(open_index(envelope, key=None, domain=None), envelope, new)
        keep_snapshot(snapshot, rules=self.rules, now=self.now)
        self.read_checkpoints()

    def read_checkpoints(self) -> None:
        """From now on the cast joins under the checkpoints of this site's own log."""
        for epoch in RosterEpoch.objects.all():
            head = TreeHead(epoch.log_index + 1, bytes(epoch.log_root))
            self.cast.checkpoints[bytes(epoch.id)] = head.text


@pytest.fixture
def rules(cast: Cast, settings: Settings, tmp_path: Path) -> Rules:
    """The site's rules with the cast's keys."""
    # Without a front end nothing in the log depends on the build, and proofs made under it can be kept.
    rules = replace(
        settings.OPENMAI_RULES,
        roster_key=cast.roster_key,
        receipt_key=cast.receipt_key,
        log_key=cast.log_key,
        log_dir=tmp_path / "log",
        static_dir=tmp_path / "static",
        gate_dir=made_gate().folder,
    )
    settings.OPENMAI_RULES = rules
    return rules


@pytest.fixture
def empty_talk(cast: Cast, rules: Rules, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Nothing was ever taken over or said."""
    talk = Talk(cast, rules, now)
    monkeypatch.setattr(clock, "utc_now", lambda: talk.now)
    EPOCH.clear()
    cast.slots.clear()
    cast.day = TODAY
    yield talk
    EPOCH.clear()
    cast.checkpoints.clear()


@pytest.fixture
def talk(empty_talk: Talk, db: None) -> Talk:
    """The cast's rosters are in force."""
    empty_talk.take_over(*empty_talk.cast.rosters.values())
    return empty_talk
