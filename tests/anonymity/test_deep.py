"""Behind a proof file stands a whole crowd; none of its leaves can be invented, exchanged or hidden."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.crowds import Crowd, crowd_of, look
from tests.anonymity.deep_vectors import ATTACKS, VECTORS, forged, leaf_entry, rewritten
from tests.anonymity.logs import SignedLog
from tests.factories.cast import DOMAIN, HARBOUR, SITE, Cast

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.log.deep import DEEP_CLAIMS, WholeLog, check_backing
from openmai.anonymity.log.entries import entry
from openmai.anonymity.log.history import RosterHistory
from openmai.anonymity.log.issuers import IssuerKey, Signers, key_of
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.log.tiles import Tile, first_entries, pack_entries, unpack_entries
from openmai.anonymity.proof_file import ClaimFailed
from openmai.anonymity.rosters import open_statement, sign_statement


@pytest.fixture(scope="session")
def crowd(cast: Cast) -> Crowd:
    return crowd_of(cast)


def refused(crowd: Crowd, *arguments: object) -> ClaimFailed:
    with pytest.raises(ClaimFailed) as fell:
        look(crowd, *arguments)  # type: ignore[arg-type]
    return fell.value


def test_a_whole_crowd_is_rebuilt_from_the_log(crowd: Crowd):
    found = look(crowd)
    assert found.claims == DEEP_CLAIMS
    statement = crowd.roster.statement
    assert (found.live, found.epochs) == (statement.live, statement.epoch)
    assert [leaf.commitment for leaf in found.leaves] == [leaf for leaf in crowd.roster.tree.leaves if leaf]
    assert sum(found.classes.values()) == found.live
    assert found.on_word == found.classes["badge"] + found.classes["code"] > 0
    assert found.size == len(crowd.log.entries)
    assert found.signers == Signers(("harbour-logistics.example",), unnamed=found.classes["oidc"])


def crowd_keys(crowd: Crowd) -> list[IssuerKey]:
    """The first epoch of the roster named the company's key for mails, the second nothing."""
    (mail,) = (entry.facts for _at, entry in crowd.entries("observation") if entry.facts["roster"] == HARBOUR)
    assert (mail["epoch"], crowd.roster.journal.keys) == (1, ())
    return [key_of(mail)]


def test_a_log_that_goes_on_is_read_to_its_end(cast: Cast, crowd: Crowd):
    later = cast.follow(crowd.roster, joined=4, removed=[7])
    grown = crowd.serve([*crowd.log.entries])
    grown.add_epoch(later.signed, later.journal)
    found = look(crowd, grown)
    assert (found.size, found.live) == (len(grown.entries), crowd.roster.statement.live)


def test_epochs_of_one_addition_may_stand_in_any_order(cast: Cast, crowd: Crowd):
    """They are sorted by their bytes, and a signature comes before the epoch's number."""

    entries = crowd.log.entries[:-1]
    place = crowd.log.places[crowd.roster.signed.name]
    first = next(at for at, data in enumerate(entries) if b"log/roster/v1" in data)
    entries.insert(place, entries.pop(first))
    assert look(crowd_of(cast, entries)).live == crowd.roster.statement.live


# What Mallory, the operator, may try. Whatever she changes afterwards breaks the log; what she logs so from
# the beginning breaks the roster.


def test_an_entry_that_was_changed_afterwards_breaks_the_root(crowd: Crowd):
    other = crowd.serve([*crowd.log.entries])
    at, entry = rewritten(crowd, leaf_entry(crowd, 4), evidence="ab" * 32)
    other.entries[at] = entry
    fell = refused(crowd, other)
    assert (fell.claim, "two histories" in str(fell)) == ("whole-log", True), fell


def test_a_root_that_the_entries_do_not_give_is_refused(crowd: Crowd):
    other = crowd.serve([*crowd.log.entries])
    checkpoint = other.checkpoint()
    at, entry = rewritten(crowd, leaf_entry(crowd, 4), evidence="ab" * 32)
    other.entries[at] = entry
    other.checkpoint = lambda: checkpoint  # type: ignore[method-assign]
    fell = refused(crowd, other)
    assert fell.claim == "whole-log"
    assert "do not lead to the root that was signed" in str(fell)


def test_a_copy_that_ends_before_the_post_is_refused(crowd: Crowd):
    fell = refused(crowd, crowd.serve(crowd.log.entries[:-1]))
    assert (fell.claim, "ends before the post" in str(fell)) == ("whole-log", True)


def test_a_log_by_another_key_is_refused(cast: Cast, crowd: Crowd):
    other = crowd.serve([*crowd.log.entries])
    other.key = cast.receipt_key
    fell = refused(crowd, other)
    assert (fell.claim, "not signed by" in str(fell)) == ("whole-log", True)


