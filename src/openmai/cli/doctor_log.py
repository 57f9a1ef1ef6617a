"""What `openmai doctor` asks of the talk site's log: whether it is in order, and who watches it."""

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import Cosignature, log_origin, open_checkpoint, verify_cosignature
from openmai.anonymity.log.merkle import AlteredLog
from openmai.anonymity.log.notes import COSIGNATURE, MAX_NOTE, Note, NoteKey, parse_key
from openmai.anonymity.log.tiles import Tile, TiledTree
from openmai.cli.doctor_fetching import UNANSWERED, asking, read
from openmai.platform.config import TalkConfig

Line = tuple[str, bool, str]


def log_lines(talk: TalkConfig) -> Iterator[Line]:
    """Name, verdict and words of each check."""
    seed = talk.log_signing_key.get_secret_value()
    key = NoteKey(log_origin(talk.site_id), public_bytes(Ed25519PrivateKey.from_private_bytes(seed)))
    try:
        with asking(talk.talk_origin) as fetcher:
            checkpoint = open_checkpoint(read(fetcher, "/log/checkpoint", limit=MAX_NOTE), key)

            def read_tile(tile: Tile) -> bytes:
                return read(fetcher, f"/log/{tile.path}", limit=tile.largest)

            if TiledTree(checkpoint.head.size, read_tile).head() != checkpoint.head:
                raise AlteredLog("its files do not lead to the root that was signed")
    except UNANSWERED as error:
        yield "log", False, f"{talk.talk_origin}/log/: {error or type(error).__name__}"
        return
    except AnonymityError as error:
        yield "log", False, f"the log is not in order: {error}"
        return
    yield "log", True, f"{checkpoint.head.size} entries, signed"
    said = [
        found
        for each in talk.witnesses
        if (found := _cosignature(checkpoint.note, parse_key(each.key, kind=COSIGNATURE))) is not None
    ]
    yield _witnesses(talk, said)


def _witnesses(talk: TalkConfig, said: list[Cosignature]) -> Line:
    """As many as are asked for, or it is a fault. None at all is allowed, and said."""
    words = f"{len(said)} of {len(talk.witnesses)} have signed the newest state"
    words += f"; {talk.witness_quorum} are asked for"
    if not talk.witnesses:
        words = "none: only members who compare what they saw would notice two logs; see OPENMAI_WITNESSES"
    return "witnesses", len(said) >= talk.witness_quorum, words


def _cosignature(note: Note, key: NoteKey) -> Cosignature | None:
    try:
        return verify_cosignature(note, key)
    except AnonymityError:
        return None
