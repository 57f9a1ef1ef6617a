"""A database URL as an entry of Django's DATABASES."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr


def django_database(url: SecretStr) -> dict[str, Any]:
    """Persistent connections, because opening one costs more than a page. The URL is libpq's, sockets too."""
    known = conninfo_to_dict(url.get_secret_value())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": known.pop("dbname"),
        "USER": known.pop("user", ""),
        "PASSWORD": known.pop("password", ""),
        "HOST": known.pop("host", ""),
        "PORT": str(known.pop("port", "")),
        "OPTIONS": known,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
