"""The response headers that every answer carries, pages and static files alike."""

from typing import Literal

Site = Literal["people", "talk"]

_REFUSED = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "midi")
_PERMISSIONS = ", ".join(f"{feature}=()" for feature in _REFUSED)
# On the one page that reads codes from another device's screen; the browser asks the member besides.
WITH_CAMERA = _PERMISSIONS.replace("camera=()", "camera=(self)")


def content_security_policy(site: Site) -> str:
    """The policy of one site, as a header value. Only talk proves, so only talk may compile WebAssembly."""
    script = "'self' 'wasm-unsafe-eval'" if site == "talk" else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {script}",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def security_headers(site: Site, *, https: bool) -> dict[str, str]:
    """Header name → value for every response of `site`; `https` adds HSTS (its origin is served over TLS)."""
    headers = {
        "Content-Security-Policy": content_security_policy(site),
        "X-Content-Type-Options": "nosniff",
        # Under no-referrer a browser sends forms with `Origin: null`, which the check against forged requests
        # refuses. Talk has no session that such a request could ride on, and tells nothing to anybody.
        "Referrer-Policy": "same-origin" if site == "people" else "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers
