"""Openings, replies, submissions and seasons, in every bad form that a hostile client can think of."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.factories.cast import DOMAIN, HARBOUR, Cast

from openmai.anonymity.content import Opening, Reply, parse_content
from openmai.anonymity.documents import BadValue, DocumentRefused
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.fields import R
from openmai.anonymity.keys import BadSignature
from openmai.anonymity.limits import MAX_BODY
from openmai.anonymity.membership import BadNullifier, ZeroRoot, verify_membership
from openmai.anonymity.seasons import Season, season_at, season_called
from openmai.anonymity.submission import (
    OpeningWithoutJoin,
    build_submission,
    join_scope_and_message,
    parse_submission,
    verify_action,
)

Spoil = Callable[[dict[str, Any]], object]


def put(path: str, value: object) -> Spoil:
    """Set the value at a JSON pointer."""
    *parents, last = path.strip("/").split("/")

    def spoil(document: dict[str, Any]) -> None:
        for name in parents:
            document = document[name]
        document[last] = value

    return spoil


def drop(path: str) -> Spoil:
    *parents, last = path.strip("/").split("/")

    def spoil(document: dict[str, Any]) -> None:
        for name in parents:
            document = document[name]
        del document[last]

    return spoil


@pytest.fixture(scope="session")
def opening(cast: Cast) -> Opening:
    return cast.opening()


@pytest.fixture(scope="session")
def submitted(cast: Cast, opening: Opening) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cast.submission(cast.alice, opening))
    return document


def test_the_id_is_the_hash_of_the_canonical_document(opening: Opening):
    assert opening.id == opening.thread_id == sha256(canonical_json(opening.document()))
    assert parse_content(opening.document(), domain=DOMAIN) == opening


def test_a_reply_belongs_to_its_thread(cast: Cast, opening: Opening):
    reply = cast.reply(opening, parent=opening.id)
    assert parse_content(reply.document()) == reply
    assert isinstance(reply, Reply)
    assert reply.thread_id == opening.id != reply.id


def test_what_alice_submits_is_read_back_and_holds(cast: Cast, opening: Opening):
    body = cast.submission(cast.alice, opening)
    submission = parse_submission(body, domain=DOMAIN)
    assert submission.content == opening
    assert canonical_json(submission.document()) == body
    verify_action(content=submission.content, key=submission.key, signature=submission.signature)
    join = submission.join
    assert join is not None
    scope, message = join_scope_and_message(
        content=opening,
        key=submission.key,
        roster=join.roster,
        root=join.proof.root,
        checkpoint=join.checkpoint,
    )
    proved = verify_membership(
        join.proof, scope=scope, message=message, roots={cast.rosters[HARBOUR].statement.root}
    )
    assert proved.nullifier == join.proof.nullifier


def test_the_order_and_spacing_of_a_submission_are_free(submitted: dict[str, Any]):
    reordered = json.dumps(dict(reversed(submitted.items())), indent=3).encode()
    assert parse_submission(reordered, domain=DOMAIN).document() == submitted


BAD = {
    "version 2": (put("version", 2), "bad-value", "/version"),
    "version true": (put("version", True), "bad-value", "/version"),
    "version text": (put("version", "1"), "bad-value", "/version"),
    "a field too many": (put("admin", True), "unknown-field", "/admin"),
    "a field too many in the content": (put("content/author", "Alice"), "unknown-field", "/content/author"),
    "a field too many in the join": (put("join/depth", 1), "unknown-field", "/join/depth"),
    "no key": (drop("key"), "missing-field", "/key"),
    "no nonce": (drop("content/nonce"), "missing-field", "/content/nonce"),
    "no proof": (drop("join/proof"), "missing-field", "/join/proof"),
    "content is text": (put("content", "hello"), "bad-value", "/content/type"),
    "content is null": (put("content", None), "bad-value", "/content/type"),
    "unknown type": (put("content/type", "openmai/poll/v1"), "bad-value", "/content/type"),
    "type is a list": (put("content/type", ["openmai/thread/v1"]), "bad-value", "/content/type"),
    "a reply's fields": (put("content/type", "openmai/reply/v1"), "unknown-field", "/content/section"),
    "another site": (put("content/site", "elsewhere.example"), "wrong-site", "/content/site"),
    "a site that is none": (put("content/site", "Ünsite"), "bad-value", "/content/site"),
    "a site too long": (put("content/site", "a" * 65), "bad-value", "/content/site"),
    "another season": (put("content/season", "s227"), "wrong-season", "/content/season"),
    "a season with a zero": (put("content/season", "s0228"), "bad-value", "/content/season"),
    "season as a number": (put("content/season", 228), "bad-value", "/content/season"),
    "section in capitals": (put("content/section", "Work"), "bad-value", "/content/section"),
    "section with a line end": (put("content/section", "work\n"), "bad-value", "/content/section"),
    "no title": (put("content/title", ""), "bad-value", "/content/title"),
    "title too long": (put("content/title", "a" * 121), "bad-value", "/content/title"),
    "title of two lines": (put("content/title", "a\nb"), "bad-value", "/content/title"),
    "title not NFC": (put("content/title", "e\u0301"), "not-canonical", "/content/title"),
    "title with an escape": (put("content/title", "a\x1b[31m"), "bad-value", "/content/title"),
    "title with half a pair": (put("content/title", "a\ud800"), "bad-value", "/content/title"),
    "body too long": (put("content/body", "a" * 10_001), "bad-value", "/content/body"),
    "body with an outer space": (put("content/body", "a "), "not-canonical", "/content/body"),
    "body is a number": (put("content/body", 5), "bad-value", "/content/body"),
    "nonce too short": (put("content/nonce", "ab"), "not-canonical", "/content/nonce"),
    "nonce in capitals": (put("content/nonce", "AB" * 16), "not-canonical", "/content/nonce"),
    "key too long": (put("key", "ab" * 33), "not-canonical", "/key"),
    "key is null": (put("key", None), "bad-value", "/key"),
    "signature too short": (put("signature", "ab" * 63), "not-canonical", "/signature"),
    "join is a list": (put("join", []), "bad-value", "/join"),
    "join is false": (put("join", False), "bad-value", "/join"),
    "no join with an opening": (put("join", None), "join-required", "/join"),
    "a roster that is none": (put("join/roster", "company/x/secret"), "bad-value", "/join/roster"),
    "a roster that climbs": (put("join/roster", "company/../attested"), "bad-value", "/join/roster"),
    "root 0": (put("join/root", "0"), "zero-root", "/join/root"),
    "root r": (put("join/root", str(R)), "not-canonical", "/join/root"),
    "root as a number": (put("join/root", 5), "bad-value", "/join/root"),
    "root with a zero": (put("join/root", "05"), "not-canonical", "/join/root"),
    "root with a sign": (put("join/root", "+5"), "not-canonical", "/join/root"),
    "root in hex": (put("join/root", "0x5"), "not-canonical", "/join/root"),
    "nullifier 0": (put("join/nullifier", "0"), "bad-nullifier", "/join/nullifier"),
    "nullifier r + 1": (put("join/nullifier", str(R + 1)), "not-canonical", "/join/nullifier"),
    "nullifier of 78 digits": (put("join/nullifier", "1" * 78), "not-canonical", "/join/nullifier"),
    "proof too short": (put("join/proof", "ab" * 127), "not-canonical", "/join/proof"),
    "proof with a tail": (put("join/proof", "ab" * 129), "not-canonical", "/join/proof"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "code", "pointer"), BAD.values(), ids=BAD.keys())
def test_a_bad_submission_is_refused_with_its_code_and_its_place(
    submitted: dict[str, Any], spoil: Spoil, code: str, pointer: str
):
    document = deepcopy(submitted)
    spoil(document)
    with pytest.raises(DocumentRefused) as refused:
        parse_submission(json.dumps(document).encode(), domain=DOMAIN)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
    assert str(refused.value)


REPLY_BAD = {
    "an empty body": (put("body", ""), "bad-value", "/body"),
    "a thread that is null": (put("thread", None), "bad-value", "/thread"),
    "a thread too short": (put("thread", "ab" * 31), "not-canonical", "/thread"),
    "a parent in capitals": (put("parent", "AB" * 32), "not-canonical", "/parent"),
    "a parent that is false": (put("parent", False), "bad-value", "/parent"),
    "no parent": (drop("parent"), "missing-field", "/parent"),
    "a title": (put("title", "x"), "unknown-field", "/title"),
}


@pytest.mark.parametrize(("spoil", "code", "pointer"), REPLY_BAD.values(), ids=REPLY_BAD.keys())
def test_a_bad_reply_is_refused(cast: Cast, opening: Opening, spoil: Spoil, code: str, pointer: str):
    document = cast.reply(opening).document()
    spoil(document)
    with pytest.raises(DocumentRefused) as refused:
        parse_content(document, domain=DOMAIN)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_zero_root_and_nullifier_stay_what_the_proof_calls_them(submitted: dict[str, Any]):
    for path, error in (("join/root", ZeroRoot), ("join/nullifier", BadNullifier)):
        document = deepcopy(submitted)
        put(path, "0")(document)
        with pytest.raises(error):
            parse_submission(json.dumps(document).encode(), domain=DOMAIN)


def test_a_submission_of_64_kilobytes_and_a_byte_is_refused(submitted: dict[str, Any]):
    body = json.dumps(submitted).encode()
    assert parse_submission(body + b" " * (MAX_BODY - len(body)), domain=DOMAIN)
    with pytest.raises(DocumentRefused) as refused:
        parse_submission(body + b" " * (MAX_BODY - len(body) + 1), domain=DOMAIN)
    assert refused.value.code == "body-too-large"


def test_the_longest_permitted_post_fits(cast: Cast):
    longest = cast.opening(title="汉" * 120, body="😀" * 10_000)
    assert len(cast.submission(cast.alice, longest)) < MAX_BODY


def test_a_reply_needs_no_join(cast: Cast, opening: Opening):
    body = cast.submission(cast.alice, cast.reply(opening), roster=None)
    assert parse_submission(body, domain=DOMAIN).join is None


def test_a_device_notices_a_bad_form_before_it_sends(cast: Cast):
    late = cast.opening(title=" untidy")
    with pytest.raises(DocumentRefused):
        build_submission(content=late, key=cast.alice.key_in(late.id), entrance=None)
    with pytest.raises(OpeningWithoutJoin):
        build_submission(content=cast.opening(), key=cast.alice.key_in(cast.opening().id), entrance=None)


def test_mallory_cannot_sign_for_alices_persona(cast: Cast, opening: Opening):
    alice = parse_submission(cast.submission(cast.alice, opening), domain=DOMAIN)
    reply = cast.reply(opening)
    mallory = parse_submission(cast.submission(cast.mallory, reply, roster=None), domain=DOMAIN)
    with pytest.raises(BadSignature) as refused:
        verify_action(content=reply, key=alice.key, signature=mallory.signature)
    assert (refused.value.code, refused.value.pointer) == ("bad-signature", "/signature")


def test_a_signature_says_nothing_about_another_post_or_site(cast: Cast, opening: Opening):
    alice = parse_submission(cast.submission(cast.alice, opening), domain=DOMAIN)
    for other in (cast.opening(body="Something else."), cast.opening(site="elsewhere.example")):
        with pytest.raises(BadSignature):
            verify_action(content=other, key=alice.key, signature=alice.signature)


def test_seasons_are_spans_of_ninety_days():
    starts = 1_772_928_000  # 2026-03-08T00:00:00Z
    assert season_at(starts) == Season("s228", starts, starts + 90 * 86_400)
    assert season_at(starts - 1).id == "s227"
    assert season_called("s228") == season_at(starts + 90 * 86_400 - 1)
    assert season_at(0).id == "s0"


@pytest.mark.parametrize("name", ["228", "s", "s01", "S1", "s1 ", "s-1", "s1234567"])
def test_other_names_are_no_seasons(name: str):
    with pytest.raises(ValueError, match="season"):
        season_called(name)
    with pytest.raises(BadValue):
        parse_content(Opening("a", name, "work", "t", "", b"n" * 16).document())


def test_time_before_1970_has_no_season():
    with pytest.raises(ValueError, match="1970"):
        season_at(-1)


def test_a_domain_that_is_not_expected_is_refused(opening: Opening):
    with pytest.raises(DocumentRefused) as refused:
        parse_content(opening.document(), domain=Domain("test.openmai.example", "s229"))
    assert (refused.value.code, refused.value.pointer) == ("wrong-season", "/season")
    assert "s229" in str(refused.value)
