"""The gallery in a real browser: what a reader's screen would show on a bad day."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mailer.edition.model import Variant
from mailer.rendering.model import Frozen
from mailer.workspace.gallery import Gallery
from tests.browser import FLAGS, chromium
from tests.fakes.specimen import TEMPLATES

pytestmark = pytest.mark.browser

THEMES = pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])

# A picture that needs no wire, as wide as the themes ask for.
PICTURE = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='1120' "
    "height='560'><rect width='1120' height='560' fill='gray'/></svg>"
)

# The texts on the page that are too faint on the ground behind them, or too small.
FAINT = r"""() => {
  const rgb = (css) => css.match(/[\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(node).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return canvas;
  };
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.backgroundColor = 'Canvas';  // what a page without a ground stands on
  const canvas = rgb(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), node = walker.currentNode.parentElement;
    const box = node.getBoundingClientRect(), style = getComputedStyle(node);
    if (!/[\p{L}\p{N}]/u.test(text) || !box.width || style.opacity === '0') continue;
    const lights = [light(rgb(style.color).slice(0, 3)), light(ground(node))];
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (ratio < 4.5) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
    if (parseFloat(style.fontSize) < 12) found.push(`${text.slice(0, 40)}: small`);
  }
  return found;
}"""
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
BARE = "document.querySelectorAll('style').forEach(sheet => sheet.remove())"
# What a client does that recolours by itself, as browsers do it where they are forced
# to: light grounds and dark texts change sides by the lightness the eye sees.
FORCED = r"""() => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const painted = (css) => {
    pen.fillStyle = css;
    pen.fillRect(0, 0, 1, 1);
    return `rgb(${[...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).join(', ')})`;
  };
  const lightness = (css) => {
    const [r, g, b] = css.match(/[\d.]+/g).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return y > 0.008856 ? 1.16 * Math.cbrt(y) - 0.16 : 9.033 * y;
  };
  const put = (node, key, css, to) => node.style.setProperty(
    key, painted(`lch(from ${css} ${to * 100} calc(c * 0.8) h)`), 'important');
  document.body.style.backgroundColor ||= 'rgb(255, 255, 255)';
  const looks = [...document.querySelectorAll('body, body *')].map((node) => {
    const { color, backgroundColor } = getComputedStyle(node);
    return [node, color, backgroundColor];
  });
  for (const [node, color, ground] of looks) {
    const light = lightness(ground), dark = lightness(color);
    const is_painted = !/, 0\)$/.test(ground);
    if (is_painted && light > 0.5) {
      put(node, 'background-color', ground, 0.12 + (1 - light) * 0.75);
    }
    if (dark < 0.5) put(node, 'color', color, 0.95 - dark * 0.5);
  }
}"""
# Links that are buttons or stand alone, by what a finger can hit.
SMALL = r"""() => [...document.querySelectorAll('a')]
  .filter((a) => /inline-block|display:block/.test(a.getAttribute('style') || ''))
  .map((a) => [a.textContent.trim(), a.getBoundingClientRect().height])
  .filter(([, height]) => height < 43.5)"""
CUT = r"""() => [...document.querySelectorAll('td, p, h1, h2, h3, a, li')]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0
    && getComputedStyle(node).display !== 'inline')
  .map((node) => node.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@cache
def frozen(theme: str, media: Path) -> Frozen:
    return Gallery(theme, templates=[TEMPLATES], media=media).frozen("tout")


def source(theme: str, media: Path, variant: Variant) -> str:
    made = frozen(theme, media).rendering(variant).html
    made = re.sub(r"https://galerie\.example/media/[^\"]+", PICTURE, made)
    return re.sub(r"\{\{ (\w+) \}\}", lambda hole: html.escape(hole[1]), made)


def opened(browser: Browser, content: str, scheme: str = "light") -> Page:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]  # light, dark
    page.route("**/*", lambda route: route.abort())
    page.set_content(content)
    return page


@THEMES
@SCHEMES
@pytest.mark.parametrize("variant", [Variant.FREE, Variant.MEMBER, Variant.WEB])
def test_every_block_can_be_read_at_every_width(
    browser, media, theme, scheme, variant
) -> None:
    """Nothing over the edge, nothing cut, no faint or tiny word; fingers hit the links."""
    page = opened(browser, source(theme, media, variant), scheme)
    for width in (320, 375, 680, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) <= 0, width
        assert page.evaluate(CUT) == [], width
    assert page.evaluate(FAINT) == []
    assert page.evaluate(SMALL) == []
    page.close()


@THEMES
@SCHEMES
def test_a_mail_without_sheets_keeps_its_own_colours(
    browser, media, theme, scheme
) -> None:
    """Some clients drop every style sheet: layout and colours stand on the elements."""
    page = opened(browser, source(theme, media, Variant.FREE), scheme)
    page.evaluate(BARE)
    for width in (320, 375, 680):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) <= 0, width
    assert page.evaluate(FAINT) == []
    page.close()


@THEMES
def test_colours_turned_by_force_can_be_read(browser, media, theme) -> None:
    """Gmail knows no dark sheet and turns colours itself: words stay readable.

    What it does is not written down anywhere: this is how browsers do it.
    """
    page = opened(browser, source(theme, media, Variant.FREE))
    page.set_viewport_size({"width": 375, "height": 900})
    page.evaluate(FORCED)
    assert page.evaluate(FAINT) == []
    page.close()


@THEMES
def test_letters_twice_as_large_do_not_run_over(browser, media, theme) -> None:
    """Who reads with large letters reads everything, without scrolling sideways."""
    page = opened(browser, source(theme, media, Variant.FREE))
    page.set_viewport_size({"width": 375, "height": 900})
    page.evaluate("document.documentElement.style.zoom = 2")
    assert page.evaluate(OVERFLOW) <= 0
    page.close()


@THEMES
def test_where_pictures_are_blocked_their_words_stand_in_their_place(
    browser, media, theme
) -> None:
    """The alternative text is there and readable, the place is kept: nothing jumps."""
    made = source(theme, media, Variant.FREE)
    page = opened(browser, made)
    page.set_viewport_size({"width": 375, "height": 900})
    shown = page.evaluate("document.documentElement.scrollHeight")
    page.close()
    page = opened(browser, made.replace(PICTURE, "https://a.example/x.jpg"))
    page.set_viewport_size({"width": 375, "height": 900})
    assert page.evaluate(OVERFLOW) <= 0
    blocked = page.evaluate("document.documentElement.scrollHeight")
    if theme != "texte":  # there, pictures stand in the text and go with it
        assert abs(blocked - shown) < 0.02 * shown
    for words in ("trois oiseaux", "fenêtres allumées"):
        image = page.locator(f"img[alt*='{words}']")
        size = image.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
        assert size >= 13
    page.close()


def test_the_judge_sees_what_is_faint_and_what_is_tiny(browser) -> None:
    """A judge that lets everything pass would prove nothing."""
    page = browser.new_page()
    page.set_content(
        '<div style="background:#222"><p style="color:#333">faint</p></div>'
        '<p style="font-size:9px">tiny</p><p>fine</p><p style="color:#999">pale</p>'
    )
    found = page.evaluate(FAINT)
    assert [line.split(":")[0] for line in found] == ["faint", "tiny", "pale"]
    page.close()
