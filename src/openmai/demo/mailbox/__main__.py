"""`python -m openmai.demo.mailbox`: run the mailbox until SIGTERM; the demo's supervisor starts it."""

import argparse
import signal
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.translation import gettext_lazy as _

from openmai.demo.dkim_keys import dkim_records
from openmai.demo.dns import DnsServer
from openmai.demo.mailbox.catcher import catch_mail
from openmai.demo.mailbox.store import MessageStore
from openmai.demo.mailbox.views import Mailbox
from openmai.platform.config import Listen, SiteConfig, load_site
from openmai.platform.logging import hide_uncaught_messages, logging_config
from openmai.web.navigation import NavItem
from openmai.web.settings_base import shared_settings
from openmai.web.static import with_static

HOST = "127.0.0.1"


def configure(config: SiteConfig, mailbox: Mailbox) -> None:
    """Settings of this small site: the shared frame, no database, no cookie."""
    shared = shared_settings(
        site="people",
        people_origin=config.people_origin,
        talk_origin=config.talk_origin,
        static_dir=config.static_dir,
        demo=True,
        time_zone=config.time_zone,
        navigation=(
            NavItem(view="mailbox:inbox", label=_("Mail"), icon="mail"),
            NavItem(view="mailbox:send", label=_("Send from work"), icon="write"),
        ),
    )
    settings.configure(
        **shared,
        MAILBOX=mailbox,
        ROOT_URLCONF="openmai.demo.mailbox.urls",
        INSTALLED_APPS=["openmai.web", "openmai.demo.mailbox"],
        SECRET_KEY="nothing here is signed",  # noqa: S106 - Django wants one
        LOGGING=logging_config(),
    )
    django.setup()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """No access log."""


def main() -> None:
    hide_uncaught_messages()
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("http-port", "smtp-port", "inbound-port", "dns-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--inbound-address", required=True)
    parser.add_argument("--dkim-keys", type=Path, required=True)
    options = parser.parse_args()

    config, store = load_site(), MessageStore()
    inbound = Listen(host=HOST, port=options.inbound_port)
    configure(config, Mailbox(store, inbound, options.inbound_address, options.dkim_keys))
    application = with_static(get_wsgi_application(), root=config.static_dir, site="people", https=False)
    names = DnsServer(dkim_records(options.dkim_keys), host=HOST, port=options.dns_port)
    pages = make_server(HOST, options.http_port, application, server_class=_Server, handler_class=_Quiet)
    catcher = catch_mail(store, host=HOST, port=options.smtp_port)
    # From another thread, because `shutdown` waits for the loop that the handler interrupts.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=pages.shutdown).start())
    with names, pages:
        pages.serve_forever(poll_interval=0.1)
    catcher.stop()


if __name__ == "__main__":
    main()
