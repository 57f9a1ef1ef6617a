"""What a submission may not speak in, answer, or rest on: threads, parents, roots, crowds too small."""

from dataclasses import replace
from datetime import timedelta

from tests.factories.cast import HARBOUR, ORCHID
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused

from openmai.anonymity.submission import build_submission


def test_a_thread_that_is_unknown_or_waits_cannot_be_answered(talk: Talk):
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.bob, talk.cast.reply(opening))
    unknown = check_refused(talk, body, status=404, code="thread-not-found", pointer="/content/thread")
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    waiting = check_refused(talk, body, status=404, code="thread-not-found", pointer="/content/thread")
    assert "waits" in waiting["detail"]
    assert waiting["detail"] != unknown["detail"]
    talk.tick()
    talk.accepted(body)


def test_a_parent_must_be_published_in_the_same_thread(talk: Talk):
    opening, other = talk.cast.opening(), talk.cast.opening(title="Pay", body="When?")
    talk.published(
        talk.cast.submission(talk.cast.alice, opening), talk.cast.submission(talk.cast.alice, other)
    )
    for parent in (b"\1" * 32, other.id):
        body = talk.cast.submission(talk.cast.bob, talk.cast.reply(opening, parent=parent))
        check_refused(talk, body, status=404, code="parent-not-found", pointer="/content/parent")


def test_a_thread_is_not_answered_with_the_key_of_another_season(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.pass_time(timedelta(days=90))
    reply = replace(talk.cast.reply(opening), season="s229")
    join = talk.cast.entrance(talk.cast.alice, talk.cast.reply(opening))
    body = build_submission(content=reply, key=talk.cast.alice.key_in(opening.id), entrance=join)
    check_refused(talk, body, status=422, code="wrong-season", pointer="/content/thread")


def test_a_superseded_root_is_accepted_for_its_grace_and_no_longer(talk: Talk):
    opening = talk.cast.opening()
    talk.take_over(talk.cast.publish(HARBOUR, others=30, epoch=2), serial=2)
    talk.pass_time(talk.rules.root_grace)
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    talk.pass_time(timedelta(seconds=1))
    late = talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Late"))
    check_refused(talk, late, status=422, code="superseded-root", pointer="/join/root")


def test_a_crowd_below_the_floor_hides_nobody(talk: Talk):
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.mallory, opening, ORCHID)
    check_refused(talk, body, status=422, code="below-floor", pointer="/join/roster")
    # Thirty leaves, nineteen of them old enough.
    young = talk.cast.publish(HARBOUR, others=30, epoch=2, settled=19)
    talk.take_over(young, serial=2)
    body = talk.cast.submission(talk.cast.alice, opening, young)
    check_refused(talk, body, status=422, code="below-floor", pointer="/join/roster")
