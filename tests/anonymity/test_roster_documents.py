"""Statements, the index and leaves files: signed, exact, and never older than what was seen."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.cast import DOMAIN, HARBOUR, SEASON, SITE, Cast, PublishedRoster

from openmai.anonymity.documents import BadValue, DocumentRefused
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.fields import R
from openmai.anonymity.keys import BadSignature, public_bytes
from openmai.anonymity.limits import MAX_STATEMENT
from openmai.anonymity.rosters import (
    IndexEntry,
    RosterIndex,
    StaleIndex,
    WrongLeaves,
    WrongRosterKey,
    check_leaves,
    company_roster,
    industry_roster,
    is_trade,
    key_fingerprint,
    open_index,
    open_statement,
    pack_leaves,
    roster_kind,
    roster_slug,
    shard_of,
    sign_index,
    sign_statement,
    unpack_leaves,
    whole_roster,
)

MALLORYS_KEY = Ed25519PrivateKey.from_private_bytes(b"m" * 32)


@pytest.fixture
def harbour(cast: Cast) -> PublishedRoster:
    return cast.rosters[HARBOUR]


def signed_anyway(cast: Cast, changes: dict[str, Any], *, key: Ed25519PrivateKey | None = None) -> bytes:
    """An envelope around a statement that the people site would never sign."""
    document = deepcopy(cast.rosters[HARBOUR].statement.document()) | changes
    document = {name: value for name, value in document.items() if value is not ...}
    signer = key or cast.signing_key
    signature = signer.sign(b"openmai/v1/roster-statement\0" + canonical_json(document))
    envelope = {"key": public_bytes(signer).hex(), "signature": signature.hex(), "statement": document}
    return canonical_json(envelope)


def test_a_signed_statement_is_opened_by_its_key(cast: Cast, harbour: PublishedRoster):
    signed = open_statement(harbour.signed.envelope, key=cast.roster_key, domain=DOMAIN)
    assert signed == harbour.signed
    assert signed.name == sha256(harbour.signed.envelope)
    assert canonical_json(signed.document()) == signed.envelope
    assert signed.statement.kind == "attested"


def test_mallory_cannot_sign_rosters(cast: Cast, harbour: PublishedRoster):
    forged = sign_statement(harbour.statement, MALLORYS_KEY)
    with pytest.raises(WrongRosterKey, match=key_fingerprint(public_bytes(MALLORYS_KEY))):
        open_statement(forged, key=cast.roster_key, domain=DOMAIN)
    assert open_statement(forged, key=None, domain=DOMAIN).key == public_bytes(MALLORYS_KEY)


def test_a_statement_with_another_number_has_no_signature(cast: Cast, harbour: PublishedRoster):
    envelope = json.loads(harbour.signed.envelope)
    envelope["statement"]["live"] -= 1
    envelope["statement"]["settled"] -= 1
    with pytest.raises(BadSignature) as refused:
        open_statement(canonical_json(envelope), key=cast.roster_key, domain=DOMAIN)
    assert refused.value.pointer == "/signature"


def test_a_signature_over_an_index_is_none_over_a_statement(cast: Cast, harbour: PublishedRoster):
    envelope = json.loads(harbour.signed.envelope)
    crossed = cast.signing_key.sign(b"openmai/v1/roster-index\0" + canonical_json(envelope["statement"]))
    envelope["signature"] = crossed.hex()
    with pytest.raises(BadSignature):
        open_statement(canonical_json(envelope), key=cast.roster_key, domain=DOMAIN)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"type": "openmai/roster/v2"}, "/type"),
        ({"epoch": 0}, "/epoch"),
        ({"epoch": True}, "/epoch"),
        ({"root": "0"}, "/root"),
        ({"root": str(R)}, "/root"),
        ({"size": 0}, "/size"),
        ({"size": 2**20 + 1}, "/size"),
        ({"live": 28}, "/live"),
        ({"settled": 27}, "/settled"),
        ({"live": -1}, "/live"),
        ({"label": None}, "/label"),
        ({"label": {"slug": "orchid-kitchen", "en": "Orchid", "zh": "兰"}}, "/label"),
        ({"label": {"slug": "harbour-logistics", "en": "", "zh": "港"}}, "/label/en"),
        ({"label": {"slug": "harbour-logistics", "en": "Harbour\u202e\n", "zh": "港"}}, "/label/en"),
        ({"label": {"slug": "harbour-logistics", "en": "Harbour"}}, "/label/zh"),
        ({"roster": "site"}, "/label"),
        ({"roster": "company/harbour-logistics/both"}, "/roster"),
        ({"roster": "company/harbour-logistics/attested#1"}, "/roster"),
        ({"roster": "company/harbour-logistics/attested#02"}, "/roster"),
        ({"roster": "company/harbour-logistics/attested#10000"}, "/roster"),
        ({"roster": "industry/harbour-logistics/attested"}, "/label"),
        ({"label": {"slug": "industry/harbour-logistics", "en": "H", "zh": "港"}}, "/label"),
        ({"paths": "ab"}, "/paths"),
        ({"leaves": "ab"}, "/leaves"),
        ({"published": "2026-13-01"}, "/published"),
        ({"published": "2026-3-1"}, "/published"),
        ({"published": "2026-03-19T00:00:00Z"}, "/published"),
        ({"comment": ""}, "/comment"),
        ({"settled": ...}, "/settled"),
    ],
)
def test_even_the_right_key_cannot_sign_nonsense(cast: Cast, changes: dict[str, Any], pointer: str):
    with pytest.raises(DocumentRefused) as refused:
        open_statement(signed_anyway(cast, changes), key=cast.roster_key, domain=DOMAIN)
    assert refused.value.pointer == "/statement" + pointer


@pytest.mark.parametrize(
    ("domain", "code"),
    [(Domain("other.example", SEASON), "wrong-site"), (Domain(SITE, "s229"), "wrong-season")],
)
def test_a_roster_of_another_site_or_season_is_refused(harbour: PublishedRoster, domain: Domain, code: str):
    with pytest.raises(DocumentRefused) as refused:
        open_statement(harbour.signed.envelope, key=None, domain=domain)
    assert refused.value.code == code


def test_an_envelope_has_one_spelling_and_a_limit(cast: Cast, harbour: PublishedRoster):
    with pytest.raises(DocumentRefused) as refused:
        open_statement(harbour.signed.envelope + b"\n", key=cast.roster_key, domain=DOMAIN)
    assert refused.value.code == "not-canonical"
    with pytest.raises(DocumentRefused) as refused:
        open_statement(b" " * (MAX_STATEMENT + 1), key=None, domain=None)
    assert refused.value.code == "body-too-large"


def test_nobody_signs_what_nobody_can_open(cast: Cast, harbour: PublishedRoster):
    with pytest.raises(BadValue):
        sign_statement(replace(harbour.statement, root=0), cast.signing_key)


def test_the_index_names_each_roster_once_and_in_order(cast: Cast):
    index = open_index(cast.index(serial=7), key=cast.roster_key, domain=DOMAIN, seen=7)
    assert [entry.roster for entry in index.rosters] == sorted(cast.rosters)
    entry = index.entry(HARBOUR)
    assert entry is not None
    assert entry.statement == cast.rosters[HARBOUR].signed.name
    assert index.entry("company/nobody/attested") is None
    for rosters in (index.rosters[::-1], index.rosters + index.rosters[-1:]):
        with pytest.raises(BadValue, match="sorted"):
            sign_index(replace(index, rosters=rosters), cast.signing_key)


def test_an_older_index_is_refused(cast: Cast):
    with pytest.raises(StaleIndex, match="serial 7, but 8"):
        open_index(cast.index(serial=7), key=cast.roster_key, domain=DOMAIN, seen=8)


def test_mallory_cannot_sign_the_index(cast: Cast):
    forged = sign_index(RosterIndex(SITE, SEASON, 1, ()), MALLORYS_KEY)
    with pytest.raises(WrongRosterKey):
        open_index(forged, key=cast.roster_key, domain=DOMAIN)


@pytest.mark.parametrize("rosters", [{}, None, [1], [{"roster": "site", "epoch": 1}]])
def test_a_malformed_index_is_refused(cast: Cast, rosters: object):
    document = RosterIndex(SITE, SEASON, 1, ()).document() | {"rosters": rosters}
    signature = cast.signing_key.sign(b"openmai/v1/roster-index\0" + canonical_json(document))
    envelope = {"key": cast.roster_key.hex(), "signature": signature.hex(), "statement": document}
    with pytest.raises(DocumentRefused):
        open_index(canonical_json(envelope), key=cast.roster_key, domain=DOMAIN)


def test_an_index_entry_is_canonical(cast: Cast):
    entry = IndexEntry("company/UPPER/attested", 1, b"s" * 32)
    with pytest.raises(DocumentRefused):
        sign_index(RosterIndex(SITE, SEASON, 1, (entry,)), cast.signing_key)


def test_leaves_are_those_of_the_statement(harbour: PublishedRoster):
    tree = check_leaves(harbour.statement, harbour.leaves)
    assert tree.root == harbour.statement.root
    assert unpack_leaves(pack_leaves(tree.leaves)) == tree.leaves
    assert 0 in tree.leaves


def test_other_leaves_are_refused(harbour: PublishedRoster):
    flipped = bytes([harbour.leaves[0] ^ 1]) + harbour.leaves[1:]
    with pytest.raises(WrongLeaves, match="SHA-256"):
        check_leaves(harbour.statement, flipped)
    # A statement that lies about its own file, as only the signer could make it.
    lying = replace(harbour.statement, leaves=sha256(flipped))
    with pytest.raises(WrongLeaves, match="root"):
        check_leaves(lying, flipped)
    with pytest.raises(WrongLeaves, match="number of members"):
        check_leaves(replace(harbour.statement, live=harbour.statement.live - 1), harbour.leaves)
    with pytest.raises(WrongLeaves, match="number of members"):
        check_leaves(replace(harbour.statement, size=harbour.statement.size + 1), harbour.leaves)


@pytest.mark.parametrize("data", [b"a", b"a" * 33, R.to_bytes(32, "big"), b"\xff" * 32])
def test_a_leaves_file_holds_field_elements(data: bytes):
    with pytest.raises(WrongLeaves):
        unpack_leaves(data)


def test_rosters_are_called_by_company_and_kind():
    roster = company_roster("harbour-logistics", "provable")
    assert (roster_slug(roster), roster_kind(roster)) == ("harbour-logistics", "provable")
    assert (roster_slug("site"), roster_kind("site")) == (None, "site")


def test_a_roster_of_a_trade_and_a_shard_are_known_by_their_ids():
    trade = industry_roster("logistics", "provable")
    assert (roster_slug(trade), roster_kind(trade), is_trade(trade)) == (
        "industry/logistics",
        "provable",
        True,
    )
    shard = shard_of(trade, 12)
    assert (shard, shard_of(trade, 1)) == ("industry/logistics/provable#12", trade)
    assert (roster_slug(shard), roster_kind(shard), whole_roster(shard)) == (
        roster_slug(trade),
        "provable",
        trade,
    )
    assert (roster_slug("site#2"), roster_kind("site#2")) == (None, "site")


def test_a_statement_of_a_shard_of_a_trade_is_opened(cast: Cast):
    label = {"slug": "industry/logistics", "en": "Logistics", "zh": "物流"}
    signed = signed_anyway(cast, {"roster": "industry/logistics/attested#2", "label": label})
    found = open_statement(signed, key=cast.roster_key, domain=DOMAIN).statement
    assert found.label is not None
    assert (found.kind, found.label.is_trade) == ("attested", True)
