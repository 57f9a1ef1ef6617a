"""Django settings for a process that fuzzes: the talk site's, with fresh keys and no database behind."""

import os

import django
from tests.clusters import site_environment


def set_up() -> None:
    """Once, before anything of the talk site is imported."""
    for name, value in site_environment().items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OPENMAI_TALK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    os.environ["DJANGO_SETTINGS_MODULE"] = "openmai.sites.talk.settings"
    django.setup()
