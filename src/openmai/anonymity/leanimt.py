"""The lean incremental Merkle tree of Semaphore v4: a roster's shape and root.

A node without a right sibling is promoted unchanged; no level is padded. A removed leaf is 0, keeps its
place and is hashed like any other value, as `Group.removeMember` does. (`new Group(leaves)` of the library
promotes the left sibling of a 0 instead: a tree with removed leaves is rebuilt there by `addMembers` with any
non-zero value in their places, then `removeMember`.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import check_field
from openmai.anonymity.poseidon import poseidon2

_ = gettext_noop
DEPTH: Final = 20
CAPACITY: Final = 1 << DEPTH
TILE_LEVEL: Final = 8


class LeafRefused(AnonymityError):
    """A leaf cannot be inserted: it is 0, or the tree is full."""


class NoSuchLeaf(AnonymityError):
    """There is no leaf, or no tile, at this place."""


@dataclass(frozen=True, slots=True)
class MerklePath:
    """The way from a leaf to the root in Semaphore's compact form: levels without a sibling are left out.

    Bit i of `index` is 1 when `siblings[i]` is hashed on the left.
    """

    index: int
    siblings: tuple[int, ...]

    def __post_init__(self) -> None:
        for sibling in self.siblings:
            check_field(sibling, name="sibling")
        if len(self.siblings) > DEPTH or not 0 <= self.index < 1 << len(self.siblings):
            message = _("the path is longer than the tree is deep, or its index longer than the path")
            raise NoSuchLeaf(message)

    def root_from(self, leaf: int) -> int:
        """The root of the tree that has `leaf` at the end of this path."""
        node = leaf
        for level, sibling in enumerate(self.siblings):
            node = poseidon2(sibling, node) if self.index >> level & 1 else poseidon2(node, sibling)
        return node

    def then(self, upper: "MerklePath") -> "MerklePath":
        """This path inside a subtree, continued by the subtree's own path to the root."""
        return MerklePath(self.index | upper.index << len(self.siblings), self.siblings + upper.siblings)


class LeanIMT:
    """A tree of field elements. `leaves` are hashed at once, and may hold zeros (removed members)."""

    def __init__(self, leaves: Iterable[int] = ()) -> None:
        self._levels: list[list[int]] = [[]]
        self.extend(leaves)

    @property
    def root(self) -> int:
        """The root; 0 for the empty tree, which no proof may name."""
        return self._levels[-1][0] if self._levels[0] else 0

    @property
    def size(self) -> int:
        """How many places are taken, removed members included."""
        return len(self._levels[0])

    @property
    def depth(self) -> int:
        return len(self._levels) - 1

    @property
    def leaves(self) -> tuple[int, ...]:
        return tuple(self._levels[0])

    def insert(self, leaf: int) -> int:
        """Append a member's leaf, 0 < leaf < r, in O(log size) hashes and return its index."""
        if check_field(leaf, name="leaf") == 0:
            raise LeafRefused(_("0 stands for a removed member and cannot be inserted"))
        self.extend((leaf,))
        return self.size - 1

    def extend(self, leaves: Iterable[int]) -> None:
        """Append many leaves, each inner node hashed once; all or none."""
        new = [check_field(leaf, name="leaf") for leaf in leaves]
        start = self.size
        if start + len(new) > CAPACITY:
            raise LeafRefused(_("a tree holds at most %(capacity)d leaves"), capacity=CAPACITY)
        if new:
            self._levels[0].extend(new)
            self._rehash_from(start)

    def update(self, index: int, leaf: int) -> None:
        """Replace a leaf, 0 to remove a member, in O(log size) hashes; raise `NoSuchLeaf` out of range."""
        self._check_index(index)
        self._levels[0][index] = check_field(leaf, name="leaf")
        for level in range(self.depth):
            index >>= 1
            self._levels[level + 1][index] = _parent(self._levels[level], index)

    def path(self, index: int) -> MerklePath:
        """The path of the leaf at `index`; raise `NoSuchLeaf` out of range."""
        self._check_index(index)
        bits = 0
        siblings: list[int] = []
        for nodes in self._levels[:-1]:
            # index ^ 1 is the sibling; the last node of an odd level has none.
            if (sibling := index ^ 1) < len(nodes):
                bits |= (index & 1) << len(siblings)
                siblings.append(nodes[sibling])
            index >>= 1
        return MerklePath(bits, tuple(siblings))

    def tile(self, number: int) -> tuple[int, ...]:
        """The leaves of tile `number`: places 256·number to 256·number + 255 as far as taken."""
        self._check_index(number << TILE_LEVEL)
        return tuple(self._levels[0][number << TILE_LEVEL : (number + 1) << TILE_LEVEL])

    def tile_roots(self) -> tuple[int, ...]:
        """The nodes of level 8, one for each tile.

        `LeanIMT(tile(n)).root == tile_roots()[n]`, and the tree over them has this tree's root, so that
        `LeanIMT(tile(n)).path(i).then(LeanIMT(tile_roots()).path(n))` is the path of leaf 256·n + i.
        """
        return tuple(self._levels[min(TILE_LEVEL, self.depth)])

    def _check_index(self, index: int) -> None:
        if type(index) is not int or not 0 <= index < self.size:
            message = _("the tree has %(size)d leaves, and none at %(index)s")
            raise NoSuchLeaf(message, size=self.size, index=index)

    def _rehash_from(self, start: int) -> None:
        """Recompute every node above the leaves from `start` on, adding levels as needed."""
        level = 0
        while len(nodes := self._levels[level]) > 1:
            if level + 1 == len(self._levels):
                # A level that was the root until now was promoted from the left.
                self._levels.append([])
                start = 0
            start >>= 1
            parents = self._levels[level + 1]
            parents[start:] = [_parent(nodes, index) for index in range(start, (len(nodes) + 1) >> 1)]
            level += 1


def _parent(nodes: Sequence[int], index: int) -> int:
    """The node above `nodes[2·index]` and its right sibling, if there is one."""
    left = 2 * index
    return poseidon2(nodes[left], nodes[left + 1]) if left + 1 < len(nodes) else nodes[left]
