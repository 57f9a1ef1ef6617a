"""What Mallory tries at the gate, and Olga with her own keys: each has a row in docs/threat-model.md."""

import secrets
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.cast import DOMAIN, HARBOUR, SLOTS, TODAY, Cast, Member
from tests.factories.gate import ban_list, gate_prover, made_gate

from openmai.anonymity import groth16
from openmai.anonymity.bans import BANS_A_PAGE, Ban, BanList
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R, be32
from openmai.anonymity.gate import (
    GateClaim,
    GateList,
    GateStatement,
    InvalidGate,
    MalformedGate,
    WrongGateCount,
    page_signals,
    rate_nullifier,
    verify_gate,
)
from openmai.anonymity.groth16 import CURVE, InvalidProof
from openmai.anonymity.joins import Balance, JoinClaim, verify_join, verify_joins
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.membership import BatchRefused, Claim
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover.gate import Banned, GateRequest
from openmai.anonymity.prover.witness import NoWitness
from openmai.anonymity.submission import join_scope_and_message

NOBODY = BanList(DOMAIN.site, DOMAIN.season, 0, ())
UNTIL = "2026-05-01T00:00:00Z"


def strangers(count: int) -> list[Ban]:
    return [
        Ban.of(DOMAIN, thread=be32(1 << 200 | n), nullifier=1000 + n, until=UNTIL, reason="spam")
        for n in range(count)
    ]


def ban_of(member: Member, thread: bytes) -> Ban:
    scope = DOMAIN.thread_scope(thread)
    nullifier = poseidon2(circuit_input(scope), member.secret)
    return Ban(thread, scope, nullifier, UNTIL, "threat")


def listed(*bans: Ban) -> BanList:
    return ban_list(*bans, site=DOMAIN.site, season=DOMAIN.season)


def request(member: Member, **changes: Any) -> GateRequest:
    asked = GateRequest(member.secret, DOMAIN, 1 << 255 | 5, 1 << 254 | 6, TODAY, 3, SLOTS)
    return replace(asked, **changes)


def claim(cast: Cast, asked: GateRequest, bans: BanList = NOBODY) -> GateClaim:
    gates = GateList.of(made_gate().key, bans)
    return GateClaim(gates, asked.statement(), cast.prove_gate(asked, bans).proofs)


def join_claim(cast: Cast, number: int) -> JoinClaim:
    opening = cast.opening(title=f"At the gate {number}")
    entrance = cast.entrance(cast.alice, opening, slot=number)
    proof = entrance.join.proof
    scope, message = join_scope_and_message(
        content=opening,
        key=public_bytes(cast.alice.key_in(opening.id)),
        roster=HARBOUR,
        root=proof.root,
        checkpoint=entrance.join.checkpoint,
    )
    asked = GateRequest(cast.alice.secret, DOMAIN, scope, message, TODAY, number, SLOTS)
    gates = GateList.of(made_gate().key, NOBODY)
    gate = GateClaim(gates, asked.statement(), entrance.gate.proofs)
    return JoinClaim(Claim(proof, scope, message, {proof.root}), gate)


def test_whoever_is_not_banned_passes(cast: Cast):
    asked = request(cast.alice)
    verify_gate(claim(cast, asked))
    verify_gate(claim(cast, asked, listed(ban_of(cast.bob, b"1" * 32), *strangers(2))))


@pytest.mark.parametrize("others", [0, 7, 29, 30, 45])
def test_a_banned_secret_has_no_witness(cast: Cast, others: int):
    """Wherever on whichever page the ban stands; asked of the circuit itself, past the prover's own look."""
    bans = listed(ban_of(cast.mallory, b"2" * 32), *strangers(others))
    with pytest.raises(Banned) as refused:
        gate_prover().prove(request(cast.mallory), bans, randbelow=secrets.randbelow)
    assert refused.value.ban.reason == "threat"
    refusals = 0
    for page in bans.pages():
        try:
            gate_prover()._circuit.witness(request(cast.mallory).witness_inputs(page))
        except NoWitness:
            refusals += 1
    assert refusals == 1


def test_a_ban_in_one_thread_is_a_ban_in_each(cast: Cast):
    bans = listed(ban_of(cast.mallory, b"3" * 32))
    for scope in (1, DOMAIN.thread_scope(b"4" * 32)):
        with pytest.raises(Banned):
            gate_prover().prove(request(cast.mallory, thread_scope=scope), bans, randbelow=secrets.randbelow)


