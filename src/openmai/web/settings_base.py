"""The settings that both sites share. A site's settings module reads its configuration and calls
`shared_settings`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from openmai.platform.config import Contact
from openmai.web.navigation import NavItem
from openmai.web.security import Site

PACKAGE = Path(__file__).resolve().parent.parent

# Order matters: headers go on last, on whatever the rest answers; the language is known before the view.
MIDDLEWARE = (
    "openmai.web.middleware.SecurityHeaders",
    "django.middleware.locale.LocaleMiddleware",
    "openmai.web.middleware.ErrorPages",
    "django.middleware.common.CommonMiddleware",
)


# openmai.web.middleware.SecurityHeaders does what Django's own two would.
SILENCED = ("security.W001", "security.W002")

_SAME_EVERYWHERE: Final = {
    "FORM_RENDERER": "django.forms.renderers.DjangoTemplates",
    "LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
    "LANGUAGE_CODE": "en",
    "LOCALE_PATHS": [str(PACKAGE / "locale")],
    "USE_I18N": True,
    "USE_TZ": True,
    "APPEND_SLASH": True,
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "SILENCED_SYSTEM_CHECKS": list(SILENCED),
}


def shared_settings(
    *,
    site: Site,
    people_origin: str,
    talk_origin: str,
    static_dir: Path,
    demo: bool,
    time_zone: str,
    contact: Contact | None = None,
    navigation: Sequence[NavItem] = (),
    context_processors: Sequence[str] = (),
    debug: bool = False,
) -> dict[str, Any]:
    """Django settings, name → value, for `globals().update(…)`.

    Origins have no trailing slash. The site adds SECRET_KEY, DATABASES, INSTALLED_APPS (with "openmai.web"),
    MIDDLEWARE (beginning with this module's), ROOT_URLCONF and its own hosts.
    """
    own = urlsplit(people_origin if site == "people" else talk_origin)
    return _SAME_EVERYWHERE | {
        "OPENMAI_SITE": site,
        "OPENMAI_HTTPS": own.scheme == "https",
        "OPENMAI_STATIC_DIR": str(static_dir),
        "OPENMAI_DEMO": demo,
        "OPENMAI_CONTACT": contact,
        "OPENMAI_NAVIGATION": tuple(navigation),
        "PEOPLE_ORIGIN": people_origin,
        "TALK_ORIGIN": talk_origin,
        "DEBUG": debug,
        "ALLOWED_HOSTS": [own.hostname],
        "MIDDLEWARE": list(MIDDLEWARE),
        "TEMPLATES": _templates(context_processors),
        "TIME_ZONE": time_zone,
    }


def _templates(context_processors: Sequence[str]) -> list[dict[str, Any]]:
    """Jinja2 for pages; Django's own templates only where a library brings them (mail bodies)."""
    processors = ["openmai.web.context.page", *context_processors]
    return [
        {
            "NAME": "jinja2",
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "APP_DIRS": True,
            "OPTIONS": {
                "environment": "openmai.web.environment.environment",
                "context_processors": processors,
            },
        },
        {
            "NAME": "django",
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        },
    ]
