"""A submission that is not in its one form, or was changed on its way, is refused, and told where."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings
from tests.factories.cast import HARBOUR_PROVABLE, SEASON, SITE
from tests.talk.conftest import Talk
from tests.talk.refusing import Document, check_refused

from openmai.anonymity.bans import BanList
from openmai.anonymity.fields import R
from openmai.anonymity.submission import build_submission

CHINESE = re.compile("[\u4e00-\u9fff]")
# The order of Baby Jubjub's and BN254's base field: the x of a point lies below it.
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583


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
    "no checkpoint": (without("join", "checkpoint"), 422, "missing-field", "/join/checkpoint"),
    "a checkpoint that is none": (
        changed("join", "checkpoint", to="9 x"),
        422,
        "not-canonical",
        "/join/checkpoint",
    ),
    "no gate": (without("join", "gate"), 422, "missing-field", "/join/gate"),
    "a field too many at the gate": (
        changed("join", "gate", "slot", to=3),
        422,
        "unknown-field",
        "/join/gate/slot",
    ),
    "a day in words": (changed("join", "gate", "day", to="today"), 422, "bad-value", "/join/gate/day"),
    "a day that is none": (
        changed("join", "gate", "day", to="2026-02-30"),
        422,
        "wrong-day",
        "/join/gate/day",
    ),
    "the list in capitals": (
        changed("join", "gate", "bans", by=str.upper),
        422,
        "not-canonical",
        "/join/gate/bans",
    ),
    "rate + r": (changed("join", "gate", "rate", by=add_r), 422, "not-canonical", "/join/gate/rate"),
    "rate 0": (changed("join", "gate", "rate", to="0"), 422, "bad-value", "/join/gate/rate"),
    "another rate": (changed("join", "gate", "rate", to="7"), 422, "invalid-gate", "/join/gate/proofs/0"),
    "no gate proof": (changed("join", "gate", "proofs", to=[]), 422, "bad-value", "/join/gate/proofs"),
    "a page too many": (
        changed("join", "gate", "proofs", by=lambda x: x * 2),
        422,
        "wrong-gate-count",
        "/join/gate/proofs",
    ),
    "too many pages to count": (
        changed("join", "gate", "proofs", by=lambda x: x * 65),
        422,
        "bad-value",
        "/join/gate/proofs",
    ),
    "a short gate proof": (
        changed("join", "gate", "proofs", by=lambda x: [x[0][2:]]),
        422,
        "malformed-gate",
        "/join/gate/proofs/0",
    ),
    "a gate proof at infinity": (
        changed("join", "gate", "proofs", by=lambda x: [infinity(x[0])]),
        422,
        "malformed-gate",
        "/join/gate/proofs/0",
    ),
    "no points at the gate": (
        changed("join", "gate", "proofs", to=["ff" * 128]),
        422,
        "malformed-gate",
        "/join/gate/proofs/0",
    ),
    "another ban list": (changed("join", "gate", "bans", to="11" * 32), 409, "stale-bans", "/join/gate/bans"),
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
            break
    entrance = talk.cast.gated(talk.cast.alice, opening, join)
    twice = replace(entrance, join=replace(join, proof=replace(join.proof, points=points)))
    body = talk.cast.signed(talk.cast.alice, opening, twice)
    check_refused(talk, body, status=422, code="malformed-proof", pointer="/join/proof")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"version": 1, "version": 1}', b"[" * 60_000, b"NaN"])
def test_what_is_no_json_is_refused(talk: Talk, body: bytes):
    check_refused(talk, body, status=400, code="malformed-json", pointer=None)


def test_more_than_64_kilobytes_are_refused_before_they_are_read(talk: Talk):
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    check_refused(talk, body + b" " * (65_537 - len(body)), status=413, code="body-too-large", pointer=None)
    talk.accepted(body + b" " * (65_536 - len(body)))


def test_a_length_that_is_announced_is_refused_before_a_byte_is_read(talk: Talk, settings: Settings):
    """Django would look at the announcement, too; this is our own look."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    kind = "application/json"
    response = talk.client.post("/api/v1/submissions", b"{}", content_type=kind, CONTENT_LENGTH="65537")
    assert (response.status_code, response.json()["code"]) == (413, "body-too-large")


def test_a_refusal_is_told_in_the_readers_language(talk: Talk):
    from openmai.api.problems import sentence

    assert sentence("this was made for the site x") == "This was made for the site x."
    assert sentence("不是本站的") == "不是本站的。"
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening(section="gossip"))
    refused = talk.send(body, language="zh-hans")
    assert refused.headers["Content-Language"] == "zh-hans"
    told = refused.json()
    assert (told["title"], told["detail"]) == ("没有这个版块", "本站没有版块 gossip。")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (changed("extra", to=1), "不认识字段“extra”。"),
        (changed("signature", to="00" * 64), "签名不是用这把密钥对这段内容作出的。"),
        (changed("join", "root", to="5"), None),
        (changed("join", "proof", to="ff" * 128), None),
    ],
    ids=["the form", "the signature", "the root", "the proof"],
)
def test_each_kind_of_refusal_is_chinese_in_title_and_detail(
    talk: Talk, change: Callable[[Document], None], detail: str | None
):
    document = json.loads(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    change(document)
    told = talk.send(json.dumps(document).encode(), language="zh-hans").json()
    assert CHINESE.search(told["title"])
    assert CHINESE.search(told["detail"])
    assert detail is None or told["detail"] == detail


def test_where_json_goes_wrong_is_told_in_the_readers_language(talk: Talk):
    told = talk.send(b'{"version": 1,\n "content"', language="zh-hans").json()
    assert told["detail"] == "这不是 JSON，读到第 2 行第 11 列时出错。"


def test_what_was_said_on_another_site_cannot_be_said_again_here(talk: Talk):
    """Alice speaks on a site that has the same rosters; Mallory relabels what she overhears there."""
    alice, there = talk.cast.alice, talk.cast.opening(site="other.example")
    spoken = talk.cast.submission(alice, there)
    check_refused(talk, spoken, status=422, code="wrong-site", pointer="/content/site")
    document = json.loads(spoken)
    nobody = BanList(SITE, SEASON, 0, ())
    document["content"]["site"] = SITE
    document["join"]["gate"]["bans"] = nobody.digest.hex()
    body = json.dumps(document).encode()
    check_refused(talk, body, status=422, code="bad-signature", pointer="/signature")
    # Even the lent key does not help: the proof was made for the other site's thread.
    here = replace(there, site=SITE)
    overheard = talk.cast.entrance(alice, there, bans=nobody, slot=1)
    body = build_submission(content=here, key=alice.key_in(there.id, there.domain), entrance=overheard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")
