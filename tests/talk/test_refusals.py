"""Every refusal of a submission has its own code, says where, and changes nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from tests.factories.cast import HARBOUR, HARBOUR_PROVABLE, ORCHID, SITE
from tests.talk.conftest import Talk

from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import R
from openmai.anonymity.submission import Join, build_submission
from openmai.talk import api
from openmai.talk.actions import write_tick
from openmai.talk.epoch import EPOCH, Epoch
from openmai.talk.models import Join as JoinRow
from openmai.talk.models import Persona, Post, Thread

# The order of Baby Jubjub's and BN254's base field: the x of a point lies below it.
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
Document = dict[str, Any]


def check_refused(talk: Talk, body: bytes, *, status: int, code: str, pointer: str | None) -> Document:
    waiting = len(EPOCH)
    response = talk.send(body)
    problem = dict(response.json())
    assert (response.status_code, problem.get("code"), problem.get("pointer")) == (status, code, pointer)
    assert response["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["detail"].endswith((".", "。"))
    assert len(EPOCH) == waiting
    return problem


def changed(
    *path: str, to: object = None, by: Callable[[Any], Any] | None = None
) -> Callable[[Document], None]:
    """A change of one field of a submission."""

    def change(document: Document) -> None:
        *parents, last = path
        for step in parents:
            document = document[step]
        document[last] = by(document[last]) if by else to

    return change


def without(*path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *parents, last = path
        for step in parents:
            document = document[step]
        del document[last]

    return change


def add_r(decimal: str) -> str:
    return str(int(decimal) + R)


def infinity(_proof: str) -> str:
    """ark-works' compressed point at infinity, for all three points."""
    return ("00" * 31 + "40") + ("00" * 63 + "40") + ("00" * 31 + "40")


def flip_point(proof: str) -> str:
    """The negative of the first point: on the curve, and not the proof."""
    data = bytearray.fromhex(proof)
    data[31] ^= 0x80
    return data.hex()


FORM = {
    "a field too many": (changed("extra", to=1), 422, "unknown-field", "/extra"),
    "a field too many in the content": (
        changed("content", "author", to="Alice"),
        422,
        "unknown-field",
        "/content/author",
    ),
    "a field too few": (without("signature"), 422, "missing-field", "/signature"),
    "a field too few in the join": (without("join", "proof"), 422, "missing-field", "/join/proof"),
    "another version": (changed("version", to=2), 422, "bad-value", "/version"),
    "version true": (changed("version", to=True), 422, "bad-value", "/version"),
    "a title too long": (changed("content", "title", to="x" * 121), 422, "bad-value", "/content/title"),
    "a body too long": (changed("content", "body", to="x" * 10_001), 422, "bad-value", "/content/body"),
    "a control character": (changed("content", "body", to="a\u0007b"), 422, "bad-value", "/content/body"),
    "white space outside": (changed("content", "title", to=" x"), 422, "not-canonical", "/content/title"),
    "text not in NFC": (changed("content", "title", to="e\u0301"), 422, "not-canonical", "/content/title"),
    "a key in capitals": (changed("key", by=str.upper), 422, "not-canonical", "/key"),
    "a root as a number": (changed("join", "root", by=int), 400, "malformed-json", None),
    "a root with a leading zero": (
        changed("join", "root", by=lambda x: "0" + x),
        422,
        "not-canonical",
        "/join/root",
    ),
    "root + r": (changed("join", "root", by=add_r), 422, "not-canonical", "/join/root"),
    "nullifier + r": (changed("join", "nullifier", by=add_r), 422, "not-canonical", "/join/nullifier"),
    "root 0": (changed("join", "root", to="0"), 422, "zero-root", "/join/root"),
    "nullifier 0": (changed("join", "nullifier", to="0"), 422, "bad-nullifier", "/join/nullifier"),
    "a short proof": (changed("join", "proof", by=lambda x: x[2:]), 422, "not-canonical", "/join/proof"),
    "another site": (changed("content", "site", to="evil.example"), 422, "wrong-site", "/content/site"),
    "another season": (changed("content", "season", to="s227"), 422, "wrong-season", "/content/season"),
    "no such section": (
        changed("content", "section", to="gossip"),
        422,
        "unknown-section",
        "/content/section",
    ),
    "an opening without a join": (changed("join", to=None), 422, "join-required", "/join"),
    "an unknown roster": (
        changed("join", "roster", to="company/acme/provable"),
        422,
        "unknown-roster",
        "/join/roster",
    ),
    "no roster's name": (
        changed("join", "roster", to="company/acme/invented"),
        422,
        "bad-value",
        "/join/roster",
    ),
    "a root never published": (changed("join", "root", to="5"), 422, "unknown-root", "/join/root"),
    "another roster's label": (
        changed("join", "roster", to=HARBOUR_PROVABLE),
        422,
        "unknown-root",
        "/join/roster",
    ),
    "an altered text": (
        changed("content", "body", to="Everything is fine."),
        422,
        "bad-signature",
        "/signature",
    ),
    "another signature": (changed("signature", to="00" * 64), 422, "bad-signature", "/signature"),
    "another key": (changed("key", to="11" * 32), 422, "bad-signature", "/signature"),
    "another nullifier": (changed("join", "nullifier", to="7"), 422, "invalid-proof", "/join/proof"),
    "points at infinity": (changed("join", "proof", by=infinity), 422, "malformed-proof", "/join/proof"),
    "points of nothing": (changed("join", "proof", to="ff" * 128), 422, "malformed-proof", "/join/proof"),
    "a point's negative": (changed("join", "proof", by=flip_point), 422, "invalid-proof", "/join/proof"),
}


