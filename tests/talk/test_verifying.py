"""Proofs that wait for each other are verified together, and each gets the verdict that it deserves."""

import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from time import sleep
from typing import Any

import pytest
from tests.factories.cast import HARBOUR, SLOTS, TODAY, Cast
from tests.factories.gate import made_gate

from openmai.anonymity import groth16
from openmai.anonymity.bans import BanList
from openmai.anonymity.gate import GateClaim, GateList, InvalidGate
from openmai.anonymity.groth16 import InvalidProof, MalformedProof
from openmai.anonymity.joins import JoinClaim
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.membership import Claim
from openmai.anonymity.prover.gate import GateRequest
from openmai.anonymity.submission import join_scope_and_message
from openmai.talk import verifying
from openmai.talk.verifying import NotVerified, Verifier


def claim(cast: Cast, number: int) -> JoinClaim:
    opening = cast.opening(title=f"Thread {number}")
    join, key = cast.join(cast.alice, opening), cast.alice.key_in(opening.id)
    scope, message = join_scope_and_message(
        content=opening,
        key=public_bytes(key),
        roster=HARBOUR,
        root=join.proof.root,
        checkpoint=join.checkpoint,
    )
    request = GateRequest(cast.alice.secret, opening.domain, scope, message, TODAY, number, SLOTS)
    nobody = BanList(opening.site, opening.season, 0, ())
    gates = GateList.of(made_gate().key, nobody)
    gate = GateClaim(gates, request.statement(), cast.prove_gate(request, nobody).proofs)
    return JoinClaim(Claim(join.proof, scope, message, {join.proof.root}), gate)


def ask(verifier: Verifier, claim: JoinClaim) -> None:
    with verifier.announced() as verify:
        verify(claim)


def verdicts(
    verifier: Verifier, first: JoinClaim, others: list[JoinClaim], monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """While `first` is being verified, all `others` arrive; what each of them is told."""
    verify, begun, go_on = verifying.verify_join, Event(), Event()

    def slow(*args: object, **kwargs: object) -> object:
        begun.set()
        go_on.wait(10)
        return verify(*args, **kwargs)  # type: ignore[arg-type]  # passed on

    with ThreadPoolExecutor(len(others) + 1) as pool:
        with monkeypatch.context() as held:
            held.setattr(verifying, "verify_join", slow)
            running: list[Future[None]] = [pool.submit(ask, verifier, first)]
            begun.wait(10)
            running += [pool.submit(ask, verifier, each) for each in others]
            while len(verifier._tickets) < len(others):
                go_on.wait(0.01)
        go_on.set()
        return [type(each.exception()) for each in running]


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many claims each batch has had."""
    seen: list[int] = []
    batch = verifying.verify_joins

    def counted(claims: list[JoinClaim], **kwargs: object) -> object:
        seen.append(len(claims))
        return batch(claims, **kwargs)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(verifying, "verify_joins", counted)
    return seen


def test_what_waits_is_verified_together(cast: Cast, sizes: list[int], monkeypatch: pytest.MonkeyPatch):
    claims = [claim(cast, number) for number in range(4)]
    told = verdicts(Verifier(randbits=secrets.randbits), claims[0], claims[1:], monkeypatch)
    assert told == [type(None)] * 4
    assert sizes == [3]


def test_what_is_announced_is_waited_for(cast: Cast, sizes: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 60)
    verifier = Verifier(randbits=secrets.randbits)
    with ThreadPoolExecutor(1) as pool, verifier.announced() as verify:
        other = pool.submit(ask, verifier, claim(cast, 1))
        while not verifier._tickets:
            sleep(0.01)
        verify(claim(cast, 0))
        assert other.exception(60) is None
    assert sizes == [2]


def test_nobody_waits_for_what_was_refused_on_its_way(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 60)
    verifier = Verifier(randbits=secrets.randbits)
    with pytest.raises(ZeroDivisionError), verifier.announced():
        raise ZeroDivisionError
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask, verifier, claim(cast, 0)).exception(10) is None


def test_patience_ends(cast: Cast):
    verifier = Verifier(randbits=secrets.randbits)
    with verifier.announced(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask, verifier, claim(cast, 0)).exception(10) is None


def test_a_false_proof_falls_and_takes_nobody_with_it(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    good = [claim(cast, number) for number in range(3)]
    member = good[1].membership
    false = replace(good[1], membership=replace(member, message=member.message + 1))
    points = replace(good[2].membership.proof, points=b"\xff" * 128)
    broken = replace(good[2], membership=replace(good[2].membership, proof=points))
    told = verdicts(
        Verifier(randbits=secrets.randbits), good[0], [good[1], false, broken, good[2]], monkeypatch
    )
    assert told == [type(None), type(None), InvalidProof, MalformedProof, type(None)]


def panic_at(proof: bytes, call: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The library panics in `call` whenever it meets a point of this proof; the calls in which it did."""
    mine = {proof[:32], proof[32:96], proof[96:]}
    original, seen = getattr(groth16.CURVE, call), []

    def panicking(*lists: list[Any]) -> object:
        points = (each for given in lists for each in given if not isinstance(each, int))
        if any(bytes(point.to_bytes()) in mine for point in points):
            seen.append(call)
            # What it does with a point off the curve: no Exception, but a BaseException.
            groth16.CURVE.curve.PointG1(1, 3)
        return original(*lists)

    monkeypatch.setattr(groth16.CURVE, call, panicking)
    return seen


@pytest.mark.parametrize("call", ["batch_mul", "multiexp", "multi_pairing"])
def test_a_panic_of_the_library_is_a_refusal_of_one_proof_and_not_of_the_batch(
    cast: Cast, sizes: list[int], monkeypatch: pytest.MonkeyPatch, call: str
):
    claims = [claim(cast, number) for number in range(4)]
    mallorys = claims[2].membership.proof.points
    seen = panic_at(mallorys, call, monkeypatch)
    if call != "multi_pairing":
        # What only a batch calls has panicked; alone, the same proof meets the pairing.
        panic_at(mallorys, "multi_pairing", monkeypatch)
    told = verdicts(Verifier(randbits=secrets.randbits), claims[0], claims[1:], monkeypatch)
    assert told == [type(None), type(None), MalformedProof, type(None)]
    assert sizes == [3]
    assert call in seen


def test_a_crash_of_the_verifier_accepts_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(verifying, "verify_joins", crash)
    claims = [claim(cast, number) for number in range(3)]
    told = verdicts(Verifier(randbits=secrets.randbits), claims[0], claims[1:], monkeypatch)
    assert told == [type(None), MemoryError, MemoryError]


def test_a_claim_that_nobody_took_is_not_verified(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    verifier = Verifier(randbits=secrets.randbits)
    monkeypatch.setattr(verifier, "_settle", lambda _: None)
    with pytest.raises(NotVerified):
        ask(verifier, claim(cast, 0))


def test_a_false_gate_falls_alone_and_with_its_own_words(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    good = [claim(cast, number) for number in range(3)]
    statement = replace(good[1].gate.statement, rate=good[2].gate.statement.rate)
    false = replace(good[1], gate=replace(good[1].gate, statement=statement))
    told = verdicts(Verifier(randbits=secrets.randbits), good[0], [false, good[2]], monkeypatch)
    assert told == [type(None), InvalidGate, type(None)]
    with pytest.raises(InvalidGate):
        ask(Verifier(randbits=secrets.randbits), false)
