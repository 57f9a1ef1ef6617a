"""No hostile variation of a valid submission is accepted, and each is refused in a documented way.

`python -m tests.fuzz` judges ten million; here are a fixed sample of them, and what hypothesis makes of the
same mutators (docs/fuzzing.md).
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.documents import _places
from tests.fuzz.judge import Finding, Judge, Verdict
from tests.fuzz.run import CHUNK, Counts, Run
from tests.fuzz.variations import ALL, CHEAP, Variations
from tests.fuzz.world import World

from openmai.anonymity import documents
from openmai.anonymity.fields import R
from openmai.talk import verifying
from openmai.talk.actions import submissions

SEEDS = ("known", "opening", "newcomer", "again", "signature", "past", "anyone")
SAMPLE = 3
fixed = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    with world.answering():
        yield world


@pytest.fixture(scope="module")
def judge(world: World) -> Judge:
    return Judge(world)


@pytest.fixture(scope="module")
def variations(world: World) -> Variations:
    return Variations(world)


def test_the_seeds_are_valid(world: World, judge: Judge):
    said = {seed.name: judge(seed.body).code for seed in world.seeds}
    assert said == dict.fromkeys(SEEDS, "same") | {"known": "known", "signature": "same-without-join"}


def test_a_fixed_sample(world: World):
    """The first chunks of the long run that docs/fuzzing.md records."""
    run, counts = Run(world, seed="openmai-3"), Counts("openmai-3")
    for number in range(SAMPLE):
        run.chunk(number, counts)
    assert counts.findings == []
    assert counts.total == SAMPLE * CHUNK
    assert len(counts.codes) > 30
    assert counts.reached()[8] > 20
    assert {each.__name__ for each in CHEAP} <= set(counts.made)


@settings(fixed, max_examples=400)
@given(
    seed=st.integers(0, len(SEEDS) - 1),
    mutators=st.lists(
        st.sampled_from([each for each in ALL if each.__name__ != "lapsed"]), min_size=1, max_size=3
    ),
    rng=st.randoms(use_true_random=False),
)
def test_mutators_in_any_order(
    judge: Judge, variations: Variations, seed: int, mutators: list[Any], rng: Random
):
    variation = variations.changed(seed, tuple(mutators), rng)
    judge(variation.body, variation.proofs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3),
    max_leaves=6,
)


@settings(fixed, max_examples=400)
@given(seed=st.integers(0, len(SEEDS) - 1), place=st.integers(0, 40), value=JSON)
def test_any_json_in_any_place(world: World, judge: Judge, seed: int, place: int, value: object):
    document = json.loads(world.seeds[seed].body)
    places = list(_places(document))
    where, name = places[place % len(places)]
    where[name] = value
    judge(json.dumps(document).encode("utf-8", "surrogatepass"))


@settings(fixed, max_examples=300)
@given(data=st.binary(max_size=200), seed=st.integers(0, len(SEEDS) - 1), share=st.floats(0, 1))
def test_any_bytes_at_any_place(world: World, judge: Judge, data: bytes, seed: int, share: float):
    body = world.seeds[seed].body
    at = int(len(body) * share)
    judge(data)
    judge(body[:at] + data + body[at:])


# The judge itself: it must see what it is there for.


def first_finding(world: World) -> str:
    counts = Counts("openmai-3")
    Run(world, seed="openmai-3").chunk(0, counts)
    return counts.findings[0] if counts.findings else "nothing"


def test_a_verifier_that_believes_everything_is_found(world: World):
    with patch.object(verifying, "verify_join", lambda *_, **__: None):
        assert "accepted" in first_finding(world)


def test_a_signature_that_nobody_checks_is_found(world: World):
    with patch.object(submissions, "verify_signature", lambda **_: None):
        assert "accepted" in first_finding(world)


def test_a_number_that_is_reduced_is_found(world: World, judge: Judge):
    """The site would take x + r for x."""
    document = json.loads(world.seeds[1].body)
    document["join"]["nullifier"] = str(int(document["join"]["nullifier"]) + R)
    body = json.dumps(document).encode()
    assert judge(body).code == "not-canonical"
    with patch.object(documents, "parse_decimal", lambda value, **_: int(value) % R), pytest.raises(Finding):
        judge(body)


def test_an_exception_without_a_code_is_found(world: World):
    with patch.object(submissions, "check_persona", side_effect=KeyError("persona")):
        assert "KeyError" in first_finding(world)


def test_a_code_that_is_not_documented_is_found(world: World):
    judge = Judge(world)
    judge.codes -= {"unknown-field"}
    with pytest.raises(Finding, match="unknown-field"):
        judge(world.seeds[0].body.replace(b'"version"', b'"Version"'))


def test_the_place_of_the_fall_is_told(judge: Judge, world: World):
    body = world.seeds[1].body
    flipped = json.loads(body)
    flipped["join"]["proof"] = "00" * 128
    assert judge(b"{").check == 1
    assert judge(body.replace(b'"work"', b'"nope"')).check == 2
    assert judge(json.dumps(flipped).encode()) == Verdict("malformed-proof", 7)
