"""A season ends: the member's machine notices, speaks on in old threads, and forgets the old key on time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Files, keep_artifacts, site_document
from tests.cli.test_mirror import serve
from tests.factories.cast import DOMAIN, HARBOUR, SEASON, SITE, Cast

from openmai.anonymity.bans import BanList
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.seasons import open_seasons, season_called
from openmai.anonymity.submission import parse_submission
from openmai.cli.member.errors import IdentityTrouble, Refused
from openmai.cli.member.home import Home
from openmai.cli.member.identity import Identity, identity_exists, save_identity
from openmai.cli.member.member import Member, known_identities
from openmai.cli.member.pins import Pins, write_season_pins
from openmai.cli.member.show import Progress

DAY = 86_400
ENDS = season_called(SEASON).ends
CLOSES = ENDS + 14 * DAY
Start = Callable[..., Member]


class Told(Progress):
    """Keeps what the person is advised."""

    def __init__(self) -> None:
        super().__init__()
        self.advice: list[str] = []

    def advise(self, text: str) -> None:
        self.advice.append(text)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def start(
    cast: Cast, files: Files, home: Home, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Start:
    """Begin a command at a moment; `site` is what the site's clock says then. Alice has a key of s228."""
    cache = tmp_path / "cache"
    keep_artifacts(cache / "openmai")
    monkeypatch.setenv("OPENMAI_HOME", str(home.folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    save_identity(home, Identity(DOMAIN, cast.alice.commitment, cast.alice.secret, (HARBOUR,)))
    serve(files, cast)
    files.put(f"/api/v1/bans?season={SEASON}", BanList(SITE, SEASON, 0, ()).encoded())
    files.answers[f"/rosters/{SEASON}/index.json"] = files.answers.pop("/rosters/index.json")

    def begin(now: int, *, site: int | None = None) -> Member:
        files.put("/api/v1/site", site_document(cast, now=now if site is None else site))
        return Member.at(files.origin, now=now, progress=told)

    return begin


def nobody() -> str:
    raise AssertionError("nothing is locked")


def test_open_seasons_are_the_current_one_and_for_two_weeks_the_past_one():
    assert [each.id for each in open_seasons(ENDS - 1)] == ["s228"]
    assert [each.id for each in open_seasons(ENDS)] == ["s229", "s228"]
    assert [each.id for each in open_seasons(CLOSES - 1)] == ["s229", "s228"]
    assert [each.id for each in open_seasons(CLOSES)] == ["s229"]
    assert [each.id for each in open_seasons(0)] == ["s0"]


def test_a_new_season_asks_for_a_new_key_and_says_until_when_the_old_one_speaks(start: Start):
    with pytest.raises(IdentityTrouble, match=r"Season s229 .* identity new.* s228 speaks .* 2026-06-20"):
        start(ENDS).load(nobody)


def test_an_old_thread_is_answered_with_the_old_key_under_the_old_roster(
    start: Start, cast: Cast, files: Files
):
    opening = cast.opening()
    files.put(f"/p/{opening.id.hex()}/proof.json", cast.proof_file(cast.bob, opening))
    carried = cast.checkpoint_of(cast.rosters[HARBOUR])
    files.put(f"/api/v1/threads/{opening.id.hex()}", canonical_json({"checkpoints": [carried]}))
    files.put(f"/api/v1/rosters?season={SEASON}", files.answers.pop("/api/v1/rosters")[2])
    now = CLOSES - 1
    member = start(now)
    reply = member.reply(opening.id.hex(), body="Still here.", nonce=bytes(16))
    speaking = member.of_season(reply.season)
    speaker = speaking.speaker(
        floor=None, ask_code=nobody, clock=lambda: now, randbelow=cast.rng.randrange, sleep=lambda _: None
    )
    entry = speaker.prepare(reply, wanted=HARBOUR)
    sent = parse_submission(entry.body, domain=Domain(SITE, "s229"), past=SEASON)
    assert sent.join is not None
    assert (sent.content.season, sent.join.proof.root) == (SEASON, cast.rosters[HARBOUR].tree.root)
    assert [each.action for each in speaking.outbox.entries()] == [sent.id]
    assert member.drop(sent.id.hex()[:8]) == sent.id


def test_an_old_thread_is_closed_after_two_weeks(start: Start, cast: Cast, files: Files):
    opening = cast.opening()
    files.put(f"/p/{opening.id.hex()}/proof.json", cast.proof_file(cast.bob, opening))
    with pytest.raises(Refused, match="no longer be answered"):
        start(CLOSES).reply(opening.id.hex(), body="Late.", nonce=bytes(16))


def test_the_old_index_cannot_be_rolled_back_when_the_season_is_over(start: Start, cast: Cast, home: Home):
    write_season_pins(home, DOMAIN, Pins(cast.roster_key, 7, b"x" * 32))
    speaking = start(ENDS).of_season(SEASON)
    speaker = speaking.speaker(
        floor=None, ask_code=nobody, clock=lambda: ENDS, randbelow=cast.rng.randrange, sleep=lambda _: None
    )
    with pytest.raises(Refused, match="index"):
        speaker.prepare(cast.reply(cast.opening()), wanted=HARBOUR)


def test_the_old_key_is_deleted_on_time_by_whatever_command_comes_first(start: Start, home: Home, told: Told):
    start(CLOSES - 1)
    assert identity_exists(home, DOMAIN)
    start(CLOSES)
    assert not home.season(SITE, SEASON).exists()
    assert any("Deleted the key" in each and SEASON in each for each in told.advice)


def test_the_old_key_is_deleted_on_time_without_a_site_too(home: Home, start: Start, told: Told):
    start(ENDS)
    assert [each["season"] for each in known_identities(now=CLOSES - 1, progress=told)] == [SEASON]
    assert known_identities(now=CLOSES, progress=told) == []


def test_a_clock_a_day_fast_is_told_and_costs_no_key(start: Start, home: Home, told: Told):
    start(CLOSES, site=CLOSES - DAY)
    assert identity_exists(home, DOMAIN)
    assert any("1430 minutes ahead" in each for each in told.advice)
    assert any("kept until both agree" in each for each in told.advice)
    # Nor does a command that does not ask the site.
    known_identities(now=CLOSES + DAY // 2, progress=told)
    assert identity_exists(home, DOMAIN)
    start(CLOSES, site=CLOSES)
    assert not identity_exists(home, DOMAIN)


def test_a_clock_a_day_slow_is_told_and_a_site_cannot_have_a_key_deleted(
    start: Start, home: Home, told: Told
):
    start(CLOSES - DAY, site=CLOSES)
    assert identity_exists(home, DOMAIN)
    assert any("minutes behind" in each for each in told.advice)


def test_clocks_that_are_in_different_seasons_speak_nowhere_and_lose_nothing(start: Start, home: Home):
    for now, site in ((ENDS - DAY // 2, ENDS + DAY // 2), (ENDS + DAY // 2, ENDS - DAY // 2)):
        with pytest.raises(Refused, match="season"):
            start(now, site=site)
    assert identity_exists(home, DOMAIN)


def test_clocks_that_agree_are_not_spoken_of(start: Start, told: Told):
    start(ENDS - 5, site=ENDS - 300)
    assert told.advice == []
