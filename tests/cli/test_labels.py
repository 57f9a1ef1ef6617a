"""Whom one speaks as: chosen in each thread, never silently, and for good; and how the outbox tells of it."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.cli.conftest import Files, Run, site_facts
from tests.factories.cast import DOMAIN, HARBOUR, HARBOUR_PROVABLE, SITE, Cast

from openmai.anonymity.content import Content, Reply
from openmai.anonymity.encoding import Domain
from openmai.anonymity.seasons import season_at, season_called
from openmai.anonymity.submission import build_submission, parse_submission
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.gate import MemberGate
from openmai.cli.member.home import Home
from openmai.cli.member.identity import Identity
from openmai.cli.member.mirror import Mirror
from openmai.cli.member.outbox import Entry, Outbox, Persona
from openmai.cli.member.pins import Pins
from openmai.cli.member.show import Progress
from openmai.cli.member.speaking import JOIN_HOLDS, Speaker
from openmai.cli.member.web import Web

NOW = season_called(DOMAIN.season).starts + 1000
LATER = NOW + 10**9


@dataclass
class Desk:
    """Alice at her machine; the site answers nothing, so whatever goes beyond the choice of a label fails."""

    speaker: Speaker
    outbox: Outbox

    def say(self, content: Content, wanted: str | None) -> Entry:
        return self.speaker.prepare(content, wanted=wanted)


@pytest.fixture
def desk(cast: Cast, files: Files, home: Home, tmp_path: Path) -> Desk:
    facts = site_facts(cast)
    mirror = Mirror(Web(files.origin), facts, Pins(cast.roster_key, 1), home, Progress())
    rosters = ("site", HARBOUR, HARBOUR_PROVABLE)
    alice = Identity(DOMAIN, cast.alice.commitment, cast.alice.secret, rosters)
    outbox = Outbox(home, DOMAIN)
    gate = MemberGate(mirror.web, facts, home, tmp_path, Progress())
    speaker = Speaker(alice, mirror, outbox, gate, tmp_path, lambda: NOW, lambda _: None, lambda _: 0, 20)
    return Desk(speaker, outbox)


def test_no_label_is_chosen_for_the_member(desk: Desk, cast: Cast, files: Files):
    opening = cast.opening()
    for content in (opening, cast.reply(opening)):
        with pytest.raises(Usage, match="--as and one of: harbour-logistics, site"):
            desk.say(content, None)
    assert files.asked == []


@pytest.mark.parametrize("joined", [NOW, NOW - JOIN_HOLDS - 1])
def test_the_label_of_a_thread_that_was_entered_stays(desk: Desk, cast: Cast, files: Files, joined: int):
    opening = cast.opening()
    desk.outbox.remember(opening.id, Persona(HARBOUR, joined))
    for other in ("site", HARBOUR_PROVABLE, "orchid-kitchen"):
        with pytest.raises(Refused, match=f"as {HARBOUR} already") as refused:
            desk.say(cast.reply(opening), other)
        assert refused.value.code == "label-fixed"
    assert files.asked == []
    assert list(desk.outbox.entries()) == []
    assert desk.outbox.persona(opening.id) == Persona(HARBOUR, joined)


@pytest.mark.parametrize("wanted", [None, HARBOUR, "harbour-logistics"])
def test_who_has_entered_need_not_choose_again(desk: Desk, cast: Cast, wanted: str | None):
    opening = cast.opening()
    desk.outbox.remember(opening.id, Persona(HARBOUR, NOW))
    assert desk.say(cast.reply(opening), wanted).roster == HARBOUR


def test_a_first_word_that_still_waits_binds_too_but_one_that_was_refused_does_not(desk: Desk, cast: Cast):
    opening = cast.opening()
    waiting = Entry(
        parse_submission(cast.submission(cast.alice, opening), domain=DOMAIN), "http://127.0.0.1:1", HARBOUR
    )
    desk.outbox.put(waiting)
    with pytest.raises(Refused, match="cannot change"):
        desk.say(cast.reply(opening), "site")
    desk.outbox.put(replace(waiting, refused="below-floor"))
    with pytest.raises(Usage, match="--as"):
        desk.say(cast.reply(opening), None)


@pytest.mark.parametrize(
    ("changes", "state", "english", "chinese"),
    [
        ({}, "new", "not sent yet", "尚未发送"),
        ({"not_before": LATER}, "later", "kept for later", "留待以后发送"),
        ({"due": "2026-03-20T10:10:00Z"}, "waiting", "accepted, not seen", "已接受，尚未看到发布"),
        (
            {"refused": "label-changed"},
            "refused (label-changed)",
            "refused by the site (label-changed)",
            "被站点拒绝（label-changed）",
        ),
    ],
)
def test_the_outbox_tells_its_states_in_words_and_programs_the_code(
    run: Run, home: Home, cast: Cast, changes: dict[str, object], state: str, english: str, chinese: str
):
    # Of today's season: the outbox of one long over is deleted.
    today = Domain(SITE, season_at(int(time.time())).id)
    reply = Reply(today.site, today.season, b"t" * 32, None, "Same here.", b"n" * 16)
    body = build_submission(content=reply, key=cast.alice.key_in(reply.thread, today), entrance=None)
    entry = Entry(parse_submission(body, domain=today), "http://127.0.0.1:1", HARBOUR)
    Outbox(home, today).put(replace(entry, **changes))  # type: ignore[arg-type]  # the entry's own fields
    assert english in run("outbox", "list").out
    assert chinese in run("outbox", "list", LANGUAGE="zh_CN").out
    [told] = json.loads(run("outbox", "list", "--json").out)
    assert told["state"] == state
