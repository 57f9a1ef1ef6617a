"""Checkpoints and cosignatures: what is believed, and what is refused in whose words."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.logs import MemoryLog

from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import (
    TooFewWitnesses,
    WrongOrigin,
    check_witnesses,
    cosign,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignature,
)
from openmai.anonymity.log.merkle import AlteredLog, ForkedLog, LogRefused, RolledBack, TreeHead
from openmai.anonymity.log.notes import (
    COSIGNATURE,
    BadKey,
    BadNoteSignature,
    MalformedNote,
    Note,
    NoteKey,
    SignatureLine,
    UnknownSigner,
    parse_key,
    parse_note,
    sign_note,
)
from openmai.anonymity.log.tiles import Tile
from openmai.anonymity.log.view import (
    Equivocation,
    ForkedThread,
    LogBehind,
    LogTrust,
    open_view,
    read_entries,
)

OLGA, MALLORY, WALT = (Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32) for at in (1, 2, 3))
KEY = NoteKey("openmai.example/log", public_bytes(OLGA))
WITNESS = NoteKey("walt.example", public_bytes(WALT), COSIGNATURE)
TRUST = LogTrust(KEY)
LOG = MemoryLog([f"entry {at}".encode() for at in range(300)])
FORK = MemoryLog([*LOG.entries[:100], b"another", *LOG.entries[101:], b"more"])


def head_of(log: MemoryLog, size: int) -> bytes:
    return sign_checkpoint(KEY.name, log.at(size).head(), OLGA).data


def seen(size: int, log: MemoryLog = LOG):
    return open_checkpoint(head_of(log, size), KEY)


# The example of c2sp.org/signed-note, with the key that the Go package's documentation publishes.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
    "BwJnAM=\n"
)


def test_the_published_example_of_a_note_verifies() -> None:
    key = parse_key(GO_KEY, kind=1)
    note = parse_note(GO_NOTE.encode())
    assert note.data == GO_NOTE.encode()
    (line,) = note.by(key)
    from openmai.anonymity.log.notes import verify_note

    verify_note(note, key)
    assert line.name == "PeterNeumann"
    with pytest.raises(BadNoteSignature):
        verify_note(Note(note.text.replace("your", "my"), note.signatures), key)


def test_a_checkpoint_by_the_known_key_is_believed() -> None:
    view = open_view(head_of(LOG, 300), trust=TRUST, read=LOG.read, seen=seen(7))
    assert view.head == LOG.at(300).head()
    assert read_entries(view, 1, LOG.read) == tuple(LOG.entries[256:])


def test_a_checkpoint_by_a_wrong_key_is_refused() -> None:
    forged = sign_checkpoint(KEY.name, LOG.at(300).head(), MALLORY).data
    with pytest.raises(UnknownSigner):
        open_view(forged, trust=TRUST, read=LOG.read, seen=None)
    stolen_id = parse_note(forged).signatures[0]
    relabelled = Note(parse_note(forged).text, (SignatureLine(KEY.name, KEY.id, stolen_id.signature),))
    with pytest.raises(BadNoteSignature):
        open_view(relabelled.data, trust=TRUST, read=LOG.read, seen=None)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    other = sign_checkpoint("other.example/log", LOG.at(300).head(), OLGA).data
    with pytest.raises(WrongOrigin):
        open_checkpoint(other, KEY)


def test_a_fork_is_refused_and_both_heads_are_kept_as_evidence() -> None:
    kept = seen(200)
    with pytest.raises(Equivocation, match="two histories") as caught:
        open_view(head_of(FORK, 301), trust=TRUST, read=FORK.read, seen=kept)
    assert isinstance(caught.value.cause, ForkedLog)
    assert (caught.value.kept.data, caught.value.shown.data) == (kept.data, head_of(FORK, 301))


def test_another_root_of_the_same_size_is_a_fork() -> None:
    with pytest.raises(Equivocation):
        open_view(head_of(FORK, 200), trust=TRUST, read=FORK.read, seen=seen(200))


def test_a_roll_back_is_refused_and_kept_as_evidence() -> None:
    with pytest.raises(Equivocation, match="had 200 entries") as caught:
        open_view(head_of(LOG, 150), trust=TRUST, read=LOG.read, seen=seen(200))
    assert isinstance(caught.value.cause, RolledBack)


@pytest.mark.parametrize("size", [255, 256, 257, 200, 3])
def test_a_fork_before_a_full_tile_is_found_at_every_size(size: int) -> None:
    fork = MemoryLog([b"another", *LOG.entries[1:]])
    with pytest.raises(Equivocation):
        open_view(head_of(fork, 300), trust=TRUST, read=fork.read, seen=seen(size))


def altered(tile: Tile) -> bytes:
    data = bytearray(LOG.read(tile))
    data[5] ^= 1
    return bytes(data)


@pytest.mark.parametrize("before", [200, 300])
def test_damaged_files_are_no_fork_whether_the_log_has_grown_or_not(before: int) -> None:
    """Nobody is accused: the very same checkpoint contradicts nothing."""
    with pytest.raises(AlteredLog):
        open_view(head_of(LOG, 300), trust=TRUST, read=altered, seen=seen(before))


def test_another_member_of_a_thread_who_saw_another_log_is_noticed() -> None:
    view = open_view(head_of(LOG, 300), trust=TRUST, read=LOG.read, seen=None)
    view.check_carried(LOG.at(120).head())
    with pytest.raises(ForkedThread, match="another log"):
        view.check_carried(FORK.at(120).head())
    with pytest.raises(LogBehind, match="saw 301 entries"):
        view.check_carried(TreeHead(301, bytes(32)))


def test_witnesses_are_counted_by_their_keys() -> None:
    signed = seen(300)
    said = cosign(signed, name=WITNESS.name, timestamp=1_777_777_777, key=WALT)
    twin = NoteKey("twin.example", public_bytes(WALT), COSIGNATURE)
    echoed = cosign(signed, name=twin.name, timestamp=1_777_777_778, key=WALT)
    both = open_checkpoint(signed.note.with_signatures([said, echoed]).data, KEY)
    assert [each.timestamp for each in check_witnesses(both, [WITNESS], quorum=1)] == [1_777_777_777]
    with pytest.raises(TooFewWitnesses, match="1 witnesses"):
        check_witnesses(both, [WITNESS, twin], quorum=2)


def test_a_cosignature_moved_to_another_checkpoint_is_refused() -> None:
    said = cosign(seen(200), name=WITNESS.name, timestamp=5, key=WALT)
    with pytest.raises(BadNoteSignature):
        verify_cosignature(seen(300).note.with_signatures([said]), WITNESS)


def test_a_witness_that_signs_both_branches_does_not_hide_the_fork() -> None:
    """An equivocating witness helps nobody who keeps what they saw."""
    trust = LogTrust(KEY, (WITNESS,), 1)

    def witnessed(log: MemoryLog, size: int) -> bytes:
        signed = open_checkpoint(head_of(log, size), KEY)
        return signed.note.with_signatures([cosign(signed, name=WITNESS.name, timestamp=9, key=WALT)]).data

    view = open_view(witnessed(LOG, 200), trust=trust, read=LOG.read, seen=None)
    with pytest.raises(Equivocation) as caught:
        open_view(witnessed(FORK, 301), trust=trust, read=FORK.read, seen=view.checkpoint)
    for head in (caught.value.kept, caught.value.shown):
        assert verify_cosignature(head.note, WITNESS) is not None, "the evidence names the witness, too"


def test_the_quorum_is_demanded() -> None:
    with pytest.raises(TooFewWitnesses):
        open_view(head_of(LOG, 300), trust=LogTrust(KEY, (WITNESS,), 1), read=LOG.read, seen=None)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_note_are_refused(data: bytes) -> None:
    try:
        note = parse_note(data)
    except MalformedNote:
        return
    assert note.data == data


@settings(deadline=None)
@given(st.data())
def test_a_checkpoint_with_a_byte_changed_is_refused(data: st.DataObject) -> None:
    good = bytearray(head_of(LOG, 300))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LogRefused):
        open_checkpoint(bytes(good), KEY)


@pytest.mark.parametrize(
    "text", ["x", "a+00000000+AQ==", GO_KEY[:-1], GO_KEY.replace("c74f20a3", "c74f20a4"), ""]
)
def test_a_key_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        parse_key(text, kind=1)


@pytest.mark.parametrize(
    "text",
    [
        "{origin}\n300\n{root}\nextension\n",
        "{origin}\n0300\n{root}\n",
        "{origin}\n300\n",
        "{origin}\n300\n{root}x\n",
        "\n300\n{root}\n",
        "{origin}\n0\n{root}\n",
        "{origin}\n9007199254740992\n{root}\n",
    ],
)
def test_a_checkpoint_in_another_form_is_refused(text: str) -> None:
    root = re.split(r"[ ]", LOG.at(300).head().text)[1]
    note = sign_note(text.format(origin=KEY.name, root=root), name=KEY.name, key=OLGA)
    with pytest.raises(LogRefused):
        open_checkpoint(note.data, KEY)
