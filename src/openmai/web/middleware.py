"""Middleware that both sites run first."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from openmai.web.security import security_headers


class SecurityHeaders:
    """Puts the site's security headers on every response. A header that a view has set itself is overwritten:
    no page may loosen the policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._headers = security_headers(settings.OPENMAI_SITE, https=settings.OPENMAI_HTTPS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in self._headers.items():
            response[name] = value
        return response
