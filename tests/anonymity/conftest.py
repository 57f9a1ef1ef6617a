"""Real circuits, real keys: each prover is loaded once a session, which takes seconds."""

import random

import pytest
from tests.anonymity.speech import DOMAIN, Speech, read_artifacts

from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.prover import Prover, new_secret


@pytest.fixture
def rng() -> random.Random:
    """Randomness that is the same in every run."""
    return random.Random(1)


@pytest.fixture(scope="session")
def prover() -> Prover:
    return Prover(read_artifacts(20))


@pytest.fixture(scope="session")
def enrolment_prover() -> Prover:
    return Prover(read_artifacts(1))


@pytest.fixture(scope="session")
def speech(prover: Prover) -> Speech:
    rng = random.Random(2)
    secret = new_secret(rng.randrange)
    roster = LeanIMT(rng.randrange(1, 2**250) for _ in range(40))
    place = roster.insert(prover.commitment(secret))
    roster.update(3, 0)
    scope, message = DOMAIN.thread_scope(b"t" * 32), DOMAIN.digest("join", "hello")
    proof = prover.prove(
        secret=secret, path=roster.path(place), scope=scope, message=message, randbelow=rng.randrange
    )
    return Speech(secret, roster, scope, message, proof)
