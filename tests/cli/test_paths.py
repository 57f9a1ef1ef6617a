"""Speaking from a large roster by its paths file: what is asked for, what is believed, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.conftest import Files, site_facts
from tests.cli.test_mirror import checked, serve
from tests.factories.cast import DOMAIN, HARBOUR, Cast, PublishedRoster

from openmai.anonymity.encoding import sha256
from openmai.anonymity.limits import PATH_EPOCHS
from openmai.anonymity.paths import OwnTile, Since, build_paths
from openmai.anonymity.rosters import open_statement, sign_statement
from openmai.cli.member.epochs import AcceptedEpochs
from openmai.cli.member.errors import Refused
from openmai.cli.member.home import Home
from openmai.cli.member.mirror import Mirror
from openmai.cli.member.pins import Pins
from openmai.cli.member.show import Progress
from openmai.cli.member.web import Web

MANY = 600


@pytest.fixture(scope="module")
def first(cast: Cast) -> PublishedRoster:
    """Too large for the list to be longer than a tile; its file leads on from itself alone."""
    return without_past(cast, cast.publish(HARBOUR, others=MANY))


def without_past(cast: Cast, roster: PublishedRoster) -> PublishedRoster:
    said = roster.statement
    return with_paths(cast, roster, since=Since(said.epoch, said.size))


def with_paths(cast: Cast, roster: PublishedRoster, *, since: Since) -> PublishedRoster:
    paths = build_paths(roster.tree, epoch=roster.statement.epoch, since=since, removed=())
    said = replace(roster.statement, paths=sha256(paths))
    signed = open_statement(sign_statement(said, cast.signing_key), key=None, domain=DOMAIN)
    return replace(roster, signed=signed, paths=paths)


@pytest.fixture
def mirror(cast: Cast, first: PublishedRoster, files: Files, tmp_path: Path) -> Mirror:
    """One for which six hundred are many."""
    serve(files, cast, first)
    pins, home = Pins(cast.roster_key, 1), Home(tmp_path)
    return Mirror(Web(files.origin), site_facts(cast), pins, home, Progress(), whole_up_to=256)


def asked(files: Files) -> list[str]:
    """The kinds of roster files that were asked for since the last look."""
    kinds = [path.split("/")[2] for path, _headers in files.asked if path.startswith("/rosters/")]
    files.asked.clear()
    return [kind for kind in kinds if kind in ("paths", "leaves")]


def settle(mirror: Mirror, cast: Cast, files: Files) -> None:
    checked(mirror, HARBOUR, cast.alice)
    asked(files)


def test_the_whole_list_is_fetched_once_and_then_only_what_changed(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths", "leaves"]
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == []
    second = cast.follow(first, joined=6, removed=[1, 300])
    serve(files, cast, second, serial=2)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths"]
    third = cast.follow(second, joined=2, removed=[500])
    serve(files, cast, third, serial=3)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths"]
    kept = AcceptedEpochs(mirror.home, DOMAIN, cast.roster_key).kept(HARBOUR)
    assert kept is not None
    assert kept.live == frozenset(filter(None, third.tree.leaves))


def test_a_small_roster_is_fetched_whole_by_everybody(mirror: Mirror, cast: Cast, files: Files):
    checked(replace(mirror, whole_up_to=1_024), HARBOUR, cast.alice)
    assert asked(files) == ["leaves"]


def test_a_newcomer_stands_in_the_file_and_needs_no_list(mirror: Mirror, cast: Cast, files: Files):
    grown = with_paths(cast, cast.publish(HARBOUR, others=MANY, epoch=2), since=Since(1, 2))
    serve(files, cast, grown, serial=2)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths"]


def test_who_stands_nowhere_is_told_so_and_the_list_is_not_fetched_again(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    for expected in (["paths", "leaves"], []):
        with pytest.raises(Refused) as refused:
            checked(mirror, HARBOUR, cast.mallory)
        assert refused.value.code == "not-in-roster"
        assert asked(files) == expected
    serve(files, cast, cast.follow(first, joined=1), serial=2)
    with pytest.raises(Refused, match="not in company"):
        checked(mirror, HARBOUR, cast.mallory)
    assert asked(files) == ["paths"]


def test_whose_own_leaf_was_removed_is_told_so(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    settle(mirror, cast, files)
    own = first.tree.leaves.index(cast.alice.commitment)
    serve(files, cast, cast.follow(first, removed=[own]), serial=2)
    with pytest.raises(Refused) as refused:
        checked(mirror, HARBOUR, cast.alice)
    assert refused.value.code == "not-in-roster"


def test_too_many_removals_are_counted_from_the_file_alone(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    settle(mirror, cast, files)
    serve(files, cast, cast.follow(first, joined=40, removed=range(200, 231)), serial=2)
    with pytest.raises(Refused, match="31 of the 602 members") as refused:
        checked(mirror, HARBOUR, cast.alice)
    assert refused.value.code == "roster-shrunk"
    assert asked(files) == ["paths"]
    mirror.accept(mirror.index(), HARBOUR, epoch=2)
    asked(files)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == [], "the own tile stays known, so that nobody sees who accepted"


def test_an_epoch_that_cannot_be_chained_to_is_compared_leaf_by_leaf(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    settle(mirror, cast, files)
    later = cast.follow(cast.follow(first, joined=3), joined=3, removed=[1])
    serve(files, cast, later, serial=2)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths", "leaves"]


def test_members_who_were_exchanged_without_a_word_are_missed(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    """Olga puts keys of her own into forty places, or into two. Her file removes nobody."""
    settle(mirror, cast, files)
    for serial, count in ((2, 40), (3, 2)):
        leaves = [*first.tree.leaves[:300], *range(1, count + 1), *first.tree.leaves[300 + count :]]
        silent = with_paths(cast, cast.sign_roster(HARBOUR, leaves, epoch=2), since=Since(1, len(leaves)))
        serve(files, cast, silent, serial=serial)
        with pytest.raises(Refused, match="exchanged without a word") as refused:
            checked(mirror, HARBOUR, cast.alice)
        assert refused.value.code == "roster-altered"


@pytest.fixture
def newcomer(mirror: Mirror, cast: Cast, files: Files) -> PublishedRoster:
    """What Alice saw, who stands in the file herself, and so never saw a list."""
    grown = with_paths(cast, cast.publish(HARBOUR, others=MANY, epoch=2), since=Since(1, 2))
    serve(files, cast, grown, serial=2)
    settle(mirror, cast, files)
    return grown


def refusal(mirror: Mirror, cast: Cast) -> Refused:
    with pytest.raises(Refused) as refused:
        checked(mirror, HARBOUR, cast.alice)
    return refused.value


def test_where_only_paths_files_were_seen_a_long_absence_is_told(
    mirror: Mirror, cast: Cast, files: Files, newcomer: PublishedRoster
):
    later = newcomer
    for _epoch in range(PATH_EPOCHS + 1):
        later = cast.follow(later, joined=3)
    serve(files, cast, later, serial=3)
    told = refusal(mirror, cast)
    assert (told.code, "has not looked at company/harbour-logistics/attested for long" in str(told)) == (
        "roster-unchained",
        True,
    )
    removals, _statement = mirror.accept(mirror.index(), HARBOUR, epoch=10)
    assert removals is None
    checked(mirror, HARBOUR, cast.alice)


def test_a_newcomer_among_whom_members_were_exchanged_was_not_away(
    mirror: Mirror, cast: Cast, files: Files, newcomer: PublishedRoster
):
    """Olga exchanges all but the tile with Alice's leaf, the very next epoch."""
    leaves = [*newcomer.tree.leaves[:256], *range(1, newcomer.tree.size - 255)]
    for since in (Since(2, 602), Since(1, 2)):
        silent = with_paths(cast, cast.sign_roster(HARBOUR, leaves, epoch=3), since=since)
        serve(files, cast, silent, serial=3 if since.epoch == 2 else 4)
        told = refusal(mirror, cast)
        assert (told.code, "identity accept" in str(told)) == ("roster-altered", False)
    assert "leaves" not in asked(files)


