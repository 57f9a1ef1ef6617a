"""What waits has bounds, in posts, in bytes and for each persona; whoever finds no room, or
no database, is told to try again.
"""

from datetime import timedelta

import pytest
from django.db import OperationalError
from tests.talk.conftest import Talk

from openmai.talk import api
from openmai.talk.actions import write_tick
from openmai.talk.epoch import EPOCH, Epoch
from openmai.talk.models import Join as JoinRow
from openmai.talk.models import Persona, Post, RateNullifier, Thread


def test_a_full_memory_says_so(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api, "EPOCH", Epoch(capacity=1))
    talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    body = talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Second"))
    response = talk.send(body)
    assert (response.status_code, response.json()["code"]) == (503, "pool-full")
    assert response["Retry-After"] == "60"


def test_the_memory_is_bounded_in_bytes_too(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api, "EPOCH", Epoch(capacity_bytes=40))
    body = talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Second"))
    for _ in range(2):
        talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
        assert talk.send(body).json()["code"] == "pool-full"
        write_tick(epoch=api.EPOCH, rules=talk.rules, now=talk.now + timedelta(minutes=10))
        assert len(api.EPOCH) == 0
        talk.accepted(body)
        api.EPOCH.clear()
        JoinRow.objects.all().delete()
        RateNullifier.objects.all().delete()
        Post.objects.all().delete()
        Persona.objects.all().delete()
        Thread.objects.all().delete()


def test_without_the_database_nothing_is_accepted_and_the_sender_is_told_to_try_again(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*_: object) -> None:
        raise OperationalError("connection refused")

    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    monkeypatch.setattr("openmai.talk.queries.database._rows", unreachable)
    response = talk.send(body)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert len(EPOCH) == 0
    assert talk.get("/healthz").status_code == 503


def test_one_persona_cannot_take_all_the_room(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    """After one proof replies cost a signature only; Mallory may not fill the epoch with them."""
    monkeypatch.setattr("openmai.talk.epoch.PERSONA_SHARE", 2)
    opening = talk.cast.opening()
    talk.accepted(talk.cast.submission(talk.cast.mallory, opening, "site"))
    write_tick(epoch=EPOCH, rules=talk.rules, now=talk.now + timedelta(minutes=10))
    replies = [
        talk.cast.submission(talk.cast.mallory, talk.cast.reply(opening, body=body), None)
        for body in ("Buy.", "Buy now.", "Buy here.")
    ]
    talk.accepted(replies[0])
    talk.accepted(replies[1])
    response = talk.send(replies[2])
    assert (response.status_code, response.json()["code"]) == (503, "pool-full")
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening, body="No thanks.")))
    talk.accepted(replies[0])
    write_tick(epoch=EPOCH, rules=talk.rules, now=talk.now + timedelta(minutes=20))
    talk.accepted(replies[2])
