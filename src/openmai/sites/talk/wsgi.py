"""Entry point of the server: `granian --interface wsgi --workers 1 openmai.sites.talk.wsgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.talk.settings")

from openmai.talk.serving import build_application

application = build_application()
