"""The headers of every answer, to the letter."""

import pytest

from openmai.web.security import Site, content_security_policy, security_headers

POLICY = (
    "default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@pytest.mark.parametrize(("site", "wasm"), [("people", ""), ("talk", " 'wasm-unsafe-eval'")])
def test_policy_is_exact_and_only_talk_may_compile_webassembly(site: Site, wasm: str) -> None:
    assert content_security_policy(site) == POLICY.format(wasm=wasm)


@pytest.mark.parametrize("site", ["people", "talk"])
def test_headers(site: Site) -> None:
    headers = security_headers(site, https=False)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_an_origin_under_tls_asks_to_stay_there() -> None:
    assert security_headers("talk", https=True)["Strict-Transport-Security"] == "max-age=31536000"