@pytest.mark.parametrize(("change", "status", "code", "pointer"), FORM.values(), ids=FORM.keys())
def test_a_changed_submission_is_refused(
    talk: Talk, change: Callable[[Document], None], status: int, code: str, pointer: str | None
):
    document = json.loads(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    change(document)
    if code == "unknown-root" and pointer == "/join/roster":
        pointer = "/join/root"
    check_refused(talk, json.dumps(document).encode(), status=status, code=code, pointer=pointer)


def add_p(proof: bytes) -> bytes | None:
    """The same proof with the x of its first or last point written greater than the field, if that fits."""
    for start in (0, 96):
        point = bytearray(proof[start : start + 32])
        flags = point[31] & 0xC0
        point[31] &= 0x3F
        greater = int.from_bytes(point, "little") + P
        if greater < 1 << 254:
            point = bytearray(greater.to_bytes(32, "little"))
            point[31] |= flags
            return proof[:start] + bytes(point) + proof[start + 32 :]
    return None


def test_a_point_written_twice_is_refused(talk: Talk):
    for number in range(40):
        opening = talk.cast.opening(body=f"Try {number}")
        join = talk.cast.join(talk.cast.alice, opening)
        points = add_p(join.proof.points)
        if points is not None:
            join = replace(join, proof=replace(join.proof, points=points))
            break
    body = build_submission(content=opening, key=talk.cast.alice.key_in(opening.id), join=join)
    check_refused(talk, body, status=422, code="malformed-proof", pointer="/join/proof")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"version": 1, "version": 1}', b"[" * 60_000, b"NaN"])
def test_what_is_no_json_is_refused(talk: Talk, body: bytes):
    check_refused(talk, body, status=400, code="malformed-json", pointer=None)


def test_more_than_64_kilobytes_are_refused_before_they_are_read(talk: Talk):
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    check_refused(talk, body + b" " * (65_537 - len(body)), status=413, code="body-too-large", pointer=None)
    talk.accepted(body + b" " * (65_536 - len(body)))


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


