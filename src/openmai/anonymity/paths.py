"""The paths file of a roster's epoch (docs/protocol.md §3): what a member needs to speak, without all leaves.

It is the same for everybody. It holds the nodes of level 8, the leaves of the newest tiles, and a proof of
what changed since an earlier epoch: each leaf that was removed, with its path inside its tile as it stood
then. So a device that knows the nodes of any epoch since then counts the removals and sees any other change.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.content import read_domain
from openmai.anonymity.documents import BadValue, Fields, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import R, be32
from openmai.anonymity.leanimt import CAPACITY, TILE_LEVEL, LeanIMT, MerklePath
from openmai.anonymity.limits import MAX_PATH_CHANGES, MAX_PATHS, MAX_TILE, PATH_EPOCHS
from openmai.anonymity.rosters import ROSTER_PATTERN, RosterStatement, pack_leaves, unpack_leaves

_ = gettext_noop
TILE: Final = 1 << TILE_LEVEL
_TILE_TYPE: Final = "openmai/tile/v1"
_TILE_FIELDS: Final = ("type", "site", "season", "roster", "number", "leaves")
_TILE_LEAVES: Final = re.compile(r"[0-9a-f]{64,16384}")
_MAGIC: Final = b"openmai/paths/v1"
_HEADER: Final = 36
_ELEMENT: Final = 32
_LISTED_REMOVAL: Final = 8 + _ELEMENT
_PROVED_REMOVAL: Final = _LISTED_REMOVAL + TILE_LEVEL * _ELEMENT


class WrongPaths(AnonymityError):
    """The paths file is not the one that the statement describes."""


class NoChain(AnonymityError):
    """The file does not lead from the epoch that is known to its own."""


class TooFar(NoChain):
    """The epoch that is known lies further back than a file has to lead on from."""


class TooMuch(NoChain):
    """More may have changed since the epoch that is known than a file can list."""


class CutShort(NoChain):
    """The file begins after the epoch that is known, though there was room for what changed since."""


class Altered(NoChain):
    """The roster changed otherwise than the file says: no honest site publishes this."""


@dataclass(frozen=True, slots=True)
class Since:
    """The earliest epoch that a file leads on from, and its size; 0 and 0: from nothing."""

    epoch: int
    size: int

    @property
    def listed_from(self) -> int:
        """The leaves from here on are listed: the tiles that were not full then."""
        return self.size - self.size % TILE


@dataclass(frozen=True, slots=True)
class Removal:
    """`leaf` was at `index` until `epoch`. `siblings` are its path inside its tile just before; none
    where the tile is listed.
    """

    index: int
    epoch: int
    leaf: int
    siblings: tuple[int, ...] = ()

    @property
    def tile(self) -> int:
        return self.index >> TILE_LEVEL

    def node(self, leaf: int) -> int:
        """The node of the tile with `leaf` in this place."""
        return MerklePath(self.index % TILE, self.siblings).root_from(leaf)


@dataclass(frozen=True, slots=True)
class Paths:
    """What a file says; `listed` are the leaves from `since.listed_from` on, `removals` in their order."""

    epoch: int
    size: int
    since: Since
    nodes: tuple[int, ...]
    listed: tuple[int, ...]
    removals: tuple[Removal, ...]

    def tile(self, number: int) -> tuple[int, ...] | None:
        """The leaves of a tile, if they are listed."""
        start = number * TILE - self.since.listed_from
        return self.listed[start : start + TILE] if start >= 0 else None


@dataclass(frozen=True, slots=True)
class Known:
    """An epoch as a device keeps it: how many leaves, how many of them lived, and the nodes of level 8."""

    epoch: int
    size: int
    live: int
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What happened since a known epoch: the leaves that went, of those that lived then, and those that came
    and are there still.
    """

    gone: tuple[int, ...]
    joined: tuple[int, ...]


