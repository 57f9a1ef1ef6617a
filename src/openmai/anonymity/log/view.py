"""A log as a client sees it: what it keeps, what it demands, and what it keeps as evidence.

Pure: whoever calls fetches the tiles and stores the checkpoint.
"""

from dataclasses import dataclass

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.checkpoints import Cosignature, SignedCheckpoint, check_witnesses, open_checkpoint
from openmai.anonymity.log.entries import LogEntry
from openmai.anonymity.log.merkle import (
    AlteredLog,
    ForkedLog,
    LogRefused,
    RolledBack,
    TreeHead,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from openmai.anonymity.log.notes import NoteKey
from openmai.anonymity.log.tiles import HEIGHT, WIDTH, Read, Tile, TiledTree, tile_at, unpack_entries

_ = gettext_noop


class Equivocation(LogRefused):
    """The log signed two heads that cannot both be true. `kept` and `shown` prove it to everybody."""

    def __init__(
        self, cause: ForkedLog | RolledBack, kept: SignedCheckpoint, shown: SignedCheckpoint
    ) -> None:
        super().__init__(cause.template, **cause.values)
        self.cause = cause
        self.kept = kept
        self.shown = shown


class ForkedThread(ForkedLog):
    """Another member was shown another log."""


class LogBehind(LogRefused):
    """Another member was shown more of the log than this site shows now."""


@dataclass(frozen=True, slots=True)
class LogTrust:
    """Whom a client believes: the log's key, whose name is the origin, and so many of these witnesses."""

    key: NoteKey
    witnesses: tuple[NoteKey, ...] = ()
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class LogView:
    """The log at one checkpoint whose signatures hold, with its tiles at hand.

    Everything that the tiles say is checked against this head before it is believed.
    """

    checkpoint: SignedCheckpoint
    tree: TiledTree
    cosignatures: tuple[Cosignature, ...]

    @property
    def head(self) -> TreeHead:
        return self.checkpoint.head

    def check_grown_from(self, old: TreeHead) -> list[bytes]:
        """The proof that `old` is this log as it was; raise `RolledBack`, `ForkedLog` or `AlteredLog`.

        It is made for the root that the tiles have at that size: so a fork is told from altered tiles even
        where the size is a power of two, and the old root a part of the proof.
        """
        if old.size > self.head.size:
            verify_consistency(old=old, new=self.head, proof=[])
        # Damaged files are no fork: nothing is said of histories before they lead to what was signed.
        self.check_root()
        proof = self.tree.consistency_proof(old.size)
        was = TreeHead(old.size, self.tree.root_at(old.size))
        verify_consistency(old=was, new=self.head, proof=proof)
        verify_consistency(old=old, new=was, proof=[])
        return proof

    def check_holds(self, entry: LogEntry, index: int) -> list[bytes]:
        """The proof that `entry` stands at `index`; raise `AlteredLog`."""
        if index >= self.head.size:
            raise AlteredLog(_("the entry lies outside the log that was signed"))
        proof = self.tree.inclusion_proof(index)
        verify_inclusion(index=index, leaf=leaf_hash(entry.data), proof=proof, head=self.head)
        return proof

    def check_tile(self, tile: Tile) -> bytes:
        """A tile of hashes whose every hash leads to the signed root; raise `AlteredLog`.

        The proof for the first entry under it uses all its hashes but the first, that for the last entry all
        but the last.
        """
        level = tile.level or 0
        for place in {0, tile.width - 1}:
            index = (tile.index * WIDTH + place) << (HEIGHT * level)
            proof = self.tree.inclusion_proof(index)
            verify_inclusion(index=index, leaf=self.tree.leaf(index), proof=proof, head=self.head)
        return b"".join(self.tree.row(level, tile.index))

    def check_root(self) -> None:
        """Raise `AlteredLog` unless the tiles at the edge lead to the root that was signed."""
        if self.tree.root() != self.head.root:
            raise AlteredLog(_("the files of the log do not lead to the root that was signed"))

    def check_carried(self, carried: TreeHead) -> None:
        """A checkpoint that another persona carries must be of this very log; raise `ForkedThread`, or
        `LogBehind` if it cannot be compared yet.
        """
        if carried.size > self.head.size:
            message = _("somebody in this thread saw %(carried)d entries of the log; now it has %(shown)d")
            raise LogBehind(message, carried=carried.size, shown=self.head.size)
        try:
            self.check_grown_from(carried)
        except ForkedLog as error:
            raise ForkedThread(_("somebody in this thread was shown another log")) from error


def open_view(data: bytes, *, trust: LogTrust, read: Read, seen: SignedCheckpoint | None) -> LogView:
    """Read the newest checkpoint and compare it with the one `seen` last.

    Raises `Equivocation` if they contradict each other, and every other `LogRefused` if signatures are
    missing or wrong, or tiles altered.
    """
    checkpoint = open_checkpoint(data, trust.key)
    cosignatures = check_witnesses(checkpoint, trust.witnesses, quorum=trust.quorum)
    view = LogView(checkpoint, TiledTree(checkpoint.head.size, read), cosignatures)
    if seen is not None:
        try:
            view.check_grown_from(seen.head)
        except (ForkedLog, RolledBack) as error:
            raise Equivocation(error, seen, checkpoint) from error
    return view


def check_epoch(view: LogView, entry: LogEntry, *, index: int, epoch_head: TreeHead) -> None:
    """All that a client demands of a roster's epoch: its entry is in the log, and the epoch's own head is the
    one just behind it. A server that could choose the head would know its readers again.

    Raises a `LogRefused`.
    """
    if epoch_head.size != index + 1:
        raise AlteredLog(_("the checkpoint that is said to be the roster's own is another"))
    view.check_grown_from(epoch_head)
    view.check_holds(entry, index)


def read_entries(view: LogView, tile_index: int, read: Read) -> tuple[bytes, ...]:
    """The entries of one tile, each checked against the tree; raise `AlteredLog`."""
    tile = tile_at(None, tile_index, view.head.size)
    if tile is None:
        raise AlteredLog(_("the entry lies outside the log that was signed"))
    entries = unpack_entries(tile, read(tile))
    view.check_tile(Tile(0, tile.index, tile.width))
    first = tile_index * WIDTH
    if any(view.tree.leaf(first + at) != leaf_hash(each) for at, each in enumerate(entries)):
        raise AlteredLog(_("an entry of the log was altered"))
    return entries
