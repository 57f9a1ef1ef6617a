"""What the Python package computes, written down for the front end's tests.

`python -m tests.anonymity.frontend_vectors` writes two files of the repository: the words of the aliases,
which the worker carries, and the vectors that its code must reproduce. `test_interop_frontend.py` fails when
either is stale.
"""

import json
import random
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.anonymity.logs import MemoryLog

from openmai.anonymity.alias_words import ADJECTIVES, ANIMALS
from openmai.anonymity.aliases import alias_of
from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.bans import BanList
from openmai.anonymity.content import Opening, Reply, tidy_text
from openmai.anonymity.encoding import Domain, canonical_json, circuit_input, sha256
from openmai.anonymity.enrolment import ENROLMENT_PAIR, prove_enrolment
from openmai.anonymity.fields import L
from openmai.anonymity.gate import Gate
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log.checkpoints import cosign, log_origin, sign_checkpoint
from openmai.anonymity.log.entries import roster_entry, tick_entries
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.anonymity.log.part import LogPart, Placed
from openmai.anonymity.paths import Since, build_paths
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.proof_file import build_proof_file
from openmai.anonymity.prover import Prover
from openmai.anonymity.rosters import (
    IndexEntry,
    Label,
    RosterIndex,
    RosterStatement,
    SignedStatement,
    open_statement,
    pack_leaves,
    sign_index,
    sign_statement,
)
from openmai.anonymity.submission import (
    Entrance,
    Join,
    build_submission,
    join_scope_and_message,
    sign_content,
)
from openmai.anonymity.tickets import Ticket, encode_ticket

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "node_modules" / "@zk-kit" / "semaphore-artifacts"
WORDS = ROOT / "frontend" / "proofs" / "alias_words.json"
VECTORS = ROOT / "frontend" / "tests" / "vectors.json"
DOMAIN = Domain(site="openmai.example", season="s228")
ROSTER = "company/lumen-kitchens/provable"
LABEL = Label(slug="lumen-kitchens", en="Lumen Kitchens", zh="流明厨房")
ROSTER_SEED = bytes(range(32))
# What the log holds before the roster, and between the roster and the tick that published both posts.
BEFORE, BETWEEN = 260, 3
TICK = "2026-05-01T10:00:00Z"
WITNESS = "witness.example/w1"


def alias_words() -> dict[str, Any]:
    """The two lists, with the English words as they are shown."""
    lists = {"adjectives": ADJECTIVES, "animals": ANIMALS}
    return {name: [[en.title(), zh] for en, zh in words] for name, words in lists.items()}


def vectors() -> dict[str, Any]:
    """The same in every run: nothing here is random but the blinding of proofs, which is seeded."""
    rng = random.Random(228)
    secret = rng.randrange(1, L)
    prover, enrolment_prover = Prover(_artifacts(20)), Prover(_artifacts(1))
    leaves = [rng.randrange(1, 2**250) for _ in range(40)]
    leaves[7] = 0
    leaves[21] = prover.commitment(secret)
    return {
        "site": DOMAIN.site,
        "season": DOMAIN.season,
        "secret": str(secret),
        "commitment": str(prover.commitment(secret)),
        "digests": _digests(),
        "circuit_inputs": [[str(x), str(circuit_input(x))] for x in (0, 1, 2**255 + 3, 2**256 - 1)],
        "poseidon": [[str(a), str(b), str(poseidon2(a, b))] for a, b in ((0, 0), (1, 2), (2**253, 7))],
        "trees": [_tree(leaves[:count]) for count in (1, 2, 3, 5, 8, 21, 40)],
        "texts": [[text, tidy_text(text)] for text in _TEXTS],
        "aliases": [_alias(nullifier) for nullifier in (1, 2**200, 12345678901234567890)],
        "enrolment": _enrolment(enrolment_prover, secret, rng),
        **_speech(prover, secret, leaves, rng),
    }


