"""Rosters reach the log by their journals: every epoch, every proof of knowledge, or nothing at all."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from tests.factories.cast import DOMAIN, HARBOUR, HARBOUR_PROVABLE, SEASON, Cast
from tests.factories.enrolments import enrolments, strangers
from tests.factories.published import PublishedRoster
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused
from tests.talk.test_log import followed
from tests.talk.test_rosters import PeopleSite, fetch, fetching, held, people, refuses

from openmai.anonymity.encoding import sha256
from openmai.anonymity.enrolment import EnrolmentClaim
from openmai.anonymity.fields import be32
from openmai.anonymity.groth16 import InvalidProof
from openmai.anonymity.log.entries import NotProvable, entry, parse_entry
from openmai.anonymity.log.issuers import IssuerKey, UnfoundedKey
from openmai.anonymity.log.journals import WrongJournal
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.rosters import open_statement, sign_statement
from openmai.talk.actions.log import append
from openmai.talk.models import LogEntry, LogReplacement, RosterEpoch
from openmai.talk.queries.log import log_size, logged_commitments
from openmai.talk.snapshots import ForkedEpoch

__all__ = ["fetching", "people"]


def test_epochs_that_were_missed_are_logged_all_the_same(fetching: Talk, people: PeopleSite):
    """The talk site was away for two epochs; the index names the third only."""
    first = fetching.cast.rosters[HARBOUR]
    people.publish(fetching.cast, first)
    fetch(fetching)
    second = fetching.cast.follow(first, joined=3)
    third = fetching.cast.follow(second, joined=2, removed=[0, 27])
    people.publish(fetching.cast, second)
    people.publish(fetching.cast, third, serial=2)
    assert fetch(fetching) == 2
    assert followed(fetching)["roster"] == 3
    assert list(RosterEpoch.objects.order_by("epoch").values_list("epoch", "superseded_at")) == [
        (1, fetching.now),
        (2, fetching.now),
        (3, None),
    ]


def test_another_past_than_the_one_that_is_held_is_refused(fetching: Talk, people: PeopleSite):
    first = fetching.cast.rosters[HARBOUR]
    people.publish(fetching.cast, first)
    fetch(fetching)
    other = fetching.cast.sign_roster(HARBOUR, first.tree.leaves[:20])
    people.publish(fetching.cast, other)
    people.publish(fetching.cast, fetching.cast.follow(other, joined=9), serial=2)
    refuses(fetching, ForkedEpoch)


def test_a_leaf_without_a_proof_of_knowledge_is_refused(fetching: Talk, people: PeopleSite):
    """The operator puts an invented member on the roster: the log has no room for them."""
    people.publish(fetching.cast, fetching.cast.publish("site", others=30))
    refuses(fetching, WrongJournal)


def test_a_proof_of_knowledge_of_nobody_who_joined_is_refused(fetching: Talk, people: PeopleSite):
    """Nobody could put the journal together again from what the log says."""
    site = fetching.cast.rosters["site"]
    joined = {leaf.commitment for leaf in site.journal.joined}
    stray = next(claim for claim in enrolments().values() if claim.commitment not in joined)
    listed = sorted([*site.journal.enrolments, stray], key=lambda claim: claim.commitment)
    publish_with(fetching.cast, people, site, enrolments=tuple(listed))
    refuses(fetching, WrongJournal)


def test_a_false_proof_of_knowledge_is_refused(fetching: Talk, people: PeopleSite):
    site = fetching.cast.rosters["site"]
    first, *others = site.journal.enrolments
    forged = EnrolmentClaim(first.commitment, first.nullifier, first.message + 1, first.points)
    publish_with(fetching.cast, people, site, enrolments=(forged, *others))
    refuses(fetching, InvalidProof)


@pytest.mark.parametrize(
    "less",
    [{"kind": "code"}, {"kind": "badge"}, {"evidence": None}, {"issuer_key": None}],
    ids=["code", "badge", "no-evidence", "no-issuer"],
)
def test_nobody_is_provable_on_the_operators_word(fetching: Talk, people: PeopleSite, less: dict[str, Any]):
    """Olga marks a friend as signed for by the employer, and has nothing that the employer signed."""
    provable = fetching.cast.rosters[HARBOUR_PROVABLE]
    first, friend, *others = provable.journal.joined
    publish_with(fetching.cast, people, provable, joined=(first, replace(friend, **less), *others))
    refuses(fetching, NotProvable)
    assert log_size() == 0
    attested = fetching.cast.rosters[HARBOUR]
    first, friend, *others = attested.journal.joined
    publish_with(fetching.cast, people, attested, joined=(first, replace(friend, **less), *others))
    assert fetch(fetching) == 1


def test_eleven_epochs_that_were_missed_are_logged_in_their_order(fetching: Talk, people: PeopleSite):
    site = fetching.cast.rosters["site"]
    people.publish(fetching.cast, site)
    for _epoch in range(10):
        site = fetching.cast.follow(site, joined=1)
        people.publish(fetching.cast, site, serial=site.statement.epoch)
    assert fetch(fetching) == 11
    assert followed(fetching)["roster"] == 11


def replaced(fetching: Talk, people: PeopleSite, before: Any, *pairs: Replacement, serial: int) -> Any:
    """The epoch after `before` in which two keys join, and a journal that names these replacements."""
    after = fetching.cast.follow(before, joined=2, removed=[0])
    return publish_with(fetching.cast, people, after, serial=serial, replaced=pairs)


def lost_and_new(fetching: Talk, before: Any) -> tuple[int, int, int]:
    """The key that leaves with the next epoch, and two that join."""
    return (before.tree.leaves[0], *fetching.cast.follow(before, joined=2, removed=[0]).tree.leaves[-2:])


def test_a_replacement_is_logged_once_whatever_rosters_it_touches(fetching: Talk, people: PeopleSite):
    """The first strangers are the same in Harbour's roster and in that of all members."""
    harbour, site = (fetching.cast.rosters[name] for name in (HARBOUR, "site"))
    lost, new, _other = lost_and_new(fetching, harbour)
    assert lost == site.tree.leaves[0]
    people.publish(fetching.cast, harbour)
    fetch(fetching)
    replaced(fetching, people, harbour, Replacement(lost, new), serial=2)
    fetch(fetching)
    others = [each for each in site.tree.leaves[1:] if each != new]
    epoch = fetching.cast.sign_roster("site", [*others, new])
    publish_with(fetching.cast, people, epoch, serial=3, replaced=(Replacement(lost, new),))
    assert fetch(fetching) == 1
    assert followed(fetching)["replacement"] == 1
    row = LogReplacement.objects.get()
    assert (bytes(row.old), bytes(row.new)) == (be32(lost), be32(new))
    with pytest.raises(DatabaseError), transaction.atomic():
        LogReplacement.objects.all().delete()


