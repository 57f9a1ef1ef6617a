"""One member is one persona in a thread, under one label and one key, and nobody speaks as another."""

import json
from dataclasses import replace

import pytest
from tests.factories.cast import HARBOUR, HARBOUR_PROVABLE
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused

from openmai.anonymity.content import Opening
from openmai.anonymity.submission import Join, build_submission
from openmai.talk.epoch import EPOCH


def bob_has_answered(talk: Talk, *, published: bool) -> Opening:
    """Alice's opening is on the site; Bob's first reply waits for its tick, or has been published too."""
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    if published:
        talk.tick()
    return opening


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_one_member_is_one_persona_in_a_thread(talk: Talk, published: bool):
    opening = bob_has_answered(talk, published=published)
    second = talk.cast.reply(opening, body="I am somebody else.")
    other_key = talk.cast.mallory.key_in(opening.id)
    join = talk.cast.entrance(talk.cast.bob, second, key=other_key)
    body = build_submission(content=second, key=other_key, entrance=join)
    check_refused(talk, body, status=409, code="persona-exists", pointer="/key")


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_a_persona_keeps_its_label(talk: Talk, published: bool):
    opening = bob_has_answered(talk, published=published)
    again = talk.cast.submission(talk.cast.bob, talk.cast.reply(opening, body="And as anyone."), "site")
    check_refused(talk, again, status=409, code="label-changed", pointer="/join/roster")


@pytest.mark.parametrize("published", [False, True], ids=["waiting", "published"])
def test_a_key_belongs_to_one_persona(talk: Talk, published: bool):
    opening = bob_has_answered(talk, published=published)
    content = talk.cast.reply(opening, body="Bob lent me his key.")
    key = talk.cast.bob.key_in(opening.id)
    join = talk.cast.entrance(talk.cast.mallory, content, "site", key=key)
    body = build_submission(content=content, key=key, entrance=join)
    check_refused(talk, body, status=409, code="key-taken", pointer="/key")


def test_charlie_cannot_speak_with_a_key_of_his_own(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    body = talk.cast.submission(talk.cast.charlie, talk.cast.reply(opening), None)
    check_refused(talk, body, status=422, code="join-required", pointer="/join")


def test_a_join_is_worth_nothing_in_another_thread_or_with_another_text(talk: Talk):
    opening, other = talk.cast.opening(), talk.cast.opening(title="Pay", body="When?")
    talk.published(talk.cast.submission(talk.cast.alice, opening), talk.cast.submission(talk.cast.bob, other))
    # With a slot that is free: the first one was used when Alice spoke.
    heard = talk.cast.entrance(talk.cast.alice, opening, slot=7)
    content = talk.cast.reply(other, body="Mallory speaks as Harbour.")
    body = build_submission(content=content, key=talk.cast.mallory.key_in(other.id), entrance=heard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")

    overheard = talk.cast.entrance(talk.cast.alice, talk.cast.reply(other, body="What Alice said."))
    body = build_submission(content=content, key=talk.cast.alice.key_in(other.id), entrance=overheard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")


def test_mallory_cannot_wear_a_label_with_a_proof_of_another_roster(talk: Talk):
    opening = talk.cast.opening()
    own = talk.cast.entrance(talk.cast.mallory, opening, "site")
    wanted = talk.cast.rosters[HARBOUR]
    proof = replace(own.join.proof, root=wanted.statement.root)
    stolen = replace(own, join=Join(HARBOUR, proof, talk.cast.checkpoint_of(wanted)))
    body = build_submission(content=opening, key=talk.cast.mallory.key_in(opening.id), entrance=stolen)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")


def test_mallory_cannot_put_her_own_key_under_a_proof_that_she_overheard(talk: Talk):
    opening = talk.cast.opening()
    overheard = talk.cast.entrance(talk.cast.alice, opening)
    body = build_submission(content=opening, key=talk.cast.mallory.key_in(opening.id), entrance=overheard)
    check_refused(talk, body, status=422, code="invalid-proof", pointer="/join/proof")


def test_a_proof_wears_one_label_even_where_two_rosters_have_one_root(talk: Talk):
    """As many employees with a code as with a signed mail: both rosters of a company may be equal."""
    leaves = talk.cast.rosters[HARBOUR].tree.leaves
    provable = talk.cast.sign_roster(HARBOUR_PROVABLE, leaves, epoch=2)
    talk.take_over(provable, serial=2)
    document = json.loads(talk.cast.submission(talk.cast.bob, talk.cast.opening(), HARBOUR))
    document["join"] |= {"roster": HARBOUR_PROVABLE, "checkpoint": talk.cast.checkpoint_of(provable)}
    body = json.dumps(document).encode()
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
