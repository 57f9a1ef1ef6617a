"""Rosters of trades, and rosters that grew too long for one list."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.factories.people import ORCHID_DOMAIN, employ
from tests.people.test_rosters import ATTESTED, EPOCH, TRADE, crowd, index, join, leaves, published, statement

from openmai.companies.actions import register_company
from openmai.companies.models import Company
from openmai.people import actions
from openmai.people.actions.rosters import publish_rosters, rules
from openmai.people.models import Employment, Enrolment, Member, Roster
from openmai.people.queries import outlook


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def another_company(now: datetime) -> None:
    names = {"name_en": "River", "name_zh": "江"}
    register_company(slug="river", trade="logistics", domains=["river.example"], on=now.date(), **names)


def key(member: Member) -> int:
    return int.from_bytes(bytes(Enrolment.objects.get(member=member).commitment), "big")


def in_shards(now: datetime, *, limit: int = 8) -> list[str]:
    return publish_rosters(now=now, shard_leaves=limit).rosters


def shards(roster: str) -> dict[str, set[int]]:
    listed = [each.roster for each in index().rosters if each.roster.partition("#")[0] == roster]
    return {each: set(leaves(each)) - {0} for each in listed}


def test_a_trade_is_the_union_of_its_companies(now: datetime):
    staff = crowd(5, now)
    another_company(now)
    others = [join(f"River{number}", now, "river.example") for number in range(5)]
    cooks = [join(f"Cook{number}", now, ORCHID_DOMAIN) for number in range(5)]
    published(now)
    assert set(leaves(TRADE)) == {key(member) for member in (*staff, *others)}
    assert not set(leaves(TRADE)) & {key(member) for member in cooks}
    label = statement(TRADE).label
    assert label is not None
    assert label.document() == {"slug": "industry/logistics", "en": "Logistics", "zh": "物流"}
    assert statement(TRADE).kind == "attested"


def test_whoever_works_at_two_companies_of_a_trade_stands_in_its_roster_once(now: datetime):
    alice, *_others = crowd(5, now)
    another_company(now)
    employ(alice, "alice@river.example", now=now)
    published(now)
    assert sorted(leaves(TRADE)).count(key(alice)) == 1
    second = Employment.objects.get(member=alice, company__slug="river")
    actions.end_employment(employment_id=second.id, by="member", now=now)
    published(now + EPOCH)
    assert key(alice) in leaves(TRADE), "she works in the trade still"


def test_companies_of_no_trade_have_no_roster_of_it(now: datetime):
    Company.objects.update(trade="other")
    crowd(5, now)
    assert published(now) == [ATTESTED, "site"]


def test_ten_shards_and_more_open_in_one_run(now: datetime):
    """Each once the one before is full, in the order of their numbers and not of their names."""
    staff = crowd(12, now)
    assert not [name for name in in_shards(now, limit=1) if "#" in name or name == ATTESTED]
    # Too few for an epoch of their own, each waits for so long.
    in_shards(now + rules().max_wait, limit=1)
    numbers = ["", *(f"#{number}" for number in range(2, 13))]
    assert set(shards(ATTESTED)) == {ATTESTED + number for number in numbers}
    assert set().union(*shards(ATTESTED).values()) == {key(member) for member in staff}


def test_a_roster_that_would_grow_too_long_goes_on_in_the_next_shard(now: datetime):
    first = crowd(6, now)
    assert in_shards(now) == [ATTESTED, TRADE, "site"]
    second = crowd(7, now, prefix="Second")
    in_shards(now + EPOCH)
    # Of the seven two fill the first shard, and wait for a week: they are fewer than five.
    in_shards(now + 9 * EPOCH)
    parts = shards("site")
    assert set(parts) == {"site", "site#2"}
    assert [len(part) for part in parts.values()] == [8, 5]
    assert parts["site"] >= {key(member) for member in first}
    assert parts["site"] | parts["site#2"] == {key(member) for member in (*first, *second)}
    assert statement("site#2").label is None
    assert statement(f"{ATTESTED}#2").label == statement(ATTESTED).label
    assert Roster.objects.get(name="site#2").shard == 2


def test_a_member_stays_in_the_shard_and_comes_back_to_it(now: datetime):
    crowd(8, now)
    in_shards(now)
    crowd(5, now, prefix="Second")
    in_shards(now + EPOCH)
    first = shards("site")
    alice = Member.objects.get(real_name="Member0")
    held = Employment.objects.get(member=alice)
    actions.end_employment(employment_id=held.id, by="member", now=now)
    in_shards(now + 2 * EPOCH)
    assert shards("site")["site"] == first["site"] - {key(alice)}
    crowd(5, now, prefix="Third")
    Employment.objects.filter(id=held.id).update(ended_on=None, ended_by="")
    in_shards(now + 3 * EPOCH)
    in_shards(now + 11 * EPOCH)
    assert key(alice) in shards("site")["site"], "in another her personas could not speak on"
    assert set(shards("site")) == {"site", "site#2", "site#3"}


def test_a_member_is_told_of_the_own_shard(now: datetime):
    crowd(8, now)
    in_shards(now)
    late = crowd(5, now, prefix="Second")[0]
    in_shards(now + EPOCH)
    told = outlook(member_id=late.id, now=now + EPOCH)
    assert told is not None
    standing = {each.roster: each for each in told.standings}
    assert set(standing) == {ATTESTED, TRADE, "site"}
    assert all(each.published and each.settled == 0 for each in standing.values())
    assert standing[TRADE].trade == "Logistics"
    in_shards(now + 2 * EPOCH + timedelta(seconds=1))
    again = outlook(member_id=late.id, now=now + 3 * EPOCH)
    assert again is not None
    assert {each.settled for each in again.standings} == {5}