@pytest.mark.parametrize("slot", [SLOTS, 255, 256, R - 1])
def test_a_slot_beyond_the_last_has_no_witness(cast: Cast, slot: int):
    with pytest.raises(NoWitness):
        gate_prover().prove(request(cast.alice, slot=slot), NOBODY, randbelow=secrets.randbelow)


def test_the_last_slot_has_one(cast: Cast):
    verify_gate(claim(cast, request(cast.alice, slot=SLOTS - 1)))


STATEMENTS: dict[str, dict[str, int]] = {
    "somebody else": {"nullifier": 7},
    "another slot": {"rate": 7},
    "another thread": {"thread_scope": 1},
    "another day": {"rate_scope": 1},
    "more slots": {"slots": 255},
    "another message": {"message": 1},
}


@pytest.mark.parametrize("change", STATEMENTS.values(), ids=STATEMENTS)
def test_a_gate_proof_proves_one_statement(cast: Cast, change: dict[str, int]):
    good = claim(cast, request(cast.alice))
    with pytest.raises(InvalidGate) as refused:
        verify_gate(replace(good, statement=replace(good.statement, **change)))
    assert refused.value.pointer == "/join/gate/proofs/0"


def test_a_gate_proof_is_about_one_list(cast: Cast):
    asked = request(cast.mallory)
    free = claim(cast, asked)
    banned = GateList.of(made_gate().key, listed(ban_of(cast.mallory, b"5" * 32)))
    with pytest.raises(InvalidGate):
        verify_gate(replace(free, gates=banned))


def test_a_page_that_is_harmless_cannot_stand_for_the_other_one(cast: Cast):
    """Thirty strangers, then Mallory: she proves over the first page and hands it in twice."""
    bans = listed(*strangers(BANS_A_PAGE), ban_of(cast.mallory, b"6" * 32))
    places = [ban_of(cast.mallory, b"6" * 32).pair in page for page in bans.pages()]
    assert sorted(places) == [False, True]
    own, harmless = places.index(True), places.index(False)
    prover, asked = gate_prover(), request(cast.mallory)
    page = bans.pages()[harmless]
    proof = prover._prove_page(asked, page, secrets.randbelow)
    twice = GateClaim(GateList.of(made_gate().key, bans), asked.statement(), (proof, proof))
    with pytest.raises(InvalidGate) as refused:
        verify_gate(twice)
    assert refused.value.pointer == f"/join/gate/proofs/{own}"


def test_more_than_thirty_bans_are_two_pages_with_one_rate_nullifier(cast: Cast):
    bans, asked = listed(*strangers(BANS_A_PAGE + 1)), request(cast.alice)
    good = claim(cast, asked, bans)
    assert len(good.proofs) == 2
    verify_gate(good)
    with pytest.raises(InvalidGate) as refused:
        verify_gate(replace(good, proofs=good.proofs[::-1]))
    assert refused.value.pointer == "/join/gate/proofs/0"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_each_page_wants_its_proof(cast: Cast, count: int):
    gates = GateList.of(made_gate().key, listed(*strangers(BANS_A_PAGE + 1)))
    gate = cast.prove_gate(request(cast.alice), NOBODY)
    with pytest.raises(WrongGateCount):
        gates.check_count(replace(gate, proofs=gate.proofs * count))


def test_a_number_written_in_another_way_is_refused(cast: Cast):
    good = claim(cast, request(cast.alice))
    for name in ("nullifier", "rate"):
        shifted = {name: getattr(good.statement, name) + R}
        with pytest.raises(NotCanonical):
            verify_gate(replace(good, statement=replace(good.statement, **shifted)))


def test_the_numbers_of_a_page_are_counted():
    key, page = made_gate().key, NOBODY.pages()[0]
    with pytest.raises(groth16.WrongInputs):
        key.fixed(page_signals(page)[:-1])
    with pytest.raises(groth16.WrongInputs):
        key.check_inputs([1] * 5)


