"""The one Jinja2 environment behind mail, page and text templates.

Templates see ``edition`` (already cut), ``variant``, ``publication``, ``theme``,
``scene``, ``has_page``, ``color`` (light values), ``font``, ``size``, ``_`` and ``ngettext``
(a theme's sentence in the reader's language), ``hole(name)`` (a per-reader placeholder), and, in a block's own
template, ``block``. Logic stays at an ``if`` and a ``for``: what needs more is computed
in Python and handed over. A theme's own block may use ``block|shares`` (percentages for
bars) and ``refuse(message)`` (an error at its line in the edition).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mailer.edition.blocks import Block, Custom
from mailer.edition.model import Edition, Variant
from mailer.errors import ThemeError
from mailer.language import day_and_month, long_date, money, number, percent, speech
from mailer.phrases import say
from mailer.rendering.compiled import Compiled
from mailer.rendering.inline import shared_urls
from mailer.rendering.model import Scene
from mailer.rendering.personalise import hole
from mailer.rendering.shares import refusal, shares

_QUOTES = {"fr": ("«\u00a0", "\u00a0»"), "en": ("“", "”")}
_COLON = {"fr": "\u00a0:", "en": ":"}

_ASKED = re.compile(r"(?<!\{)\{(\w*)\}(?!\})")  # any other brace stands for itself
# Nothing before it that is a tag, an entity, a hole or a number.
_FIRST = re.compile(r"(?:&#\d+;|[^\w<&{])*([^\W\d_])")

_WAYS: dict[str, bool] = {
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": False,
}


def environment(
    edition: Edition,
    variant: Variant,
    scene: Scene,
    *,
    channel: str,
    filters: Mapping[str, Callable[..., object]],
) -> jinja2.Environment:
    """An environment for one rendering of one channel; escapes unless it is text."""
    env = ImmutableSandboxedEnvironment(
        loader=jinja2.DictLoader(scene.theme.templates),
        autoescape=channel != "txt",
        undefined=jinja2.StrictUndefined,
        bytecode_cache=Compiled((channel, *_WAYS.items()), scene.cache),
        **_WAYS,
    )
    lang = edition.lang or scene.publication.lang
    folder = "feed" if variant is Variant.FEED else "blocks"

    def render_block(block: Block, **context: object) -> Markup:
        """*block* through its own template of this channel."""
        name = f"{folder}/{block.template}.{channel}.j2"
        if name not in scene.theme.templates:
            name = f"blocks/{block.template}.{channel}.j2"
        if isinstance(block, Custom):
            context["refuse"] = lambda message: _refuse(block, message)
        text = template(env, name).render(block=block, **context)
        return Markup(text)

    env.filters.update(filters)
    env.filters["long_date"] = lambda day: long_date(day, lang)
    env.filters["day_and_month"] = lambda day: day_and_month(day, lang)
    env.filters["number"] = lambda value: number(value, lang)
    env.filters["percent"] = lambda value: percent(value, lang)
    env.filters["money"] = lambda value, currency: money(value, currency, lang)
    env.filters["capfirst"] = _capfirst
    env.filters["shares"] = lambda block: shares(block, lang)
    env.globals.update(
        edition=edition,
        variant=variant,
        publication=scene.publication,
        theme=scene.theme,
        scene=scene,
        color={name: light for name, (light, _) in scene.theme.colors.items()},
        font=scene.theme.fonts,
        size=scene.theme.sizes,
        lang=lang,
        hole=hole,
        shared=shared_urls(scene),
        welcome=_welcome(edition, scene, lang),
        quotes=_QUOTES[lang],
        colon=_COLON[lang],
        has_page=has_page(edition, scene),
        inside="",
        lead=None,
        before="",
        after="",
        render_block=render_block,
        **speech(scene.sentences),
    )
    return env


def has_page(edition: Edition, scene: Scene) -> bool:
    """Whether *edition* can be read on the web, by somebody at least."""
    return bool(scene.public_url) and edition.archive != "none"


def _refuse(block: Custom, message: str) -> NoReturn:
    raise refusal(block, say("{name}: {message}", name=block.name, message=message))


def _welcome(edition: Edition, scene: Scene, lang: str) -> str:
    """The dated line of greeting; its date is computed, never typed."""
    publication = scene.publication
    known = {"name": publication.name, "date": long_date(edition.date, lang)}
    try:
        return _ASKED.sub(lambda asked: known[asked[1]], publication.welcome)
    except KeyError as error:
        message = say(
            "welcome: {welcome} asks for {error}",
            welcome=repr(publication.welcome),
            error=error,
        )
        hint = say("{name} and {date} are filled in")
        raise ThemeError(message, file="config/mailer.toml", hint=hint) from error


def _capfirst(text: str) -> str:
    """*text* with a capital at its beginning, markup untouched."""
    found = _FIRST.match(str(text))
    if found is None:
        return text
    at = found.start(1)
    raised = str(text)[:at] + found[1].upper() + str(text)[at + 1 :]
    return Markup(raised) if isinstance(text, Markup) else raised


def renderer(env: jinja2.Environment) -> Callable[..., Markup]:
    """What renders one block in *env*: ``render(block, **context)``."""
    found: Callable[..., Markup] = env.globals["render_block"]  # type: ignore[assignment]  # put there above
    return found


def template(env: jinja2.Environment, name: str) -> jinja2.Template:
    """The template *name*; ThemeError with its line when it cannot be used."""
    try:
        return env.get_template(name)
    except jinja2.TemplateNotFound as error:
        message = say("the theme has no template {name}", name=error.name)
        raise ThemeError(message, file=name) from error
    except jinja2.TemplateSyntaxError as error:
        said = say("template cannot be read")
        if error.message:
            said = say("template cannot be read: {error}", error=error.message)
        raise ThemeError(said, file=error.name or name, line=error.lineno) from error
