"""The talk site as one WSGI application: static files, the epoch cache, Django, and the ticker that turns
the epoch.
"""

import atexit
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from openmai.platform.clock import utc_now
from openmai.platform.logging import hide_uncaught_messages
from openmai.talk.cache import EpochCache
from openmai.talk.epoch import EPOCH
from openmai.talk.gate_files import PREFIX, PUBLIC
from openmai.talk.log_files import LogFiles
from openmai.talk.rules import rules
from openmai.web.security import security_headers
from openmai.web.static import with_static

_starting = Lock()
_tickers: list[Any] = []


def start_ticker() -> None:
    """Start this process's ticker, once; a process that only migrates or tests has none."""
    from openmai.talk.ticker import Ticker  # models are there only after django.setup

    with _starting:
        if _tickers:
            return
        ticker = Ticker(epoch=EPOCH, rules=rules(), clock=utc_now)
        _tickers.append(ticker)
        ticker.start()
        atexit.register(ticker.stop)


def build_application() -> WhiteNoise:
    """The application that a server loads; it starts the ticker."""
    hide_uncaught_messages()
    django = get_wsgi_application()
    cached = EpochCache(django, epoch=EPOCH, tick_seconds=rules().tick_seconds, clock=utc_now)
    headers = security_headers("talk", https=settings.OPENMAI_HTTPS)
    logged = LogFiles(cached, root=rules().log_dir, headers=headers)
    start_ticker()
    return with_static(
        logged,
        root=Path(settings.OPENMAI_STATIC_DIR),
        site="talk",
        https=settings.OPENMAI_HTTPS,
        more={PREFIX: rules().gate.folder / PUBLIC},
    )
