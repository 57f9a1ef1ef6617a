"""What is believed of a talk site's answers, and what the outbox keeps of one's own."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.cli.conftest import Files, site_document
from tests.factories.cast import DOMAIN, HARBOUR, SEASON, SITE, Cast

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.seasons import season_called
from openmai.anonymity.submission import Submission, parse_submission
from openmai.cli.member.errors import IdentityTrouble, Refused, Unreachable, Usage
from openmai.cli.member.home import Home
from openmai.cli.member.outbox import Entry, Outbox, Persona
from openmai.cli.member.pins import Pins, pin_roster_key, read_pins
from openmai.cli.member.sites import SiteFacts, fetch_facts, fetch_state, submit
from openmai.cli.member.web import Web

NOW = season_called(SEASON).starts + 1000
DUE = "2026-03-20T10:10:00Z"


@pytest.fixture
def facts(cast: Cast, files: Files) -> SiteFacts:
    files.put("/api/v1/site", site_document(cast, now=NOW))
    return fetch_facts(Web(files.origin), now=NOW)


@pytest.fixture
def submission(cast: Cast) -> Submission:
    return parse_submission(cast.submission(cast.alice, cast.opening()), domain=DOMAIN)


def test_a_site_says_who_it_is(cast: Cast, facts: SiteFacts):
    assert facts.domain == DOMAIN
    assert facts.roster_key == cast.roster_key
    assert facts.receipt_key == public_bytes(cast.receipt_key)
    assert facts.sections == ("work",)


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "../../etc"},
        {"site": 5},
        {"season": None},
        {"tick_seconds": "600"},
        {"tick_seconds": 0},
        {"floor": True},
        {"roster_key": "ab"},
        {"receipt_key": None},
        {"people_origin": "http://people.example"},
        {"sections": [{}]},
        {"sections": None},
    ],
)
def test_a_site_that_says_nonsense_is_none(cast: Cast, files: Files, changes: dict[str, object]):
    files.put("/api/v1/site", site_document(cast, now=NOW, **changes))
    with pytest.raises(Unreachable, match="no talk site"):
        fetch_facts(Web(files.origin), now=NOW)


def test_a_receipt_is_the_sites_own(cast: Cast, files: Files, facts: SiteFacts, submission: Submission):
    def answer(key: Ed25519PrivateKey, *, action: bytes = submission.id, due: str = DUE) -> None:
        document = {
            "action": submission.id.hex(),
            "state": "waiting",
            "due": DUE,
            "key": public_bytes(key).hex(),
            "signature": key.sign(DOMAIN.receipt_bytes(action, due)).hex(),
        }
        files.put("/api/v1/submissions", canonical_json(document), status=202)

    def send() -> str:
        body = canonical_json(submission.document())
        return submit(Web(files.origin), body, action=submission.id, facts=facts).due

    answer(cast.receipt_key)
    assert send() == DUE
    forgeries: list[Callable[[], None]] = [
        lambda: answer(Ed25519PrivateKey.from_private_bytes(b"m" * 32)),
        lambda: answer(cast.receipt_key, action=b"a" * 32),
        lambda: answer(cast.receipt_key, due="2027-03-20T10:10:00Z"),
    ]
    for forge in forgeries:
        forge()
        with pytest.raises(Refused, match="no valid receipt"):
            send()


def test_the_state_of_a_post_is_one_of_three(files: Files):
    files.put(f"/api/v1/actions/{'ab' * 32}", b'{"state":"waiting"}')
    assert fetch_state(Web(files.origin), b"\xab" * 32) == "waiting"
    files.put(f"/api/v1/actions/{'ab' * 32}", b'{"state":"gone"}')
    with pytest.raises(Unreachable):
        fetch_state(Web(files.origin), b"\xab" * 32)


def test_a_roster_key_is_pinned_at_first_sight(home: Home):
    assert pin_roster_key(home, SITE, b"a" * 32) == Pins(b"a" * 32, 0)
    assert read_pins(home, SITE) == Pins(b"a" * 32, 0)
    with pytest.raises(Refused, match="another roster key"):
        pin_roster_key(home, SITE, b"b" * 32)
    with pytest.raises(Refused, match="another roster key"):
        pin_roster_key(home, SITE, b"a" * 32, expected=b"c" * 32)


def test_the_outbox_keeps_the_very_bytes(home: Home, submission: Submission):
    outbox = Outbox(home, DOMAIN)
    entry = Entry(submission, "http://127.0.0.1:8001", HARBOUR)
    outbox.put(entry)
    [kept] = outbox.entries()
    assert kept == entry
    assert kept.body == canonical_json(submission.document())
    outbox.put(replace(entry, due=DUE))
    assert [each.due for each in outbox.entries()] == [DUE]
    assert outbox.find(submission.id.hex()[:6]).action == submission.id
    with pytest.raises(Usage):
        outbox.find("x")
    outbox.remove(submission.id)
    assert list(outbox.entries()) == []


def test_a_damaged_outbox_is_not_sent(home: Home, submission: Submission):
    outbox = Outbox(home, DOMAIN)
    outbox.put(Entry(submission, "http://127.0.0.1:8001", HARBOUR))
    [path] = (home.season(SITE, SEASON) / "outbox").iterdir()
    document = json.loads(path.read_text())
    document["submission"]["content"]["title"] = " untidy"
    path.write_bytes(canonical_json(document))
    with pytest.raises(IdentityTrouble, match="damaged"):
        list(outbox.entries())


def test_how_one_entered_a_thread_is_remembered(home: Home):
    outbox = Outbox(home, DOMAIN)
    assert outbox.persona(b"t" * 32) is None
    outbox.remember(b"t" * 32, Persona(HARBOUR, NOW))
    assert outbox.persona(b"t" * 32) == Persona(HARBOUR, NOW)
