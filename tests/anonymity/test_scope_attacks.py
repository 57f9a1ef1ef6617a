"""Attacks 7 and 8 of the threat model: one thread, or one scope, under the name of another."""

from dataclasses import replace

import pytest
from tests.anonymity.speech import DOMAIN, Speech

from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.groth16 import InvalidProof
from openmai.anonymity.membership import verify_membership

# 7. A thread id for other content


@pytest.mark.parametrize("field", ["title", "body", "section", "nonce", "site", "season"])
def test_7_other_content_is_another_thread(field: str):
    opening = Opening(DOMAIN.site, DOMAIN.season, section="work", title="Hi", body="All", nonce=b"n" * 16)
    value = {"nonce": b"m" * 16, "season": "s229"}.get(field, "other")
    other = replace(opening, **{field: value})
    assert other.thread_id != opening.thread_id
    scopes = {each.domain.thread_scope(each.thread_id) for each in (opening, other)}
    assert len(scopes) == 2


# 8. Scopes


def test_8_thread_ids_that_look_alike_are_different_scopes():
    spellings = [b"16", b"0x10", b"\x10", (16).to_bytes(32, "big")]
    assert len({DOMAIN.thread_scope(spelling) for spelling in spellings}) == len(spellings)


def test_8_a_scope_is_256_bits_and_no_more():
    for scope in (-1, 2**256):
        with pytest.raises(OverflowError):
            circuit_input(scope)


def test_8_a_proof_says_one_thing_in_one_thread(speech: Speech):
    for scope, message in ((speech.scope + 1, speech.message), (speech.scope, speech.message + 1)):
        with pytest.raises(InvalidProof):
            verify_membership(speech.proof, scope=scope, message=message, roots={speech.roster.root})
