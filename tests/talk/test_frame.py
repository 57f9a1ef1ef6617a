"""Every page of the talk site stands in the one frame, in both languages, and tells of no reader."""

import pytest
from django.test import Client
from tests.factories.frame import TAGS, assert_framed, plain_paths

PATHS = sorted(set(plain_paths()))

pytestmark = pytest.mark.django_db


def test_pages_are_found() -> None:
    assert {"", "new/", "outbox/", "identity/", "about/", "design/"} <= set(PATHS)


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("path", [*PATHS, "s/pay/"])
def test_page_is_framed(path: str, language: str) -> None:
    response = Client().get(f"/{language}/{path}")
    assert response.status_code == 200
    assert_framed(response, site="talk", language=language)
    assert not response.cookies


@pytest.mark.parametrize("language", TAGS)
def test_missing_page_is_framed(language: str) -> None:
    response = Client().get(f"/{language}/nothing-here/")
    assert response.status_code == 404
    outline = assert_framed(response, site="talk", language=language)
    assert any(link.get("href") == f"/{language}/" for link in outline.every("a"))
