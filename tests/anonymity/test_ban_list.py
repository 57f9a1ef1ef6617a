"""The ban list has one form, and pages that hold each ban once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.test_gate_attacks import UNTIL, listed, strangers
from tests.factories.cast import DOMAIN, Cast

from openmai.anonymity.bans import BANS_A_PAGE, Ban, read_ban_list
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import canonical_json, circuit_input
from openmai.anonymity.fields import R, be32
from openmai.anonymity.poseidon import poseidon2


def test_a_list_has_one_form():
    bans = listed(*strangers(3))
    assert read_ban_list(bans.encoded(), domain=DOMAIN) == bans
    document = {"type": "openmai/bans/v1", "site": DOMAIN.site, "season": DOMAIN.season, "serial": 1}
    one, two = (ban.document() for ban in bans.bans[:2])
    for wrong in (
        [two, one],
        [one, one],
        [one | {"thread": "F" * 64}],
        [one | {"scope": one["thread"]}],
        [one | {"nullifier": str(int(one["nullifier"]) + R)}],
        [one | {"nullifier": "0"}],
        [one | {"until": "tomorrow"}],
        [one | {"reason": "Because"}],
        [one | {"name": "Mallory"}],
        {},
        [one] * 1921,
    ):
        with pytest.raises(DocumentRefused):
            read_ban_list(canonical_json(document | {"bans": wrong}), domain=DOMAIN)
    for field, value in (("site", "other.example"), ("season", "s229"), ("type", "openmai/bans/v2")):
        with pytest.raises(DocumentRefused):
            read_ban_list(canonical_json(document | {"bans": [], field: value}), domain=DOMAIN)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_noise_is_no_list(data: bytes):
    with pytest.raises(DocumentRefused):
        read_ban_list(data, domain=DOMAIN)


@given(count=st.integers(0, 100))
def test_pages_hold_each_ban_once_and_are_full(count: int):
    bans = listed(*strangers(count))
    pages = bans.pages()
    assert {len(page) for page in pages} == {BANS_A_PAGE}
    pairs = [pair for page in pages for pair in page]
    assert [pair for pair in pairs if pair != (0, 0)] == [ban.pair for ban in bans.bans]
    assert len(pages) == max(1, -(-count // BANS_A_PAGE))


def test_a_ban_cannot_name_a_member_by_the_nullifier_of_their_enrolment(cast: Cast):
    """It stands in the public log beside the commitment, and the people site knows whose that is."""
    scope = DOMAIN.enrol_scope()
    named = poseidon2(circuit_input(scope), cast.alice.secret)
    for thread in (be32(scope), be32(0)):
        ban = Ban.of(DOMAIN, thread=thread, nullifier=named, until=UNTIL, reason="other")
        bans = read_ban_list(listed(ban).encoded(), domain=DOMAIN)
        assert bans.ban_on(cast.alice.secret) is None
