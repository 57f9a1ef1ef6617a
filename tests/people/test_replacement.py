"""A lost key is replaced once a season, and no ban is shaken off by it (docs/adr/0020)."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings
from tests.factories.cast import SITE
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, employ, enrol, queued_mails
from tests.people.test_journals import journal
from tests.people.test_rosters import EPOCH, crowd, enrol_without_proof, join, season

from openmai.anonymity.fields import R, be32
from openmai.anonymity.limits import JOIN_HOLDS_DAYS
from openmai.anonymity.log.replacements import Replacement as LoggedPair
from openmai.people import actions, worker
from openmai.people.actions.enrolment import AlreadyEnrolled
from openmai.people.actions.replacement import NothingToReplace, ReplacedBefore
from openmai.people.conf import config
from openmai.people.models import Enrolment, MailProof, Member, Replacement, RosterLeaf
from openmai.people.queries import outlook, replacements, waiting_of

ATTESTED = f"company/{HARBOUR}/attested"
TRADE = "industry/logistics/attested"
WEEK = timedelta(days=7)
# The grace of a root, a week, and some ticks: then nothing that the lost key proved holds any more.
WAIT = timedelta(days=10)
MINE, OTHER, LATE = "aa" * 32, "bb" * 32, "cc" * 32


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


@pytest.fixture
def start(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0)


@pytest.fixture
def mallory_enrolled(start: datetime) -> Member:
    """Mallory among a crowd that is published."""
    crowd(20, start)
    mallory = join("Mallory", start)
    actions.publish_rosters(now=start)
    return mallory


def key(member: Member, now: datetime) -> bytes:
    return bytes(Enrolment.objects.get(member=member, season=season(now), replaced_on=None).commitment)


def new_key(member: Member, now: datetime) -> bytes:
    """Another key, registered as an enrolment leaves it."""
    commitment = be32(Random(f"{member.id} again").randrange(1, R))
    Enrolment.objects.create(
        member=member, season=season(now), commitment=commitment, nullifier=commitment, proof=bytes(128),
        message=commitment, ticket=commitment, enrolled_on=now.date(),
    )  # fmt: skip
    return commitment


def rosters_with(commitment: bytes) -> set[str]:
    live = RosterLeaf.objects.filter(commitment=commitment, removed_epoch=None)
    return set(live.values_list("roster__name", flat=True))


def days(start: datetime, count: int, bans: set[str] | None = frozenset()) -> datetime:  # type: ignore[assignment]
    """So many days of the worker, one epoch each; returns the last one's moment."""
    now = start
    for _day in range(count):
        now += EPOCH
        actions.publish_rosters(now=now)
        actions.advance_replacements(bans=bans, now=now)
    return now


def test_the_lost_key_leaves_every_roster_with_the_next_epoch(mallory_enrolled: Member, start: datetime):
    lost = key(mallory_enrolled, start)
    assert rosters_with(lost) == {ATTESTED, TRADE, "site"}
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    days(start, 1)
    assert rosters_with(lost) == set()


def test_without_bans_the_new_key_enters_when_the_last_proof_of_the_lost_one_has_ended(
    mallory_enrolled: Member, start: datetime
):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    fresh = new_key(mallory_enrolled, start)
    crowd(10, start, prefix="Newcomer")
    left = days(start, 1)
    assert Replacement.objects.get().left_at == left
    days(left, 9)
    # A proof of the last moment of the old root's grace, under which a persona goes on for a week.
    last_proof = left + timedelta(seconds=config().root_grace_seconds, days=JOIN_HOLDS_DAYS)
    assert left + 9 * EPOCH >= last_proof
    assert not Replacement.objects.get().judged
    assert rosters_with(fresh) == set()
    days(left + 9 * EPOCH, 1)
    assert Replacement.objects.get().cleared_on == (left + WAIT).date()
    # Others join in the same epoch, or a week passes: it does not stand out.
    crowd(5, start, prefix="Companion")
    days(left + WAIT, 1)
    assert rosters_with(fresh) == {ATTESTED, TRADE, "site"}


