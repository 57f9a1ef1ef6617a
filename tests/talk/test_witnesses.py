"""A real witness behind HTTP, asked by the talk worker."""

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.talk.conftest import Talk
from tests.talk.test_log import add

from openmai.anonymity.log.checkpoints import sign_checkpoint, verify_cosignature
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.anonymity.log.witness import NotConsistent, OtherSize
from openmai.cli.log.witness import Witness as WitnessDesk
from openmai.cli.log.witness import serve
from openmai.platform.config_values import Listen
from openmai.talk import witnessing
from openmai.talk.queries.log import newest_checkpoint
from openmai.talk.rules import Rules, Witness


@pytest.fixture
def walt(talk: Talk, tmp_path: Path) -> Iterator[tuple[WitnessDesk, Rules]]:
    """A real witness behind HTTP, and the site's rules that name it and demand it."""
    folder = tmp_path / "walt"
    folder.mkdir()
    key = talk.rules.log_trust.key
    desk = WitnessDesk(
        "walt.example", Ed25519PrivateKey.generate(), {key.name: key}, folder, now=lambda: 1_774_000_000
    )
    server = serve(desk, Listen(host="127.0.0.1", port=0))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    witness = Witness(desk.public, f"http://127.0.0.1:{server.server_port}")
    yield desk, replace(talk.rules, witnesses=(witness,), quorum=1)
    server.shutdown()
    server.server_close()


def test_a_witness_signs_what_grows_and_only_then_it_is_shown(talk: Talk, walt: tuple[WitnessDesk, Rules]):
    desk, rules = walt
    assert newest_checkpoint(quorum=1) is None
    assert witnessing.ask_witnesses(rules) == []
    shown = newest_checkpoint(quorum=1)
    assert shown is not None
    said = verify_cosignature(shown.note, desk.public)
    assert said is not None
    assert said.timestamp == 1_774_000_000
    talk.rules = rules
    add(talk, 40)
    assert newest_checkpoint(quorum=1) == shown, "not before the witness has seen it"
    assert witnessing.ask_witnesses(rules) == []
    newest = newest_checkpoint(quorum=1)
    assert newest is not None
    assert newest.head.size == shown.head.size + 40 + 1, "what was added, and what is in force then"
    assert desk.last(rules.log_origin) == newest.head


def test_a_witness_that_saw_more_than_the_database_knows_is_told_apart(
    talk: Talk, walt: tuple[WitnessDesk, Rules], monkeypatch: pytest.MonkeyPatch
):
    """Its answer was lost, or the database was set back: it says what it signed last, and is asked again."""
    desk, rules = walt
    witnessing.ask_witnesses(rules)
    talk.rules = rules
    add(talk, 5)
    monkeypatch.setattr(witnessing, "cosigned_size", lambda _name: 0)
    assert witnessing.ask_witnesses(rules) == []
    ahead = replace(desk.logs[rules.log_origin])
    assert ahead == rules.log_trust.key
    newest = newest_checkpoint()
    assert newest is not None
    assert desk.last(rules.log_origin) == newest.head


def test_a_witness_refuses_a_fork_and_the_site_is_told(talk: Talk, walt: tuple[WitnessDesk, Rules]):
    desk, rules = walt
    witnessing.ask_witnesses(rules)
    seen = desk.last(rules.log_origin)
    assert seen is not None
    # Mallory, who has the log's key, rewrote it.
    forged = sign_checkpoint(rules.log_origin, TreeHead(seen.size, bytes(32)), rules.log_key)
    with pytest.raises(OtherSize):
        desk.add_checkpoint(f"old {seen.size}\n\n".encode() + forged.data)
    longer = sign_checkpoint(rules.log_origin, TreeHead(seen.size + 1, bytes(32)), rules.log_key)
    proof = "\n".join(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] * 3)
    with pytest.raises(NotConsistent):
        desk.add_checkpoint(f"old {seen.size}\n{proof}\n\n".encode() + longer.data)
    assert desk.last(rules.log_origin) == seen


def test_a_witness_that_signs_with_another_key_or_is_away_counts_for_nothing(
    talk: Talk, walt: tuple[WitnessDesk, Rules]
):
    _desk, rules = walt
    (known,) = rules.witnesses
    other = replace(known, key=NoteKey(known.key.name, bytes(32), known.key.kind))
    away = replace(known, url="http://127.0.0.1:9")
    for witness, words in ((other, "no signature by its key"), (away, "walt.example")):
        (failure,) = witnessing.ask_witnesses(replace(rules, witnesses=(witness,)))
        assert words in str(failure)
    assert newest_checkpoint(quorum=1) is None


def test_a_witness_that_answers_with_more_than_was_asked_for_is_not_read_to_the_end(talk: Talk):
    """Mallory's answer is a megabyte of zeros, packed into a thousand bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(bytes(1 << 20)))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    key = NoteKey("mallory.example", bytes(32), COSIGNATURE)
    witness = Witness(key, f"http://127.0.0.1:{server.server_port}")
    (failure,) = witnessing.ask_witnesses(replace(talk.rules, witnesses=(witness,)))
    assert "an encoding that was not asked for" in str(failure)
    server.shutdown()
    server.server_close()
