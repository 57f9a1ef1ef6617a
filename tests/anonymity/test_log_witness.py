"""What a witness signs, and each thing that it does not."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.test_log_notes import FORK, KEY, LOG, MALLORY, OLGA

from openmai.anonymity.log.checkpoints import sign_checkpoint
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.log.witness import (
    BadRequest,
    NotByTheLog,
    NotConsistent,
    OtherSize,
    UnknownLog,
    WitnessRefusal,
    judge,
)

LOGS = {KEY.name: KEY}


def request(old: int, size: int, *, log=LOG, key=OLGA, origin: str = KEY.name, proof=None) -> bytes:
    head = log.at(size).head()
    hashes = log.at(size).consistency_proof(old) if proof is None and old <= size else proof or []
    lines = [f"old {old}", *(b64encode(each).decode() for each in hashes)]
    return "\n".join(lines).encode() + b"\n\n" + sign_checkpoint(origin, head, key).data


def asked(body: bytes, *, last: TreeHead | None = None) -> TreeHead:
    return judge(body, logs=LOGS, last=lambda _origin: last).head


@pytest.mark.parametrize("old", [0, 1, 200, 256, 300])
def test_a_log_that_has_only_grown_is_signed(old: int):
    last = LOG.at(old).head() if old else None
    assert asked(request(old, 300), last=last) == LOG.at(300).head()


def test_what_a_witness_does_not_sign():
    last = LOG.at(200).head()
    with pytest.raises(NotConsistent):
        asked(request(200, 301, log=FORK), last=last)
    with pytest.raises(NotConsistent):
        asked(request(200, 300, proof=[bytes(32)]), last=last)
    with pytest.raises(OtherSize) as other:
        asked(request(150, 300), last=last)
    assert (other.value.status, other.value.body) == (409, "200\n")
    with pytest.raises(OtherSize):
        asked(request(200, 200, log=FORK), last=last)
    with pytest.raises(BadRequest):
        asked(request(200, 150), last=last)
    with pytest.raises(NotByTheLog):
        asked(request(200, 300, key=MALLORY), last=last)
    with pytest.raises(UnknownLog):
        asked(request(200, 300, origin="other.example/log"), last=last)


def test_a_roll_back_is_not_signed():
    with pytest.raises(OtherSize):
        asked(request(100, 150), last=LOG.at(200).head())


GOOD = request(200, 300)


@settings(deadline=None)
@given(st.data())
def test_a_request_with_a_byte_changed_is_signed_only_if_it_says_the_same(data: st.DataObject):
    body = bytearray(GOOD)
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        head = asked(bytes(body), last=LOG.at(200).head())
    except WitnessRefusal:
        return
    assert head == LOG.at(300).head()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_other_bytes_are_refused(body: bytes):
    with pytest.raises(WitnessRefusal):
        asked(body)
