"""Rows 7 and 10 of the threat model's table of attacks, for the command line.

`frontend/tests/attacks.test.ts` has them for the browser's code.
"""

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Files, files, home, keep_artifacts, serve_log, site_document
from tests.factories.cast import DOMAIN, HARBOUR, SEASON, SITE, Cast

from openmai.anonymity.bans import BanList
from openmai.anonymity.content import Content
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.fields import R, be32
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.seasons import season_called
from openmai.anonymity.tickets import Ticket, encode_ticket
from openmai.cli.member import recovery
from openmai.cli.member.errors import Refused
from openmai.cli.member.home import Home
from openmai.cli.member.member import Member
from openmai.cli.member.show import Progress
from openmai.cli.member.sites import fetch_facts
from openmai.cli.member.speaking import Speaker
from openmai.cli.member.web import Web

__all__ = ["files", "home"]

NOW = season_called(SEASON).starts + 1000
DUE = "2026-03-20T10:10:00Z"
RANDOM = random.Random("a member's machine")


@pytest.fixture
def member(cast: Cast, files: Files, home: Home, tmp_path: Path) -> Member:
    """Somebody new at a talk site, which is the people site as well."""
    serve_log(files, cast)
    files.put("/api/v1/site", site_document(cast, now=NOW, people_origin=files.origin))
    keep_artifacts(tmp_path)
    web = Web(files.origin)
    return Member(home, tmp_path, web, fetch_facts(web, now=NOW), NOW, Progress())


# 7. A thread id reused for other content


def show(files: Files, post: bytes, proof_file: bytes | dict[str, Any]) -> None:
    """What the site serves as the proof file of a post."""
    data = canonical_json(proof_file) if isinstance(proof_file, dict) else proof_file
    files.put(f"/p/{post.hex()}/proof.json", data)


def answer(member: Member, post: bytes) -> Content:
    return member.reply(post.hex(), body="Same here.", nonce=b"n" * 16)


def test_7_the_true_thread_is_answered(member: Member, cast: Cast, files: Files):
    opening = cast.opening()
    show(files, opening.id, cast.proof_file(cast.alice, opening))
    carried = [cast.checkpoint_of(cast.rosters[HARBOUR])]
    files.put(f"/api/v1/threads/{opening.id.hex()}", canonical_json({"checkpoints": carried}))
    assert answer(member, opening.id).thread_id == opening.id


def test_7_another_thread_under_the_same_id_is_refused(member: Member, cast: Cast, files: Files):
    opening, other = cast.opening(), cast.opening(title="Another thread")
    show(files, opening.id, cast.proof_file(cast.alice, other))
    with pytest.raises(Refused, match="another post than the one that was asked for"):
        answer(member, opening.id)


@pytest.mark.parametrize("field", ["title", "body", "nonce", "section"])
def test_7_an_opening_with_other_words_is_refused(member: Member, cast: Cast, files: Files, field: str):
    """Every proof and signature in the file is genuine, and a reply into the thread is asked for."""
    opening = cast.opening()
    reply = cast.reply(opening)
    document = json.loads(cast.proof_file(cast.bob, opening, reply))
    document["opening"][field] = "ab" * 16 if field == "nonce" else "another"
    show(files, reply.id, document)
    with pytest.raises(Refused, match="cannot be trusted; content: the post answers in another thread"):
        answer(member, reply.id)


def test_7_a_reply_moved_into_another_thread_is_refused(member: Member, cast: Cast, files: Files):
    opening, other = cast.opening(), cast.opening(title="Another thread")
    reply = cast.reply(opening)
    document = json.loads(cast.proof_file(cast.bob, opening, reply))
    show(files, reply.id, document | {"opening": other.document()})
    with pytest.raises(Refused, match="cannot be trusted"):
        answer(member, reply.id)


# 10. The public key

# Baby Jubjub (EIP-2494): a·x² + y² = 1 + d·x²·y².
A, D = 168700, 168696
BASE = (
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)


