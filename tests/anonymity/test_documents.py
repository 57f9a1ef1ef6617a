"""Reading hostile JSON: one reading for every byte string, within bounds, and a place for every refusal."""

import json
import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmai.anonymity.documents import (
    BadValue,
    BodyTooLarge,
    DocumentRefused,
    Fields,
    MalformedJson,
    MissingField,
    NotCanonicalField,
    UnknownField,
    check_text,
    load_canonical,
    load_json,
    tidy_text,
)
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.limits import MAX_BODY

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(DOCUMENTS)
def test_whatever_has_a_canonical_form_is_read_back_from_it(document: object):
    assert load_canonical(canonical_json(document), limit=MAX_BODY) == document


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused_and_nothing_else(data: bytes):
    with suppress(MalformedJson):
        load_json(data, limit=MAX_BODY)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff{}",
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1.0}',
        b'{"a": 1e3}',
        b'{"a": 9007199254740992}',
        b'{"a": -9007199254740992}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": -0}',
        b'{"a": 01}',
        b'{"a": "\n"}',
        b"{'a': 1}",
        b"{} {}",
        b"[" * 9 + b"]" * 9,
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda data: ascii(data[:24]),
)
def test_json_that_two_programs_could_read_differently_is_refused(data: bytes):
    with pytest.raises(MalformedJson):
        load_json(data, limit=MAX_BODY)


def test_where_json_goes_wrong_is_told_in_our_own_words():
    with pytest.raises(MalformedJson) as refused:
        load_json(b'{"a": 1,\n "b"', limit=MAX_BODY)
    assert refused.value.values == {"line": 2, "column": 5}
    assert str(refused.value) == "this is not JSON; reading failed in line 2, column 5"


def test_brackets_inside_strings_do_not_count_as_depth():
    assert load_json(rb'{"a": "[[[[[[[[[[\"[[[[[["}', limit=MAX_BODY) == {"a": '[[[[[[[[[["[[[[[['}


@pytest.mark.parametrize("data", [b'"' + rb"\"" * 32_000, b'"\\' * 32_000, b"[]," * 20_000, b'"",' * 20_000])
def test_hostile_bytes_are_refused_in_one_pass(data: bytes):
    begun = time.process_time()
    with pytest.raises(MalformedJson):
        load_json(data, limit=MAX_BODY)
    assert time.process_time() - begun < 0.5


def test_a_byte_too_many_is_named_as_such():
    assert load_json(b'"' + b"a" * (MAX_BODY - 2) + b'"', limit=MAX_BODY)
    with pytest.raises(BodyTooLarge) as refused:
        load_json(b'"' + b"a" * (MAX_BODY - 1) + b'"', limit=MAX_BODY)
    assert refused.value.code == "body-too-large"
    assert "65536 bytes" in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [b'{"b":1,"a":1}', b'{ "a":1}', b'{"a":1}\n', rb'{"a":"\u0041"}', rb'{"a":"\/"}', rb'{"a":"\ud800"}'],
)
def test_other_bytes_than_the_canonical_ones_are_refused(data: bytes):
    load_json(data, limit=MAX_BODY)
    with pytest.raises(NotCanonicalField) as refused:
        load_canonical(data, limit=MAX_BODY)
    assert refused.value.code == "not-canonical"


def test_an_unknown_field_is_named_in_ascii_and_at_its_place():
    with pytest.raises(UnknownField) as refused:
        Fields({"a": 1, "ü/~\x1b[2J\ud800": 2}, ("a",), pointer="/content")
    assert refused.value.pointer == r"/content/\xfc~1~0\x1b[2J\ud800"
    assert r"\x1b[2J" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_missing_field_is_named():
    with pytest.raises(MissingField) as refused:
        Fields({}, ("title",), pointer="/content")
    assert (refused.value.code, refused.value.pointer) == ("missing-field", "/content/title")
    assert "title" in str(refused.value)


@pytest.mark.parametrize("document", [None, 1, "a", [], [["a", 1]], True])
def test_only_an_object_has_fields(document: object):
    with pytest.raises(BadValue):
        Fields(document, ())


@pytest.mark.parametrize("value", [True, "1", None, 0, 11, -1])
def test_a_whole_number_is_neither_text_nor_truth(value: object):
    with pytest.raises(BadValue) as refused:
        Fields({"n": value}, ("n",)).integer("n", least=1, most=10)
    assert refused.value.pointer == "/n"


def test_true_is_not_one():
    assert Fields({"n": 1}, ("n",)).literal("n", 1) == 1
    with pytest.raises(BadValue):
        Fields({"n": True}, ("n",)).literal("n", 1)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (7, BadValue),
        (None, BadValue),
        ("07", NotCanonicalField),
        ("-1", NotCanonicalField),
        ("7\n", NotCanonicalField),
        ("٣", NotCanonicalField),
        ("1" * 78, NotCanonicalField),
    ],
)
def test_a_field_element_has_one_spelling(value: object, error: type[DocumentRefused]):
    with pytest.raises(error) as refused:
        Fields({"n": value}, ("n",), pointer="/join").decimal("n")
    assert refused.value.pointer == "/join/n"


@pytest.mark.parametrize("value", ["AB", "a", "abc", "abcd", "0xab", " ab", "ab\n", "gg"])
def test_hex_has_one_spelling(value: str):
    with pytest.raises(NotCanonicalField):
        Fields({"h": value}, ("h",)).hex("h", size=1)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (1, BadValue, "a text was expected"),
        (None, BadValue, "a text was expected"),
        ("", BadValue, "0 characters"),
        ("a" * 11, BadValue, "11 characters"),
        ("a\tb", BadValue, "U+0009"),
        ("a\x00b", BadValue, "U+0000"),
        ("a\x85b", BadValue, "U+0085"),
        ("a\x7fb", BadValue, "U+007F"),
        ("a\ud800b", BadValue, "surrogate"),
        (" a", NotCanonicalField, "white space"),
        ("a\u3000", NotCanonicalField, "white space"),
        ("a\ufeff", NotCanonicalField, "white space"),
        ("\u2028a", NotCanonicalField, "white space"),
        ("e\u0301", NotCanonicalField, "NFC"),
        ("\u212b", NotCanonicalField, "NFC"),
    ],
)
def test_text_has_one_form(text: object, error: type[DocumentRefused], says: str):
    with pytest.raises(error, match=re.escape(says)):
        check_text(text, least=1, most=10, lines=False, pointer="/title")


def test_line_feeds_are_for_bodies():
    assert check_text("a\nb", least=1, most=10, lines=True, pointer="") == "a\nb"
    with pytest.raises(BadValue, match=re.escape("U+000A")):
        check_text("a\nb", least=1, most=10, lines=False, pointer="")


def test_characters_are_code_points():
    assert check_text("😀" * 10, least=1, most=10, lines=False, pointer="") == "😀" * 10


@given(st.text(max_size=60))
def test_tidied_text_is_accepted_whatever_was_typed(typed: str):
    tidy = tidy_text(typed)
    assert check_text(tidy, least=0, most=1000, lines=True, pointer="") == tidy
    assert tidy_text(tidy) == tidy


def test_a_refusal_can_be_said_in_another_language():
    with pytest.raises(BadValue) as refused:
        check_text("", least=1, most=10, lines=False, pointer="")
    assert refused.value.template % refused.value.values == str(refused.value)
    assert json.dumps(refused.value.values)
