"""Who may import whom, and what the import linter cannot see."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "openmai"


def test_imports_keep_to_the_layers():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_model_hides_its_context_behind_an_app_label():
    # `Meta.app_label` would let a model live in one context and belong to another.
    guilty = [
        path for path in SOURCE.rglob("*.py") if re.search(r"^\s*app_label\s*=", path.read_text(), re.M)
    ]
    assert guilty == []


def test_no_foreign_key_of_talk_names_another_context():
    strings = [
        (path.name, target)
        for path in (SOURCE / "talk").rglob("*.py")
        for target in re.findall(
            r"(?:ForeignKey|OneToOneField|ManyToManyField)\(\s*[\"']([\w.]+)[\"']", path.read_text()
        )
        if "." in target and not target.startswith("talk.")
    ]
    assert strings == []


TALK_PROBE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "openmai.sites.talk.settings"
import django
django.setup()
from django.test import Client
client = Client(headers={"accept-language": "en"})
for path in ("/healthz", "/en/about/", "/nowhere"):
    response = client.get(path)
    assert "Set-Cookie" not in response.headers and not response.cookies, path
forbidden = ("django.contrib.auth", "django.contrib.sessions", "django.contrib.messages",
             "allauth", "procrastinate",
             "openmai.people", "openmai.companies.models")
loaded = sorted(name for name in sys.modules if name.startswith(forbidden))
print("\\n".join(loaded))
"""


def test_the_talk_process_loads_neither_accounts_nor_sessions(talk_environment: dict[str, str]):
    done = subprocess.run(
        [sys.executable, "-c", TALK_PROBE], env=talk_environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


WRITTEN = sorted(
    path
    for folder in ("src", "tests", "bench", "frontend")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ts", ".mjs", ".css", ".html") and "node_modules" not in path.parts
)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_readable(path: Path):
    assert len(path.read_text().splitlines()) <= 400
