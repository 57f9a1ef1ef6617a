"""What happens at a tick, beside one, and when the database is away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.factories.cast import HARBOUR
from tests.talk.conftest import Talk

from openmai.anonymity.content import Content
from openmai.anonymity.submission import build_submission
from openmai.platform.clock import utc_now
from openmai.talk.actions import accept_submission, write_tick
from openmai.talk.actions import ticks as ticks_module
from openmai.talk.admission import InForce
from openmai.talk.epoch import EPOCH, Epoch, TakenContent, Waiting
from openmai.talk.errors import Refused
from openmai.talk.models import Join, Persona, Post, Thread
from openmai.talk.rules import Rules
from openmai.talk.standing import KeyTaken, PersonaExists
from openmai.talk.ticker import Ticker
from openmai.talk.verifying import Verify


def test_what_comes_after_the_tick_was_closed_waits_for_the_next(talk: Talk):
    early, late = talk.cast.opening(), talk.cast.opening(title="Late")
    talk.accepted(talk.cast.submission(talk.cast.alice, early))
    tick = datetime(2026, 3, 20, 10, 10, tzinfo=UTC)
    EPOCH.close(tick)
    # Accepted at 10:09:59 by its own clock, but the stock was taken already.
    talk.now = tick - timedelta(seconds=1)
    receipt = talk.accepted(talk.cast.submission(talk.cast.bob, late))
    assert receipt["due"] == "2026-03-20T10:20:00Z"
    talk.tick()
    assert [bytes(thread.id) for thread in Thread.objects.all()] == [early.id]
    talk.tick()
    assert Thread.objects.count() == 2


def test_replies_and_activity_are_counted_at_the_tick(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    opened = Thread.objects.get().active_at
    talk.published(
        talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)),
        talk.cast.submission(talk.cast.alice, talk.cast.reply(opening, body="Two."), None),
    )
    thread = Thread.objects.get()
    assert (thread.replies, thread.opened_at, thread.active_at) == (2, opened, talk.now)


def test_a_row_that_the_database_refuses_falls_alone(talk: Talk):
    openings = [talk.cast.opening(title=f"Thread {number}") for number in range(5)]
    for opening in openings:
        talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    # Another process was faster with one persona of one of them.
    guilty = sorted(openings, key=lambda each: each.id)[2]
    waiting = EPOCH.get(guilty.id)
    assert waiting is not None
    blocked = Epoch()
    accept_submission(
        talk.cast.submission(talk.cast.alice, guilty), epoch=blocked, rules=talk.rules, now=talk.now
    )
    write_tick(epoch=blocked, rules=talk.rules, now=talk.now + timedelta(seconds=600))
    Join.objects.filter(content=guilty.id).delete()
    Post.objects.filter(id=guilty.id).delete()

    report = talk.tick()
    assert (report.written, report.dropped) == (4, 1)
    assert {bytes(post.id) for post in Post.objects.all()} == {each.id for each in openings} - {guilty.id}
    assert len(EPOCH) == 0


def epoch_with(talk: Talk, bad: Content, spoil: Callable[[Waiting], Waiting]) -> Epoch:
    """What waits, in a memory of its own, with one submission spoiled past all checks."""
    epoch = Epoch()
    for item in EPOCH.close(talk.now + talk.rules.tick):
        kept = spoil(item) if item.id == bad.id else item
        epoch.add(kept, generation=epoch.generation, tick=talk.rules.tick)
    return epoch


def test_a_row_that_refers_to_nothing_falls_beside_the_others_and_not_at_their_commit(talk: Talk):
    openings = [talk.cast.opening(title=f"Thread {number}") for number in range(3)]
    for opening in openings:
        talk.accepted(talk.cast.submission(talk.cast.bob, opening))

    def of_no_roster(item: Waiting) -> Waiting:
        assert item.entry is not None
        return replace(item, entry=replace(item.entry, statement=b"\1" * 32))

    epoch = epoch_with(talk, openings[0], of_no_roster)
    report = write_tick(epoch=epoch, rules=talk.rules, now=talk.now + talk.rules.tick)
    assert (report.written, report.dropped) == (2, 1)
    assert {bytes(post.id) for post in Post.objects.all()} == {each.id for each in openings[1:]}


@pytest.mark.parametrize("where", ["opening", "reply"])
def test_a_value_that_the_database_cannot_hold_falls_alone(talk: Talk, where: str):
    """No check lets a NUL through; if one ever did, PostgreSQL's jsonb would refuse the whole statement."""
    old = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, old))
    openings = [talk.cast.opening(title=f"Thread {number}") for number in range(4)]
    replies = [talk.cast.reply(old, body=f"Reply {number}") for number in range(3)]
    bad = openings[0] if where == "opening" else replies[0]
    for content in (*openings, *replies):
        member, roster = (talk.cast.mallory, "site") if content is bad else (talk.cast.bob, HARBOUR)
        talk.accepted(talk.cast.submission(member, content, roster))
    epoch = epoch_with(talk, bad, lambda item: replace(item, content=replace(item.content, body="\0")))

    report = write_tick(epoch=epoch, rules=talk.rules, now=talk.now + talk.rules.tick)

    assert (report.written, report.dropped) == (6, 1)
    published = {bytes(post.id) for post in Post.objects.all()}
    assert published == {each.id for each in (old, *openings, *replies)} - {bad.id}
    assert Thread.objects.get(id=old.id).replies == (3 if where == "opening" else 2)
    assert len(epoch) == 0


