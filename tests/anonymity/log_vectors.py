"""What the Python package says of logs, written down for the front end and for Go.

`python -m tests.anonymity.log_vectors` writes the file; `test_log_interop.py` fails when it is stale.
"""

from base64 import b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.anonymity.frontend_vectors import DOMAIN, ROOT, ROSTER_SEED, as_file
from tests.anonymity.logs import MemoryLog

from openmai.anonymity.encoding import canonical_json, sha256
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import cosign, log_origin, sign_checkpoint
from openmai.anonymity.log.entries import entry, roster_entry, tick_entries
from openmai.anonymity.log.merkle import TreeHead, leaf_hash
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.anonymity.log.tiles import Tile, TiledTree, new_tiles
from openmai.anonymity.rosters import Label, RosterStatement, open_statement, sign_statement

VECTORS = ROOT / "frontend" / "tests" / "log_vectors.json"
LOG_SEED = bytes(range(1, 33))
WITNESS_SEED = bytes(range(2, 34))
ORIGIN = log_origin(DOMAIN.site)
WITNESS = "witness.example/w1"
SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 300, 511, 512, 513, 700)


def vectors() -> dict[str, Any]:
    """700 numbered entries, so that there are partial tiles on two levels and two full ones."""
    log = MemoryLog([f"entry {number}".encode() for number in range(700)])
    return {
        "origin": ORIGIN,
        "sizes": [[size, log.at(size).root().hex()] for size in SIZES],
        "inclusion": [
            [index, size, _hashes(log.at(size).inclusion_proof(index))]
            for index, size in (
                (0, 1),
                (0, 2),
                (4, 7),
                (6, 7),
                (0, 256),
                (255, 257),
                (256, 257),
                (511, 700),
                (699, 700),
            )
        ],
        "consistency": [
            [old, new, _hashes(log.at(new).consistency_proof(old))]
            for old, new in (
                (0, 5),
                (1, 2),
                (3, 7),
                (4, 7),
                (6, 8),
                (8, 8),
                (255, 256),
                (256, 700),
                (300, 700),
                (699, 700),
            )
        ],
        "tiles": {
            tile.path: log.read(tile).hex()
            for tile in new_tiles(0, 700)
            if tile.level != 0 or tile.is_partial
        },
        "paths": [[tile.level, tile.index, tile.width, tile.path] for tile in _TILES],
        "bad_paths": list(BAD_PATHS),
        **_notes(log.at(700)),
        "entries": [each.data.decode() for each in _entries()],
        "bad_entries": [canonical_json(each).decode() for each in bad_entries()],
    }


_TILES = (
    Tile(0, 0),
    Tile(0, 0, 1),
    Tile(None, 273, 112),
    Tile(3, 999),
    Tile(1, 1000),
    Tile(63, 1234067, 255),
    Tile(None, 123_456_789),
)
BAD_PATHS = (
    "tile/00/000", "tile/64/000", "tile/0/0", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256",
    "tile/0/000.p/01", "tile/0/../000", "tile/entries/000/", "tile/-1/000", "tile/0/001/x000", "checkpoint",
    "",
)  # fmt: skip