def choose_since(candidates: Iterable[Since], *, size: int, removals: Sequence[tuple[int, int]]) -> Since:
    """The earliest candidate that keeps the file within its limit; `removals` are (index, epoch).

    The last candidate, the epoch itself, always does.
    """
    ordered = sorted(candidates, key=lambda each: each.epoch)
    for since in ordered:
        places = [index for index, epoch in removals if epoch > since.epoch]
        proved = sum(index < since.listed_from for index in places)
        listed = (size - since.listed_from) * _ELEMENT + (len(places) - proved) * _LISTED_REMOVAL
        if listed + proved * _PROVED_REMOVAL <= MAX_PATH_CHANGES:
            return since
    return ordered[-1]


def build_paths(tree: LeanIMT, *, epoch: int, since: Since, removed: Iterable[tuple[int, int, int]]) -> bytes:
    """The file of an epoch whose leaves are those of `tree`; `removed` are (index, epoch, leaf), at least all
    after `since`.
    """
    recent = sorted((at, index, leaf) for index, at, leaf in removed if since.epoch < at <= epoch)
    removals = _with_siblings(tree, [Removal(index, at, leaf) for at, index, leaf in recent], since)
    numbers = (epoch, tree.size, since.epoch, since.size, len(removals))
    parts = [_MAGIC, *(number.to_bytes(4, "big") for number in numbers)]
    parts += map(be32, tree.tile_roots())
    parts += map(be32, tree.leaves[since.listed_from :])
    for each in removals:
        parts += [each.index.to_bytes(4, "big"), each.epoch.to_bytes(4, "big"), be32(each.leaf)]
        parts += map(be32, each.siblings)
    return b"".join(parts)


def _with_siblings(tree: LeanIMT, removals: list[Removal], since: Since) -> list[Removal]:
    """Undo them from the last to the first, and note each path as it was."""
    tiles: dict[int, LeanIMT] = {}
    proved: list[Removal] = []
    for each in reversed(removals):
        if each.index >= since.listed_from:
            proved.append(each)
            continue
        if (tile := tiles.get(each.tile)) is None:
            tile = tiles[each.tile] = LeanIMT(tree.tile(each.tile))
        place = each.index % TILE
        proved.append(Removal(each.index, each.epoch, each.leaf, tile.path(place).siblings))
        tile.update(place, each.leaf)
    return proved[::-1]


def parse_paths(data: bytes) -> Paths:
    """Read a file of exactly this form; raise `WrongPaths`. Nothing is hashed."""
    if not _HEADER <= len(data) <= MAX_PATHS or not data.startswith(_MAGIC):
        raise WrongPaths(_("this is no paths file, or it is longer than %(limit)d bytes"), limit=MAX_PATHS)
    numbers = [int.from_bytes(data[at : at + 4], "big") for at in range(len(_MAGIC), _HEADER, 4)]
    epoch, size, since_epoch, since_size, count = numbers
    since = Since(since_epoch, since_size)
    if not (1 <= size <= CAPACITY and since_size <= size and since_epoch <= epoch and epoch >= 1):
        raise WrongPaths(_("the numbers of the paths file contradict one another"))
    if (since_epoch == 0) != (since_size == 0) or (since_epoch == epoch) > (since_size == size):
        raise WrongPaths(_("the numbers of the paths file contradict one another"))
    reader = _Reader(data, _HEADER)
    nodes = reader.elements((size + TILE - 1) >> TILE_LEVEL)
    listed = reader.elements(size - since.listed_from)
    removals = tuple(reader.removal(since) for _place in range(count))
    reader.end()
    paths = Paths(epoch, size, since, nodes, listed, removals)
    _check_removals(paths)
    return paths


def _check_removals(paths: Paths) -> None:
    """In the order of epoch and place, each place once, inside the file's span, and 0 now."""
    order = [(each.epoch, each.index) for each in paths.removals]
    places = {each.index for each in paths.removals}
    since = paths.since
    inside = all(
        since.epoch < each.epoch <= paths.epoch and each.index < paths.size for each in paths.removals
    )
    if order != sorted(order) or len(places) != len(order) or not inside:
        raise WrongPaths(_("the removals of the paths file are not in order"))
    listed = [each for each in paths.removals if each.index >= since.listed_from]
    if any(paths.listed[each.index - since.listed_from] for each in listed):
        raise WrongPaths(_("the paths file removes a leaf that is there"))
    if not all(each.leaf for each in paths.removals):
        raise WrongPaths(_("the paths file removes a leaf that is there"))