def test_a_second_replacement_is_refused(
    fetching: Talk, people: PeopleSite, caplog: pytest.LogCaptureFixture
):
    harbour = fetching.cast.rosters[HARBOUR]
    lost, new, _other = lost_and_new(fetching, harbour)
    people.publish(fetching.cast, harbour)
    fetch(fetching)
    second = replaced(fetching, people, harbour, Replacement(lost, new), serial=2)
    fetch(fetching)
    newest = strangers()[50]
    third = fetching.cast.sign_roster(HARBOUR, [*second.tree.leaves, newest], epoch=3, before=second)
    publish_with(fetching.cast, people, third, serial=3, replaced=(Replacement(lost, newest),))
    assert (fetch(fetching), held(fetching)) == (0, {})
    assert "a second time in a season" in caplog.text
    kept = RosterEpoch.objects.get(roster=HARBOUR, epoch=2)
    assert kept.superseded_at == fetching.now, "its grace ends it, or a key that has left would speak on"


@pytest.fixture
def lost(fetching: Talk, people: PeopleSite) -> tuple[int, PublishedRoster]:
    """A key that was replaced in Harbour's roster, as the log says, and stands in no other that is held."""
    harbour = fetching.cast.rosters[HARBOUR]
    given_up, new, _other = lost_and_new(fetching, harbour)
    people.publish(fetching.cast, harbour)
    fetch(fetching)
    after = replaced(fetching, people, harbour, Replacement(given_up, new), serial=2)
    fetch(fetching)
    return given_up, after