def test_a_file_that_was_cut_off_is_refused(crowd: Crowd):
    served = crowd.log
    whole = WholeLog(len(served.entries))
    (tile,) = whole.tiles()
    with pytest.raises(Exception, match="another number of entries"):
        whole.take(tile, served.tiles.read(tile)[: -len(served.entries[-1]) - 2])
    with pytest.raises(Exception, match="ends within an entry"):
        whole.take(tile, served.tiles.read(tile)[:-1])


def test_a_log_that_would_not_fit_into_memory_is_refused():
    with pytest.raises(Exception, match="at most 4194304 are read here"):
        WholeLog(5_000_000)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_log_that_says_something_else_from_the_beginning_is_refused(cast: Cast, crowd: Crowd, name: str):
    claim, words, change = ATTACKS[name]
    fell = refused(forged(cast, crowd, change))
    assert (fell.claim, words in str(fell)) == (claim, True), fell
    assert fell.passed == DEEP_CLAIMS[: DEEP_CLAIMS.index(claim)]


def test_a_key_that_replaced_a_lost_one_is_found_in_the_log(cast: Cast):
    """The replacement is logged behind the roster, once; the journal that was signed names it."""
    first = cast.rosters[HARBOUR]
    second = cast.follow(first, joined=3, removed=[5])
    pair = Replacement(first.tree.leaves[5], second.journal.joined[0].commitment)
    journal = replace(second.journal, replaced=(pair,))
    statement = replace(second.statement, journal=sha256(journal.data))
    signed = open_statement(sign_statement(statement, cast.signing_key), key=None, domain=DOMAIN)
    log = SignedLog(SITE, cast.log_key)
    log.add_epoch(first.signed, first.journal)
    log.add_epoch(signed, journal)
    for replaced, holds in (([pair], True), ([], False)):
        history = RosterHistory(signed, index=log.places[signed.name])
        entries = [*log.entries, *(entry("replacement", DOMAIN, **each.document()).data for each in replaced)]
        for at, each in enumerate(entries):
            history.read(at, each)
        assert history.leaves() == list(second.tree.leaves)
        with nullcontext() if holds else pytest.raises(AnonymityError, match="not what the operator signed"):
            history.check_journals()


def test_the_browser_is_shown_the_same_attacks():
    """Its copy was made by this very code; its tests say that each falls there under the same claim."""
    kept = json.loads(VECTORS.read_bytes())
    assert {each["name"]: each["claim"] for each in kept["attacks"]} == {
        name: claim for name, (claim, _words, _change) in ATTACKS.items()
    }


def test_what_would_make_a_crowd_seem_larger_is_refused(crowd: Crowd):
    found = look(crowd).leaves
    twice = [*found[:4], found[1]]
    with pytest.raises(Exception, match="stands in the roster twice"):
        check_backing(twice, provable=False)
    borrowed = [*found[:4], replace(found[4], evidence=found[1].evidence)]
    with pytest.raises(Exception, match="rests on another leaf's evidence"):
        check_backing(borrowed, provable=False)
    with pytest.raises(Exception, match="stands on the operator's word alone"):
        check_backing(found, provable=True)


def test_an_epoch_that_is_logged_twice_is_refused(crowd: Crowd):
    place = crowd.log.places[crowd.roster.signed.name]
    fell = refused(crowd, crowd.serve([*crowd.log.entries, crowd.log.entries[place]]))
    assert (fell.claim, "twice" in str(fell)) == ("whole-log", True)


def test_enough_witnesses_are_demanded(crowd: Crowd):
    with pytest.raises(ClaimFailed, match="0 witnesses have signed"):
        look(crowd, quorum=1)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_entries_of_any_bytes_are_read_or_refused(crowd: Crowd, data: st.DataObject):
    """What was read is asked for its leaves and journals; nothing but the documented errors comes of it."""
    history = RosterHistory(crowd.roster.signed, index=crowd.log.places[crowd.roster.signed.name])
    entries = crowd.log.entries[:-1]
    for _change in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(entries) - 1))
        entry = bytearray(entries[at])
        first = data.draw(st.integers(0, len(entry)))
        entry[first : first + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        entries[at] = bytes(entry)
    try:
        for at, each in enumerate(entries):
            history.read(at, each)
        leaves = history.leaves()
        history.check_journals()
        named = history.keys()
    except AnonymityError:
        return
    assert named == crowd_keys(crowd)
    assert leaves == list(crowd.roster.tree.leaves)


@given(entries=st.lists(st.binary(max_size=300), min_size=1, max_size=20), more=st.binary(max_size=40))
def test_the_beginning_of_a_file_is_cut_out_of_a_longer_one(entries: list[bytes], more: bytes):
    grown = pack_entries([*entries, more])
    tile = Tile(None, 0, len(entries))
    assert unpack_entries(tile, first_entries(grown, len(entries))) == tuple(entries)


@given(st.binary(max_size=100), st.integers(1, 256))
def test_a_file_of_any_bytes_is_cut_somewhere(data: bytes, width: int):
    assert data.startswith(first_entries(data, width))
