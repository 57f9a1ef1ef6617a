"""The Jinja2 environment of both sites."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined

from openmai.web import faces, filters
from openmai.web.glyph import glyph_svg
from openmai.web.static import asset


def url(view: str, **kwargs: Any) -> str:
    """Address of a view by its URL name, in the language now active."""
    return reverse(view, kwargs=kwargs or None)


def environment(**options: Any) -> Environment:
    """The environment that Django's Jinja2 backend asks for.

    A name that is not in the context is an error, not an empty string; `{% trans %}` blocks are trimmed;
    translation is Django's own, so that page, form and mail share one catalogue.
    """
    options["undefined"] = StrictUndefined
    options["extensions"] = [*options.get("extensions", ()), "jinja2.ext.i18n", "jinja2.ext.do"]
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    env = Environment(**options)  # noqa: S701 - Django's backend passes autoescape=True
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined] # added by the extension
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.globals.update(asset=asset, url=url, glyph=glyph_svg, hue=faces.hue, initials=faces.initials)
    env.filters.update(
        coarse_time=filters.coarse_time,
        exact_time=filters.exact_time,
        paragraphs=filters.paragraphs,
        grouped=filters.grouped,
    )
    return env
