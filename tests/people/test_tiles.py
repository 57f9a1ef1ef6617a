"""A member's own tile: for its owner alone, and enough to prove with the public files."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from tests.people.conftest import browser
from tests.people.test_rosters import ATTESTED, EPOCH, crowd, index, join, published, season, statement

from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.paths import OwnTile, check_paths, parse_paths, parse_tile
from openmai.anonymity.rosters import WrongLeaves, pack_leaves
from openmai.people import actions
from openmai.people.conf import config
from openmai.people.models import Employment, Enrolment, Member
from openmai.people.queries import paths_bytes


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def tile(client: Client, roster: str = ATTESTED) -> Any:
    return client.get(f"/api/v1/my/tiles/{roster}")


def commitment(member: Member) -> int:
    return int.from_bytes(bytes(Enrolment.objects.get(member=member).commitment), "big")


def test_alices_tile_and_the_public_file_give_her_path(today: datetime):
    alice = join("Alice", today)
    crowd(6, today)
    published(today)
    answer = tile(browser(alice))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    own = parse_tile(answer.content, domain=Domain(config().site_id, season(today)))
    said = statement(ATTESTED)
    data = paths_bytes(said.paths)
    assert data is not None
    checked = check_paths(said, data)
    leaves = checked.tile_now(own.number, own.leaves)
    path = checked.path(own.number, leaves, leaves.index(commitment(alice)))
    assert path.root_from(commitment(alice)) == said.root


def test_nobody_else_gets_a_tile(today: datetime):
    alice, *_others = crowd(5, today)
    published(today)
    stranger = Member.objects.create(
        email="m@home.example", real_name="Mallory", password="!", joined_on=today.date()
    )
    late = join("Late", today)
    assert tile(browser(alice)).status_code == 200
    for client in (browser(), browser(stranger), browser(late)):
        assert tile(client).status_code == 404
    for roster in ("site%232", "company/other/attested", "x" * 500, "%00", ".."):
        assert tile(browser(alice), roster).status_code == 404, roster


def test_whose_place_was_taken_away_has_no_tile(today: datetime):
    alice, *_others = crowd(6, today)
    published(today)
    employment = Employment.objects.get(member=alice)
    actions.end_employment(employment_id=employment.id, by="member", now=today)
    published(today + EPOCH)
    assert tile(browser(alice)).status_code == 404


def test_the_paths_file_of_an_epoch_leads_on_from_a_week_of_epochs(now: datetime, visitor: Client):
    crowd(5, now)
    for day in range(9):
        published(now + day * EPOCH)
        crowd(5, now + day * EPOCH, prefix=f"Day{day}-")
    said = statement("site")
    answer = visitor.get(f"/rosters/paths/{said.paths.hex()}.bin")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    found = parse_paths(answer.content)
    assert (found.epoch, found.since.epoch) == (said.epoch, said.epoch - 7)
    assert LeanIMT(found.nodes).root == said.root
    assert index().entry("site") is not None


@pytest.mark.parametrize("leaves", ["", "ab", "0" * 63, "f" * 64, "0" * 96, "0" * 64 * 257])
def test_a_tile_that_is_none_is_refused(leaves: str):
    given = OwnTile(Domain("a", "s228"), "site", 0, (7,))
    assert parse_tile(given.data, domain=given.domain) == given
    packed = pack_leaves(given.leaves).hex().encode()
    with pytest.raises((DocumentRefused, WrongLeaves)):
        parse_tile(given.data.replace(packed, leaves.encode()), domain=None)