_TEXTS = (
    "  plain\r\n",
    "tab\there",
    "e\u0301 decomposed",
    "\ufeffmark",
    "多行\r第二行\x00\x85",
    "a\u2028b\u3000",
    "😀 x",
)


def _artifacts(depth: int) -> Artifacts:
    stem = ARTIFACTS / f"semaphore-{depth}"
    return Artifacts(depth, stem.with_suffix(".wasm").read_bytes(), stem.with_suffix(".zkey").read_bytes())


def _digests() -> list[list[Any]]:
    calls: list[tuple[str, tuple[str | int | bytes, ...]]] = [
        ("enrol", ()),
        ("thread", (bytes(32),)),
        ("enrol-pok", ("6f1a2b3c-0d4e-4f5a-8b6c-7d8e9f0a1b2c", bytes(range(32)))),
        ("mixed", ("汉字", 2**256 - 1, b"")),
    ]
    return [
        [tag, [_argument(each) for each in arguments], str(DOMAIN.digest(tag, *arguments))]
        for tag, arguments in calls
    ]


def _argument(argument: str | int | bytes) -> list[str]:
    match argument:
        case str():
            return ["text", argument]
        case int():
            return ["number", str(argument)]
        case bytes():
            return ["bytes", argument.hex()]


def _tree(leaves: list[int]) -> dict[str, Any]:
    tree = LeanIMT(leaves)
    paths = [
        [place, tree.path(place).index, [str(s) for s in tree.path(place).siblings]]
        for place in {0, len(leaves) // 2, len(leaves) - 1}
    ]
    return {"leaves": [str(leaf) for leaf in leaves], "root": str(tree.root), "paths": paths}


def _alias(nullifier: int) -> list[Any]:
    alias = alias_of(nullifier)
    return [str(nullifier), alias.en, alias.zh, alias.suffix, alias.glyph.hex()]


def _enrolment(prover: Prover, secret: int, rng: random.Random) -> dict[str, Any]:
    ticket = Ticket(
        account="6f1a2b3c-0d4e-4f5a-8b6c-7d8e9f0a1b2c",
        nonce=bytes(range(32)),
        season=DOMAIN.season,
        site=DOMAIN.site,
    )
    _, proof = prove_enrolment(
        prover,
        secret=secret,
        domain=DOMAIN,
        account=ticket.account,
        nonce=ticket.nonce,
        randbelow=rng.randrange,
    )
    return {
        "ticket": encode_ticket(ticket),
        "pair": str(ENROLMENT_PAIR),
        "root": str(proof.root),
        "nullifier": str(proof.nullifier),
        "scope": str(DOMAIN.enrol_scope()),
        "message": str(DOMAIN.enrol_message(account=ticket.account, nonce=ticket.nonce)),
        "proof": proof.points.hex(),
    }


def _speech(prover: Prover, secret: int, leaves: list[int], rng: random.Random) -> dict[str, Any]:
    """A roster, an opening with its join, a reply without one, and the proof files of both."""
    tree, leaves_file = LeanIMT(leaves), pack_leaves(leaves)
    paths_file = build_paths(tree, epoch=3, since=Since(3, tree.size), removed=())
    statement = RosterStatement(
        site=DOMAIN.site, season=DOMAIN.season, roster=ROSTER, epoch=3, label=LABEL, root=tree.root, size=40,
        live=39, settled=35, leaves=sha256(leaves_file),
        paths=sha256(paths_file), journal=sha256(b"journal"), published="2026-05-01",
    )  # fmt: skip
    signing_key = Ed25519PrivateKey.from_private_bytes(ROSTER_SEED)
    envelope = sign_statement(statement, signing_key)
    index = RosterIndex(DOMAIN.site, DOMAIN.season, 9, (IndexEntry(ROSTER, 3, sha256(envelope)),))
    opening = Opening(
        site=DOMAIN.site,
        season=DOMAIN.season,
        section="work",
        title="Overtime at the pass",
        body="二十二点下班\nagain",
        nonce=bytes(16),
    )
    signed = open_statement(envelope, key=None, domain=DOMAIN)
    checkpoint = MemoryLog(_logged(signed, [])).at(BEFORE + 1).head().text
    key = thread_key(secret, DOMAIN.thread_scope(opening.id))
    scope, message = join_scope_and_message(
        content=opening, key=public_bytes(key), roster=ROSTER, root=tree.root, checkpoint=checkpoint
    )
    proof = prover.prove(
        secret=secret, path=tree.path(21), scope=scope, message=message, randbelow=rng.randrange
    )
    join = Join(ROSTER, proof, checkpoint)
    # Of the gate the form alone: its keys are each site's own, so no proof of it is the same twice.
    nobody = BanList(DOMAIN.site, DOMAIN.season, 0, ())
    entrance = Entrance(join, Gate("2026-03-20", nobody.digest, 7, (proof.points,)))
    reply = Reply(
        site=DOMAIN.site,
        season=DOMAIN.season,
        thread=opening.id,
        parent=None,
        body="Same here",
        nonce=bytes(16),
    )
    log = _log_part(signed, [opening.id, reply.id])
    files = [
        build_proof_file(
            opening=opening, content=content, key=public_bytes(key), signature=sign_content(content, key),
            join=join, first=opening.id, statement=signed, log=log,
        )
        for content in (opening, reply)
    ]  # fmt: skip
    return {
        "thread_key": public_bytes(key).hex(),
        "opening": opening.document(),
        "opening_id": opening.id.hex(),
        "reply": reply.document(),
        "reply_id": reply.id.hex(),
        "opening_submission": build_submission(content=opening, key=key, entrance=entrance).decode(),
        "reply_submission": build_submission(content=reply, key=key, entrance=None).decode(),
        "scope": str(scope),
        "message": str(message),
        "roster_key": public_bytes(signing_key).hex(),
        "leaves_file": leaves_file.hex(),
        "envelope": envelope.decode(),
        "index": sign_index(index, signing_key).decode(),
        "proof_files": [file.decode() for file in files],
        "receipt": DOMAIN.receipt_bytes(opening.id, "2026-05-01T10:00:00Z").hex(),
    }


def _logged(signed: SignedStatement, posts: list[bytes]) -> list[bytes]:
    """Entries of which only the roster's and the tick's mean anything."""
    before = [f"before {number}".encode() for number in range(BEFORE)]
    between = [f"between {number}".encode() for number in range(BETWEEN)]
    ticks = [each.data for each in tick_entries(DOMAIN, TICK, posts)]
    return [*before, roster_entry(signed).data, *between, *ticks, b"after"]


def _log_part(signed: SignedStatement, posts: list[bytes]) -> LogPart:
    """Both posts in one tick, the checkpoint one entry later and countersigned."""
    log = MemoryLog(_logged(signed, posts))
    tree, tick = log.at(len(log.entries)), BEFORE + 1 + BETWEEN
    log_key, witness = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (7, 8))
    checkpoint = sign_checkpoint(log_origin(DOMAIN.site), tree.head(), log_key)
    said = cosign(checkpoint, name=WITNESS, timestamp=1_777_777_777, key=witness)
    return LogPart(
        key=public_bytes(log_key),
        witnesses=(NoteKey(WITNESS, public_bytes(witness), COSIGNATURE),),
        checkpoint=checkpoint.note.with_signatures([said]).data,
        roster=Placed(BEFORE, tuple(log.at(BEFORE + 1).inclusion_proof(BEFORE))),
        consistency=tuple(tree.consistency_proof(BEFORE + 1)),
        tick=Placed(tick, tuple(tree.inclusion_proof(tick))),
        entry=tick_entries(DOMAIN, TICK, posts)[0],
    )


def as_file(document: object) -> bytes:
    """One bytes for each document: canonical, but with line ends that a diff can show."""
    canonical_json(document)
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


if __name__ == "__main__":
    WORDS.write_bytes(as_file(alias_words()))
    VECTORS.write_bytes(as_file(vectors()))
