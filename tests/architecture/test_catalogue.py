"""The Chinese catalogue is complete: every string of the code is in it, translated and not merely guessed."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "src" / "openmai" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")
ENGLISH_COMMA = re.compile(r"[\u4e00-\u9fff][,;!?][\u4e00-\u9fff]")


@cache
def chinese() -> Catalog:
    with CHINESE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def bare_refusals(path: Path) -> Iterator[str]:
    """Where the protocol's package raises an error with words that no catalogue can know."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            words, builtin = node.exc.args[0], ast.unparse(node.exc.func).endswith("Error")
            if isinstance(words, ast.JoinedStr | ast.Constant) and not builtin:
                yield f"{path.name}:{node.lineno}"


def messages() -> list[Message]:
    return [message for message in chinese() if message.id]


def forms(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string]


def source(message: Message) -> str:
    return message.id[-1] if isinstance(message.id, tuple | list) else message.id


def name(message: Message) -> str:
    return source(message)[:40]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    template = tmp_path_factory.mktemp("messages") / "django.pot"
    subprocess.run([ROOT / "scripts" / "messages", template], check=True, capture_output=True)
    with template.open("rb") as file:
        return read_po(file)


def test_every_string_of_the_code_is_in_the_catalogue(extracted: Catalog) -> None:
    wanted = {(message.id, message.context) for message in extracted if message.id}
    known = {(message.id, message.context) for message in messages()}
    assert wanted - known == set()


def test_no_string_of_the_catalogue_has_gone(extracted: Catalog) -> None:
    wanted = {(message.id, message.context) for message in extracted if message.id}
    known = {(message.id, message.context) for message in messages()}
    assert known - wanted == set()
    assert not chinese().obsolete


def test_every_string_is_translated() -> None:
    assert [name(each) for each in messages() if each.fuzzy or not all(forms(each))] == []


def test_the_protocols_own_refusals_can_be_translated() -> None:
    """`AnonymityError.told` looks the template up: it must be marked, and hold no values yet."""
    package = ROOT / "src" / "openmai" / "anonymity"
    assert [each for path in package.rglob("*.py") for each in bare_refusals(path)] == []


def test_placeholders_are_those_of_the_source() -> None:
    for message in messages():
        expected = sorted(PLACEHOLDER.findall(source(message)))
        for form in forms(message):
            assert sorted(PLACEHOLDER.findall(form)) == expected, name(message)


def test_chinese_has_chinese_punctuation() -> None:
    assert [form for each in messages() for form in forms(each) if ENGLISH_COMMA.search(form)] == []
