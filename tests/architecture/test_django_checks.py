"""What Django itself checks of each site: its settings as in production, and that no migration is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

IN_PRODUCTION = {
    "OPENMAI_PEOPLE_ORIGIN": "https://openmai.example",
    "OPENMAI_TALK_ORIGIN": "https://talk.openmai.example",
}


@pytest.mark.parametrize("site", ["people", "talk"])
@pytest.mark.parametrize(
    "check", [("check", "--deploy", "--fail-level", "WARNING"), ("makemigrations", "--check", "--dry-run")]
)
def test_django_has_nothing_to_complain_of(site: str, check: tuple[str, ...], request: pytest.FixtureRequest):
    environment = request.getfixturevalue(f"{site}_environment") | IN_PRODUCTION
    environment["DJANGO_SETTINGS_MODULE"] = f"openmai.sites.{site}.settings"
    command = [Path(sys.executable).with_name("django-admin"), *check]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