def _hashes(hashes: list[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def _notes(tree: TiledTree) -> dict[str, Any]:
    key, witness = map(Ed25519PrivateKey.from_private_bytes, (LOG_SEED, WITNESS_SEED))
    signed = sign_checkpoint(ORIGIN, tree.head(), key)
    said = cosign(signed, name=WITNESS, timestamp=1_777_777_777, key=witness)
    other = sign_checkpoint(ORIGIN, TreeHead(700, bytes(32)), key)
    return {
        "log_key": NoteKey(ORIGIN, public_bytes(key)).text,
        "witness_key": NoteKey(WITNESS, public_bytes(witness), COSIGNATURE).text,
        "checkpoint": signed.data.decode(),
        "cosigned": signed.note.with_signatures([said]).data.decode(),
        "forked": other.data.decode(),
        "head": tree.head().text,
        "root_base64": b64encode(tree.root()).decode(),
        "leaf": leaf_hash(b"entry 0").hex(),
    }


def _statement() -> Any:
    key = Ed25519PrivateKey.from_private_bytes(ROSTER_SEED)
    statement = RosterStatement(
        site=DOMAIN.site, season=DOMAIN.season, roster="company/lumen-kitchens/provable", epoch=3,
        label=Label("lumen-kitchens", "Lumen Kitchens", "流明厨房"), root=12345, size=40, live=39, settled=35,
        leaves=sha256(b"leaves"), paths=sha256(b"paths"), journal=sha256(b"journal"), published="2026-05-01",
    )  # fmt: skip
    return open_statement(sign_statement(statement, key), key=None, domain=DOMAIN)


def _entries() -> list[Any]:
    digest = sha256(b"x").hex()
    place = {"roster": "site", "epoch": 2}
    bans = {"type": "openmai/bans/v1", "site": DOMAIN.site, "season": DOMAIN.season, "serial": 1, "bans": []}
    return [
        entry("season", DOMAIN, number=228, began="2026-03-08"),
        entry("artifacts", DOMAIN, semaphore={"20.zkey": digest}, gate={}, slots=30),
        entry("enrolment", DOMAIN, commitment="7", nullifier="8", message=digest, proof="ab" * 128),
        entry(
            "leaf",
            DOMAIN,
            **place,
            index=4,
            commitment="7",
            **{"class": "dkim"},
            evidence=digest,
            issuer_key=None,
        ),
        entry("removal", DOMAIN, **place, index=4),
        roster_entry(_statement()),
        entry("bans", DOMAIN, list=bans, serial=1, sha256=sha256(canonical_json(bans)).hex()),
        *tick_entries(DOMAIN, "2026-05-01T10:10:00Z", [bytes([1]) * 32, bytes([2]) * 32]),
        entry("replacement", DOMAIN, old="7", new="9"),
        entry("bundle", DOMAIN, manifest=digest, files={"ui/compose.js": digest}),
        entry(
            "observation", DOMAIN, **place, kind="dkim", name="mail._domainkey.harbour.example", sha256=digest
        ),
        entry(
            "observation", DOMAIN, **place, kind="jwks", name="https://login.harbour.example", sha256=digest
        ),
        entry("disclosures", DOMAIN, count=0),
        entry("standing", DOMAIN, artifacts=1, bans={"s228": {"index": 6, "serial": 1}}),
    ]


def bad_entries() -> list[dict[str, Any]]:
    """Each is refused: a kind too many, a field too few or too many, a value of another type or range."""
    common = {"site": DOMAIN.site, "season": DOMAIN.season}

    def bad(kind: str, /, **facts: object) -> dict[str, Any]:
        return {"type": f"openmai/log/{kind}/v1", **common, **facts}

    digest = sha256(b"x").hex()
    return [
        bad("gossip", text="x"),
        bad("disclosures"),
        bad("disclosures", count=-1),
        bad("disclosures", count=True),
        bad("disclosures", count=1, why="x"),
        bad("season", number=229, began="2026-03-08"),
        bad("removal", roster="site", epoch=0, index=1),
        bad("removal", roster="sites", epoch=1, index=1),
        bad("removal", roster="site", epoch=1, index=2**20),
        bad(
            "leaf",
            roster="site",
            epoch=1,
            index=0,
            commitment="0",
            **{"class": "dkim"},
            evidence=None,
            issuer_key=None,
        ),
        bad(
            "leaf",
            roster="site",
            epoch=1,
            index=0,
            commitment="1",
            **{"class": "word"},
            evidence=None,
            issuer_key=None,
        ),
        *(
            bad(
                "leaf",
                roster="company/lumen-kitchens/provable",
                epoch=1,
                index=0,
                commitment="1",
                **{"class": kind},
                evidence=evidence,
                issuer_key=issuer_key,
            )
            for kind, evidence, issuer_key in (
                ("code", digest, digest),
                ("badge", digest, digest),
                ("oidc", None, digest),
                ("dkim", digest, None),
            )
        ),
        bad("enrolment", commitment="1", nullifier="0", message=digest, proof="ab" * 128),
        bad("tick", tick="2026-05-01T10:10:00Z", posts=[]),
        bad("tick", tick="2026-05-01T10:10:00.5Z", posts=[digest]),
        bad("tick", tick="2026-05-01T10:10:00Z", posts=[digest, digest]),
        bad("bans", list={}, serial=1, sha256=digest),
        bad("artifacts", semaphore={}, gate={}),
        bad("artifacts", semaphore={}, gate={}, slots=0),
        bad("artifacts", semaphore={}, gate={}, slots=256),
        bad("bans", list=None, serial=0, sha256=digest),
        bad("standing", artifacts=-1, bans={}),
        bad("standing", artifacts=1, bans=[]),
        bad("standing", artifacts=1, bans={"228": {"index": 1, "serial": 1}}),
        bad("standing", artifacts=1, bans={"s228": {"index": 1}}),
        bad("standing", artifacts=1, bans={"s228": {"index": 1, "serial": 0}}),
        bad("observation", roster="site", epoch=1, kind="mx", name="a.example", sha256=digest),
        bad("observation", roster="site", epoch=1, kind="dkim", name="harbour.example", sha256=digest),
        bad("observation", roster="site", epoch=1, kind="jwks", name="login.harbour.example", sha256=digest),
        bad("observation", roster="site", epoch=1, kind="jwks", name=f"https://{'a' * 248}", sha256=digest),
        bad("observation", kind="dkim", name="mail._domainkey.harbour.example", sha256=digest),
        bad("replacement", old="7", new="7"),
        bad("bundle", manifest=digest, files={"a": "b"}),
    ]


if __name__ == "__main__":
    VECTORS.write_bytes(as_file(vectors()))
