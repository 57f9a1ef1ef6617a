"""The shared web layer as a Django application: it brings templates and checks, and no models."""

from django.apps import AppConfig
from django.core import checks


class WebConfig(AppConfig):
    name = "openmai.web"
    label = "web"

    def ready(self) -> None:
        from openmai.web.checks import check_static  # settings must be ready first

        checks.register(check_static, checks.Tags.staticfiles, deploy=True)