class _Reader:
    """Takes a file apart from the front; raises `WrongPaths` where it ends too early or too late."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, length: int) -> bytes:
        part = self._data[self._at : self._at + length]
        if len(part) < length:
            raise WrongPaths(_("the paths file is shorter than it says"))
        self._at += length
        return part

    def elements(self, count: int) -> tuple[int, ...]:
        # The whole length first: a count that lies must not cost work.
        part = self.take(count * _ELEMENT)
        found = tuple(int.from_bytes(part[at : at + _ELEMENT], "big") for at in range(0, len(part), _ELEMENT))
        if any(element >= R for element in found):
            raise WrongPaths(_("an element of the paths file is not below the field order"))
        return found

    def removal(self, since: Since) -> Removal:
        index, epoch = (int.from_bytes(self.take(4), "big") for _part in range(2))
        (leaf,) = self.elements(1)
        siblings = self.elements(TILE_LEVEL) if index < since.listed_from else ()
        return Removal(index, epoch, leaf, siblings)

    def end(self) -> None:
        if self._at != len(self._data):
            raise WrongPaths(_("the paths file is longer than it says"))


@dataclass(frozen=True, slots=True)
class CheckedPaths:
    """A file that was checked against its statement. `before` gives for each tile the nodes that it had
    before its removals, with their epochs.
    """

    statement: RosterStatement
    paths: Paths
    before: Mapping[int, Sequence[tuple[int, int]]]

    @property
    def nodes(self) -> tuple[int, ...]:
        return self.paths.nodes

    def find(self, leaf: int) -> int | None:
        """The number of the listed tile that holds `leaf`."""
        try:
            return (self.paths.since.listed_from + self.paths.listed.index(leaf)) >> TILE_LEVEL
        except ValueError:
            return None

    def tile_now(self, number: int, leaves: Sequence[int]) -> tuple[int, ...]:
        """A tile that was known with these `leaves`, as it is now; raise `NoChain` if it is not one of this
        epoch.
        """
        if (tile := self.paths.tile(number)) is None:
            gone = {each.index % TILE for each in self.paths.removals if each.tile == number}
            tile = tuple(0 if place in gone else leaf for place, leaf in enumerate(leaves))
        if number >= len(self.nodes) or LeanIMT(tile).root != self.nodes[number]:
            raise NoChain(_("the tile that is known here is not one of this epoch"))
        return tile

    def path(self, number: int, tile: Sequence[int], place: int) -> MerklePath:
        """The path of a leaf of a tile that `tile_now` gave."""
        return LeanIMT(tile).path(place).then(LeanIMT(self.nodes).path(number))

    def step(self, known: Known) -> Step:
        """What changed since `known`; raise the `NoChain` that says why the file does not tell."""
        self._check_reaches(known)
        if any(node != self._node_at(number, known) for number, node in enumerate(known.nodes)):
            raise Altered(_("the roster changed otherwise than its removals say"))
        gone = [each for each in self.paths.removals if each.epoch > known.epoch]
        of_known = tuple(each.leaf for each in gone if each.index < known.size)
        joined = tuple(filter(None, self.paths.listed[known.size - self.paths.since.listed_from :]))
        if known.live - len(of_known) + len(joined) != self.statement.live:
            raise Altered(_("the roster has another number of members than its changes give"))
        return Step(of_known, joined)

    def _check_reaches(self, known: Known) -> None:
        """A file begins as early as its limit lets it; raise the `NoChain` of one without `known`."""
        paths, since = self.paths, self.paths.since
        if known.epoch < since.epoch:
            if known.epoch < paths.epoch - PATH_EPOCHS:
                raise TooFar(_("this epoch is too far from the one that is known here"))
            if self._most_changed(known) > MAX_PATH_CHANGES:
                raise TooMuch(_("too much has changed since the epoch that is known here"))
            raise CutShort(_("the paths file leaves out changes that it has to say"))
        if known.epoch > paths.epoch or not since.size <= known.size <= paths.size:
            raise Altered(_("the roster has another number of members than its changes give"))

    def _most_changed(self, known: Known) -> int:
        """The most bytes that a file with all changes since `known` can have to list."""
        joined = self.paths.size - known.size
        gone = known.live + joined - self.statement.live
        if joined < 0 or gone < 0:
            raise Altered(_("the roster has another number of members than its changes give"))
        return (joined + known.size % TILE) * _ELEMENT + gone * _PROVED_REMOVAL

    def _node_at(self, number: int, known: Known) -> int:
        """The node that a tile had at the end of a known epoch, as this file says."""
        if (tile := self.paths.tile(number)) is None:
            later = (node for epoch, node in self.before.get(number, ()) if epoch > known.epoch)
            return next(later, self.nodes[number])
        leaves = list(tile[: max(0, known.size - number * TILE)])
        for each in self.paths.removals:
            if each.epoch > known.epoch and each.tile == number and each.index < known.size:
                leaves[each.index % TILE] = each.leaf
        return LeanIMT(leaves).root


def check_paths(statement: RosterStatement, data: bytes) -> CheckedPaths:
    """The file that `statement` names; raise `WrongPaths` if `data` is another, or contradicts it.

    About 70 µs for each node and each listed leaf, 1 ms for each removal from a tile that is not listed.
    """
    if sha256(data) != statement.paths:
        raise WrongPaths(_("the paths file has another SHA-256 than the statement says"))
    paths = parse_paths(data)
    if (paths.epoch, paths.size) != (statement.epoch, statement.size):
        raise WrongPaths(_("the paths file is of another epoch than the statement"))
    if LeanIMT(paths.nodes).root != statement.root:
        raise WrongPaths(_("the nodes of the paths file have another root than the statement says"))
    first = paths.since.listed_from >> TILE_LEVEL
    for number in range(first, len(paths.nodes)):
        if LeanIMT(paths.tile(number) or ()).root != paths.nodes[number]:
            raise WrongPaths(_("a listed tile has another node than the paths file says"))
    return CheckedPaths(statement, paths, _nodes_before(paths))


def _nodes_before(paths: Paths) -> dict[int, list[tuple[int, int]]]:
    """What the tiles that are not listed were before each removal; each ends as its node is now."""
    before: dict[int, list[tuple[int, int]]] = defaultdict(list)
    now: dict[int, int] = {}
    for each in paths.removals:
        if each.siblings:
            node = each.node(each.leaf)
            if now.get(each.tile, node) != node:
                raise WrongPaths(_("a removal of the paths file does not follow from the one before"))
            before[each.tile].append((each.epoch, node))
            now[each.tile] = each.node(0)
    if any(node != paths.nodes[tile] for tile, node in now.items()):
        raise WrongPaths(_("a removal of the paths file does not lead to the node of its tile"))
    return dict(before)


@dataclass(frozen=True, slots=True)
class OwnTile:
    """The tile with a member's own leaf, as the people site hands it to that member, once."""

    domain: Domain
    roster: str
    number: int
    leaves: tuple[int, ...]

    @property
    def data(self) -> bytes:
        """Its canonical JSON."""
        return canonical_json(
            {
                "type": _TILE_TYPE,
                "site": self.domain.site,
                "season": self.domain.season,
                "roster": self.roster,
                "number": self.number,
                "leaves": pack_leaves(self.leaves).hex(),
            }
        )


def parse_tile(data: bytes, *, domain: Domain | None) -> OwnTile:
    """Read such a document; raise a `DocumentRefused` or `WrongLeaves`. Whether it is a tile of the roster is
    seen when it is used.
    """
    fields = Fields(load_canonical(data, limit=MAX_TILE), _TILE_FIELDS)
    fields.literal("type", _TILE_TYPE)
    found = read_domain(fields, domain)
    roster = fields.word("roster", ROSTER_PATTERN)
    number = fields.integer("number", most=(CAPACITY - 1) >> TILE_LEVEL)
    packed = fields.word("leaves", _TILE_LEAVES)
    if len(packed) % (2 * _ELEMENT):
        raise BadValue(_("a tile has 1 to 256 leaves"), pointer=fields.at("leaves"))
    return OwnTile(found, roster, number, unpack_leaves(bytes.fromhex(packed)))
