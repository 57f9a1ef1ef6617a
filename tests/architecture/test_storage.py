"""Every stored column is explained in docs/storage.md, and nothing is explained that is not stored."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "storage.md"
PROBE = """
import django
from django.apps import apps
django.setup()
for model in apps.get_models(include_auto_created=True):
    if model.__module__.startswith("openmai."):
        for field in model._meta.concrete_fields:
            print(model._meta.db_table, field.column)
"""


def documented(site: str) -> set[tuple[str, str]]:
    section = DOCUMENT.read_text().split(f"## {site}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| ([\w, ]*) \|", section, re.M)
    return {
        (table, column.strip())
        for table, columns in rows
        if table != "table"
        for column in columns.split(",")
    }


def stored(site: str, environment: dict[str, str]) -> set[tuple[str, str]]:
    environment = environment | {"DJANGO_SETTINGS_MODULE": f"openmai.sites.{site}.settings"}
    lines = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
    ).stdout
    return {(table, column) for table, column in map(str.split, lines.splitlines())}


def test_every_column_of_talk_is_explained(talk_environment: dict[str, str]):
    assert documented("talk") == stored("talk", talk_environment)


def test_every_column_of_people_is_explained(people_environment: dict[str, str]):
    assert documented("people") == stored("people", people_environment)


def test_the_worked_example_for_lawyers_names_columns_that_exist():
    rows = re.findall(r"^\| (talk_\w+) \| (\w+) \|", (DOCUMENT.parent / "disclosure.md").read_text(), re.M)
    assert len(rows) >= 8
    assert set(rows) <= documented("talk")


@pytest.mark.parametrize("word", ["member", "account", "session", "address", "email", "user", "agent"])
def test_no_column_of_talk_is_named_after_a_person(word: str):
    assert not [name for name in documented("talk") if word in " ".join(name)]
