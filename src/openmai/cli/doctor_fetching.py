"""How `openmai doctor` asks a site: not for long, and for no more than there can be."""

from typing import Final

import httpx

from openmai.platform.fetching import AnswerRefused, Fetcher

_TIMEOUT: Final = httpx.Timeout(5.0)
_TOTAL_SECONDS: Final = 20.0
UNANSWERED: Final = (httpx.HTTPError, AnswerRefused)


def asking(origin: str) -> Fetcher:
    return Fetcher(origin, timeout=_TIMEOUT, seconds=_TOTAL_SECONDS)


def read(fetcher: Fetcher, path: str, *, limit: int) -> bytes:
    """What is there; raise one of `UNANSWERED`."""
    answer = fetcher.get(path, limit=limit)
    if answer.status != httpx.codes.OK:
        raise httpx.HTTPError(f"{path} answered {answer.status}")
    return answer.data