def test_only_the_roster_that_a_given_up_key_joins_is_held_up(
    fetching: Talk, people: PeopleSite, lost: tuple[int, PublishedRoster], caplog: pytest.LogCaptureFixture
):
    """The site's roster comes with the lost key in it; Harbour's provable one is in order."""
    key, harbour = lost
    site, provable = (fetching.cast.rosters[name] for name in ("site", HARBOUR_PROVABLE))
    provable = fetching.cast.sign_roster(
        HARBOUR_PROVABLE, [each for each in provable.tree.leaves if each != key]
    )
    people.publish(fetching.cast, harbour, site, provable, serial=3)
    assert fetch(fetching) == 1
    assert held(fetching) == {HARBOUR: 2, HARBOUR_PROVABLE: 1}
    assert "site is held up" in caplog.text
    # Nor does it come in with a newer epoch in which it still stands.
    second = fetching.cast.follow(site, joined=1)
    people.publish(fetching.cast, harbour, second, provable, serial=4)
    assert (fetch(fetching), "site" in held(fetching)) == (0, False)
    # Three epochs were missed, and in the last the lost key has left.
    third = fetching.cast.follow(second, removed=[site.tree.leaves.index(key)])
    people.publish(fetching.cast, harbour, third, provable, serial=5)
    assert (fetch(fetching), held(fetching)["site"]) == (3, 3)
    assert followed(fetching)["roster"] == 6


def test_nobody_speaks_under_an_epoch_that_was_missed(
    fetching: Talk, people: PeopleSite, lost: tuple[int, PublishedRoster]
):
    """A key that was given up stood there, and its holder could prove with it for two days."""
    key, harbour = lost
    site = fetching.cast.rosters["site"]
    second = fetching.cast.follow(site, removed=[site.tree.leaves.index(key)])
    people.publish(fetching.cast, site, serial=3)
    people.publish(fetching.cast, harbour, second, serial=4)
    assert fetch(fetching) == 2
    fetching.read_checkpoints()
    opening = fetching.cast.opening()
    missed = fetching.cast.submission(fetching.cast.alice, opening, site)
    check_refused(fetching, missed, status=422, code="superseded-root", pointer="/join/root")
    fetching.accepted(fetching.cast.submission(fetching.cast.alice, opening, second))


def test_a_key_that_came_and_went_while_the_site_was_away_is_logged(fetching: Talk, people: PeopleSite):
    """The new key joins with the second epoch and leaves with the third; both are one addition."""
    harbour = fetching.cast.rosters[HARBOUR]
    key, new, _other = lost_and_new(fetching, harbour)
    people.publish(fetching.cast, harbour)
    fetch(fetching)
    second = replaced(fetching, people, harbour, Replacement(key, new), serial=2)
    third = fetching.cast.follow(second, removed=[second.tree.leaves.index(new)])
    people.publish(fetching.cast, third, serial=3)
    assert fetch(fetching) == 2
    assert followed(fetching)["replacement"] == 1


