"""Bans and slots, as the cast meets them: over HTTP, at the tick, and by Olga's commands' verbs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings
from tests.factories.cast import HARBOUR, SEASON, SITE, SLOTS, Member
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused

from openmai.anonymity.bans import BanList, read_ban_list
from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import sha256
from openmai.anonymity.keys import public_bytes
from openmai.talk.actions import BanRefused, add_ban, lift_ban, ticks
from openmai.talk.epoch import EPOCH
from openmai.talk.models import Ban, Join, Persona, Post, RateNullifier
from openmai.talk.queries.bans import listed_bans

MONTH = timedelta(days=30)


def ban(talk: Talk, post: bytes, **changes: Any) -> None:
    asked = {"reason": "threat", "until": talk.now + MONTH, "rules": talk.rules, "now": talk.now} | changes
    add_ban(post=post, **asked)


def in_force(talk: Talk) -> BanList:
    response = talk.get("/api/v1/bans")
    bans = read_ban_list(response.content, domain=talk.rules.domain(talk.now))
    named = talk.get("/api/v1/site").json()["gate"]["bans"]
    assert named == {"sha256": sha256(response.content).hex(), "serial": bans.serial}
    return bans


def said(talk: Talk, member: Member, title: str, **gate: Any) -> Opening:
    opening = talk.cast.opening(title=title)
    talk.published(talk.cast.submission(member, opening, **gate))
    return opening


@pytest.fixture
def banned(talk: Talk) -> Opening:
    """Bob's thread, for which he was banned."""
    opening = said(talk, talk.cast.bob, "A threat")
    ban(talk, opening.id)
    talk.tick()
    return opening


def test_the_list_is_read_once_between_two_ticks(
    talk: Talk, banned: Opening, monkeypatch: pytest.MonkeyPatch
):
    """However often it is asked for, and by whatever address."""
    read: list[object] = []

    def counted(data: bytes, **named: Any) -> BanList:
        read.append(named)
        return read_ban_list(data, **named)

    talk.tick()
    monkeypatch.setattr("openmai.talk.queries.bans.read_ban_list", counted)
    for number in range(5):
        assert talk.get(f"/api/v1/bans?after={number}").status_code == 200
        assert talk.get("/api/v1/site").status_code == 200
    assert len(read) == 1


def test_a_site_without_bans_has_an_empty_list(talk: Talk):
    assert in_force(talk) == BanList(SITE, SEASON, 0, ())
    talk.tick()
    assert in_force(talk).serial == 0


def test_a_ban_takes_effect_with_the_tick_and_says_who_may_not_speak(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    before = in_force(talk)
    ban(talk, opening.id)
    assert in_force(talk) == before
    talk.tick()
    after = in_force(talk)
    assert after.serial == 1
    assert [each.names(talk.cast.bob.secret) for each in after.bans] == [True]
    assert after.ban_on(talk.cast.alice.secret) is None


def test_the_banned_persona_is_told_reason_and_end(talk: Talk, banned: Opening):
    reply = talk.cast.submission(talk.cast.bob, talk.cast.reply(banned), None)
    problem = check_refused(talk, reply, status=403, code="banned", pointer="/key")
    assert "threat" in problem["detail"]
    assert in_force(talk).bans[0].until in problem["detail"]


def test_a_banned_member_opens_no_persona_with_the_old_list_nor_with_anothers_proof(
    talk: Talk, banned: Opening
):
    opening = talk.cast.opening(title="Elsewhere")
    old = talk.cast.submission(talk.cast.bob, opening)
    check_refused(talk, old, status=409, code="stale-bans", pointer="/join/gate/bans")
    # Alice is not banned; her gate proof for the same message is about her, and not about Bob.
    entrance = talk.cast.entrance(talk.cast.bob, opening)
    bobs_key = talk.cast.bob.key_in(opening.id)
    lent = talk.cast.gated(talk.cast.alice, opening, entrance.join, key=bobs_key, bans=in_force(talk), slot=9)
    body = talk.cast.signed(talk.cast.bob, opening, lent)
    check_refused(talk, body, status=422, code="invalid-gate", pointer="/join/gate/proofs/0")
    renamed = replace(entrance, gate=replace(entrance.gate, bans=in_force(talk).digest))
    body = talk.cast.signed(talk.cast.bob, opening, renamed)
    check_refused(talk, body, status=422, code="invalid-gate", pointer="/join/gate/proofs/0")


def test_others_go_on_with_the_new_list(talk: Talk, banned: Opening):
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening(title="Fine"), bans=in_force(talk))
    talk.published(body)


