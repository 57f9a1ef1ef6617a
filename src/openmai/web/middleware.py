"""Middleware that both sites run first."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed

from openmai.web.security import WITH_CAMERA, security_headers
from openmai.web.views import method_not_allowed

_CAMERA = "_openmai_may_use_camera"


class SecurityHeaders:
    """Puts the site's security headers on every response. A header that a view has set itself is overwritten:
    no page may loosen the policy, but for the camera, by `may_use_camera`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._headers = security_headers(settings.OPENMAI_SITE, https=settings.OPENMAI_HTTPS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in self._headers.items():
            response[name] = value
        if getattr(response, _CAMERA, False):
            response["Permissions-Policy"] = WITH_CAMERA
        return response


def may_use_camera(response: HttpResponse) -> HttpResponse:
    """Let this page ask for the camera."""
    setattr(response, _CAMERA, True)
    return response


class ErrorPages:
    """Gives the framework's bare "405" a page. Stands after the language is known, and inside of the API's
    answers, which make a problem of it where a program asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = method_not_allowed(request)
        page["Allow"] = response["Allow"]
        return page
