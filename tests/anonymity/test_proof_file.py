"""A proof file proves one post to anybody, and nothing at all with a byte changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.cast import HARBOUR, LABELS, PUBLISHED, SITE, Cast

from openmai.anonymity.aliases import alias_of
from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.limits import MAX_PROOF_FILE
from openmai.anonymity.proof_file import CLAIMS, ClaimFailed, verify_proof_file
from openmai.anonymity.rosters import sign_statement
from openmai.anonymity.submission import sign_content

MALLORYS_KEY = Ed25519PrivateKey.from_private_bytes(b"m" * 32)


@pytest.fixture(scope="session")
def opening(cast: Cast) -> Opening:
    return cast.opening()


@pytest.fixture(scope="session")
def file(cast: Cast, opening: Opening) -> bytes:
    return cast.proof_file(cast.alice, opening)


@pytest.fixture(scope="session")
def reply_file(cast: Cast, opening: Opening) -> bytes:
    return cast.proof_file(cast.bob, opening, cast.reply(opening))


def failed(data: bytes, **expected: Any) -> ClaimFailed:
    with pytest.raises(ClaimFailed) as refused:
        verify_proof_file(data, **expected)
    return refused.value


def test_a_proof_file_says_what_was_proved(cast: Cast, opening: Opening, file: bytes):
    post = verify_proof_file(file, roster_key=cast.roster_key)
    assert post.claims == CLAIMS
    assert post.content == post.opening == opening
    assert post.post_id == post.thread_id == opening.id
    assert (post.kind, post.label) == ("attested", LABELS["harbour-logistics"])
    assert (post.crowd, post.size, post.roster_date) == (26, 27, PUBLISHED)
    assert post.roster_key == cast.roster_key
    assert (post.site, post.roster) == (SITE, HARBOUR)
    assert post.alias_en == alias_of(post.nullifier).en


def test_a_reply_is_proved_with_the_persona_of_an_earlier_post(cast: Cast, opening: Opening):
    first, second = cast.reply(opening), cast.reply(opening, body="And again.")
    post = verify_proof_file(cast.proof_file(cast.bob, opening, second, first=first))
    assert (post.post_id, post.thread_id) == (second.id, opening.id)
    assert post.nullifier == verify_proof_file(cast.proof_file(cast.bob, opening, first)).nullifier


def test_the_site_roster_proves_a_verified_member(cast: Cast, opening: Opening):
    post = verify_proof_file(cast.proof_file(cast.mallory, opening, cast.reply(opening), "site"))
    assert (post.kind, post.label, post.crowd) == ("site", None, 43)


Change = Callable[[dict[str, Any], Cast], None]


def changed(data: bytes, change: Change, cast: Cast) -> bytes:
    document = json.loads(data)
    change(document, cast)
    return canonical_json(document)


def set_to(path: str, value: object) -> Change:
    *parents, last = path.split("/")

    def change(document: dict[str, Any], _cast: Cast) -> None:
        for name in parents:
            document = document[name]
        document[last] = value

    return change


def another_thread(document: dict[str, Any], cast: Cast) -> None:
    document["opening"] = cast.opening(title="Another thread").document()


def another_persona(document: dict[str, Any], cast: Cast) -> None:
    """Mallory puts her own key and signature onto Alice's proof."""
    content = cast.opening()
    document["key"] = public_bytes(MALLORYS_KEY).hex()
    document["signature"] = sign_content(content, MALLORYS_KEY).hex()


def another_text(document: dict[str, Any], cast: Cast) -> None:
    for place in ("opening", "content"):
        document[place]["body"] = "I love six in a row."


def another_roster(document: dict[str, Any], cast: Cast) -> None:
    document["statement"] = cast.rosters["site"].signed.document()


def another_signer(document: dict[str, Any], cast: Cast) -> None:
    document["statement"] = json.loads(sign_statement(cast.rosters[HARBOUR].statement, MALLORYS_KEY))


def bobs_nullifier(document: dict[str, Any], cast: Cast) -> None:
    document["join"]["nullifier"] = str(cast.join(cast.bob, cast.opening()).proof.nullifier)


def bobs_proof(document: dict[str, Any], cast: Cast) -> None:
    document["join"]["proof"] = cast.join(cast.bob, cast.opening()).proof.points.hex()


def aliased_nullifier(document: dict[str, Any], cast: Cast) -> None:
    bobs_nullifier(document, cast)
    alias = alias_of(int(document["join"]["nullifier"]))
    document["persona"]["alias"] = {"en": alias.en, "zh": alias.zh}