def test_what_another_process_published_is_not_written_again(talk: Talk):
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    talk.accepted(body)
    other = Epoch()
    accept_submission(body, epoch=other, rules=talk.rules, now=talk.now)
    write_tick(epoch=other, rules=talk.rules, now=talk.now + timedelta(seconds=600))
    report = talk.tick()
    assert (report.written, report.dropped) == (0, 0)
    assert Post.objects.count() == 1


def test_everything_of_a_tick_is_one_transaction(talk: Talk):
    for number in range(3):
        talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening(title=f"Thread {number}")))
    with CaptureQueriesContext(connection) as captured:
        talk.tick()
    inserts = [each["sql"] for each in captured if 'INSERT INTO "talk_post"' in each["sql"]]
    assert len(inserts) == 1
    ids = [bytes(post.id) for post in Post.objects.all()]
    assert sorted(ids) == sorted(ids, key=lambda each: inserts[0].index(each.hex()))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text FROM talk_post UNION SELECT xmin::text FROM talk_persona "
            "UNION SELECT xmin::text FROM talk_join UNION SELECT xmin::text FROM talk_thread"
        )
        assert len(cursor.fetchall()) == 1
    assert {post.tick for post in Post.objects.all()} == {talk.now}


def test_what_waits_is_not_replaced_by_what_comes_later(talk: Talk):
    opening = talk.cast.opening()
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    first = EPOCH.get(opening.id)
    assert first is not None
    later = replace(first, signature=bytes(64))
    assert EPOCH.add(later, generation=EPOCH.generation, tick=talk.rules.tick) is first
    assert EPOCH.get(opening.id) is first
    with pytest.raises(TakenContent):
        EPOCH.add(replace(first, key=bytes(32)), generation=EPOCH.generation, tick=talk.rules.tick)