@pytest.mark.parametrize("what", ["new", "old"])
def test_a_replacement_that_did_not_happen_is_refused(fetching: Talk, people: PeopleSite, what: str):
    """Nobody joined, or the lost key is still there."""
    harbour = fetching.cast.rosters[HARBOUR]
    lost, new, _other = lost_and_new(fetching, harbour)
    pair = Replacement(lost, new + 1) if what == "new" else Replacement(harbour.tree.leaves[1], new)
    people.publish(fetching.cast, harbour)
    fetch(fetching)
    replaced(fetching, people, harbour, pair, serial=2)
    refuses(fetching, WrongJournal)


@pytest.mark.parametrize("what", ["joined", "removed", "roster", "epoch"])
def test_a_journal_that_does_not_lead_to_the_leaves_is_refused(fetching: Talk, people: PeopleSite, what: str):
    site = fetching.cast.rosters["site"]
    changes: dict[str, object] = {
        "joined": site.journal.joined[:-1],
        "removed": (),
        "roster": HARBOUR,
        "epoch": 2,
    }
    publish_with(fetching.cast, people, site, **{what: changes[what]})
    refuses(fetching, WrongJournal)


def test_a_journal_that_is_not_what_its_name_says_is_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    path = next(path for path in people.files if "journals" in path)
    people.files[path] = people.files[path].replace(b'"dkim"', b'"oidc"', 1)
    refuses(fetching, WrongJournal)


def test_the_names_of_keys_are_logged_with_the_leaves_that_rest_on_them(fetching: Talk, people: PeopleSite):
    harbour = fetching.cast.rosters[HARBOUR]
    (mail,) = harbour.journal.keys
    log_in = next(leaf.issuer_key for leaf in harbour.journal.joined if leaf.kind == "oidc")
    assert log_in is not None
    keys = (mail, IssuerKey("jwks", "https://login.harbour.example", log_in))
    publish_with(fetching.cast, people, harbour, keys=keys)
    assert fetch(fetching) == 1
    assert followed(fetching)["observation"] == 2
    rows = LogEntry.objects.filter(kind="observation").order_by("index")
    said = [parse_entry(bytes(row.data)).facts for row in rows]
    assert said == [{"roster": HARBOUR, "epoch": 1, **key.document()} for key in keys]


def test_a_name_for_a_key_that_nobody_rests_on_is_refused(fetching: Talk, people: PeopleSite):
    harbour = fetching.cast.rosters[HARBOUR]
    (mail,) = harbour.journal.keys
    publish_with(fetching.cast, people, harbour, keys=(replace(mail, sha256=bytes(32)), mail))
    refuses(fetching, UnfoundedKey)
    assert log_size() == 0


def test_a_journal_from_before_there_were_names_is_taken_over(fetching: Talk, people: PeopleSite):
    harbour = fetching.cast.rosters[HARBOUR]
    publish_with(fetching.cast, people, harbour, keys=())
    assert fetch(fetching) == 1
    assert "observation" not in followed(fetching)


def publish_with(
    cast: Cast, people: PeopleSite, published: Any, *, serial: int = 1, **changes: Any
) -> PublishedRoster:
    journal = replace(published.journal, **changes)
    said = replace(published.statement, journal=sha256(journal.data))
    signed = open_statement(sign_statement(said, cast.signing_key), key=None, domain=None)
    changed: PublishedRoster = replace(published, signed=signed, journal=journal)
    people.publish(cast, changed, serial=serial)
    return changed


def test_a_proof_of_another_season_says_nothing_in_this_one(talk: Talk):
    """Whoever keeps a secret proves it anew each season, or the log would hold a leaf without a proof."""
    claim = talk.cast.rosters[HARBOUR].journal.enrolments[0]
    assert logged_commitments(SEASON, [claim.commitment]) == {claim.commitment}
    assert logged_commitments("s229", [claim.commitment]) == set()
    later = entry("enrolment", replace(DOMAIN, season="s229"), **claim.document())
    append([later], domain=later.domain, rules=talk.rules)
    assert logged_commitments("s229", [claim.commitment]) == {claim.commitment}
