"""What every page of both sites must have, whatever it shows."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

POLICY = {
    site: (
        f"default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    for site, wasm in {"people": "", "talk": " 'wasm-unsafe-eval'"}.items()
}
TAGS = {"en": "en", "zh-hans": "zh-Hans"}


class Outline(HTMLParser):
    """The start tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    def ids(self) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get("id"))]


def plain_paths(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """The addresses below the language that need no argument, as "companies/"."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = re.sub(r"^\^|\$$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            below = "" if type(pattern.pattern).__name__ == "LocalePrefixPattern" else prefix + route
            if type(pattern.pattern).__name__ == "LocalePrefixPattern" or prefix or resolver:
                yield from plain_paths(pattern, below)
        elif isinstance(pattern, URLPattern) and resolver and not re.search(r"[<(\[]", route):
            yield prefix + route


def assert_framed(response: HttpResponse, *, site: str, language: str) -> Outline:
    """The policy to the letter, the language, one main heading, no style or script of the page's own."""
    assert response["Content-Security-Policy"] == POLICY[site]
    assert response["X-Content-Type-Options"] == "nosniff"
    outline = Outline(response.content.decode())
    (root,) = outline.every("html")
    assert (root["lang"], root["data-site"]) == (TAGS[language], site)
    assert [len(outline.every(tag)) for tag in ("main", "h1", "title")] == [1, 1, 1]
    assert not outline.every("style")
    assert all(attrs.get("src", "").startswith("/static/") for attrs in outline.every("script"))
    assert not [
        attrs for _, attrs in outline.tags for name in attrs if name == "style" or name.startswith("on")
    ]
    ids = outline.ids()
    assert len(ids) == len(set(ids)), "an id stands twice"
    return outline
