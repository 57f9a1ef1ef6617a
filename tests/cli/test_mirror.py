"""Rosters as the member sees them: nothing is proved under a forged, stale or small one, or a stranger's."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.cli.conftest import Files, serve_log, site_facts
from tests.factories.cast import (
    DOMAIN,
    HARBOUR,
    HARBOUR_PROVABLE,
    ORCHID,
    SEASON,
    SITE,
    Cast,
    Member,
    PublishedRoster,
)

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.limits import MAX_SHARD
from openmai.anonymity.rosters import IndexEntry, RosterIndex, open_statement, sign_index, sign_statement
from openmai.cli.member import words
from openmai.cli.member.epochs import AcceptedEpochs, Removals
from openmai.cli.member.errors import IdentityTrouble, Refused, Usage
from openmai.cli.member.home import Home, write_private
from openmai.cli.member.mirror import SMALLEST_CROWD, Mirror, candidates, labels, names_roster
from openmai.cli.member.pins import Pins, read_pins
from openmai.cli.member.show import Progress
from openmai.cli.member.web import Web


def serve(files: Files, cast: Cast, *rosters: PublishedRoster, serial: int = 1) -> None:
    """Publish the cast's rosters, with these in place of theirs."""
    current = cast.rosters | {each.statement.roster: each for each in rosters}
    files.put("/rosters/index.json", cast.index(serial=serial, rosters=current.values()))
    for each in current.values():
        files.put(f"/rosters/statements/{each.signed.name.hex()}.json", each.signed.envelope)
        files.put(f"/rosters/leaves/{each.statement.leaves.hex()}.bin", each.leaves)
        files.put(f"/rosters/paths/{each.statement.paths.hex()}.bin", each.paths)
    serve_log(files, cast, *current.values())


@pytest.fixture
def mirror(cast: Cast, files: Files, tmp_path: Path) -> Mirror:
    serve(files, cast)
    facts = site_facts(cast)
    return Mirror(Web(files.origin), facts, Pins(cast.roster_key, 1), Home(tmp_path), Progress())


def checked(mirror: Mirror, roster: str, member: Member) -> int:
    found = mirror.checked(mirror.index(), roster, commitment=member.commitment, floor=SMALLEST_CROWD)
    assert found.path.root_from(member.commitment) == found.statement.root
    return member.commitment


def test_alice_finds_herself(mirror: Mirror, cast: Cast):
    assert checked(mirror, HARBOUR, cast.alice) == cast.alice.commitment


def test_a_stranger_is_told_to_wait(mirror: Mirror, cast: Cast):
    with pytest.raises(Refused, match="not in company/harbour-logistics/attested yet") as refused:
        checked(mirror, HARBOUR, cast.mallory)
    assert refused.value.code == "not-in-roster"


def test_a_crowd_below_the_floor_is_refused(mirror: Mirror, cast: Cast, files: Files):
    with pytest.raises(Refused, match="you could be found"):
        checked(mirror, ORCHID, cast.mallory)
    young = cast.publish(HARBOUR, others=24, epoch=2, settled=19)
    serve(files, cast, young, serial=2)
    with pytest.raises(Refused) as refused:
        checked(mirror, HARBOUR, cast.alice)
    assert refused.value.code == "below-floor"


def test_an_epoch_that_the_site_holds_back_is_none(mirror: Mirror, cast: Cast, files: Files):
    """The next roster of the same company is tried then, and the site's own at last."""
    held = cast.rosters[HARBOUR].signed.name.hex()
    del files.answers[f"/rosters/statements/{held}.json"]
    with pytest.raises(Refused, match=f"does not hand out the roster {HARBOUR} yet") as refused:
        checked(mirror, HARBOUR, cast.alice)
    assert refused.value.code == "unknown-roster"