FALLS = {
    "another type": (set_to("type", "openmai/proof/v2"), "form"),
    "a field too many": (set_to("author", "Alice"), "form"),
    "a root of 0": (set_to("join/root", "0"), "form"),
    "an unknown kind": (set_to("persona/kind", "verified"), "form"),
    "another site": (set_to("site", "elsewhere.example"), "thread"),
    "another season": (set_to("season", "s229"), "thread"),
    "another thread": (another_thread, "content"),
    "another text": (another_text, "signature"),
    "another body than the opening's": (set_to("content/body", "No."), "content"),
    "the content of another site": (set_to("content/site", "elsewhere.example"), "content"),
    "another signature": (set_to("signature", "ab" * 64), "signature"),
    "another key": (set_to("key", "ab" * 32), "signature"),
    "another roster": (another_roster, "roster"),
    "another roster's name": (set_to("join/roster", "site"), "roster"),
    "another root": (set_to("join/root", "5"), "roster"),
    "a larger crowd": (set_to("statement/statement/live", 27), "roster"),
    "a younger roster": (set_to("statement/statement/published", "2026-03-20"), "roster"),
    "another employer": (set_to("persona/label/en", "Orchid Kitchen"), "label"),
    "no employer": (set_to("persona/label", None), "label"),
    "a better kind": (set_to("persona/kind", "provable"), "label"),
    "another alias": (set_to("persona/alias/en", "Brave Lion"), "alias"),
    "another Chinese alias": (set_to("persona/alias/zh", "勇敢狮子"), "alias"),
    "another nullifier": (bobs_nullifier, "alias"),
    "another nullifier and its alias": (aliased_nullifier, "proof"),
    "another member's proof": (bobs_proof, "proof"),
    "another first post": (set_to("join/first", "ab" * 32), "proof"),
    "a proof that is no points": (set_to("join/proof", "ab" * 128), "proof"),
    "a proof for another key": (another_persona, "proof"),
}


@pytest.mark.parametrize(("change", "claim"), FALLS.values(), ids=FALLS.keys())
def test_each_forgery_fells_the_claim_that_it_touches(cast: Cast, file: bytes, change: Change, claim: str):
    error = failed(changed(file, change, cast), roster_key=cast.roster_key)
    assert error.claim == claim
    assert error.passed == CLAIMS[: CLAIMS.index(claim)]
    assert error.told(str)
    assert str(error) == f"{claim}: {error.told(str)}"


def test_a_roster_signed_by_mallory_is_only_believed_by_those_who_know_no_better(cast: Cast, file: bytes):
    forged = changed(file, another_signer, cast)
    assert failed(forged, roster_key=cast.roster_key).claim == "roster"
    # The log still names the roster that was signed by the site.
    assert failed(forged).claim == "log-roster"


def test_a_reply_in_the_place_of_the_opening_is_refused(cast: Cast, reply_file: bytes):
    document = json.loads(reply_file)
    document["opening"] = document["content"]
    assert failed(canonical_json(document)).claim == "thread"


def test_a_reply_from_another_thread_is_refused(cast: Cast, reply_file: bytes):
    assert failed(changed(reply_file, another_thread, cast)).claim == "content"


def test_a_reply_written_for_another_season_is_refused(cast: Cast, opening: Opening):
    late = replace(cast.reply(opening), season="s229")
    document = json.loads(cast.proof_file(cast.bob, opening, cast.reply(opening)))
    document["content"] = late.document()
    document["signature"] = sign_content(late, cast.bob.key_in(opening.id)).hex()
    assert failed(canonical_json(document)).claim == "content"


def test_other_bytes_of_the_same_document_are_refused(file: bytes):
    assert failed(file + b"\n").claim == "form"
    assert failed(json.dumps(json.loads(file)).encode()).claim == "form"
    assert failed(b"").claim == "form"
    assert failed(b"[]").claim == "form"
    assert failed(b" " * (MAX_PROOF_FILE + 1)).claim == "form"


@pytest.mark.parametrize("which", ["file", "reply_file"])
def test_every_single_bit_counts(cast: Cast, request: pytest.FixtureRequest, which: str):
    """Of each byte one bit is flipped, a different one from byte to byte; every one must fell a claim."""
    data: bytes = request.getfixturevalue(which)
    survivors = []
    claims = set()
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 7
        try:
            verify_proof_file(bytes(flipped), roster_key=cast.roster_key)
            survivors.append(place)
        except ClaimFailed as error:
            claims.add(error.claim)
    assert survivors == []
    # The order and the witnesses are claims about what other claims have shown to be genuine.
    assert claims == set(CLAIMS) - {"log-order", "witnesses"}


def test_the_longest_post_still_has_a_proof_file(cast: Cast):
    longest = cast.opening(title="汉" * 120, body="😀" * 10_000)
    assert verify_proof_file(cast.proof_file(cast.alice, longest)).content == longest
    reply = cast.reply(longest, body="😀" * 10_000)
    assert verify_proof_file(cast.proof_file(cast.bob, longest, reply)).content == reply
