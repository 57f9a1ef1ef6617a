"""The operator's commands about evidence: what they say, and how they end."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.factories.employer import crooked_employer
from tests.factories.people import HARBOUR, make_member
from tests.people.test_audit import INVENTED, KEY_NAME, insert_leaf, staff
from typer.testing import CliRunner, Result

from openmai.cli.main import app
from openmai.people import actions, conf
from openmai.people.actions.login_provider import secret_of
from openmai.people.models import Employment, LoginProvider, Reviewer
from openmai.platform.outward import Outward


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_roster_in_order_ends_with_0_and_names_what_it_stands_on(today: datetime):
    staff(6, today, signed=5)
    actions.publish_rosters(now=today)
    done = run("audit", "roster", HARBOUR)
    assert done.exit_code == 0, done.output
    assert f"company/{HARBOUR}/provable, epoch 1: 5 live leaves; evidence holds for 5 dkim" in done.output
    assert (
        f"company/{HARBOUR}/attested, epoch 1: 6 live leaves; evidence holds for 1 code, 5 dkim"
        in done.output
    )
    assert f" of {KEY_NAME}: 5\n" in done.output


def test_an_invented_leaf_ends_it_with_1_and_is_named(today: datetime):
    staff(5, today, signed=5)
    actions.publish_rosters(now=today)
    insert_leaf(f"company/{HARBOUR}/provable", INVENTED)
    done = run("audit", "roster", HARBOUR)
    assert done.exit_code == 1
    assert "leaf 5 4711: nobody enrolled this commitment" in done.output


def test_an_unknown_company_and_an_empty_season_are_told():
    assert run("audit", "roster", "nowhere").exit_code == 1
    empty = run("audit", "roster", HARBOUR, "--season", "s1")
    assert (empty.exit_code, empty.output) == (0, "There is no roster of this company in that season.\n")


def test_reviewers_are_named_listed_and_dismissed(today: datetime):
    rita = make_member("Rita", now=today)
    assert run("reviewer", "add", rita.email).exit_code == 0
    assert run("reviewer", "list").output == f"{rita.email}\t{today.date()}\n"
    assert run("reviewer", "remove", rita.email).exit_code == 0
    assert run("reviewer", "list").output == ""
    assert Reviewer.objects.get().ended_on
    assert run("reviewer", "add", "nobody@home.example").exit_code == 1


def test_an_employers_log_in_is_named_listed_and_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conf, "outward", lambda: Outward(local=True))
    secret = tmp_path / "secret"
    secret.write_text("from the employer\n")
    with crooked_employer() as employer:
        given = ("--issuer", employer.issuer, "--client-id", "us", "--tenant", "hd=harbour.example")
        done = run("company", "oidc", "set", HARBOUR, *given, "--secret-file", str(secret))
        assert done.exit_code == 0, done.output
        assert "http://localhost:8000/employment/login/return" in done.output
        assert (
            run("company", "oidc", "list").output == f"{HARBOUR}\t{employer.issuer}\tus\thd=harbour.example\n"
        )
    assert secret_of(LoginProvider.objects.get()) == "from the employer"
    assert run("company", "oidc", "remove", HARBOUR).exit_code == 0
    assert run("company", "oidc", "remove", HARBOUR).exit_code == 1
    assert run("company", "oidc", "list").output == ""


def test_a_wrong_log_in_is_not_taken(tmp_path: Path):
    missing = ("--secret-file", str(tmp_path / "nothing"))
    for issuer, rest in (
        ("http://localhost:1", ()),
        ("https://accounts.google.com", ()),
        ("https://x", missing),
    ):
        done = run("company", "oidc", "set", HARBOUR, "--issuer", issuer, "--client-id", "us", *rest)
        assert done.exit_code == 1, issuer
    assert not LoginProvider.objects.exists()
    assert not Employment.objects.exists()
