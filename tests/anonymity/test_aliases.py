import re

import pytest

from openmai.anonymity.alias_words import ADJECTIVES, ANIMALS
from openmai.anonymity.aliases import alias_of
from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R


@pytest.mark.parametrize("words", [ADJECTIVES, ANIMALS])
def test_128_words_in_each_language_and_no_word_twice(words: tuple[tuple[str, str], ...]):
    assert len(words) == 128
    for language in zip(*words, strict=True):
        assert len(set(language)) == 128


def test_words_are_short_and_of_one_script():
    for en, zh in ADJECTIVES + ANIMALS:
        assert re.fullmatch(r"[a-z]{3,11}", en)
        assert re.fullmatch(r"[\u4e00-\u9fff]{2,3}", zh)


def test_no_two_aliases_read_alike_in_chinese_where_no_space_parts_the_words():
    names = [adjective + animal for _, adjective in ADJECTIVES for _, animal in ANIMALS]
    assert len(set(names)) == 128 * 128


def test_the_alias_is_drawn_as_the_protocol_says():
    nullifier = 12345
    digest = sha256(b"alias" + nullifier.to_bytes(32, "big"))
    alias = alias_of(nullifier)
    adjective, animal = ADJECTIVES[digest[0] % 128], ANIMALS[digest[1] % 128]
    assert alias.en.lower() == f"{adjective[0]} {animal[0]}"
    assert alias.zh == adjective[1] + animal[1]
    assert alias.suffix == 10 + digest[2] % 90
    assert alias.glyph == digest[8:]


def test_a_frozen_example_so_that_words_never_move():
    alias = alias_of(1)
    assert (alias.en, alias.zh, alias.suffix) == ("Warm Sandpiper", "温暖矶鹬", 77)
    assert alias.shown("en", with_suffix=False) == alias.en
    assert alias.shown("zh", with_suffix=True) == f"{alias.zh} {alias.suffix}"


def test_an_aliased_number_has_no_alias():
    with pytest.raises(NotCanonical):
        alias_of(R)