def test_an_added_ban_asks_everybody_to_prove_again_and_a_lifted_one_nobody(talk: Talk):
    hers = said(talk, talk.cast.alice, "Hers")
    his = said(talk, talk.cast.bob, "His")
    ban(talk, his.id)
    talk.tick()
    without = talk.cast.submission(talk.cast.alice, talk.cast.reply(hers, body="Still here."), None)
    check_refused(talk, without, status=409, code="bans-changed", pointer="/join")
    again = talk.cast.reply(hers, body="Proved again.")
    talk.published(talk.cast.submission(talk.cast.alice, again, bans=in_force(talk)))
    lift_ban(post=his.id)
    talk.tick()
    assert in_force(talk).bans == ()
    assert in_force(talk).serial == 2
    talk.published(without)
    # The list has changed, so a new persona needs the new one; Bob is free again.
    talk.published(talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Free"), bans=in_force(talk)))


def test_a_ban_ends_by_itself(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    ban(talk, opening.id, until=talk.now + timedelta(hours=1))
    talk.tick()
    assert len(in_force(talk).bans) == 1
    talk.pass_time(timedelta(hours=1))
    talk.tick()
    assert in_force(talk).bans == ()
    assert [each.state for each in listed_bans()] == ["over"]


def test_what_waits_of_a_banned_persona_falls_at_the_tick_and_nobody_elses(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening, body="And another."), None))
    talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.reply(opening, body="Stop it.")))
    ban(talk, opening.id)
    report = talk.tick()
    assert (report.written, report.banned, report.dropped) == (1, 1, 0)
    assert len(EPOCH) == 0
    assert Post.objects.count() == 2


def test_a_join_that_came_while_the_tick_was_written_must_know_the_ban(talk: Talk):
    """It was proved over the list before: neither the join appears nor what hangs on it."""
    threat, other = talk.cast.opening(title="A threat"), talk.cast.opening(title="Bob's")
    talk.published(
        talk.cast.submission(talk.cast.mallory, threat, "site"), talk.cast.submission(talk.cast.bob, other)
    )
    late, follows = (talk.cast.reply(other, body=text) for text in ("Just before.", "And on."))
    talk.accepted(talk.cast.submission(talk.cast.mallory, late, "site"))
    item = EPOCH.get(late.id)
    assert item is not None
    EPOCH._waiting[late.id] = replace(item, due=item.due + talk.rules.tick)
    ban(talk, threat.id)
    talk.tick()
    assert talk.get(f"/api/v1/actions/{late.id.hex()}").json()["state"] == "unknown"
    bare = talk.cast.submission(talk.cast.mallory, follows, None)
    check_refused(talk, bare, status=422, code="join-required", pointer="/join")
    assert talk.tick().written == 0
    assert Persona.objects.filter(thread_id=other.id).count() == 1


def test_a_join_over_the_old_list_falls_also_if_the_answer_to_the_commit_was_lost(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
):
    """The database has the new list then, and this process does not know it for a tick."""
    threat, other = talk.cast.opening(title="A threat"), talk.cast.opening(title="Bob's")
    talk.published(
        talk.cast.submission(talk.cast.mallory, threat, "site"), talk.cast.submission(talk.cast.bob, other)
    )
    in_force(talk)
    ban(talk, threat.id)
    written = ticks._write

    def commit_and_lose(*given: Any) -> None:
        written(*given)
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(ticks, "_write", commit_and_lose)
        with pytest.raises(OperationalError):
            talk.tick()
    joins = talk.cast.reply(other, body="Nobody knows yet.")
    talk.accepted(talk.cast.submission(talk.cast.mallory, joins, "site"))
    talk.tick()
    assert not Post.objects.filter(id=joins.id).exists()
    assert Persona.objects.filter(thread_id=other.id).count() == 1


