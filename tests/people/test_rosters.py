"""Publishing by epochs, and the files that come of it (docs/protocol.md §3)."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, ORCHID, ORCHID_DOMAIN, employ, prove_by_mail

from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import R, be32
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.rosters import RosterIndex, RosterStatement, check_leaves, open_index, open_statement
from openmai.anonymity.seasons import season_at
from openmai.people import actions
from openmai.people.actions.rosters import KEEP_LEAVES, drop_superseded_leaves
from openmai.people.conf import config, roster_signing_key
from openmai.people.models import Employment, Enrolment, LeavesFile, Member, RosterEpoch
from openmai.people.queries import current_index, leaves_bytes, outlook, statement_bytes

EPOCH = timedelta(days=1)
ATTESTED = f"company/{HARBOUR}/attested"
PROVABLE = f"company/{HARBOUR}/provable"
TRADE = "industry/logistics/attested"


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def season(now: datetime) -> str:
    return season_at(int(now.timestamp())).id


def member(name: str, now: datetime) -> Member:
    return Member.objects.create(
        email=f"{name.lower()}@home.example", real_name=name, password="!", joined_on=now.date()
    )


def enrol_without_proof(someone: Member, now: datetime) -> bytes:
    """A row as an enrolment leaves it; proofs are tested elsewhere and cost half a second each."""
    commitment = be32(Random(someone.real_name + season(now)).randrange(1, R))
    Enrolment.objects.create(
        member=someone,
        season=season(now),
        commitment=commitment,
        nullifier=sha256(commitment[:31]).digest()[:31].rjust(32, b"\0"),
        proof=bytes(128),
        message=sha256(commitment).digest(),
        ticket=sha256(commitment).digest(),
        enrolled_on=now.date(),
    )
    return commitment


def join(name: str, now: datetime, domain: str = HARBOUR_DOMAIN) -> Member:
    """An enrolled, employed member."""
    someone = member(name, now)
    employ(someone, f"{name.lower()}@{domain}", now=now)
    enrol_without_proof(someone, now)
    return someone


def crowd(count: int, now: datetime, prefix: str = "Member") -> list[Member]:
    return [join(f"{prefix}{number}", now) for number in range(count)]


def index() -> RosterIndex:
    envelope = current_index()
    assert envelope is not None
    return open_index(envelope, key=public_bytes(roster_signing_key()), domain=None)


def statement(roster: str) -> RosterStatement:
    entry = index().entry(roster)
    assert entry is not None, f"{roster} is not in the index"
    envelope = statement_bytes(entry.statement)
    assert envelope is not None
    assert sha256(envelope).digest() == entry.statement
    signed = open_statement(envelope, key=public_bytes(roster_signing_key()), domain=None)
    return signed.statement


def leaves(roster: str) -> list[int]:
    """The leaves of the current epoch, checked against its statement."""
    said = statement(roster)
    data = leaves_bytes(said.leaves)
    assert data is not None
    return list(check_leaves(said, data).leaves)


def published(now: datetime) -> list[str]:
    return actions.publish_rosters(now=now).rosters


def test_rosters_are_signed_and_hold_exactly_the_employed(now: datetime):
    staff = crowd(5, now)
    unemployed = member("Charlie", now)
    absent = enrol_without_proof(unemployed, now)
    assert published(now) == [ATTESTED, TRADE, "site"]

    commitments = {
        int.from_bytes(bytes(e.commitment), "big") for e in Enrolment.objects.filter(member__in=staff)
    }
    assert set(leaves(ATTESTED)) == set(leaves("site")) == commitments
    assert int.from_bytes(absent, "big") not in commitments
    said = statement(ATTESTED)
    assert (said.site, said.season, said.epoch, said.size, said.live, said.settled) == (
        config().site_id,
        season(now),
        1,
        5,
        5,
        0,
    )
    assert said.label is not None
    assert said.label.document() == {"slug": HARBOUR, "en": "Harbour Logistics", "zh": "港湾物流"}
    assert statement("site").label is None
    assert said.published == now.date().isoformat()


def test_four_joiners_wait_for_a_fifth_or_for_a_week(now: datetime):
    crowd(4, now)
    assert published(now) == []
    assert published(now + EPOCH) == []
    assert index().rosters == ()
    join("Fifth", now)
    assert published(now + 2 * EPOCH) == [ATTESTED, TRADE, "site"]

    join("Sixth", now)
    for day in range(4, 11):
        published(now + day * EPOCH)
        assert len(leaves("site")) == 5
    published(now + 11 * EPOCH)
    assert len(leaves("site")) == 6, "a week after it was first seen waiting"


def test_a_newcomer_settles_after_one_epoch(now: datetime):
    crowd(5, now)
    published(now)
    assert statement("site").settled == 0
    assert published(now + EPOCH) == [ATTESTED, TRADE, "site"], "nobody came, but the leaves have aged"
    assert (statement("site").epoch, statement("site").settled) == (2, 5)
    assert published(now + 2 * EPOCH) == []


def test_a_roster_has_one_epoch_in_each_span(now: datetime):
    crowd(5, now)
    published(now)
    assert published(now + timedelta(hours=1)) == []
    assert published(now + timedelta(hours=1)) == []
    before = index().serial
    assert actions.publish_rosters(now=now + timedelta(hours=2)).serial == before


def test_the_order_of_leaves_says_nothing_about_who_came_first(now: datetime):
    crowd(6, now)
    published(now)
    first = leaves("site")
    assert first == sorted(first)
    crowd(5, now, prefix="Late")
    published(now + EPOCH)
    assert leaves("site")[:6] == first, "places are kept"
    assert leaves("site")[6:] == sorted(leaves("site")[6:])


def test_an_ended_employment_loses_its_label_with_the_next_epoch(now: datetime):
    staff = crowd(6, now)
    published(now)
    place = leaves(ATTESTED).index(_commitment(staff[2], now))
    actions.end_employment(
        employment_id=staff[2].employments.get().id, by="member", now=now + timedelta(hours=1)
    )
    assert leaves(ATTESTED)[place] != 0
    assert published(now + EPOCH) == [ATTESTED, TRADE, "site"]
    for roster in (ATTESTED, TRADE, "site"):
        assert leaves(roster)[place] == 0
        assert (statement(roster).size, statement(roster).live) == (6, 5)


def test_a_removal_does_not_drag_a_lone_joiner_along(now: datetime):
    staff = crowd(6, now)
    published(now)
    join("Lone", now)
    actions.end_employment(employment_id=staff[0].employments.get().id, by="operator", now=now)
    published(now + EPOCH)
    assert statement("site").live == 5
    assert statement("site").size == 6


def test_who_works_at_two_companies_keeps_the_site_roster(now: datetime):
    staff = crowd(5, now)
    employ(staff[0], f"second@{ORCHID_DOMAIN}", now=now)
    published(now)
    actions.end_employment(
        employment_id=Employment.objects.get(member=staff[0], company__slug=HARBOUR).id, by="member", now=now
    )
    published(now + EPOCH)
    assert statement(ATTESTED).live == 4
    assert statement("site").live == 5


def test_who_comes_back_gets_a_new_place(now: datetime):
    staff = crowd(6, now)
    published(now)
    employment = staff[0].employments.get()
    actions.end_employment(employment_id=employment.id, by="member", now=now)
    published(now + EPOCH)
    employ(staff[0], f"member0@{HARBOUR_DOMAIN}", now=now + EPOCH)
    published(now + 2 * EPOCH)
    published(now + 9 * EPOCH)
    assert leaves(ATTESTED).count(_commitment(staff[0], now)) == 1
    assert statement(ATTESTED).size == 7


def test_a_roster_whose_last_member_left_leaves_the_index(now: datetime):
    staff = crowd(5, now)
    published(now)
    for someone in staff:
        actions.end_employment(employment_id=someone.employments.get().id, by="member", now=now)
    published(now + EPOCH)
    assert index().rosters == ()
    crowd(5, now, prefix="New")
    published(now + 2 * EPOCH)
    assert statement("site").epoch == 2
    assert statement("site").size == 10


def test_provable_needs_evidence_for_this_very_key(now: datetime):
    staff = crowd(6, now)
    for someone in staff:
        prove_by_mail(someone, f"{someone.real_name.lower()}@{HARBOUR_DOMAIN}", now=now)
    Enrolment.objects.filter(member=staff[5]).update(commitment=be32(12345))
    published(now)
    assert set(leaves(PROVABLE)) == {_commitment(someone, now) for someone in staff[:5]}
    assert statement(PROVABLE).kind == "provable"


def test_the_serial_grows_and_old_statements_stay(now: datetime):
    crowd(5, now)
    first = actions.publish_rosters(now=now).serial
    old = index().entry("site")
    assert old is not None
    second = actions.publish_rosters(now=now + EPOCH).serial
    assert second == first + 1
    assert statement_bytes(old.statement) is not None


def test_a_new_season_begins_with_new_rosters(now: datetime):
    staff = crowd(5, now)
    actions.publish_rosters(now=now)
    serial, old = index().serial, index().entry("site")
    assert old is not None
    later = now + timedelta(days=90)
    published(later)
    assert (index().season, index().rosters) == (season(later), ())
    assert index().serial == serial + 1
    for someone in staff:
        enrol_without_proof(someone, later)
    published(later + EPOCH)
    assert (statement("site").season, statement("site").epoch) == (season(later), 1)
    assert statement_bytes(old.statement) is not None


def test_a_closed_account_leaves_its_rosters(now: datetime):
    staff = crowd(6, now)
    published(now)
    Member.objects.filter(id=staff[0].id).update(is_active=False)
    published(now + EPOCH)
    assert statement("site").live == 5


def test_superseded_leaves_are_dropped_after_the_grace_and_current_ones_never(now: datetime):
    crowd(5, now)
    published(now)
    old = statement("site").leaves
    crowd(5, now, prefix="Late")
    published(now + EPOCH)
    grace = timedelta(seconds=config().root_grace_seconds)
    assert drop_superseded_leaves(now=now + EPOCH + grace) == 0
    drop_superseded_leaves(now=now + 2 * EPOCH + grace + KEEP_LEAVES)
    assert leaves_bytes(old) is None
    assert leaves("site")
    assert RosterEpoch.objects.filter(leaves=None).exists()
    assert LeavesFile.objects.count() >= 1


def test_short_epochs_of_a_demo(now: datetime, settings: Settings):
    settings.OPENMAI = config().model_copy(update={"epoch_seconds": 20, "epoch_min_joiners": 1})
    join("Alice", now)
    assert published(now) == [ATTESTED, TRADE, "site"]
    assert published(now + timedelta(seconds=20)) == [ATTESTED, TRADE, "site"]
    assert statement("site").settled == 1


def test_a_member_is_told_when_the_next_epoch_can_come(now: datetime):
    alice = join("Alice", now)
    published(now)
    found = outlook(member_id=alice.id, now=now)
    assert found is not None
    assert [(s.roster, s.published, s.open) for s in found.standings] == [
        (ATTESTED, False, False),
        (TRADE, False, False),
        ("site", False, False),
    ]
    assert found.next_epoch == datetime(2026, 3, 21, tzinfo=now.tzinfo)
    assert found.latest == datetime(2026, 3, 28, tzinfo=now.tzinfo)
    crowd(24, now)
    published(now + EPOCH)
    published(now + 2 * EPOCH)
    ready = outlook(member_id=alice.id, now=now + 2 * EPOCH)
    assert ready is not None
    assert ready.can_speak
    assert not ready.waiting
    assert {s.settled for s in ready.standings} == {25}


def test_the_files_are_served_by_name_and_forever(now: datetime, visitor: Client):
    before = visitor.get("/rosters/index.json")
    assert (before.status_code, before["Content-Type"]) == (404, "application/problem+json")
    crowd(5, now)
    published(now)
    answer = visitor.get("/rosters/index.json")
    assert answer.content == current_index()
    assert answer["Cache-Control"] == "public, max-age=5"
    entry = json.loads(answer.content)["statement"]["rosters"][1]
    said = visitor.get(f"/rosters/statements/{entry['statement']}.json")
    assert sha256(said.content).hexdigest() == entry["statement"]
    name = json.loads(said.content)["statement"]["leaves"]
    data = visitor.get(f"/rosters/leaves/{name}.bin")
    assert sha256(data.content).hexdigest() == name
    name = json.loads(said.content)["statement"]["journal"]
    journal = visitor.get(f"/rosters/journals/{name}.json")
    assert sha256(journal.content).hexdigest() == name
    for response in (said, data, journal):
        assert "immutable" in response["Cache-Control"]
    for response in (answer, said, data, journal):
        assert not response.cookies
        assert "Vary" not in response
        assert "Content-Language" not in response


@pytest.mark.parametrize("name", ["0" * 64, "A" * 64, "0" * 63, "..", "%00", "x'--"])
def test_an_unknown_file_is_a_problem(visitor: Client, name: str):
    for kind in ("statements/{}.json", "leaves/{}.bin", "journals/{}.json"):
        path = f"/rosters/{kind.format(name)}"
        assert visitor.get(path).json()["code"] == "not-found"


def test_the_statement_holds_for_this_site_and_season_only(now: datetime):
    crowd(5, now)
    published(now)
    entry = index().entry("site")
    assert entry is not None
    envelope = statement_bytes(entry.statement) or b""
    from openmai.anonymity.documents import WrongSeason, WrongSite

    with pytest.raises(WrongSite):
        open_statement(envelope, key=None, domain=Domain("other.example", season(now)))
    with pytest.raises(WrongSeason):
        open_statement(envelope, key=None, domain=Domain(config().site_id, "s1"))


def test_companies_do_not_mix(now: datetime):
    crowd(5, now)
    for number in range(5):
        join(f"Cook{number}", now, domain=ORCHID_DOMAIN)
    published(now)
    assert not set(leaves(ATTESTED)) & set(leaves(f"company/{ORCHID}/attested"))
    assert len(leaves("site")) == 10


def _commitment(someone: Member, now: datetime) -> int:
    enrolment = Enrolment.objects.get(member=someone, season=season(now))
    return int.from_bytes(bytes(enrolment.commitment), "big")
