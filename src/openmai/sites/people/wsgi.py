"""The WSGI application of the people site, static files in front."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.people.settings")
_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django must be set up first

from openmai.web.static import with_static  # noqa: E402

application = with_static(
    _application,
    root=settings.OPENMAI.static_dir,
    site="people",
    https=settings.OPENMAI.people_origin.startswith("https:"),
)
