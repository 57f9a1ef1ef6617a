"""Every page of the people site stands in the one frame, for visitors and members, in both languages."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from tests.factories.frame import TAGS, assert_framed, plain_paths
from tests.people.conftest import browser

from openmai.people.actions.reviewers import name_reviewer
from openmai.people.models import Member
from openmai.platform.clock import utc_now
from openmai.platform.config_values import contact

PATHS = sorted(set(plain_paths()))


def test_pages_are_found() -> None:
    assert {"", "companies/", "employment/new/", "account/login/", "design/"} <= set(PATHS)


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("path", PATHS)
def test_page_is_framed(path: str, language: str, alice: Member) -> None:
    # A reviewer, because to other members the pages of reviews are not there.
    name_reviewer(email=alice.email, on=utc_now().date())
    for client in (Client(), browser(alice)):
        response = client.get(f"/{language}/{path}")
        if response.status_code == 200:
            assert_framed(response, site="people", language=language)
        else:
            assert response.status_code in (302, 405)


@pytest.mark.parametrize("language", TAGS)
def test_error_page_needs_no_database(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("the cluster is down")

    client = Client(raise_request_exception=False)
    client.cookies["session"] = "0" * 32
    with monkeypatch.context() as patch:
        patch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", broken)
        patch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", broken)
        response = client.get(f"/{language}/companies/")
    assert response.status_code == 500
    assert_framed(response, site="people", language=language)


def test_the_switch_leads_to_the_same_page_in_the_other_language() -> None:
    outline = assert_framed(Client().get("/en/companies/?q=harbour"), site="people", language="en")
    switches = [link["href"] for link in outline.every("a") if "data-language-switch" in link]
    assert "/zh-hans/companies/?q=harbour" in switches


def test_navigation_shows_where_one_is() -> None:
    outline = assert_framed(Client().get("/en/companies/"), site="people", language="en")
    current = {link["href"] for link in outline.every("a") if link.get("aria-current") == "page"}
    assert current == {reverse("companies:list")}


def test_a_tab_of_the_phone_has_one_word_and_the_header_the_whole_name(as_alice: Client) -> None:
    page = as_alice.get("/en/").content.decode()
    assert "<span>Key</span>" in page
    assert ">Anonymous key</a>" in page


def test_the_operator_can_be_reached_from_every_page(settings: Settings) -> None:
    assert b"Write to the operator" not in Client().get("/en/companies/").content
    settings.OPENMAI_CONTACT = contact("https://openmai.example/contact")
    outline = assert_framed(Client().get("/en/companies/"), site="people", language="en")
    assert "https://openmai.example/contact" in [link["href"] for link in outline.every("a")]


def test_a_failed_field_is_tied_to_its_error() -> None:
    response = Client().post("/en/account/login/", {"login": "not an address", "password": ""})
    outline = assert_framed(response, site="people", language="en")
    (field,) = (each for each in outline.every("input") if each.get("name") == "password")
    assert field["aria-invalid"] == "true"
    assert set(str(field["aria-describedby"]).split()) <= set(outline.ids())
    (typed,) = (each for each in outline.every("input") if each.get("name") == "login")
    assert typed["value"] == "not an address"