@pytest.mark.parametrize("proof", [b"\xff" * 128, bytes(31) + b"\x40" + bytes(96), b"", bytes(127)])
def test_points_that_are_none_are_refused(cast: Cast, proof: bytes):
    good = claim(cast, request(cast.alice))
    with pytest.raises(MalformedGate):
        verify_gate(replace(good, proofs=(proof,)))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_gate_proof_can_be_changed(cast: Cast, data: st.DataObject):
    good = claim(cast, request(cast.alice))
    changed = bytearray(good.proofs[0])
    changed[data.draw(st.integers(0, 127))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((InvalidGate, MalformedGate)):
        verify_gate(replace(good, proofs=(bytes(changed),)))


def test_both_parts_of_a_join_hold_in_one_equation(cast: Cast):
    claims = [join_claim(cast, number) for number in range(3)]
    verify_join(claims[0], balance=balance(), randbits=secrets.randbits)
    verify_joins(claims, balance=balance(), randbits=secrets.randbits)
    verify_joins([], balance=balance(), randbits=secrets.randbits)


def shifted(proof: bytes, by: int) -> bytes:
    """The proof with so many generators added to C."""
    points = groth16.decode_points(proof)
    return points._replace(c=points.c + CURVE.G1() * (by % R)).compress()


def balance() -> Balance:
    return Balance.of(made_gate().key, randbits=secrets.randbits)


def test_errors_of_membership_and_gate_do_not_cancel(cast: Cast):
    """One error in each part. They cancel for whoever knows how both are weighed, so that is a secret."""
    good = join_claim(cast, 0)
    key = groth16.verification_key(20)

    def batches(total: int) -> list[groth16.Batch]:
        # Under two keys only a discrete logarithm makes errors cancel; one key in both places shows the same.
        proof, inputs = good.membership.proof.points, _member_inputs(good)
        claims = [groth16.Claim(shifted(proof, by), inputs, key.start) for by in (1, -1)]
        return [groth16.Batch(key, claims[:1], 1), groth16.Batch(key, claims[1:], total)]

    for weigh, cancels in ((lambda _: 1, True), (secrets.randbits, False)):
        total, target = groth16.balanced((key, key), randbits=weigh)
        if cancels:
            groth16.verify_together(batches(total), target=target, randbits=secrets.randbits)
        else:
            with pytest.raises(InvalidProof):
                groth16.verify_together(batches(total), target=target, randbits=secrets.randbits)
    false = replace(good, gate=replace(good.gate, proofs=(shifted(good.gate.proofs[0], 1),)))
    with pytest.raises(InvalidGate):
        verify_join(false, balance=balance(), randbits=secrets.randbits)


def _member_inputs(claim: JoinClaim) -> tuple[int, ...]:
    proof = claim.membership.proof
    signals = circuit_input(claim.membership.message), circuit_input(claim.membership.scope)
    return proof.root, proof.nullifier, *signals


def test_the_guilty_part_of_a_batch_is_named(cast: Cast):
    claims = [join_claim(cast, number) for number in range(3)]
    statement = replace(claims[0].gate.statement, message=9)
    claims[0] = replace(claims[0], gate=replace(claims[0].gate, statement=statement))
    claims[2] = replace(claims[2], membership=replace(claims[2].membership, message=9))
    with pytest.raises(BatchRefused) as refused:
        verify_joins(claims, balance=balance(), randbits=secrets.randbits)
    kinds = {place: type(error) for place, error in refused.value.refusals.items()}
    assert kinds == {0: InvalidGate, 2: InvalidProof}


def test_the_rate_nullifier_is_one_for_each_member_day_and_slot(cast: Cast):
    def rate(member: Member, day: str, slot: int) -> int:
        return rate_nullifier(secret=member.secret, domain=DOMAIN, day=day, slot=slot)

    several = {
        rate(member, day, slot)
        for member in (cast.alice, cast.bob)
        for day in (TODAY, "2026-03-21")
        for slot in range(3)
    }
    assert len(several) == 12
    assert rate(cast.alice, TODAY, 1) == rate(cast.alice, TODAY, 1)


def test_a_statement_enters_the_circuit_reduced():
    statement = GateStatement(1, 2, 1 << 255, 1 << 254, 30, 1 << 253)
    assert statement.inputs() == (
        1, 2, circuit_input(1 << 255), circuit_input(1 << 254), 30, circuit_input(1 << 253),
    )  # fmt: skip