def test_a_file_that_begins_too_late_is_no_absence(
    mirror: Mirror, cast: Cast, files: Files, newcomer: PublishedRoster
):
    serve(files, cast, without_past(cast, cast.follow(newcomer, joined=3)), serial=3)
    told = refusal(mirror, cast)
    assert (told.code, "identity accept" in str(told)) == ("roster-cut-short", False)


def test_so_many_changes_that_no_file_lists_them_are_told_with_the_numbers(
    mirror: Mirror, cast: Cast, files: Files, newcomer: PublishedRoster
):
    grown = cast.sign_roster(HARBOUR, [*newcomer.tree.leaves, *range(1, 2_050)], epoch=3)
    serve(files, cast, without_past(cast, grown), serial=3)
    told = refusal(mirror, cast)
    assert told.code == "roster-remade"
    assert "had 602 members when this machine last looked, and has 2651 now" in str(told)


def test_a_paths_file_that_contradicts_its_statement_is_refused(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    node = 36 + 5
    forged = first.paths[:node] + bytes([first.paths[node] ^ 1]) + first.paths[node + 1 :]
    said = replace(first.statement, paths=sha256(forged))
    signed = open_statement(sign_statement(said, cast.signing_key), key=None, domain=DOMAIN)
    serve(files, cast, replace(first, signed=signed, paths=forged), serial=2)
    with pytest.raises(Refused, match="another root than the statement says"):
        checked(mirror, HARBOUR, cast.alice)
    files.put(f"/rosters/paths/{signed.statement.paths.hex()}.bin", first.paths)
    with pytest.raises(Refused, match="other bytes"):
        checked(mirror, HARBOUR, cast.alice)


def test_whoever_has_taken_the_own_place_over_needs_no_list(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    own = OwnTile(DOMAIN, HARBOUR, 0, first.tree.tile(0))
    AcceptedEpochs(mirror.home, DOMAIN, cast.roster_key).keep_tile(own)
    checked(mirror, HARBOUR, cast.alice)
    assert asked(files) == ["paths"]


def test_a_place_that_is_none_in_this_roster_costs_only_the_list(
    mirror: Mirror, cast: Cast, files: Files, first: PublishedRoster
):
    for leaves in ((cast.alice.commitment, 5), first.tree.tile(1)):
        own = OwnTile(DOMAIN, HARBOUR, 9, leaves)
        AcceptedEpochs(mirror.home, DOMAIN, cast.roster_key).keep_tile(own)
        checked(mirror, HARBOUR, cast.alice)
        assert asked(files) in (["paths", "leaves"], [])
