"""Looking behind a proof file (docs/protocol.md §9): the whole crowd of its writer, rebuilt from the log.

Nothing but the log is asked for. A roster's leaves and journals follow from it, and the statements that were
signed name both by their hashes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.enrolment import EnrolmentClaim, verify_enrolments
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.limits import MAX_LOG
from openmai.anonymity.log.checkpoints import Cosignature, SignedCheckpoint, check_witnesses, open_checkpoint
from openmai.anonymity.log.entries import CLASSES
from openmai.anonymity.log.history import RosterHistory
from openmai.anonymity.log.issuers import Signers, signers
from openmai.anonymity.log.journals import JournalLeaf
from openmai.anonymity.log.merkle import HASH_SIZE, AlteredLog, LogRefused, TreeHead, fold, leaf_hash
from openmai.anonymity.log.tiles import WIDTH, Tile, TiledTree, tile_at, unpack_entries
from openmai.anonymity.log.view import LogTrust, LogView
from openmai.anonymity.proof_file import Checks, VerifiedPost
from openmai.anonymity.rosters import check_leaves, pack_leaves

_ = gettext_noop
DEEP_CLAIMS: Final = ("whole-log", "leaves", "backing", "knowledge", "journals")
# Verified together: more would save nothing, and a failure is looked for among them.
BATCH: Final = 256
SIGNED_CLASSES: Final = ("dkim", "oidc")
"""What the employer signed; all else is the operator's word."""

Report = Callable[[int, int], None]


class TooLong(LogRefused):
    """The log has more entries than are kept in memory."""


class TooShort(LogRefused):
    """The log, or the copy of it, ends before the post."""


class Unbacked(AnonymityError):
    """A leaf does not stand on what it should. `index` is its place in the roster."""

    def __init__(self, template: str, leaf: JournalLeaf, /, **values: object) -> None:
        super().__init__(template, index=leaf.index, commitment=leaf.commitment, **values)
        self.index = leaf.index


@dataclass(frozen=True, slots=True)
class VerifiedCrowd:
    """What was proved of a post's crowd: its live leaves, and how many stand on what. `signers` is what the
    operator says, in the log and under its signature, of whose keys signed.

    `epochs` of the roster led to it; the log has `size` entries.
    """

    claims: tuple[str, ...]
    leaves: tuple[JournalLeaf, ...]
    classes: Mapping[str, int]
    signers: Signers
    epochs: int
    size: int
    cosignatures: tuple[Cosignature, ...]

    @property
    def live(self) -> int:
        return len(self.leaves)

    @property
    def on_word(self) -> int:
        """How many stand on the operator's word alone."""
        return self.live - sum(self.classes[each] for each in SIGNED_CLASSES)