def test_the_journals_tell_the_log_old_and_new(mallory_enrolled: Member, start: datetime):
    lost = key(mallory_enrolled, start)
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    fresh = new_key(mallory_enrolled, start)
    left = days(start, 11)
    crowd(5, start, prefix="Companion")
    days(left, 1)
    assert rosters_with(fresh) == {ATTESTED, TRADE, "site"}
    pair = LoggedPair(int.from_bytes(lost, "big"), int.from_bytes(fresh, "big"))
    for roster in (ATTESTED, TRADE, "site"):
        assert journal(roster).replaced == (pair,)


def test_a_ban_that_was_in_force_is_waited_for_however_long(mallory_enrolled: Member, start: datetime):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    fresh = new_key(mallory_enrolled, start)
    crowd(5, start, prefix="Newcomer")
    later = days(start, 30, {MINE, OTHER})
    assert rosters_with(fresh) == set()
    later = days(later, 5, {MINE})
    assert rosters_with(fresh) == set()
    later = days(later, 1, set())
    # Others join in the same epoch: it does not stand out.
    crowd(5, later, prefix="Companion")
    days(later, 1, set())
    assert rosters_with(fresh) == {ATTESTED, TRADE, "site"}


def test_a_ban_decided_in_the_week_counts_and_a_later_one_does_not(mallory_enrolled: Member, start: datetime):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    later = days(start, 4, {OTHER})
    later = days(later, 7, {MINE, OTHER})
    assert Replacement.objects.get().bans == sorted({MINE, OTHER})
    later = days(later, 1, {LATE, OTHER})
    assert Replacement.objects.get().bans == [OTHER]
    days(later, 1, {LATE})
    assert Replacement.objects.get().cleared_on is not None


def test_while_the_ban_list_cannot_be_read_nothing_is_cleared(mallory_enrolled: Member, start: datetime):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    later = days(start, 20, None)
    waiting = Replacement.objects.get()
    assert (waiting.judged, waiting.cleared_on) == (False, None)
    days(later, 1, set())
    assert Replacement.objects.get().cleared_on is not None


def test_a_longer_grace_of_roots_makes_the_wait_longer(
    mallory_enrolled: Member, start: datetime, settings: Settings
):
    settings.OPENMAI = settings.OPENMAI.model_copy(update={"root_grace_seconds": 10 * 86_400})
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    later = days(start, 18)
    assert not Replacement.objects.get().judged
    days(later, 1)
    assert Replacement.objects.get().judged


def test_a_key_that_left_within_an_epoch_is_counted_from_its_end(start: datetime):
    """The worker was started again at noon; nothing says more finely when the key left."""
    mallory = join("Mallory", start)
    actions.replace_key(member_id=mallory.id, now=start)
    actions.advance_replacements(bans=[], now=start + timedelta(hours=12))
    assert Replacement.objects.get().left_at == start + EPOCH


def test_a_key_that_was_never_published_has_left_at_once(start: datetime):
    mallory = join("Mallory", start)
    actions.replace_key(member_id=mallory.id, now=start)
    actions.advance_replacements(bans=[], now=start)
    assert Replacement.objects.get().left_at == start


def test_it_can_be_done_once_a_season(mallory_enrolled: Member, start: datetime):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    with pytest.raises(ReplacedBefore):
        actions.replace_key(member_id=mallory_enrolled.id, now=start)
    fresh = new_key(mallory_enrolled, start)
    with pytest.raises(ReplacedBefore):
        actions.replace_key(member_id=mallory_enrolled.id, now=start + WEEK)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.filter(commitment=fresh).update(replaced_on=start.date())
    # The next season begins with a new key for everybody, at once.
    later = start + timedelta(days=90)
    enrolled = enrol_without_proof(Member.objects.get(id=mallory_enrolled.id), later)
    crowd(5, later, prefix="Later")
    days(later, 2)
    assert rosters_with(enrolled) == {ATTESTED, TRADE, "site"}


