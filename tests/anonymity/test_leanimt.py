import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmai.anonymity import leanimt
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R
from openmai.anonymity.leanimt import CAPACITY, LeafRefused, LeanIMT, MerklePath, NoSuchLeaf
from openmai.anonymity.poseidon import poseidon2

members = st.integers(1, R - 1)
leaves = st.integers(0, R - 1)
few = settings(max_examples=25, deadline=None)


def root_by_recursion(nodes: list[int]) -> int:
    """The lean rule, level by level: pairs are hashed, a last single node is promoted."""
    if len(nodes) == 1:
        return nodes[0]
    pairs = [nodes[i : i + 2] for i in range(0, len(nodes), 2)]
    return root_by_recursion([poseidon2(*pair) if len(pair) == 2 else pair[0] for pair in pairs])


@few
@given(st.lists(members, min_size=1, max_size=40))
def test_inserting_one_by_one_and_all_at_once_give_the_same_root(values: list[int]):
    grown = LeanIMT()
    assert [grown.insert(value) for value in values] == list(range(len(values)))
    assert grown.root == LeanIMT(values).root == root_by_recursion(values)
    assert grown.leaves == tuple(values)
    assert grown.size == len(values)


@few
@given(st.lists(leaves, min_size=1, max_size=40), st.lists(leaves, max_size=20))
def test_extending_a_tree_equals_building_it(first: list[int], second: list[int]):
    tree = LeanIMT(first)
    tree.extend(second)
    assert tree.root == root_by_recursion(first + second)


@few
@given(st.lists(leaves, min_size=1, max_size=40), st.data())
def test_an_update_equals_building_the_tree_again(values: list[int], data: st.DataObject):
    index, leaf = data.draw(st.integers(0, len(values) - 1)), data.draw(leaves)
    tree = LeanIMT(values)
    tree.update(index, leaf)
    values[index] = leaf
    assert tree.root == root_by_recursion(values)


@few
@given(st.lists(leaves, min_size=1, max_size=70), st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_from_no_other(values: list[int], data: st.DataObject):
    index = data.draw(st.integers(0, len(values) - 1))
    tree = LeanIMT(values)
    path = tree.path(index)
    assert path.root_from(values[index]) == tree.root
    assert path.root_from((values[index] + 1) % R) != tree.root


def test_a_removed_member_leaves_a_zero_and_everybody_else_keeps_the_place():
    tree = LeanIMT([11, 12, 13])
    tree.update(1, 0)
    assert tree.leaves == (11, 0, 13)
    assert tree.root == poseidon2(poseidon2(11, 0), 13)


def test_tiles_and_the_nodes_of_level_8_make_whole_paths():
    tree = LeanIMT(range(1, 600))
    roots = tree.tile_roots()
    assert [len(tree.tile(number)) for number in range(3)] == [256, 256, 87]
    for index in (0, 255, 256, 511, 512, 598):
        number, inside = divmod(index, 256)
        tile = LeanIMT(tree.tile(number))
        assert tile.root == roots[number]
        assert tile.path(inside).then(LeanIMT(roots).path(number)) == tree.path(index)


def test_a_small_tree_is_one_tile():
    tree = LeanIMT([5, 6, 7])
    assert tree.tile(0) == (5, 6, 7)
    assert tree.tile_roots() == (tree.root,)


def test_the_empty_tree_has_root_zero():
    assert LeanIMT().root == 0
    assert LeanIMT().size == 0


def test_zero_is_not_inserted():
    with pytest.raises(LeafRefused):
        LeanIMT().insert(0)


@pytest.mark.parametrize("bad", [R, -1, True, 1.0, "1", None])
def test_only_field_elements_become_leaves_and_a_refused_list_changes_nothing(bad: object):
    tree = LeanIMT([1])
    for change in (lambda: tree.insert(bad), lambda: tree.extend([2, bad]), lambda: tree.update(0, bad)):  # type: ignore[list-item,arg-type]
        with pytest.raises(NotCanonical):
            change()
    assert tree.leaves == (1,)


@pytest.mark.parametrize("index", [-1, 3, True, 1.0])
def test_places_that_do_not_exist(index: int):
    tree = LeanIMT([1, 2, 3])
    with pytest.raises(NoSuchLeaf):
        tree.path(index)
    with pytest.raises(NoSuchLeaf):
        tree.update(index, 5)
    with pytest.raises(NoSuchLeaf):
        tree.tile(7)


def test_a_tree_does_not_outgrow_the_circuit(monkeypatch: pytest.MonkeyPatch):
    assert CAPACITY == 2**20
    monkeypatch.setattr(leanimt, "CAPACITY", 4)
    tree = LeanIMT([1, 2, 3, 4])
    with pytest.raises(LeafRefused):
        tree.insert(5)


def test_a_path_longer_than_the_circuit_is_refused():
    with pytest.raises(NoSuchLeaf):
        MerklePath(0, (1,) * 21)
    with pytest.raises(NoSuchLeaf):
        MerklePath(2, (1,))
    with pytest.raises(NotCanonical):
        MerklePath(0, (R,))
