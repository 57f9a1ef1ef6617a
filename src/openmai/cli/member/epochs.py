"""The epoch of each roster that this machine accepted last: what a newer one is compared with.

An operator who wants to know who is speaking could take most members out of a roster and put keys of its own
in their places: the crowd would look as large as before (docs/protocol.md §3).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.fields import be32
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.paths import TILE, CheckedPaths, Known, NoChain, OwnTile, parse_tile
from openmai.anonymity.rosters import RosterStatement, SignedStatement, open_statement
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.home import Home, read_private_bytes, write_private_bytes
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_DIGEST: Final = 32


@dataclass(frozen=True, slots=True)
class Removals:
    """Of `before` members of the epoch accepted last, `gone` are not in the new one."""

    gone: int
    before: int

    @property
    def too_many(self) -> bool:
        """Whether that is more than five and more than 5 %."""
        return self.gone > 5 and self.gone * 20 > self.before


@dataclass(frozen=True, slots=True)
class Tile:
    """The 256 leaves, or fewer, among which this member's stands."""

    number: int
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptEpoch:
    """What is known of an epoch: its nodes of level 8, the own tile if there is one, and all live leaves, or
    None where only paths files were seen.
    """

    signed: SignedStatement
    nodes: tuple[int, ...]
    tile: Tile | None
    live: frozenset[int] | None

    @property
    def statement(self) -> RosterStatement:
        return self.signed.statement

    @property
    def known(self) -> Known:
        said = self.statement
        return Known(said.epoch, said.size, said.live, self.nodes)

    def path(self, commitment: int) -> MerklePath | None:
        """The way from a leaf to the root; None without it."""
        if self.tile is None or commitment not in self.tile.leaves:
            return None
        inside = LeanIMT(self.tile.leaves).path(self.tile.leaves.index(commitment))
        return inside.then(LeanIMT(self.nodes).path(self.tile.number))

    def lacks(self, commitment: int) -> bool:
        """Whether it is certain that this leaf is not there."""
        return self.live is not None and commitment not in self.live


def epoch_of_leaves(
    signed: SignedStatement,
    tree: LeanIMT,
    *,
    commitment: int | None = None,
    kept: KeptEpoch | None = None,
) -> KeptEpoch:
    """All that is known when the whole leaves file is here. Where nobody is looked for, the own tile stays
    the one of `kept`: a machine without it fetches the whole list when it speaks.
    """
    leaves, tile = tree.leaves, None
    own = None if kept is None else kept.tile
    if commitment is None and own is not None and own.number * TILE < tree.size:
        tile = Tile(own.number, tree.tile(own.number))
    if commitment is not None and commitment in leaves:
        number = leaves.index(commitment) // TILE
        tile = Tile(number, tree.tile(number))
    return KeptEpoch(signed, tree.tile_roots(), tile, frozenset(filter(None, leaves)))


def epoch_of_paths(
    signed: SignedStatement, paths: CheckedPaths, kept: KeptEpoch | None, *, own: Tile | None, commitment: int
) -> tuple[KeptEpoch, Removals]:
    """The epoch of a paths file, and who is gone since `kept`; `own` is the tile that the people site gave.

    Raises `NoChain`.
    """
    removals, live = Removals(0, 0), None
    if kept is not None:
        step = paths.step(kept.known)
        removals = Removals(len(step.gone), kept.statement.live)
        live = None if kept.live is None else (kept.live - set(step.gone)) | set(step.joined)
        own = kept.tile or own
    number = paths.find(commitment)
    tile = None
    if number is not None:
        tile = Tile(number, paths.tile_now(number, ()))
    elif own is not None and commitment in own.leaves:
        tile = _now(own, paths)
    return KeptEpoch(signed, paths.nodes, tile, live), removals


def _now(own: Tile, paths: CheckedPaths) -> Tile | None:
    """The tile in this epoch; None if it was never one of this roster."""
    try:
        return Tile(own.number, paths.tile_now(own.number, own.leaves))
    except NoChain:
        return None


