"""Tiles and proofs, against RFC 6962 word for word and the vectors of Certificate Transparency."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.log_vectors import BAD_PATHS
from tests.anonymity.logs import MemoryLog, tree_hash

from openmai.anonymity.log.merkle import (
    EMPTY,
    AlteredLog,
    BadHead,
    ForkedLog,
    LogRefused,
    RolledBack,
    TreeHead,
    leaf_hash,
    parse_head,
    verify_consistency,
    verify_inclusion,
)
from openmai.anonymity.log.tiles import (
    BadTilePath,
    Tile,
    TiledTree,
    new_tiles,
    pack_entries,
    parse_tile_path,
    tile_at,
    unpack_entries,
)

# The inputs, roots and proofs of certificate-transparency's merkle_tree_test.
PUBLISHED = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
PUBLISHED_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
# (place, size, proof)
PUBLISHED_PATHS = (
    (0, 8, ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")),
    (5, 8, ("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
)  # fmt: skip
sizes = st.integers(1, 600)
LOG = MemoryLog([bytes([at & 255, at >> 8]) for at in range(600)])
ROOTS = {size: tree_hash(LOG.entries[:size]) for size in range(601)}


@pytest.mark.parametrize(("size", "root"), list(enumerate(PUBLISHED_ROOTS, 1)))
def test_roots_are_those_that_were_published(size: int, root: str) -> None:
    assert MemoryLog(PUBLISHED).at(size).root().hex() == root


@pytest.mark.parametrize(("place", "size", "proof"), PUBLISHED_PATHS)
def test_inclusion_proofs_are_those_that_were_published(
    place: int, size: int, proof: tuple[str, ...]
) -> None:
    assert tuple(each.hex() for each in MemoryLog(PUBLISHED).at(size).inclusion_proof(place)) == proof


def test_an_empty_log_has_the_root_of_nothing() -> None:
    assert MemoryLog([]).at(0).head() == EMPTY
    assert EMPTY.root == sha256().digest()


@settings(deadline=None)
@given(size=sizes, place=st.integers(0))
def test_every_entry_can_be_proved_from_tiles(size: int, place: int) -> None:
    place %= size
    head = TreeHead(size, ROOTS[size])
    proof = LOG.at(size).inclusion_proof(place)
    verify_inclusion(index=place, leaf=leaf_hash(LOG.entries[place]), proof=proof, head=head)
    for wrong in (
        {"index": place + 1},
        {"leaf": leaf_hash(b"other")},
        {"proof": proof[:-1]},
        {"proof": [*proof, bytes(32)]},
    ):
        claim = {"index": place, "leaf": leaf_hash(LOG.entries[place]), "proof": proof} | wrong
        if claim["proof"] != proof or size > 1 or "leaf" in wrong or "index" in wrong:
            with pytest.raises(AlteredLog):
                verify_inclusion(**claim, head=head)  # type: ignore[arg-type]


@settings(deadline=None)
@given(first=sizes, second=sizes)
def test_a_log_that_grew_can_prove_it(first: int, second: int) -> None:
    old, new = sorted((first, second))
    proof = LOG.at(new).consistency_proof(old)
    heads = TreeHead(old, ROOTS[old]), TreeHead(new, ROOTS[new])
    verify_consistency(old=heads[0], new=heads[1], proof=proof)
    with pytest.raises(ForkedLog):
        verify_consistency(
            old=TreeHead(old, bytes(32)), new=heads[1], proof=proof
        ) if old.bit_count() != 1 else (_fork(old, new))
    with pytest.raises(LogRefused):
        verify_consistency(old=heads[0], new=heads[1], proof=[*proof, bytes(32)])


def _fork(old: int, new: int) -> None:
    """For a power of two the old root is part of the proof, so only equal sizes show a fork by themselves."""
    verify_consistency(old=TreeHead(new, bytes(32)), new=TreeHead(new, ROOTS[new]), proof=[])


def test_a_shorter_log_is_a_roll_back() -> None:
    with pytest.raises(RolledBack, match=r"had 7 entries, and has 5"):
        verify_consistency(old=TreeHead(7, ROOTS[7]), new=TreeHead(5, ROOTS[5]), proof=[])


@settings(deadline=None)
@given(old=st.integers(0, 600), new=st.integers(0, 600), probe=st.integers(0))
def test_the_tiles_that_growth_made_are_all_that_changed(old: int, new: int, probe: int) -> None:
    old, new = sorted((old, new))
    made = set(new_tiles(old, new))
    before = {tile for level in (None, 0, 1, 2) for at in range(3) if (tile := tile_at(level, at, old))}
    after = {tile for level in (None, 0, 1, 2) for at in range(3) if (tile := tile_at(level, at, new))}
    assert made == after - before


@settings(deadline=None)
@given(
    st.builds(
        Tile,
        st.one_of(st.none(), st.integers(0, 63)),
        st.integers(0, 10**18 - 1),
        st.integers(1, 256),
    )
)
def test_a_tile_is_found_under_its_own_name(tile: Tile) -> None:
    assert parse_tile_path(tile.path) == tile


@settings(deadline=None)
@given(st.one_of(st.sampled_from(BAD_PATHS), st.text(), st.text("tile/0x9.p", max_size=20)))
def test_no_other_name_is_a_tile(path: str) -> None:
    try:
        tile = parse_tile_path(path)
    except BadTilePath:
        return
    assert tile.path == path


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_entries_survive_their_tile(entries: list[bytes]) -> None:
    assert unpack_entries(Tile(None, 0, len(entries)), pack_entries(entries)) == tuple(entries)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(1, 256))
def test_bytes_that_are_no_tile_are_refused(data: bytes, width: int) -> None:
    try:
        entries = unpack_entries(Tile(None, 0, width), data)
    except AlteredLog:
        return
    assert pack_entries(entries) == data


def test_a_tile_with_one_byte_changed_is_found_out() -> None:
    def read(tile: Tile) -> bytes:
        data = bytearray(LOG.read(tile))
        data[40] ^= 1
        return bytes(data)

    tree = TiledTree(600, read)
    with pytest.raises(AlteredLog):
        verify_inclusion(
            index=0,
            leaf=leaf_hash(LOG.entries[0]),
            proof=tree.inclusion_proof(0),
            head=TreeHead(600, ROOTS[600]),
        )


@pytest.mark.parametrize("cut", [b"", bytes(31), bytes(32 * 255), bytes(32 * 257)])
def test_a_tile_of_another_length_is_refused(cut: bytes) -> None:
    with pytest.raises(AlteredLog, match="another length"):
        TiledTree(600, lambda _tile: cut).root()


@settings(deadline=None)
@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_a_head_is_read_back(size: int, root: bytes) -> None:
    assert parse_head(TreeHead(size, root).text) == TreeHead(size, root)


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"[0-9]{1,17} [A-Za-z0-9+/]{43}=?", fullmatch=True)))
def test_no_other_text_is_a_head(text: str) -> None:
    try:
        head = parse_head(text)
    except BadHead:
        return
    assert head.text == text
