"""The pieces of the filling, each for itself."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dkim
import pytest

from openmai.anonymity.encoding import Domain
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.log.merkle import EMPTY
from openmai.anonymity.seasons import SEASON_SECONDS
from openmai.demo.community.companies import load_companies
from openmai.demo.community.threads import OLDEST, load_threads
from openmai.demo.dkim_keys import dkim_record, new_dkim_key
from openmai.demo.dkim_signer import sign_message
from openmai.demo.mailbox.work_mail import compose
from openmai.demo.seed.casting import NobodyLeft, Slots, Speaker, cast_thread
from openmai.demo.seed.meter import metered
from openmai.demo.seed.proving import ProverEnded, Provers, Request
from openmai.demo.seed.schedule import TooLateToAnswer, moments
from openmai.demo.seed.timeline import HISTORY, SHORTEST, SeasonTooYoung, timeline
from openmai.demo.seed.trees import Crowd

SEASON_BEGAN = datetime.fromtimestamp(229 * SEASON_SECONDS, UTC)
DOMAIN = Domain("test.openmai.example", "s228")
TICK = timedelta(seconds=5)


def test_history_is_five_days_in_a_settled_season(now: datetime):
    when = timeline(now)
    assert when.now - when.began == HISTORY
    assert when.began == when.joined[0] < when.joined[1] < when.settled < when.talk
    assert when.talk < when.ago(OLDEST)
    assert when.ago(2) == now - timedelta(hours=2)


def test_history_never_reaches_into_the_season_before():
    when = timeline(SEASON_BEGAN + timedelta(hours=10))
    assert when.began == SEASON_BEGAN
    assert when.talk < when.ago(OLDEST) < when.ago(1) < when.now
    # Rosters come out in epochs of their own, also with the demo's shortest history.
    when = timeline(SEASON_BEGAN + SHORTEST)
    assert when.joined[1] - when.joined[0] > timedelta(seconds=20)


def test_a_season_without_a_past_is_refused():
    with pytest.raises(SeasonTooYoung):
        timeline(SEASON_BEGAN + SHORTEST - timedelta(seconds=1))


@pytest.mark.parametrize("age", [SHORTEST, timedelta(days=30)], ids=["young", "settled"])
def test_every_thread_fits_between_its_opening_and_now(age: timedelta):
    when = timeline(SEASON_BEGAN + age)
    rng = random.Random(1)
    for thread in load_threads():
        times = moments(thread, when, tick=TICK, uniform=rng.random)
        assert len(times) == 1 + len(thread.replies)
        assert times[0] == when.ago(thread.hours)
        assert times[0] > when.talk
        assert times[-1] + TICK <= when.now
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) >= TICK


def test_a_tick_that_is_too_long_for_a_young_thread_is_refused(now: datetime):
    youngest = load_threads()[-1]
    with pytest.raises(TooLateToAnswer):
        moments(youngest, timeline(now), tick=timedelta(minutes=10), uniform=lambda: 0.5)


def test_a_thread_without_enough_members_is_refused(now: datetime):
    thread = next(each for each in load_threads() if each.title.startswith("A reviewer"))
    speakers = [Speaker(secret=n, commitment=n, company="paperlantern") for n in (1, 2)]
    trees = {voice.roster: Crowd(LeanIMT([1, 2]), EMPTY.text) for voice in thread.cast.values()}
    with pytest.raises(NobodyLeft):
        cast_thread(
            thread,
            moments(thread, timeline(now), tick=TICK, uniform=lambda: 0.5),
            speakers=speakers,
            trees=trees,
            domain=DOMAIN,
            slots=Slots(30, random.Random(1)),
            draw=random.Random(1),
        )


def test_progress_shows_a_bar_and_the_time_left():
    ticks = iter([0.0, *(10.0 + 2.5 * n for n in range(5))])
    said: list[str] = []
    items = list(metered("abcde", total=5, what="letters", report=said.append, clock=lambda: next(ticks)))
    assert items == list("abcde")
    assert said[0].endswith("letters: 0 of 5")
    # Loading, the first ten seconds, is not reckoned with.
    assert said[1].endswith("letters: 2 of 5, about 8 s left")
    assert said[-1].endswith("letters: 5 of 5")
    assert "░" in said[1]
    assert "░" not in said[-1]


def test_there_is_no_progress_of_nothing():
    said: list[str] = []
    assert list(metered([], total=0, what="letters", report=said.append)) == []
    assert said == []


def test_a_mail_is_signed_as_of_its_time(now: datetime):
    pem, company = new_dkim_key(), load_companies()[0]
    plain = compose(
        sender=f"alice@{company.domain}", to="verify@x.example", subject="b", text="", now=now, token="t"
    )
    signed = sign_message(plain, domain=company.domain, pem=pem, made=now)
    record = dkim_record(pem).encode()
    assert dkim.verify(signed, dnsfunc=lambda _name, timeout=5: record)
    assert f"t={int(now.timestamp())};".encode() in signed
    for forged in (signed.replace(b"Subject: b", b"Subject: c"), signed + b"more\r\n"):
        assert not dkim.verify(forged, dnsfunc=lambda _name, timeout=5: record)


def test_a_prover_that_cannot_start_is_an_error_and_not_a_wait(tmp_path: Path):
    with Provers(tmp_path, 1, processes=1) as provers, pytest.raises(ProverEnded):
        list(provers.prove_all([Request(1, MerklePath(0, (2,)), 3, 4, DOMAIN)]))