@dataclass(frozen=True, slots=True)
class AcceptedEpochs:
    """The accepted epochs of one site and season, as far as `roster_key` signed them.

    A member who trusts another roster key begins anew; so does a season, whose commitments are all new. A
    roster takes at most 2 MB here, and goes with its season.
    """

    home: Home
    domain: Domain
    roster_key: bytes

    def removals(self, roster: str, leaves: Iterable[int]) -> Removals:
        """What `leaves` lack of the epoch accepted last, whatever the number of epochs between; raise
        `NoChain` where only paths files were seen.

        All is well with a roster that was never seen here.
        """
        if (kept := self.kept(roster)) is None:
            return Removals(0, 0)
        if kept.live is None:
            raise NoChain("only paths files were seen")
        return Removals(len(kept.live.difference(leaves)), len(kept.live))

    def accept(self, epoch: KeptEpoch) -> None:
        """Keep an epoch as the one to compare with from now on."""
        if self.kept(epoch.statement.roster) != epoch:
            body = b"".join(_pack(epoch))
            # Canonical JSON has no line end, so the first one divides the two.
            data = epoch.signed.envelope + b"\n" + body
            write_private_bytes(self._path(epoch.statement.roster), data + sha256(data))

    def kept(self, roster: str) -> KeptEpoch | None:
        """The epoch accepted last; raise `IdentityTrouble` if its file is damaged."""
        path = self._path(roster)
        try:
            data = read_private_bytes(path)
        except FileNotFoundError:
            return None
        whole, digest = data[:-_DIGEST], data[-_DIGEST:]
        if sha256(whole) != digest:
            raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path})
        envelope, _end, body = whole.partition(b"\n")
        try:
            signed = open_statement(envelope, key=None, domain=self.domain)
        except AnonymityError as error:
            raise IdentityTrouble(
                _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
            ) from error
        return _unpack(signed, body) if signed.key == self.roster_key else None

    def keep_tile(self, tile: OwnTile) -> None:
        """Keep what the people site says is the own tile; it is believed when it fits an epoch."""
        write_private_bytes(self._tile(tile.roster), tile.data)

    def own_tile(self, roster: str) -> Tile | None:
        """The tile that was given; raise `IdentityTrouble` if its file is damaged."""
        path = self._tile(roster)
        try:
            tile = parse_tile(read_private_bytes(path), domain=self.domain)
        except FileNotFoundError:
            return None
        except AnonymityError as error:
            raise IdentityTrouble(
                _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
            ) from error
        return Tile(tile.number, tile.leaves)

    def _tile(self, roster: str) -> Path:
        path = self._path(roster)
        return path.parent.with_name("tiles") / path.name

    def _path(self, roster: str) -> Path:
        # Neither the parts of a roster's id nor their names have a dot.
        folder = self.home.season(self.domain.site, self.domain.season) / "rosters"
        return folder / roster.replace("/", ".")


def _pack(epoch: KeptEpoch) -> Iterator[bytes]:
    tile = epoch.tile or Tile(0, ())
    for number in (len(epoch.nodes), tile.number, len(tile.leaves)):
        yield number.to_bytes(4, "big")
    yield from map(be32, (*epoch.nodes, *tile.leaves, *sorted(epoch.live or ())))


def _unpack(signed: SignedStatement, body: bytes) -> KeptEpoch:
    nodes, number, own = (int.from_bytes(body[at : at + 4], "big") for at in (0, 4, 8))
    elements = [int.from_bytes(body[at : at + 32], "big") for at in range(12, len(body), 32)]
    tile: Sequence[int] = elements[nodes : nodes + own]
    live = elements[nodes + own :]
    return KeptEpoch(
        signed,
        tuple(elements[:nodes]),
        Tile(number, tuple(tile)) if tile else None,
        frozenset(live) if live else None,
    )
