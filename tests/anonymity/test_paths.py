"""The paths file: one for all, exact to the byte, and a proof of everything that changed."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.frontend_vectors import as_file
from tests.anonymity.paths_vectors import BAD, VECTORS, vectors
from tests.factories.cast import DOMAIN

from openmai.anonymity.encoding import sha256
from openmai.anonymity.fields import R, be32
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.limits import MAX_PATH_CHANGES, MAX_PATHS, PATH_EPOCHS
from openmai.anonymity.paths import (
    Altered,
    CheckedPaths,
    CutShort,
    Known,
    NoChain,
    Since,
    TooFar,
    TooMuch,
    WrongPaths,
    build_paths,
    check_paths,
    choose_since,
    parse_paths,
)
from openmai.anonymity.rosters import RosterStatement, open_statement, pack_leaves, sign_statement

KEY = Ed25519PrivateKey.from_private_bytes(b"r" * 32)
Gone = Sequence[tuple[int, int, int]]


def leaves(count: int, *, seed: str = "leaves") -> list[int]:
    rng = random.Random(seed)
    return [rng.randrange(1, R) for _ in range(count)]


class Roster:
    """A roster that grows and shrinks, epoch by epoch."""

    def __init__(self, size: int) -> None:
        self.pool = leaves(size + 2_000)
        self.tree = LeanIMT(self.pool[:size])
        self.epoch = 1
        self.gone: list[tuple[int, int, int]] = []
        self.sizes = {0: 0, 1: size}

    def next(self, *, joined: int = 0, removed: Sequence[int] = ()) -> "Roster":
        self.epoch += 1
        self.tree.extend(self.pool[self.tree.size : self.tree.size + joined])
        for index in removed:
            self.gone.append((index, self.epoch, self.tree.leaves[index]))
            self.tree.update(index, 0)
        self.sizes[self.epoch] = self.tree.size
        return self

    def known(self) -> Known:
        live = sum(map(bool, self.tree.leaves))
        return Known(self.epoch, self.tree.size, live, self.tree.tile_roots())

    def file(self, *, since: int) -> bytes:
        return build_paths(
            self.tree, epoch=self.epoch, since=Since(since, self.sizes[since]), removed=self.gone
        )

    def statement(self, data: bytes) -> RosterStatement:
        packed = pack_leaves(self.tree.leaves)
        statement = RosterStatement(
            site=DOMAIN.site, season=DOMAIN.season, roster="site", epoch=self.epoch, label=None,
            root=self.tree.root, size=self.tree.size, live=self.known().live, settled=0,
            leaves=sha256(packed), paths=sha256(data), journal=sha256(b""), published="2026-05-01",
        )  # fmt: skip
        return open_statement(sign_statement(statement, KEY), key=None, domain=DOMAIN).statement

    def checked(self, *, since: int) -> CheckedPaths:
        data = self.file(since=since)
        return check_paths(self.statement(data), data)


def test_a_member_proves_from_the_own_tile_and_the_nodes_of_level_8():
    roster = Roster(700)
    checked = roster.checked(since=1)
    tile = checked.tile_now(1, roster.tree.tile(1))
    path = checked.path(1, tile, 44)
    assert path == roster.tree.path(300)
    assert path.root_from(roster.pool[300]) == roster.tree.root


def test_the_tail_is_in_the_file_so_that_a_newcomer_needs_nothing_else():
    roster = Roster(700)
    before = roster.known()
    checked = roster.next(joined=90).checked(since=1)
    number = checked.find(roster.pool[789])
    assert number == 3
    tile = checked.tile_now(number, ())
    assert checked.path(number, tile, 789 % 256) == roster.tree.path(789)
    assert checked.step(before).joined == tuple(roster.pool[700:790])
    assert checked.find(roster.pool[3]) is None


def test_every_removal_since_a_known_epoch_is_proved():
    roster = Roster(700)
    first = roster.known()
    second = roster.next(removed=[3, 9, 600]).known()
    third = roster.next(joined=60, removed=[4, 300, 699]).known()
    checked = roster.next(joined=10, removed=[700, 5]).checked(since=1)
    pool = roster.pool
    assert checked.step(first).gone == tuple(pool[at] for at in (3, 9, 600, 4, 300, 699, 5))
    assert checked.step(second).gone == tuple(pool[at] for at in (4, 300, 699, 5))
    assert checked.step(third).gone == (pool[5], pool[700])
    assert checked.step(roster.known()).gone == ()
    assert checked.step(first).joined == tuple(pool[701:770])


def test_a_tile_that_is_kept_loses_whom_the_file_removes():
    roster = Roster(700)
    kept = roster.tree.tile(0)
    checked = roster.next(removed=[3]).next(removed=[7]).checked(since=1)
    assert checked.tile_now(0, kept) == roster.tree.tile(0)
    with pytest.raises(NoChain):
        checked.tile_now(0, roster.pool[256:512])
    with pytest.raises(NoChain):
        checked.tile_now(9, kept)


def test_an_epoch_before_the_span_or_after_it_leads_nowhere():
    roster = Roster(300)
    first = roster.known()
    early = roster.checked(since=1)
    later = roster.next(joined=5).known()
    with pytest.raises(CutShort):
        roster.checked(since=2).step(first)
    with pytest.raises(Altered):
        early.step(later)


def test_only_an_epoch_before_the_promised_span_is_too_far():
    roster = Roster(300)
    first = roster.known()
    for _epoch in range(PATH_EPOCHS):
        roster.next(joined=1)
    with pytest.raises(CutShort):
        roster.checked(since=roster.epoch).step(first)
    with pytest.raises(TooFar):
        roster.next(joined=1).checked(since=roster.epoch).step(first)


@pytest.mark.parametrize(("removed", "cause"), [(221, CutShort), (222, TooMuch)])
def test_more_changes_than_a_file_can_list_are_no_file_cut_short(removed: int, cause: type[NoChain]):
    """296 bytes each, of 65,536."""
    roster = Roster(512)
    first = roster.known()
    with pytest.raises(cause):
        roster.next(removed=range(removed)).checked(since=2).step(first)


def test_a_file_that_begins_later_hides_no_more_living_members_than_there_can_be():
    roster = Roster(300)
    first = roster.known()
    data = roster.next(joined=5).file(since=2)
    with pytest.raises(Altered):
        check_paths(replace(roster.statement(data), live=306), data).step(first)


def test_an_honest_file_begins_late_only_for_what_it_cannot_list():
    """What a client counts is never less than what the people site counts."""
    for joined, removed in ((1_840, 0), (1_600, 30), (0, 200), (2_300, 0)):
        roster = Roster(200)
        first = roster.known()
        roster.next(joined=joined, removed=range(removed))
        places = [(index, epoch) for index, epoch, _leaf in roster.gone]
        since = choose_since(
            [Since(1, 200), Since(2, roster.tree.size)], size=roster.tree.size, removals=places
        )
        if since.epoch == 1:
            roster.checked(since=1).step(first)
        else:
            with pytest.raises(TooMuch):
                roster.checked(since=2).step(first)


def test_a_change_that_is_not_told_is_seen():
    """Olga puts a key of her own into Bob's place, and lists nobody as removed, or somebody else."""
    for told in ([], [3]):
        roster = Roster(700)
        known = roster.known()
        roster.next(removed=told)
        roster.tree.update(100, 4711)
        with pytest.raises((NoChain, WrongPaths)):
            roster.checked(since=1).step(known)


