"""Whose keys signed: names that journals and the log may give to keys, and what readers make of them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.cast import DOMAIN, HARBOUR, Cast
from tests.factories.published import PublishedRoster

from openmai.anonymity.documents import BadValue, DocumentRefused, UnknownField
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.limits import MAX_NAMED_KEYS
from openmai.anonymity.log.issuers import IssuerKey, Signers, UnfoundedKey, fits, signers
from openmai.anonymity.log.journals import Journal, journal_entries, parse_journal

MAIL = ("dkim", b"m" * 32)
LOGIN = ("jwks", b"l" * 32)


@pytest.fixture(scope="module")
def harbour(cast: Cast) -> PublishedRoster:
    return cast.rosters[HARBOUR]


@pytest.fixture(scope="module")
def journal(harbour: PublishedRoster) -> Journal:
    return harbour.journal


def read(journal: Journal) -> Journal:
    return parse_journal(journal.data, domain=DOMAIN)


def test_a_journal_names_keys_and_the_log_says_them_with_the_epoch(harbour: PublishedRoster):
    journal = harbour.journal
    (key,) = journal.keys
    assert read(journal) == journal
    logged = journal_entries(journal, harbour.signed, enrolments=())
    (entry,) = (each for each in logged if each.kind == "observation")
    assert entry.facts == {"roster": HARBOUR, "epoch": journal.epoch, **key.document()}
    assert entry.order == max(each.order for each in logged)


def test_a_journal_without_names_is_what_it_was_before_there_were_any(journal: Journal):
    nameless = replace(journal, keys=())
    assert b'"keys"' not in nameless.data
    assert read(nameless) == nameless
    empty = canonical_json({**json.loads(nameless.data), "keys": []})
    with pytest.raises(BadValue, match="a list of 1 to"):
        parse_journal(empty, domain=DOMAIN)


def test_a_key_that_no_leaf_rests_on_is_not_named(journal: Journal):
    (key,) = journal.keys
    log_ins = next(leaf.issuer_key for leaf in journal.joined if leaf.kind == "oidc")
    assert log_ins is not None
    for other in (replace(key, sha256=b"o" * 32), replace(key, sha256=log_ins)):
        with pytest.raises(UnfoundedKey):
            read(replace(journal, keys=tuple(sorted((key, other)))))


def test_a_key_has_no_more_names_than_leaves(journal: Journal):
    (key,) = journal.keys
    leaves = sum(leaf.key_place == key.place for leaf in journal.joined)
    names = [replace(key, name=f"s{at:03}._domainkey.harbour.example") for at in range(leaves + 1)]
    assert read(replace(journal, keys=tuple(names[:-1]))).keys == tuple(names[:-1])
    with pytest.raises(UnfoundedKey):
        read(replace(journal, keys=tuple(names)))


def test_keys_are_sorted_and_named_once(journal: Journal):
    (key,) = journal.keys
    other = replace(key, name="a._domainkey.harbour.example")
    assert read(replace(journal, keys=(other, key))).keys == (other, key)
    for listed in ((key, other), (key, key)):
        with pytest.raises(BadValue, match="sorted, and name each once"):
            read(replace(journal, keys=listed))


def test_the_names_of_one_journal_are_bounded(journal: Journal):
    (key,) = journal.keys
    many = tuple(replace(key, name=f"s{at:05}._domainkey.a.example") for at in range(MAX_NAMED_KEYS + 1))
    with pytest.raises(BadValue, match="a list of 1 to"):
        read(replace(journal, keys=many))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("dkim", "harbour.example"),
        ("dkim", "._domainkey.harbour.example"),
        ("dkim", "mail._domainkey."),
        ("dkim", "mail._domainkey.harbour.example\n"),
        ("dkim", "mail._domainkey.hafen über.example"),
        ("dkim", f"mail._domainkey.{'a' * 240}"),
        ("jwks", "login.harbour.example"),
        ("jwks", "https://"),
        ("jwks", "https://login.harbour.example/ x"),
        ("jwks", "https://login.harbour.example\u202e"),
        ("jwks", f"https://{'a' * 248}"),
    ],
)
def test_a_name_is_one_that_the_world_can_look_up(journal: Journal, kind: str, name: str):
    assert not fits(kind, name)
    with pytest.raises(DocumentRefused):
        read(replace(journal, keys=(IssuerKey(kind, name, journal.keys[0].sha256),)))


def test_a_named_key_tells_nothing_else(journal: Journal):
    """No time, no leaf, no count: a field more is refused."""
    document = json.loads(journal.data)
    document["keys"][0]["index"] = 4
    with pytest.raises(UnknownField):
        parse_journal(canonical_json(document), domain=DOMAIN)


def test_the_crowd_is_told_who_signed_for_most_of_it_first():
    keys = [
        IssuerKey("dkim", "s1._domainkey.harbour.example", b"m" * 32),
        IssuerKey("dkim", "s2._domainkey.harbour.example", b"m" * 32),
        IssuerKey("dkim", "s1._domainkey.lumen.example", b"n" * 32),
        IssuerKey("jwks", "https://login.harbour.example", b"l" * 32),
    ]
    places = [MAIL, *[LOGIN] * 3, ("dkim", b"n" * 32), ("dkim", b"x" * 32), ("jwks", b"m" * 32), None, None]
    owners = ("https://login.harbour.example", "harbour.example", "lumen.example")
    assert signers(keys, places) == Signers(owners, unnamed=2)
    assert signers([], [MAIL, None]) == Signers((), unnamed=1)
    assert signers(keys, [None]) == Signers((), unnamed=0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_keys_of_any_form_are_read_or_refused(journal: Journal, data: st.DataObject):
    document = json.loads(journal.data)
    good = document["keys"][0]
    field = data.draw(st.sampled_from([None, *good, "more"]))
    value = data.draw(json_values | st.just([good, good]) | st.sampled_from(list(good.values())))
    document["keys"] = value if field is None else [{**good, field: value}]
    try:
        packed = canonical_json(document)
    except Exception:  # what has no canonical form is in no file
        return
    try:
        found = parse_journal(packed, domain=DOMAIN)
    except DocumentRefused:
        return
    assert found.data == packed
    assert {key.place for key in found.keys} <= {leaf.key_place for leaf in found.joined}


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_journal_of_any_bytes_is_read_or_refused(journal: Journal, data: st.DataObject):
    changed = bytearray(journal.data)
    at = changed.index(b'"keys"')
    for _change in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(at, at + 200) | st.integers(0, len(changed)))
        changed[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = parse_journal(bytes(changed), domain=DOMAIN)
    except DocumentRefused:
        return
    assert found.data == bytes(changed)
