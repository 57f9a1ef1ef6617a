"""The headers of every answer, to the letter."""

import pytest
from tests.factories.frame import POLICY

from openmai.web.security import Site, content_security_policy, security_headers


@pytest.mark.parametrize("site", ["people", "talk"])
def test_policy_is_exact_and_only_talk_may_compile_webassembly(site: Site) -> None:
    assert content_security_policy(site) == POLICY[site]
    assert ("wasm" in POLICY[site]) == (site == "talk")


@pytest.mark.parametrize("site", ["people", "talk"])
def test_headers(site: Site) -> None:
    headers = security_headers(site, https=False)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == {"people": "same-origin", "talk": "no-referrer"}[site]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_an_origin_under_tls_asks_to_stay_there() -> None:
    assert security_headers("talk", https=True)["Strict-Transport-Security"] == "max-age=31536000"