def test_a_tail_that_was_rewritten_is_seen():
    roster = Roster(700)
    known = roster.known()
    roster.next(joined=3)
    roster.tree.update(690, 4711)
    with pytest.raises(Altered):
        roster.checked(since=1).step(known)


def test_more_living_members_than_the_changes_give_are_refused():
    roster = Roster(700)
    known = roster.known()
    data = roster.next(removed=[3]).file(since=1)
    statement = replace(roster.statement(data), live=700)
    with pytest.raises(Altered):
        check_paths(statement, data).step(known)


def test_a_removal_under_another_leaf_is_refused():
    """Olga says that a key of hers was removed, so that the member's own set stays as it was."""
    roster = Roster(700)
    roster.next(removed=[3])
    roster.gone = [(3, 2, 4711)]
    known = Roster(700).known()
    with pytest.raises(Altered):
        roster.checked(since=1).step(known)


def altered(data: bytes, at: int, part: bytes) -> bytes:
    return data[:at] + part + data[at + len(part) :]


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


ROSTER = Roster(700).next(joined=10, removed=[3, 600])
DATA = ROSTER.file(since=1)
REMOVALS = 36 + 3 * 32 + (710 - 512) * 32


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DATA[:-1],
        DATA + b"\0",
        altered(DATA, 0, b"X"),
        altered(DATA, 16, number(0)),
        altered(DATA, 16, number(1)),
        altered(DATA, 20, number(0)),
        altered(DATA, 20, number(2**20 + 1)),
        altered(DATA, 20, number(709)),
        altered(DATA, 24, number(3)),
        altered(DATA, 24, number(0)),
        altered(DATA, 24, number(2)),
        altered(DATA, 28, number(711)),
        altered(DATA, 28, number(0)),
        altered(DATA, 32, number(3)),
        altered(DATA, 32, number(1)),
        altered(DATA, 32, number(2**32 - 1)),
        altered(DATA, 36, be32(R - 1)[:31] + b"\xff"),
        altered(DATA, 36, b"\xff" * 32),
        altered(DATA, REMOVALS, number(4)),
        altered(DATA, REMOVALS, number(710)),
        altered(DATA, REMOVALS + 4, number(3)),
        altered(DATA, REMOVALS + 4, number(1)),
        altered(DATA, REMOVALS + 8, bytes(32)),
        altered(DATA, REMOVALS + 40, be32(1)),
        altered(DATA, REMOVALS + 296, number(3)),
        altered(DATA, REMOVALS + 296, number(601)),
        altered(DATA, 36 + 3 * 32, be32(5)),
        DATA[:REMOVALS] + DATA[REMOVALS + 296 :] + DATA[REMOVALS : REMOVALS + 296],
        bytes(MAX_PATHS + 1),
    ],
)
def test_a_file_that_is_not_exactly_what_it_should_be_is_refused(data: bytes):
    statement = replace(ROSTER.statement(DATA), paths=sha256(data))
    with pytest.raises(WrongPaths):
        check_paths(statement, data)