def test_the_site_cannot_lower_the_members_own_floor(mirror: Mirror, cast: Cast):
    index = mirror.index()
    careless = replace(mirror, facts=replace(mirror.facts, floor=2))
    with pytest.raises(Refused):
        careless.checked(index, ORCHID, commitment=cast.mallory.commitment, floor=SMALLEST_CROWD)
    # Nor can the member go below the site's.
    with pytest.raises(Refused):
        mirror.checked(index, ORCHID, commitment=cast.mallory.commitment, floor=2)


def test_an_older_index_is_refused(mirror: Mirror, cast: Cast, files: Files):
    serve(files, cast, serial=5)
    mirror.index()
    pins = read_pins(mirror.home, SITE)
    assert pins == Pins(cast.roster_key, 5, sha256(cast.index(serial=5)))
    serve(files, cast, serial=4)
    later = Mirror(mirror.web, mirror.facts, pins, mirror.home, mirror.progress)
    with pytest.raises(Refused, match="serial 4, but 5"):
        later.index()


def test_why_a_roster_is_refused_is_told_in_the_members_language(
    mirror: Mirror, cast: Cast, files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(words, "gettext", lambda template: f"译：{template}")
    serve(files, cast, serial=4)
    later = replace(mirror, pins=Pins(cast.roster_key, 5))
    with pytest.raises(Refused, match="译：the index has serial 4, but 5"):
        later.index()


def test_a_second_index_of_one_serial_is_refused(mirror: Mirror, cast: Cast, files: Files):
    mirror.index()
    mirror.index()
    serve(files, cast, cast.sign_roster(HARBOUR, cast.rosters[HARBOUR].tree.leaves, epoch=2))
    with pytest.raises(Refused, match="two different indexes of rosters with the serial 1") as refused:
        mirror.index()
    assert refused.value.code == "index-forked"
    serve(files, cast, serial=2)
    assert mirror.index().serial == 2


def test_pins_of_an_older_version_are_read(mirror: Mirror, cast: Cast):
    write_private(mirror.home.pins(SITE), {"roster_key": cast.roster_key.hex(), "serial": 1})
    assert mirror.index().serial == 1
    assert read_pins(mirror.home, SITE) == Pins(cast.roster_key, 1, sha256(cast.index(serial=1)))


def lose(cast: Cast, count: int, *, epoch: int) -> PublishedRoster:
    """Harbour Logistics without some of its strangers, strangers newly made in their places."""
    leaves = list(cast.rosters[HARBOUR].tree.leaves)
    own = {member.commitment for member in cast.members}
    strangers = [place for place, leaf in enumerate(leaves) if leaf and leaf not in own]
    for place in strangers[:count]:
        leaves[place] = 0
    return cast.sign_roster(HARBOUR, [*leaves, *range(1, count + 1)], epoch=epoch)


def test_an_epoch_that_lost_many_members_is_refused_however_large(mirror: Mirror, cast: Cast, files: Files):
    checked(mirror, HARBOUR, cast.alice)
    serve(files, cast, lose(cast, 6, epoch=2), serial=2)
    with pytest.raises(Refused, match="6 of the 26 members") as refused:
        checked(mirror, HARBOUR, cast.alice)
    assert refused.value.code == "roster-shrunk"
    assert f"openmai identity accept {HARBOUR} 2" in str(refused.value)


def test_five_may_leave_at_once(mirror: Mirror, cast: Cast, files: Files):
    checked(mirror, HARBOUR, cast.alice)
    serve(files, cast, lose(cast, 5, epoch=2), serial=2)
    checked(mirror, HARBOUR, cast.alice)
    # What was accepted is what the next epoch is compared with.
    serve(files, cast, lose(cast, 10, epoch=3), serial=3)
    checked(mirror, HARBOUR, cast.alice)
    serve(files, cast, lose(cast, 16, epoch=4), serial=4)
    with pytest.raises(Refused, match="6 of the 26 members"):
        checked(mirror, HARBOUR, cast.alice)


def test_epochs_that_were_never_seen_here_make_no_removal_smaller(mirror: Mirror, cast: Cast, files: Files):
    checked(mirror, HARBOUR, cast.alice)
    for epoch in range(2, 12):
        serve(files, cast, lose(cast, epoch, epoch=epoch), serial=epoch)
        mirror.index()
    with pytest.raises(Refused, match="11 of the 26 members"):
        checked(mirror, HARBOUR, cast.alice)


def test_a_member_may_accept_an_epoch_that_lost_many(mirror: Mirror, cast: Cast, files: Files):
    checked(mirror, HARBOUR, cast.alice)
    serve(files, cast, lose(cast, 9, epoch=2), serial=2)
    with pytest.raises(Refused, match="is at epoch 2 now, not at 3"):
        mirror.accept(mirror.index(), HARBOUR, epoch=3)
    with pytest.raises(Refused, match="9 of the 26"):
        checked(mirror, HARBOUR, cast.alice)
    removals, statement = mirror.accept(mirror.index(), HARBOUR, epoch=2)
    assert (removals, statement.live) == (Removals(9, 26), 26)
    checked(mirror, HARBOUR, cast.alice)


@pytest.mark.parametrize(
    ("gone", "before", "refused"),
    [(5, 5, False), (6, 7, True), (5, 1_000, False), (50, 1_000, False), (51, 1_000, True)],
)
def test_more_than_five_and_more_than_a_twentieth_is_too_much(gone: int, before: int, refused: bool):
    assert Removals(gone, before).too_many is refused


def test_whoever_trusts_another_key_begins_anew(mirror: Mirror, cast: Cast, files: Files):
    checked(mirror, HARBOUR, cast.alice)
    accepted = AcceptedEpochs(mirror.home, DOMAIN, cast.roster_key)
    assert accepted.removals(HARBOUR, ()) == Removals(26, 26)
    assert AcceptedEpochs(mirror.home, DOMAIN, b"k" * 32).removals(HARBOUR, ()) == Removals(0, 0)


def test_a_damaged_epoch_is_not_taken_for_none(mirror: Mirror, cast: Cast):
    checked(mirror, HARBOUR, cast.alice)
    [kept] = (mirror.home.season(SITE, SEASON) / "rosters").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    whole = kept.read_bytes()
    for damaged in (whole[:-1], whole[1:], b""):
        kept.write_bytes(damaged)
        with pytest.raises(IdentityTrouble, match="damaged"):
            checked(mirror, HARBOUR, cast.alice)


def test_another_signer_is_refused(mirror: Mirror, cast: Cast, files: Files):
    mallorys = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
    files.put("/rosters/index.json", sign_index(RosterIndex(SITE, SEASON, 9, ()), mallorys))
    with pytest.raises(Refused, match="signed by the key"):
        mirror.index()


def test_a_statement_by_another_signer_is_refused(mirror: Mirror, cast: Cast, files: Files):
    mallorys = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
    forged = cast.sign_roster(HARBOUR, cast.rosters[HARBOUR].tree.leaves, signing_key=mallorys)
    serve(files, cast, forged)
    with pytest.raises(Refused, match="signed by the key"):
        checked(mirror, HARBOUR, cast.alice)


def test_other_bytes_than_their_name_says_are_refused(mirror: Mirror, cast: Cast, files: Files):
    harbour = cast.rosters[HARBOUR]
    files.put(f"/rosters/leaves/{harbour.statement.leaves.hex()}.bin", harbour.leaves[:-32])
    with pytest.raises(Refused, match="other bytes"):
        checked(mirror, HARBOUR, cast.alice)
    files.put(f"/rosters/statements/{harbour.signed.name.hex()}.json", cast.rosters[ORCHID].signed.envelope)
    with pytest.raises(Refused, match="other bytes"):
        checked(mirror, HARBOUR, cast.alice)


def test_one_roster_cannot_stand_for_another(mirror: Mirror, cast: Cast, files: Files):
    swapped = (IndexEntry(HARBOUR, 1, cast.rosters["site"].signed.name),)
    files.put("/rosters/index.json", sign_index(RosterIndex(SITE, SEASON, 1, swapped), cast.signing_key))
    with pytest.raises(Refused, match="another roster or epoch"):
        checked(mirror, HARBOUR, cast.alice)


def test_an_index_of_another_season_is_refused(mirror: Mirror, cast: Cast, files: Files):
    files.put("/rosters/index.json", sign_index(RosterIndex(SITE, "s229", 1, ()), cast.signing_key))
    with pytest.raises(Refused, match="s229"):
        mirror.index()


def test_a_roster_of_another_season_is_refused(mirror: Mirror, cast: Cast, files: Files):
    old = cast.publish(HARBOUR, others=24, domain=Domain(SITE, "s227"))
    serve(files, cast, old)
    with pytest.raises(Refused, match="s227"):
        checked(mirror, HARBOUR, cast.alice)


def test_the_best_evidence_is_tried_first(mirror: Mirror):
    index = mirror.index()
    assert candidates(index, "harbour-logistics") == [HARBOUR_PROVABLE, HARBOUR]
    assert candidates(index, HARBOUR) == [HARBOUR]
    assert candidates(index, "site") == ["site"]
    with pytest.raises(Usage):
        candidates(index, "harbour")


def test_the_labels_of_a_key_are_those_it_enrolled_with():
    assert labels(["site", ORCHID, HARBOUR, HARBOUR_PROVABLE]) == [
        "harbour-logistics",
        "orchid-kitchen",
        "site",
    ]
    assert labels([]) == ["site"]


def test_shards_are_tried_in_order_and_trades_come_after_companies():
    trade = "industry/logistics"
    assert names_roster(trade, f"{trade}/attested#3")
    assert names_roster("site", "site#2")
    assert names_roster(HARBOUR, f"{HARBOUR}#2")
    assert not names_roster("logistics", f"{trade}/attested")
    assert labels([f"{trade}/attested#2", HARBOUR, "site#2"]) == ["harbour-logistics", trade, "site"]
    listed = [f"{HARBOUR}#10", f"{HARBOUR}#2", f"{HARBOUR_PROVABLE}#2", HARBOUR_PROVABLE, HARBOUR]
    index = RosterIndex(SITE, SEASON, 1, tuple(IndexEntry(each, 1, bytes(32)) for each in sorted(listed)))
    expected = [HARBOUR_PROVABLE, f"{HARBOUR_PROVABLE}#2", HARBOUR, f"{HARBOUR}#2", f"{HARBOUR}#10"]
    assert candidates(index, "harbour-logistics") == expected


def test_a_shard_that_opens_before_the_one_before_is_full_is_refused(
    mirror: Mirror, cast: Cast, files: Files
):
    """The operator sets a few members apart, in a shard that nobody else had to enter yet."""
    first = cast.rosters[HARBOUR]
    second = cast.sign_roster(f"{HARBOUR}#2", [*range(5, 40), cast.alice.commitment])
    words = rf"{HARBOUR}#2 was opened although {HARBOUR} is not full"
    for serial, size in enumerate((None, MAX_SHARD - 1, MAX_SHARD), 2):
        before = first if size is None else sized(cast, first, size)
        serve(files, cast, before, second, serial=serial)
        if size == MAX_SHARD:
            assert checked(mirror, f"{HARBOUR}#2", cast.alice) == cast.alice.commitment
            continue
        with pytest.raises(Refused, match=words) as refused:
            checked(mirror, f"{HARBOUR}#2", cast.alice)
        assert refused.value.code == "early-shard"
        with pytest.raises(Refused, match=words):
            mirror.accept(mirror.index(), f"{HARBOUR}#2", epoch=1)
    files.put("/rosters/index.json", cast.index(serial=9, rosters=[second]))
    with pytest.raises(Refused, match=words):
        checked(mirror, f"{HARBOUR}#2", cast.alice)


def sized(cast: Cast, roster: PublishedRoster, size: int) -> PublishedRoster:
    """A statement of this size, as a machine sees it that does not look at the leaves."""
    statement = replace(roster.statement, epoch=size, size=size)
    signed = open_statement(sign_statement(statement, cast.signing_key), key=None, domain=DOMAIN)
    return replace(roster, signed=signed)
