"""docs/cli.md says what the program does."""

import re

import pytest
from tests.factories.cast import ROOT

from openmai.anonymity import limits
from openmai.cli.main import COMMANDS
from openmai.cli.member.errors import Exit

TEXT = (ROOT / "docs" / "cli.md").read_text()


def test_every_command_is_described():
    for command in COMMANDS:
        assert re.search(rf"openmai {command}\b", TEXT), command


def test_every_exit_code_is_described():
    described = {int(code) for code in re.findall(r"^\| (\d) \|", TEXT, re.M)}
    assert described == {int(each) for each in Exit}


@pytest.mark.parametrize("name", [name for name in dir(limits) if name.startswith("MAX_")])
def test_every_limit_is_described(name: str):
    value = getattr(limits, name)
    assert f"{value:,}" in TEXT or (name == "MAX_INTEGER" and "2⁵³ − 1" in TEXT) or f"| {value} |" in TEXT


@pytest.mark.parametrize("name", limits.PUBLISHED)
def test_every_published_limit_is_named(name: str):
    assert f"(`{name}`)" in TEXT
