"""Uncached pages of a thread of 5,000 replies, at its beginning, middle and end, beside a thread of 50."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

from bench._harness import Result, Side, by_turns, dearer, timed
from bench._talk import talk_site, thread_of

_ROUNDS = 61


def run() -> Result:
    with talk_site() as world:
        short, long = thread_of(world, 1, replies=50), thread_of(world, 2, replies=5_000)
        from openmai.talk.cursors import PlaceCursor

        base = f"/en/t/{long.hex()}/"
        pages = {
            "first": (base, ""),
            "middle": (base, f"after={PlaceCursor(2_500, 2_500).encode()}"),
            "last": (base, f"before={PlaceCursor.end().encode()}"),
        }
        page = _pages()
        reference = timed(lambda: page(f"/en/t/{short.hex()}/", ""))
        costs = {}
        for name, (path, query) in pages.items():
            ours, theirs = by_turns(timed(partial(page, path, query)), reference, rounds=_ROUNDS, warm_up=10)
            costs[name] = (ours / theirs, ours, theirs)
    dearest = max(costs, key=lambda name: costs[name][0])
    _, ours, theirs = costs[dearest]
    return dearer(
        "thread-growth",
        Side(f"the {dearest} page of 5,000 replies, the dearest of first, middle and last, uncached", ours),
        Side("the only page of a thread of 50 replies, uncached", theirs),
        bar=1.2,
    )


def _pages() -> Callable[[str, str], None]:
    """Django itself, without the cache in front of it."""
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()

    def page(path: str, query: str) -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8001",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        heard: list[str] = []

        def start_response(status: str, *_rest: object) -> Callable[[bytes], object]:
            heard.append(status)
            return lambda _data: None

        response = handler(environ, start_response)
        shown = b"".join(response).count(b"<article")
        response.close()
        if heard != ["200 OK"] or shown != 51:
            raise RuntimeError(f"{path}?{query} answered {heard} with {shown} posts")

    return page
