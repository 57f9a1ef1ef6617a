"""What others in a thread say to have seen of the log: compared where it can be, and not put off for ever."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Files
from tests.cli.test_log import grown, put, site
from tests.factories.cast import SITE

from openmai.anonymity.log.merkle import TreeHead
from openmai.cli.member.errors import IdentityTrouble, Refused
from openmai.cli.member.home import Home
from openmai.cli.member.log import SiteLog
from openmai.cli.member.log_claims import note_ahead

__all__ = ["site"]
THREAD = bytes([171]) * 32
TODAY = 1_772_000_000 // 86_400 * 86_400 + 82_800
AHEAD = TreeHead(301, bytes(32))
FORKED = grown(120, fork_at=60).head()


def refusal(
    site: SiteLog, files: Files, *carried: TreeHead, joined: TreeHead | None = None, days: int = 0
) -> str:
    """The code with which a thread is refused in which these are carried."""
    document = {"checkpoints": [each.text for each in carried]}
    files.put(f"/api/v1/threads/{THREAD.hex()}", json.dumps(document).encode())
    own = joined or grown(5).head()
    with pytest.raises(Refused) as refused:
        site.check_thread(site.view(), THREAD, joined=own, now=TODAY + days * 86_400)
    return refused.value.code


def evidence(home: Home) -> list[str]:
    return [path.read_text() for path in (home.log(SITE).parent / "evidence").glob("*.txt")]


def test_a_claim_that_is_ahead_hides_no_fork(site: SiteLog, files: Files, home: Home):
    assert refusal(site, files, AHEAD, FORKED) == "thread-log-differs"
    [kept] = evidence(home)
    assert kept.startswith(grown(300).checkpoint().data.decode())
    assert f"thread {THREAD.hex()}\n{FORKED.text}\n" in kept


def test_nor_does_the_one_of_the_post_that_is_answered(site: SiteLog, files: Files):
    assert refusal(site, files, FORKED, joined=AHEAD) == "thread-log-differs"
    assert refusal(site, files, joined=FORKED) == "thread-log-differs"


def test_the_newest_checkpoint_is_asked_for_once_more(site: SiteLog, files: Files):
    files.put(
        f"/api/v1/threads/{THREAD.hex()}", json.dumps({"checkpoints": [grown(310).head().text]}).encode()
    )
    view = site.view()
    put(files, grown(310))
    site.check_thread(view, THREAD, joined=grown(5).head(), now=TODAY)


def test_whoever_stays_ahead_for_more_than_a_day_was_shown_another_log(
    site: SiteLog, files: Files, home: Home
):
    other = TreeHead(301, bytes([1]) * 32)
    assert [refusal(site, files, AHEAD, days=days) for days in (0, 1)] == ["log-behind"] * 2
    assert refusal(site, files, other, days=2) == "log-behind", "seen today for the first time"
    assert evidence(home) == []
    assert refusal(site, files, other, AHEAD, days=2) == "thread-log-differs"
    [kept] = evidence(home)
    assert AHEAD.text in kept


def test_a_claim_that_was_reached_is_forgotten(site: SiteLog, files: Files, home: Home):
    late = grown(305).head()
    assert refusal(site, files, late) == "log-behind"
    put(files, grown(310))
    assert refusal(site, files, TreeHead(311, bytes(32))) == "log-behind"
    noted: Path = home.log(SITE).with_name("log-ahead.json")
    assert list(json.loads(noted.read_text())["claims"]) == [TreeHead(311, bytes(32)).text]
    noted.write_text('{"claims": {"nothing": 1}}')
    with pytest.raises(IdentityTrouble, match="damaged"):
        note_ahead(home, SITE, [AHEAD], shown=300, day=1)
