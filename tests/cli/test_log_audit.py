"""What `openmai log verify` demands of a whole log, entry by entry."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.anonymity.logs import SignedLog
from tests.factories.cast import DOMAIN, HARBOUR, HARBOUR_PROVABLE, SEASON, SITE, Cast, PublishedRoster
from tests.factories.enrolments import strangers

from openmai.anonymity.bans import Ban, BanList
from openmai.anonymity.log.audit import Audit, BadLog
from openmai.anonymity.log.entries import bans_entry, entry, parse_entry, roster_entry
from openmai.anonymity.log.journals import journal_entries
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.seasons import season_called

OLGA, WALT = (Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32) for at in (7, 8))
IN_SEASON = season_called(SEASON).ends - 1


def audit(entries: list[bytes]) -> Audit:
    from random import Random

    found = Audit(SITE, Random(1).getrandbits)
    found.read(entries)
    found.finish()
    return found


def test_a_log_that_says_other_things_are_in_force_than_it_holds_is_refused(whole: SignedLog):
    bans = BanList(SITE, SEASON, 1, ())
    whole.stand(DOMAIN, bans_entry(DOMAIN, bans.encoded()))
    assert audit(whole.entries).found["standing"] == 1
    for false in ({"s228": {"index": 1, "serial": 1}}, {}):
        whole.entries[-1] = entry("standing", DOMAIN, artifacts=0, bans=false).data
        with pytest.raises(BadLog, match="other things are in force"):
            audit(whole.entries)


@pytest.mark.parametrize("second", [1, 2], ids=["older", "another-of-its-serial"])
def test_a_log_whose_ban_lists_do_not_grow_is_refused(whole: SignedLog, second: int):
    """Two lists of one serial could be shown to two members, and each would be in the log."""
    for serial, reason in ((2, "spam"), (second, "threat")):
        ban = Ban.of(DOMAIN, thread=bytes(32), nullifier=7, until="2026-05-01T00:00:00Z", reason=reason)
        whole.stand(DOMAIN, bans_entry(DOMAIN, BanList(SITE, SEASON, serial, (ban,)).encoded()))
    with pytest.raises(BadLog, match="two ban lists of one serial"):
        audit(whole.entries)


def test_a_whole_log_is_read_and_every_root_follows_from_its_leaves(cast: Cast, whole: SignedLog):
    found = audit(whole.entries)
    harbour = found.rosters[DOMAIN.season, HARBOUR]
    assert harbour.epoch == 2
    assert harbour.tree.root == cast.follow(cast.rosters[HARBOUR], joined=3, removed=[0, 5]).statement.root


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("leaf", "leaves joined|do not give the root"),
        ("enrolment", "without a proof of knowledge"),
        ("removal", "do not give the root"),
        ("roster", "an epoch that it does not name"),
    ],
)
def test_a_log_that_leaves_something_out_is_refused(whole: SignedLog, kind: str, words: str):
    unnamed = [data for data in whole.entries if parse_entry(data).kind != "observation"]
    place = max(at for at, data in enumerate(unnamed) if parse_entry(data).kind == kind)
    with pytest.raises(BadLog, match=words):
        audit(unnamed[:place] + unnamed[place + 1 :])


@pytest.mark.parametrize("kind", ["enrolment", "roster", "tick"])
def test_a_log_that_says_something_twice_is_refused(whole: SignedLog, kind: str):
    again = next(data for data in whole.entries if parse_entry(data).kind == kind)
    with pytest.raises(BadLog, match="twice"):
        audit([*whole.entries, again])


def replacing(old: int, new: int) -> bytes:
    return entry("replacement", DOMAIN, old=str(old), new=str(new)).data


def test_a_lost_key_is_replaced_once_a_season_by_a_key_that_replaces_no_other(cast: Cast, whole: SignedLog):
    """Leaves 0 and 5 of Harbour's first epoch left with the second, in which three others joined."""
    before = cast.rosters[HARBOUR].tree.leaves
    lost, other, standing = before[0], before[5], before[6]
    new, newer, newest = audit(whole.entries).rosters[DOMAIN.season, HARBOUR].tree.leaves[-3:]
    entries = [*whole.entries, replacing(lost, new)]
    assert audit([*entries, replacing(other, newer)]).found["replacement"] == 2
    for second, words in (
        (replacing(lost, new), "logged twice"),
        (replacing(lost, newer), "a second time"),
        (replacing(other, new), "a second time"),
        (replacing(new, newest), "a second time"),
        (replacing(newest, lost), "a second time"),
        (replacing(standing, newer), "still stands"),
        (replacing(other, lost + 1), "joined no roster"),
    ):
        with pytest.raises(BadLog, match=words):
            audit([*entries, second])


def test_a_key_that_was_given_up_joins_nothing_any_more(cast: Cast, whole: SignedLog):
    second = cast.follow(cast.rosters[HARBOUR], joined=3, removed=[0, 5])
    lost, new = cast.rosters[HARBOUR].tree.leaves[0], second.tree.leaves[-1]
    third = cast.sign_roster(HARBOUR, [*second.tree.leaves, lost], epoch=3, before=second)
    back = [each.data for each in journal_entries(third.journal, third.signed, enrolments=[])]
    assert audit([*whole.entries, *back]).rosters[DOMAIN.season, HARBOUR].epoch == 3
    with pytest.raises(BadLog, match="given up as lost"):
        audit([*whole.entries, replacing(lost, new), *back])