class WholeLog:
    """A log taken entry by entry. Its tree is computed from them, and from no hash that was sent."""

    def __init__(self, size: int) -> None:
        if size > MAX_LOG:
            message = _("the log has %(size)d entries; at most %(most)d are read here")
            raise TooLong(message, size=size, most=MAX_LOG)
        self.size = size
        self._rows: list[list[bytes]] = [[]]

    def tiles(self) -> Iterator[Tile]:
        """The files to take, in their order."""
        for index in range(-(-self.size // WIDTH)):
            tile = tile_at(None, index, self.size)
            assert tile is not None  # noqa: S101 - the range ends where tiles are empty
            yield tile

    def take(self, tile: Tile, data: bytes) -> tuple[bytes, ...]:
        """The entries of the next file; raise `AlteredLog` unless there are as many as its name says."""
        entries = unpack_entries(tile, data)
        self._add(0, list(map(leaf_hash, entries)))
        return entries

    def tree(self) -> TiledTree:
        """The tree over all that was taken."""
        return TiledTree(self.size, self._tile)

    def _add(self, level: int, hashes: list[bytes]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row += hashes
        if len(row) % WIDTH == 0:
            self._add(level + 1, [fold(row[-WIDTH:])])

    def _tile(self, tile: Tile) -> bytes:
        row = self._rows[tile.level or 0]
        data = b"".join(row[tile.index * WIDTH : tile.index * WIDTH + tile.width])
        if len(data) != tile.width * HASH_SIZE:
            raise AlteredLog(_("a file of the log was not read"))
        return data


class DeepCheck:
    """The check of one post's crowd: `open`, `take` for each of `tiles`, `finish`. Whoever calls fetches.

    Every refusal is a `ClaimFailed` under one of `DEEP_CLAIMS`. `seen` is a head of the log that is known.
    """

    def __init__(self, post: VerifiedPost, *, trust: LogTrust, seen: TreeHead | None = None) -> None:
        self._post = post
        self._trust = trust
        self._heads = [each for each in (post.logged.joined, post.logged.head, seen) if each is not None]
        self._check = Checks()
        self._history = RosterHistory(post.signed, index=post.logged.roster_index)
        self._taken = 0

    def open(self, data: bytes) -> None:
        """Read the checkpoint of the log that is to be taken."""
        self._checkpoint, self._cosignatures = self._check.part("whole-log", lambda: self._opened(data))
        self._whole = self._check.part("whole-log", lambda: WholeLog(self._checkpoint.head.size))

    @property
    def size(self) -> int:
        return self._whole.size

    def tiles(self) -> Iterator[Tile]:
        return self._whole.tiles()

    def take(self, tile: Tile, data: bytes) -> int:
        """Read the next file; return how many entries were read so far."""

        def read() -> None:
            for at, entry in enumerate(self._whole.take(tile, data), self._taken):
                self._history.read(at, entry)

        self._check.part("whole-log", read)
        self._taken += tile.width
        return self._taken

    def finish(self, *, randbits: Callable[[int], int], report: Report) -> VerifiedCrowd:
        """Check the claims; `report` is told how many proofs of knowledge were verified, of how many."""
        check, history = self._check, self._history
        check("whole-log", self._check_log)
        leaves = check("leaves", self._check_leaves)
        classes = check("backing", lambda: check_backing(leaves, provable=self._post.kind == "provable"))
        check("knowledge", lambda: self._check_knowledge(leaves, randbits, report))
        check("journals", history.check_journals)
        return VerifiedCrowd(
            claims=tuple(check.passed),
            leaves=leaves,
            classes=classes,
            signers=signers(history.keys(), (leaf.key_place for leaf in leaves)),
            epochs=history.epochs,
            size=self.size,
            cosignatures=self._cosignatures,
        )

    def _opened(self, data: bytes) -> tuple[SignedCheckpoint, tuple[Cosignature, ...]]:
        checkpoint = open_checkpoint(data, self._trust.key)
        if checkpoint.head.size < self._post.logged.head.size:
            message = _("this copy of the log ends before the post: it has %(size)d entries, not %(wanted)d")
            raise TooShort(message, size=checkpoint.head.size, wanted=self._post.logged.head.size)
        return checkpoint, check_witnesses(checkpoint, self._trust.witnesses, quorum=self._trust.quorum)

    def _check_log(self) -> None:
        view = LogView(self._checkpoint, self._whole.tree(), self._cosignatures)
        view.check_root()
        for head in self._heads:
            view.check_grown_from(head)

    def _check_leaves(self) -> tuple[JournalLeaf, ...]:
        """The live leaves, as they were logged; together they give the root of the post's proof."""
        leaves = self._history.leaves()
        check_leaves(self._post.signed.statement, pack_leaves(leaves))
        return tuple(leaf for leaf in self._history.entries() if leaves[leaf.index])

    def _check_knowledge(
        self, leaves: Sequence[JournalLeaf], randbits: Callable[[int], int], report: Report
    ) -> None:
        claims = [self._history.proof_of(leaf) for leaf in leaves]
        for at in range(0, len(claims), BATCH):
            self._verify(leaves[at : at + BATCH], claims[at : at + BATCH], randbits)
            report(min(at + BATCH, len(claims)), len(claims))

    def _verify(
        self,
        leaves: Sequence[JournalLeaf],
        claims: Sequence[EnrolmentClaim],
        randbits: Callable[[int], int],
    ) -> None:
        """All at once; where that fails one by one, so that the leaf is named."""
        domain = self._post.signed.statement.domain
        try:
            verify_enrolments(claims, domain=domain, randbits=randbits)
        except AnonymityError:
            for leaf, claim in zip(leaves, claims, strict=True):
                try:
                    verify_enrolments([claim], domain=domain, randbits=randbits)
                except AnonymityError as error:
                    message = _("the proof of knowledge of leaf %(index)d (%(commitment)s) does not hold")
                    raise Unbacked(message, leaf) from error
            raise


def check_backing(leaves: Sequence[JournalLeaf], *, provable: bool) -> dict[str, int]:
    """How many leaves stand on each of `CLASSES`; raise `Unbacked` for one that cannot.

    A person who stood there twice, or evidence that served twice, would make the crowd seem larger.
    """
    commitments: set[int] = set()
    digests: set[bytes] = set()
    for leaf in leaves:
        _check_leaf(leaf, provable=provable)
        if leaf.commitment in commitments:
            raise Unbacked(_("leaf %(index)d (%(commitment)s) stands in the roster twice"), leaf)
        if leaf.evidence in digests:
            raise Unbacked(_("leaf %(index)d (%(commitment)s) rests on another leaf's evidence"), leaf)
        commitments.add(leaf.commitment)
        if leaf.evidence is not None:
            digests.add(leaf.evidence)
    found = Counter(leaf.kind for leaf in leaves)
    return {kind: found[kind] for kind in CLASSES}


def _check_leaf(leaf: JournalLeaf, *, provable: bool) -> None:
    signed = leaf.kind in SIGNED_CLASSES
    if provable and not signed:
        raise Unbacked(_("leaf %(index)d (%(commitment)s) stands on the operator's word alone"), leaf)
    if signed and (leaf.evidence is None or leaf.issuer_key is None):
        message = _("leaf %(index)d (%(commitment)s) names no evidence, or not whose key signed it")
        raise Unbacked(message, leaf)
