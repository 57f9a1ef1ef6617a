"""Django settings of the talk site. No accounts, sessions, messages or cookies: the applications are not
installed.
"""

import secrets

from django.utils.translation import gettext_lazy as _

from openmai.anonymity.limits import MAX_BODY
from openmai.platform.config import load_talk
from openmai.platform.database import django_database
from openmai.platform.logging import logging_config
from openmai.talk.rules import Rules
from openmai.web.navigation import NavItem
from openmai.web.settings_base import SILENCED, shared_settings

_config = load_talk()

globals().update(
    shared_settings(
        site="talk",
        people_origin=_config.people_origin,
        talk_origin=_config.talk_origin,
        static_dir=_config.static_dir,
        demo=_config.demo,
        time_zone=_config.time_zone,
        contact=_config.contact,
        navigation=(
            NavItem(view="talk:front", label=_("Latest"), icon="talk"),
            NavItem(view="talk:compose", label=_("Write"), icon="write"),
            NavItem(view="talk:outbox", label=_("Outbox"), icon="outbox"),
            NavItem(view="talk:identity", label=_("Identity"), icon="mask"),
            NavItem(view="talk:about", label=_("About"), icon="about"),
        ),
    )
)

# No cookie that a forged request could ride on, so no token against it.
SILENCED_SYSTEM_CHECKS = [*SILENCED, "security.W003"]

INSTALLED_APPS = ["openmai.web", "openmai.talk"]
MIDDLEWARE = [
    "openmai.web.middleware.SecurityHeaders",
    "openmai.api.middleware.ApiAnswers",
    "django.middleware.locale.LocaleMiddleware",
    "openmai.web.middleware.ErrorPages",
    "django.middleware.common.CommonMiddleware",
]
# A proof file is the same in every language, too.
OPENMAI_API_PATHS = r"(?s)/(?:api|rosters|log)/.*|.*/proof\.json"
ROOT_URLCONF = "openmai.sites.talk.urls"
_database = django_database(_config.database_url)
# Prepared once for each connection: planning a page's statement costs more than running it.
_database["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 2}
# Reads open a closed connection again themselves (openmai.talk.queries.database).
DATABASES = {"default": _database | {"CONN_HEALTH_CHECKS": False}}
# Django wants one; nothing here is signed with it, so it need not outlive the process.
SECRET_KEY = secrets.token_urlsafe(48)

OPENMAI_RULES = Rules.from_config(_config)

DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY
FILE_UPLOAD_HANDLERS: list[str] = []
LOGGING = logging_config()
