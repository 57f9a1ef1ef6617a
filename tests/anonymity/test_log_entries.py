"""What the log may say: every kind in its one form, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.anonymity.frontend_vectors import DOMAIN
from tests.anonymity.log_vectors import VECTORS, as_file, bad_entries, vectors

from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import canonical_json, sha256
from openmai.anonymity.log.entries import KINDS, MAX_POSTS, bans_entry, entry, parse_entry, tick_entries

GOOD = [text.encode() for text in json.loads(VECTORS.read_bytes())["entries"]]


def test_the_vectors_of_the_front_end_are_up_to_date() -> None:
    assert VECTORS.read_bytes() == as_file(vectors()), "run: python -m tests.anonymity.log_vectors"


def test_there_is_an_example_of_every_kind_and_in_their_order() -> None:
    found = [parse_entry(data, domain=DOMAIN) for data in GOOD]
    assert list(dict.fromkeys(each.kind for each in found)) == list(KINDS)
    assert sorted(found, key=lambda each: each.order) == found


@pytest.mark.parametrize("document", bad_entries())
def test_what_an_entry_may_not_say_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(DocumentRefused):
        parse_entry(canonical_json(document))


@settings(deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_an_entry_with_a_byte_changed_is_refused_or_another_canonical_one(
    good: bytes, data: st.DataObject
) -> None:
    changed = bytearray(good)
    changed[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = parse_entry(bytes(changed))
    except DocumentRefused:
        return
    except Exception as error:  # the documented refusals of what an entry embeds
        assert type(error).__name__ in ("BadSignature", "WrongRosterKey")  # noqa: PT017
        return
    assert found.data == bytes(changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_a_field_of_another_type_is_refused(good: bytes, data: st.DataObject) -> None:
    document = json.loads(good)
    name = data.draw(st.sampled_from(sorted(document)))
    before, document[name] = document[name], data.draw(json_values)
    try:
        packed = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        parse_entry(packed)
    except (DocumentRefused, UnicodeEncodeError):
        return
    absent = document[name] is None and name in ("evidence", "issuer_key", "list")
    assert absent or type(document[name]) is type(before)


def test_a_tick_with_many_posts_has_several_entries() -> None:
    posts = [at.to_bytes(32, "big") for at in range(2 * MAX_POSTS + 1)]
    entries = tick_entries(DOMAIN, "2026-05-01T10:10:00Z", posts)
    assert [len(each.facts["posts"]) for each in entries] == [MAX_POSTS, MAX_POSTS, 1]
    listed = [post for each in entries for post in each.facts["posts"]]
    assert listed == [post.hex() for post in posts]


def test_one_addition_tells_epochs_in_their_order() -> None:
    """A site that was away logs several at once, and their leaves follow from one another."""
    entries = [entry("removal", DOMAIN, roster="site", epoch=epoch, index=7) for epoch in (10, 9, 2)]
    assert [each.facts["epoch"] for each in sorted(entries, key=lambda each: each.order)] == [2, 9, 10]


def test_a_list_of_bans_that_is_too_long_is_named_by_its_hash() -> None:
    many = canonical_json({"serial": 7, "bans": [1] * 40_000})
    assert bans_entry(DOMAIN, many).facts == {"list": None, "serial": 7, "sha256": sha256(many).hex()}


def test_no_entry_is_longer_than_a_tile_can_say() -> None:
    with pytest.raises(DocumentRefused, match="more than 65535 bytes"):
        entry("bundle", DOMAIN, manifest="ab" * 32, files={f"f{at}": "ab" * 32 for at in range(1000)})