def test_a_thread_of_a_past_season_is_closed(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.pass_time(timedelta(days=90))
    reply = replace(talk.cast.reply(opening), season="s229")
    join = talk.cast.join(talk.cast.alice, talk.cast.reply(opening))
    body = build_submission(content=reply, key=talk.cast.alice.key_in(opening.id), join=join)
    check_refused(talk, body, status=422, code="wrong-season", pointer="/content/thread")


def test_a_superseded_root_is_accepted_for_its_grace_and_no_longer(talk: Talk):
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.alice, opening)
    talk.take_over(talk.cast.publish(HARBOUR, others=30, epoch=2), serial=2)
    talk.pass_time(talk.rules.root_grace)
    talk.accepted(body)
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


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_one_member_is_one_persona_in_a_thread(talk: Talk, published: bool):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    if published:
        talk.tick()
    second = talk.cast.reply(opening, body="I am somebody else.")
    other_key = talk.cast.mallory.key_in(opening.id)
    join = talk.cast.join(talk.cast.bob, second, key=other_key)
    body = build_submission(content=second, key=other_key, join=join)
    check_refused(talk, body, status=409, code="persona-exists", pointer="/key")


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_a_persona_keeps_its_label(talk: Talk, published: bool):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    if published:
        talk.tick()
    again = talk.cast.submission(talk.cast.bob, talk.cast.reply(opening, body="And as anyone."), "site")
    check_refused(talk, again, status=409, code="label-changed", pointer="/join/roster")


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_a_key_belongs_to_one_persona(talk: Talk, published: bool):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    if published:
        talk.tick()
    content = talk.cast.reply(opening, body="Bob lent me his key.")
    key = talk.cast.bob.key_in(opening.id)
    join = talk.cast.join(talk.cast.mallory, content, "site", key=key)
    body = build_submission(content=content, key=key, join=join)
    check_refused(talk, body, status=409, code="key-taken", pointer="/key")


def test_charlie_cannot_speak_with_a_key_of_his_own(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    body = talk.cast.submission(talk.cast.charlie, talk.cast.reply(opening), None)
    check_refused(talk, body, status=422, code="join-required", pointer="/join")


def test_a_join_is_worth_nothing_in_another_thread_or_with_another_text(talk: Talk):
    opening, other = talk.cast.opening(), talk.cast.opening(title="Pay", body="When?")
    talk.published(talk.cast.submission(talk.cast.alice, opening), talk.cast.submission(talk.cast.bob, other))
    heard = talk.cast.join(talk.cast.alice, opening)
    content = talk.cast.reply(other, body="Mallory speaks as Harbour.")
    body = build_submission(content=content, key=talk.cast.mallory.key_in(other.id), join=heard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")

    overheard = talk.cast.join(talk.cast.alice, talk.cast.reply(other, body="What Alice said."))
    body = build_submission(content=content, key=talk.cast.alice.key_in(other.id), join=overheard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")


def test_mallory_cannot_wear_a_label_with_a_proof_of_another_roster(talk: Talk):
    opening = talk.cast.opening()
    own = talk.cast.join(talk.cast.mallory, opening, "site")
    stolen = Join(HARBOUR, replace(own.proof, root=talk.cast.rosters[HARBOUR].statement.root))
    body = build_submission(content=opening, key=talk.cast.mallory.key_in(opening.id), join=stolen)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")


def test_a_copy_of_a_post_under_another_key_is_refused(talk: Talk):
    opening = talk.cast.opening()
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    copy = talk.cast.submission(talk.cast.bob, opening)
    check_refused(talk, copy, status=422, code="bad-value", pointer="/content/nonce")
    talk.tick()
    check_refused(talk, copy, status=422, code="bad-value", pointer="/content/nonce")


def test_a_resend_with_other_proofs_changes_nothing(talk: Talk):
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.alice, opening)
    first = talk.accepted(body)
    forged = json.loads(body)
    forged["signature"] = "00" * 64
    check_refused(talk, json.dumps(forged).encode(), status=422, code="bad-signature", pointer="/signature")
    other = talk.cast.submission(talk.cast.alice, opening, HARBOUR_PROVABLE)
    check_refused(talk, other, status=409, code="label-changed", pointer="/join/roster")
    assert EPOCH.get(opening.id) is not None
    assert talk.accepted(body) == first


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


def test_a_refusal_is_told_in_the_readers_language(talk: Talk):
    from openmai.talk.refusals import sentence

    assert sentence("this was made for the site x") == "This was made for the site x."
    assert sentence("不是本站的") == "不是本站的。"
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening(section="gossip"))
    assert talk.send(body, language="zh-hans").headers["Content-Language"] == "zh-hans"


def test_a_season_of_another_site_is_no_season_of_ours():
    assert Domain(SITE, "s228").digest("thread") != Domain("other.example", "s228").digest("thread")


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
