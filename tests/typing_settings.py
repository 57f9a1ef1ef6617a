"""Settings for the type checker alone: every application of both sites, so that it knows all models.

No process runs with them. mypy's Django plugin reads the names and types; `make check` needs no environment.
"""

from openmai.demo.mailbox.views import Mailbox
from openmai.platform.config import Contact, PeopleConfig
from openmai.talk.rules import Rules
from openmai.web.navigation import NavItem
from openmai.web.security import Site

SECRET_KEY = "for types only"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "openmai.web",
    "openmai.companies",
    "openmai.people",
    "openmai.talk",
]
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
AUTH_USER_MODEL = "people.Member"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None

PEOPLE_ORIGIN: str
TALK_ORIGIN: str
MAILBOX: Mailbox
OPENMAI: PeopleConfig
OPENMAI_NAVIGATION: tuple[NavItem, ...]
OPENMAI_RULES: Rules
OPENMAI_SITE: Site
OPENMAI_HTTPS: bool
OPENMAI_DEMO: bool
OPENMAI_CONTACT: Contact | None
OPENMAI_STATIC_DIR: str
OPENMAI_API_PATHS: str