def test_who_has_no_key_has_none_to_give_up(alice: Member, start: datetime):
    with pytest.raises(NothingToReplace):
        actions.replace_key(member_id=alice.id, now=start)


def test_the_new_key_is_registered_with_a_ticket_like_the_first(alice: Member, start: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=start)
    first = enrol(alice, now=start, seed=1)
    with pytest.raises(AlreadyEnrolled):
        enrol(alice, now=start, seed=2)
    actions.open_mail_proof(
        member_id=alice.id, company_slug=HARBOUR, now=start, randbytes=Random(1).randbytes
    )
    actions.replace_key(member_id=alice.id, now=start)
    # It would have become evidence for the key that is gone.
    assert not MailProof.objects.exists()
    assert waiting_of(member_id=alice.id, season=season(start)) is not None
    second = enrol(alice, now=start, seed=2)
    assert first.commitment != second.commitment
    with pytest.raises(AlreadyEnrolled):
        enrol(alice, now=start, seed=3)
    told = [mail for mail in queued_mails() if mail.subject == "Your anonymous key was given up"]
    assert [mail.to for mail in told] == [[alice.email]]
    assert "change your password" in told[0].text
    assert HARBOUR not in told[0].text


def test_the_log_is_told_old_and_new_and_not_whose(mallory_enrolled: Member, start: datetime):
    lost = key(mallory_enrolled, start)
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    fresh = new_key(mallory_enrolled, start)
    [told] = replacements(season=season(start), new=[fresh, b"x" * 32])
    assert (told.old, told.new) == (lost, fresh)
    assert replacements(season=season(start), new=[lost]) == []


def test_the_page_says_what_it_costs_asks_and_does_it_once(alice: Member, as_alice: Client, today: datetime):
    assert "no key" in as_alice.get("/en/enrol/replace/").content.decode()
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    enrol(alice, now=today)
    assert "/en/enrol/replace/" in as_alice.get("/en/enrol/").content.decode()
    page = as_alice.get("/en/enrol/replace/").content.decode()
    assert "every ban that was in force in those days has ended" in page
    assert "enters the lists 10 days after" in page
    assert as_alice.post("/en/enrol/replace/", {}).status_code == 422
    assert not Replacement.objects.exists()
    done = as_alice.post("/en/enrol/replace/", {"understood": "on"}, follow=True)
    assert "was given up" in done.content.decode()
    assert "data-enrol-link" in done.content.decode()
    again = as_alice.post("/en/enrol/replace/", {"understood": "on"}).content.decode()
    assert "once a season" in again
    assert Replacement.objects.count() == 1


def test_the_member_sees_how_long_the_new_key_waits(mallory_enrolled: Member, start: datetime):
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    new_key(mallory_enrolled, start)
    found = outlook(member_id=mallory_enrolled.id, now=start)
    assert found is not None
    assert found.replaced is not None
    assert found.replaced.earliest is None
    left = days(start, 1)
    found = outlook(member_id=mallory_enrolled.id, now=left)
    assert found is not None
    assert found.replaced is not None
    assert (
        left + timedelta(days=9) < found.replaced.earliest < left + WAIT == left + EPOCH * found.replaced.days
    )


def test_the_worker_asks_for_bans_only_while_somebody_waits(
    talk_site: tuple[str, dict[str, Any]], mallory_enrolled: Member, start: datetime, settings: Settings
):
    origin, answer = talk_site
    settings.OPENMAI = settings.OPENMAI.model_copy(update={"talk_origin": origin, "site_id": SITE})
    worker._publish(start)
    assert answer["asked"] == []
    actions.replace_key(member_id=mallory_enrolled.id, now=start)
    for day in range(1, 12):
        worker._publish(start + day * EPOCH)
    assert Replacement.objects.get().cleared_on is not None
    asked = len(answer["asked"])
    worker._publish(start + 10 * EPOCH)
    assert len(answer["asked"]) == asked