@pytest.mark.parametrize("first", [True, False], ids=["join-first", "join-last"])
def test_a_persona_enters_with_its_join_whatever_the_order_of_the_ids(talk: Talk, first: bool):
    other = talk.cast.opening(title="Bob's")
    talk.published(talk.cast.submission(talk.cast.bob, other))
    joins = talk.cast.reply(other, body="I enter.")
    texts = (f"And {number}." for number in range(100))
    bare = next(
        reply
        for reply in (talk.cast.reply(other, body=text) for text in texts)
        if (joins.id < reply.id) is first
    )
    talk.published(
        talk.cast.submission(talk.cast.alice, joins), talk.cast.submission(talk.cast.alice, bare, None)
    )
    alice = Persona.objects.get(thread_id=other.id, key=public_bytes(talk.cast.alice.key_in(other.id)))
    assert alice.label_en == "Harbour Logistics"
    assert Join.objects.filter(persona=alice).count() == 1


def test_no_post_appears_whose_persona_never_entered(talk: Talk):
    """Its join was lost, for whatever reason: then nothing proves who speaks."""
    other = talk.cast.opening(title="Bob's")
    talk.published(talk.cast.submission(talk.cast.bob, other))
    joins, bare = talk.cast.reply(other, body="I enter."), talk.cast.reply(other, body="And on.")
    talk.accepted(talk.cast.submission(talk.cast.alice, joins))
    talk.accepted(talk.cast.submission(talk.cast.alice, bare, None))
    EPOCH._waiting.pop(joins.id)
    report = talk.tick()
    assert (report.written, report.dropped) == (0, 1)
    assert Persona.objects.filter(thread_id=other.id).count() == 1


def test_a_slot_is_used_once_waiting_or_published(talk: Talk):
    first = talk.cast.opening(title="First")
    talk.accepted(talk.cast.submission(talk.cast.alice, first, slot=4))
    second = talk.cast.submission(talk.cast.alice, talk.cast.opening(title="Second"), slot=4)
    check_refused(talk, second, status=409, code="rate-used", pointer="/join/gate/rate")
    # Slots are each member's own.
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Bob's"), slot=4))
    talk.tick()
    check_refused(talk, second, status=409, code="rate-used", pointer="/join/gate/rate")
    # What was accepted is accepted again, although its slot is used: by itself.
    assert talk.send(talk.cast.submission(talk.cast.alice, first, slot=4)).status_code == 200
    talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening(title="Second"), slot=5))


def test_more_slots_than_the_site_gives_prove_nothing(talk: Talk, settings: Settings):
    settings.OPENMAI_RULES = replace(talk.rules, slots=SLOTS - 1)
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    check_refused(talk, body, status=422, code="invalid-gate", pointer="/join/gate/proofs/0")


@pytest.mark.parametrize(
    ("day", "hour", "good"),
    [
        ("2026-03-20", 10, True),
        ("2026-03-19", 10, True),
        ("2026-03-19", 23, True),
        ("2026-03-18", 1, False),
        ("2026-03-21", 10, False),
        ("2026-03-21", 23, True),
    ],
)
def test_a_slot_is_of_today_or_of_yesterday_or_of_a_day_about_to_begin(
    talk: Talk, day: str, hour: int, good: bool
):
    talk.now = talk.now.replace(hour=hour, minute=50)
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening(), day=day)
    if good:
        talk.accepted(body)
    else:
        check_refused(talk, body, status=422, code="wrong-day", pointer="/join/gate/day")


def test_used_slots_are_kept_until_48_hours_after_their_day(talk: Talk):
    said(talk, talk.cast.alice, "First")
    assert [row.day for row in RateNullifier.objects.all()] == [date(2026, 3, 20)]
    talk.now = talk.now.replace(day=22, hour=23, minute=49)
    talk.tick()
    assert RateNullifier.objects.count() == 1
    talk.pass_time(timedelta(minutes=20))
    talk.tick()
    assert RateNullifier.objects.count() == 0