def test_the_file_belongs_to_its_statement():
    statement = ROSTER.statement(DATA)
    assert check_paths(statement, DATA).nodes == ROSTER.tree.tile_roots()
    for other in (
        replace(statement, paths=sha256(b"")),
        replace(statement, epoch=3),
        replace(statement, root=5),
    ):
        with pytest.raises(WrongPaths):
            check_paths(other, DATA)


def test_the_span_is_as_long_as_the_limit_allows():
    candidates = [Since(0, 0), Since(1, 4_000), Since(2, 4_100), Since(3, 4_200)]
    assert choose_since([*candidates[:1], Since(3, 300)], size=300, removals=[]) == Since(0, 0)
    assert choose_since(candidates, size=4_200, removals=[]) == Since(1, 4_000)
    many = [(index, 2) for index in range(MAX_PATH_CHANGES // 296)]
    assert choose_since(candidates, size=4_200, removals=many) == Since(2, 4_100)
    more = [(index, 3) for index in range(MAX_PATH_CHANGES // 296)]
    assert choose_since(candidates, size=4_200, removals=more) == Since(3, 4_200)


def test_a_file_of_the_greatest_roster_stays_within_its_limit():
    assert 36 + (2**20 // 256) * 32 + MAX_PATH_CHANGES == MAX_PATHS


@given(data=st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_the_parser_refuses_noise_by_its_own_name(data: bytes):
    for each in (data, b"openmai/paths/v1" + data):
        with pytest.raises(WrongPaths):
            parse_paths(each)


@given(at=st.integers(0, len(DATA) - 1), bit=st.integers(0, 7), cut=st.integers(0, 3), data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_byte_of_a_file_can_be_changed(at: int, bit: int, cut: int, data: Any):
    """Also where the operator signs the changed file: it contradicts itself, or the epoch that is known."""
    changed = altered(DATA, at, bytes([DATA[at] ^ 1 << bit]))
    changed = changed[: len(changed) - cut * data.draw(st.integers(0, 40))]
    statement = replace(ROSTER.statement(DATA), paths=sha256(changed))
    with pytest.raises((WrongPaths, NoChain)):
        check_paths(statement, changed).step(Roster(700).known())


def test_the_front_end_is_tested_with_files_of_today():
    assert VECTORS.read_bytes() == as_file(vectors()), "run: python -m tests.anonymity.paths_vectors"


@pytest.mark.parametrize("name", BAD)
def test_what_the_front_end_must_refuse_is_refused_here(name: str):
    data = bytes.fromhex(vectors()["file"])
    at, part = BAD[name]
    changed = altered(data, at, part)
    roster = Roster(1)
    said = replace(
        roster.statement(b""), epoch=3, size=640, live=635, root=int(vectors()["root"]), paths=sha256(changed)
    )
    check_paths(replace(said, paths=sha256(data)), data)
    with pytest.raises(WrongPaths):
        check_paths(said, changed)