def public_key(secret: int) -> tuple[int, int]:
    """secret·Base8, which no code of the package ever computes outside the circuit."""
    total, double = (0, 1), BASE
    while secret:
        if secret & 1:
            total = add(total, double)
        secret, double = secret >> 1, add(double, double)
    return total


def add(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + y1 * x2) * pow(1 + product, -1, R)
    y = (y1 * y2 - A * x1 * x2) * pow(1 - product, -1, R)
    return x % R, y % R


def spellings(number: int) -> Iterator[bytes]:
    """The ways in which a number may stand in a file or a message."""
    big = be32(number)
    for data in (big, big[::-1]):
        yield from (data, data.hex().encode(), urlsafe_b64encode(data).rstrip(b"="))
    yield from (str(number).encode(), f"{number:x}".encode())


def do_all(member: Member, cast: Cast, files: Files, *, locked: bool) -> str:
    """Whatever a member does: make a key, enrol, open a thread, send it. Returns the recovery code."""
    made = member.new_identity(
        randbelow=RANDOM.randrange, randbytes=RANDOM.randbytes, locked=locked, roster_key=None
    )
    told = {"commitment": str(made.commitment), "rosters": ["site", HARBOUR]}
    files.put("/api/v1/enrolments", canonical_json(told))
    ticket = Ticket("6f1a2b3c-0d4e-4f5a-8b6c-7d8e9f0a1b2c", bytes(32), SEASON, SITE)
    member.enrol(encode_ticket(ticket), randbelow=RANDOM.randrange, ask_code=lambda: made.code)
    leaves = [*cast.rosters[HARBOUR].tree.leaves, made.commitment]
    roster = cast.sign_roster(HARBOUR, leaves)
    files.put("/rosters/index.json", cast.index(rosters=[roster]))
    files.put(f"/rosters/statements/{roster.signed.name.hex()}.json", roster.signed.envelope)
    files.put(f"/rosters/leaves/{roster.statement.leaves.hex()}.bin", roster.leaves)
    serve_log(files, cast, roster)
    files.put("/api/v1/bans", BanList(SITE, SEASON, 0, ()).encoded())
    send(member.speaker(
        floor=None, ask_code=lambda: made.code, clock=lambda: NOW, randbelow=RANDOM.randrange, sleep=print
    ), cast, files)  # fmt: skip
    return made.code


def send(speaker: Speaker, cast: Cast, files: Files) -> None:
    entry = speaker.prepare(cast.opening(), wanted=HARBOUR)
    receipt = {
        "action": entry.action.hex(),
        "state": "waiting",
        "due": DUE,
        "key": public_bytes(cast.receipt_key).hex(),
        "signature": cast.receipt_key.sign(DOMAIN.receipt_bytes(entry.action, DUE)).hex(),
    }
    files.put("/api/v1/submissions", canonical_json(receipt), status=202)
    speaker.deliver(entry)


@pytest.mark.parametrize("locked", [False, True], ids=["plain", "locked"])
def test_10_the_public_key_is_in_no_file_and_in_no_request(
    member: Member, cast: Cast, files: Files, home: Home, locked: bool
):
    code = do_all(member, cast, files, locked=locked)
    [backup] = home.folder.rglob("backup.json")
    # What is sealed is refused unless it is the secret and not one field more; the rest lies open.
    domain, secret = recovery.read_backup(backup.read_bytes(), code=recovery.read_code(code))
    key = public_key(secret)
    kept = b"\n".join(path.read_bytes() for path in home.folder.rglob("*") if path.is_file())
    sent = b"\n".join([*files.received, *(repr(asked).encode() for asked in files.asked)])
    # The search finds what is there: the commitment of this very key, and the secret of a key not locked.
    commitment = str(poseidon2(*key)).encode()
    assert domain == DOMAIN
    assert commitment in kept
    assert commitment in sent
    assert (str(secret).encode() in kept) is not locked
    assert len(files.received) == 2
    for coordinate in key:
        for spelling in spellings(coordinate):
            assert spelling not in kept
            assert spelling not in sent
    for spelling in spellings(secret):
        assert spelling not in sent