def test_a_list_of_two_pages_wants_two_proofs(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    persona = Ban(season=SEASON, until=talk.now + MONTH, reason="spam")
    rows = [
        Ban(
            id=sha256(bytes([n])), thread=sha256(bytes([n])), nullifier=n.to_bytes(32, "big"),
            season=persona.season, until=persona.until, reason=persona.reason,
        )
        for n in range(1, 31)
    ]  # fmt: skip
    Ban.objects.bulk_create(rows)
    ban(talk, opening.id)
    talk.tick()
    bans = in_force(talk)
    assert len(bans.pages()) == 2
    content = talk.cast.opening(title="Two pages")
    entrance = talk.cast.entrance(talk.cast.alice, content, bans=bans)
    one = replace(entrance, gate=replace(entrance.gate, proofs=entrance.gate.proofs[:1]))
    body = talk.cast.signed(talk.cast.alice, content, one)
    check_refused(talk, body, status=422, code="wrong-gate-count", pointer="/join/gate/proofs")
    twice = replace(entrance, gate=replace(entrance.gate, proofs=entrance.gate.proofs[:1] * 2))
    body = talk.cast.signed(talk.cast.alice, content, twice)
    check_refused(talk, body, status=422, code="invalid-gate", pointer="/join/gate/proofs/1")
    talk.published(talk.cast.signed(talk.cast.alice, content, entrance))


def test_the_gate_says_what_a_device_needs(talk: Talk):
    gate = talk.get("/api/v1/site").json()["gate"]
    assert gate["slots"] == SLOTS
    assert gate["vkey"] == talk.rules.gate.document
    assert gate["zkey"]["sha256"] == talk.rules.gate.served.sha256
    assert gate["zkey"]["url"].startswith("/static/gate/gate.")
    assert gate["wasm"]["url"].startswith("/static/artifacts/gate.")
    assert gate["wasm"]["bytes"] > 1_000_000


def test_olga_is_told_what_cannot_be_banned(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    with pytest.raises(BanRefused, match="No published post"):
        ban(talk, b"\1" * 32)
    with pytest.raises(BanRefused, match="one of: spam"):
        ban(talk, opening.id, reason="because")
    with pytest.raises(BanRefused, match="before it begins"):
        ban(talk, opening.id, until=talk.now)
    with pytest.raises(BanRefused, match="is not banned"):
        lift_ban(post=opening.id)
    talk.pass_time(timedelta(days=104))
    with pytest.raises(BanRefused, match="threads of the post's season are closed"):
        ban(talk, opening.id)


def test_a_ban_ends_with_the_threads_of_its_season_and_a_second_one_replaces_the_first(talk: Talk):
    opening = said(talk, talk.cast.bob, "A threat")
    ban(talk, opening.id, until=talk.now + timedelta(days=400))
    ban(talk, opening.id, reason="spam", until=talk.now + timedelta(days=400))
    talk.tick()
    [listed] = in_force(talk).bans
    assert (listed.reason, listed.until) == ("spam", "2026-06-20T00:00:00Z")
    assert [each.post for each in listed_bans()] == [opening.id]
    assert [each.state for each in listed_bans()] == ["in force"]


def test_the_last_tick_of_a_season_publishes_what_waits_and_begins_an_empty_list(talk: Talk, banned: Opening):
    talk.now = datetime(2026, 6, 5, 23, 55, tzinfo=UTC)
    talk.cast.day = "2026-06-05"
    talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening(title="Late"), bans=in_force(talk)))
    assert talk.tick().written == 1
    assert in_force(talk) == BanList(SITE, "s229", 0, ())


def test_there_are_so_many_bans_and_no_more(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    one, two = said(talk, talk.cast.bob, "One"), said(talk, talk.cast.alice, "Two")
    monkeypatch.setattr("openmai.talk.actions.bans.MAX_BANS", 1)
    ban(talk, one.id)
    ban(talk, one.id, reason="spam")
    with pytest.raises(BanRefused, match="as many as there may be"):
        ban(talk, two.id)


def test_the_list_is_the_same_bytes_for_everybody(talk: Talk, banned: Opening):
    answers = [talk.get("/api/v1/bans", **{"accept-language": each}) for each in ("en", "zh-hans")]
    assert answers[0].content == answers[1].content
    assert "Set-Cookie" not in answers[0]
    assert answers[0]["Content-Type"] == "application/json"
    assert HARBOUR not in answers[0].content.decode()