def test_without_the_database_everything_waits_for_the_next_tick(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    opening = talk.cast.opening()
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    ticker = Ticker(epoch=EPOCH, rules=talk.rules, clock=lambda: talk.now)

    def unreachable(*_: object) -> None:
        raise OperationalError("connection refused")

    talk.now = datetime(2026, 3, 20, 10, 10, tzinfo=UTC)
    monkeypatch.setattr("openmai.talk.ticker.connection.close", lambda: None)
    with monkeypatch.context() as away:
        away.setattr(ticks_module, "_write", unreachable)
        ticker.tick(talk.now)
    assert EPOCH.written is None
    assert EPOCH.get(opening.id) is not None
    assert talk.send(talk.cast.submission(talk.cast.alice, opening)).json()["due"] == "2026-03-20T10:10:00Z"
    talk.now += timedelta(seconds=600)
    ticker.tick(talk.now)
    assert Post.objects.get().tick == talk.now


@pytest.mark.django_db(transaction=True)
def test_the_ticker_writes_by_itself_and_stops_without_writing(empty_talk: Talk):
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    quick = replace(talk.rules, tick_seconds=1)
    offset = talk.now - utc_now()
    ticker = Ticker(epoch=EPOCH, rules=quick, clock=lambda: utc_now() + offset)
    accept_submission(
        talk.cast.submission(talk.cast.alice, talk.cast.opening()),
        epoch=EPOCH,
        rules=quick,
        now=utc_now() + offset,
    )
    ticker.start()
    for _ in range(100):
        if len(EPOCH) == 0:
            break
        ticker.join(0.1)
    assert Post.objects.count() == 1
    ticker.stop()
    assert not ticker.is_alive()
    written = EPOCH.written
    accept_submission(
        talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Too late")),
        epoch=EPOCH,
        rules=quick,
        now=utc_now() + offset,
    )
    assert (EPOCH.written, len(EPOCH), Post.objects.count()) == (written, 1, 1)


def race(talk: Talk, bodies: list[bytes]) -> list[str]:
    """Send all at the same moment; what came of each."""
    barrier = Barrier(len(bodies))

    def send(body: bytes) -> str:
        barrier.wait()
        try:
            return accept_submission(body, epoch=EPOCH, rules=talk.rules, now=talk.now).state
        except Refused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return sorted(pool.map(send, bodies))


@pytest.mark.django_db(transaction=True)
def test_the_same_submission_sent_by_many_at_once_appears_once(empty_talk: Talk):
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    assert race(talk, [body] * 6) == ["waiting"] * 6
    assert talk.tick().written == 1
    assert Post.objects.count() == Persona.objects.count() == Join.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_keys_at_once_are_still_one_persona(empty_talk: Talk):
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    bodies = []
    for number, owner in enumerate((talk.cast.bob, talk.cast.mallory, talk.cast.charlie)):
        content, key = talk.cast.reply(opening, body=f"Reply {number}"), owner.key_in(opening.id)
        join = talk.cast.entrance(talk.cast.bob, content, key=key)
        bodies.append(build_submission(content=content, key=key, entrance=join))
    assert race(talk, bodies) == ["persona-exists", "persona-exists", "waiting"]
    talk.tick()
    assert Persona.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("thief", ["a second key", "a stolen key"])
def test_a_tick_between_check_and_acceptance_hides_no_persona(
    empty_talk: Talk, monkeypatch: pytest.MonkeyPatch, thief: str
):
    """The database is asked before the tick, the memory after it: neither alone has seen Bob."""
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    content = talk.cast.reply(opening, body="Mine too.")
    if thief == "a second key":
        key = talk.cast.mallory.key_in(opening.id)
        join, refusal = talk.cast.entrance(talk.cast.bob, content, key=key), PersonaExists
    else:
        key = talk.cast.bob.key_in(opening.id)
        join, refusal = talk.cast.entrance(talk.cast.mallory, content, "site", key=key), KeyTaken
    body = build_submission(content=content, key=key, entrance=join)
    from openmai.talk.actions import submissions

    check = submissions._check_proofs

    def slow(spoken: submissions._Spoken, bans: InForce, rules: Rules, verify: Verify) -> None:
        monkeypatch.setattr(submissions, "_check_proofs", check)
        talk.published(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
        check(spoken, bans, rules, verify)

    monkeypatch.setattr(submissions, "_check_proofs", slow)
    with pytest.raises(refusal):
        accept_submission(body, epoch=EPOCH, rules=talk.rules, now=talk.now)


def test_two_personas_with_the_same_words_are_told_apart_by_a_number(talk: Talk):
    from tests.talk.long_threads import invented_persona

    from openmai.anonymity.aliases import alias_of

    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    join = talk.cast.join(talk.cast.bob, talk.cast.reply(opening))
    alias = alias_of(join.proof.nullifier)
    namesake = invented_persona(opening.id, 1, talk.now)
    namesake.words = alias.en
    namesake.save(force_insert=True)
    talk.published(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert f"{alias.en} {alias.suffix}" in page


def test_constraints_hold_what_the_code_promises(talk: Talk):
    from django.db import IntegrityError

    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    persona, post = Persona.objects.get(), Post.objects.get()
    for row, changes in (
        (persona, {"id": b"\1" * 32}),
        (persona, {"id": b"\1" * 32, "nullifier": b"\1" * 32}),
        (persona, {"id": b"\1" * 32, "key": b"\1" * 32}),
        (persona, {"id": b"\1" * 31, "key": b"\1" * 32, "nullifier": b"\1" * 32}),
        (post, {"id": b"\1" * 32}),
        (post, {"id": b"\1" * 32, "position": 1, "branch": 2}),
        (post, {"id": b"\1" * 32, "position": 1, "branch": 0, "signature": b""}),
    ):
        copy = type(row).objects.get(pk=row.pk)
        for name, value in changes.items():
            setattr(copy, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_a_restarted_database_is_noticed_by_nobody(empty_talk: Talk):
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.alice, opening)

    def cut() -> None:
        """What a restart of the server does to a connection that stays open in a thread."""
        connection.ensure_connection()
        connection.connection.close()

    cut()
    talk.accepted(body)
    ticker = Ticker(epoch=EPOCH, rules=talk.rules, clock=lambda: talk.now)
    talk.now = datetime(2026, 3, 20, 10, 10, tzinfo=UTC)
    ticker.tick(talk.now)
    cut()
    assert talk.get(f"/en/t/{opening.id.hex()}/").status_code == 200