def as_one_addition(*epochs: PublishedRoster, replaced: dict[int, Replacement] | None = None) -> list[bytes]:
    """What the talk site logs when it takes these epochs over at once; `replaced` by epoch."""
    listed = [
        each
        for epoch in epochs
        for each in journal_entries(
            epoch.journal,
            epoch.signed,
            enrolments=[],
            replaced=[(replaced or {})[epoch.statement.epoch]]
            if epoch.statement.epoch in (replaced or {})
            else [],
        )
    ]
    return [each.data for each in sorted(listed, key=lambda each: each.order)]


def test_a_new_key_may_come_and_go_within_one_addition(cast: Cast, whole: SignedLog):
    """It replaced one that left before; it is refused where the lost one leaves only after it came."""
    second = cast.follow(cast.rosters[HARBOUR], joined=3, removed=[0, 5])
    new = strangers()[50]
    third = cast.sign_roster(HARBOUR, [*second.tree.leaves, new], epoch=3, before=second)
    fourth = cast.follow(third, removed=[len(third.tree.leaves) - 1, 6])
    lost, late = cast.rosters[HARBOUR].tree.leaves[0], second.tree.leaves[6]
    proofs = [entry("enrolment", DOMAIN, **each.document()).data for each in third.journal.enrolments]
    pairs = {3: Replacement(lost, new)}
    found = audit([*whole.entries, *proofs, *as_one_addition(third, fourth, replaced=pairs)])
    assert found.found["replacement"] == 1
    pairs = {3: Replacement(late, new)}
    with pytest.raises(BadLog, match="still stands"):
        audit([*whole.entries, *proofs, *as_one_addition(third, fourth, replaced=pairs)])


def test_a_missed_epoch_may_bring_a_given_up_key_that_has_left_since(cast: Cast, whole: SignedLog):
    second = cast.follow(cast.rosters[HARBOUR], joined=3, removed=[0, 5])
    lost, new = cast.rosters[HARBOUR].tree.leaves[0], second.tree.leaves[-1]
    third = cast.sign_roster(HARBOUR, [*second.tree.leaves, lost], epoch=3, before=second)
    fourth = cast.follow(third, removed=[len(third.tree.leaves) - 1])
    before = [*whole.entries, replacing(lost, new)]
    assert audit([*before, *as_one_addition(third, fourth)]).rosters[DOMAIN.season, HARBOUR].epoch == 4
    # One after the other it stood in the roster for a while.
    with pytest.raises(BadLog, match="given up as lost"):
        audit([*before, *as_one_addition(third), *as_one_addition(fourth)])


def test_a_log_of_another_site_or_with_other_words_is_refused(whole: SignedLog):
    with pytest.raises(BadLog, match="another site"):
        Audit("other.example", lambda bits: 1 << (bits - 1)).read(whole.entries)
    with pytest.raises(BadLog):
        audit([*whole.entries, b'{"type":"openmai/log/gossip/v1"}'])


def naming(epoch: int = 2, **changes: object) -> bytes:
    named = {"kind": "dkim", "name": "mail._domainkey.harbour-logistics.example", "sha256": "ab" * 32}
    return entry("observation", DOMAIN, **{"roster": HARBOUR, "epoch": epoch, **named, **changes}).data


def second_epoch(cast: Cast, whole: SignedLog) -> tuple[list[bytes], dict[str, str]]:
    """The log up to the roster of the second epoch, which three joined, and the keys that they rest on by
    class: one came by a mail and one by a log-in.
    """
    second = cast.follow(cast.rosters[HARBOUR], joined=3, removed=[0, 5])
    end = whole.entries.index(roster_entry(second.signed).data) + 1
    keys = {leaf.kind: leaf.issuer_key.hex() for leaf in second.journal.joined if leaf.issuer_key}
    return whole.entries[:end], keys


def test_a_key_is_named_with_the_leaves_that_rest_on_it_and_not_without(cast: Cast, whole: SignedLog):
    before, keys = second_epoch(cast, whole)
    named = audit(before).found["observation"]
    mail = naming(sha256=keys["dkim"])
    log_in = naming(kind="jwks", name="https://login.example", sha256=keys["oidc"])
    assert audit([*before, mail, log_in]).found["observation"] == named + 2
    for false in (
        naming(),
        naming(sha256=keys["oidc"]),
        naming(epoch=1, sha256=keys["dkim"]),
        naming(epoch=3, sha256=keys["dkim"]),
        naming(sha256=keys["dkim"], roster="site"),
        naming(sha256=keys["dkim"], roster=HARBOUR_PROVABLE),
    ):
        with pytest.raises(BadLog, match="a key is named that no leaf rests on"):
            audit([*before, false])


def test_a_key_has_no_second_name_for_the_same_leaf_and_none_afterwards(cast: Cast, whole: SignedLog):
    before, keys = second_epoch(cast, whole)
    first = naming(sha256=keys["dkim"])
    second = naming(sha256=keys["dkim"], name="mail._domainkey.zebra.example")
    assert audit([*before, second])
    over = entry("disclosures", DOMAIN, count=0).data  # of a kind that is told later in an addition
    for entries in ([*before, first, second], [*before, first, first], [*before, over, first]):
        with pytest.raises(BadLog, match="a key is named that no leaf rests on"):
            audit(entries)


def test_a_number_of_requests_for_data_that_shrinks_is_refused(whole: SignedLog):
    def said(count: int, season: str = DOMAIN.season) -> bytes:
        return entry("disclosures", replace(DOMAIN, season=season), count=count).data

    assert audit([*whole.entries, said(0), said(3), said(0, "s229")]).found["disclosures"] == 3
    with pytest.raises(BadLog, match="fewer requests for data"):
        audit([*whole.entries, said(3), said(0, "s229"), said(2)])
