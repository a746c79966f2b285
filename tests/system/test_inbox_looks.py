"""The shipped themes in a real browser: what a reader's screen would show."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from mailer.edition.model import Variant
from mailer.rendering.render import render
from tests.browser import FLAGS, chromium
from tests.fakes import specimen

pytestmark = pytest.mark.browser

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
TAPPED = """Array.from(document.querySelectorAll('a[style*="inline-block"]'))
    .map(link => link.getBoundingClientRect().height)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(FLAGS)
        )
        yield browser
        browser.close()


def page_of(theme: str, variant: Variant) -> str:
    made = render(specimen.edition(), variant, specimen.scene(theme)).html
    made = re.sub(r"https://lettres\.example\.org/media/[^\"]+", PICTURE, made)
    return re.sub(r"\{\{ (\w+) \}\}", lambda hole: html.escape(hole[1]), made)


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
@pytest.mark.parametrize("variant", [Variant.FREE, Variant.WEB])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_on_a_phone_and_on_a_desk(
    browser, theme, variant, scheme
) -> None:
    """Nothing runs over the edge, no text is faint or tiny, buttons suit a thumb."""
    page = browser.new_page(color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(page_of(theme, variant))
    for width in (320, 375, 680, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) <= 0, width
    assert page.evaluate(FAINT) == []
    heights = page.evaluate(TAPPED)
    assert all(height >= 44 for height in heights)
    assert heights or not variant.is_mail
    page.close()


@pytest.mark.parametrize("theme", ["presse", "pop", "texte"])
def test_a_mail_stands_without_style_sheets_and_pictures(browser, theme) -> None:
    """Where a client drops both, the letter still is a letter, in its own colours."""
    page = browser.new_page(color_scheme="dark")
    page.route("**/*", lambda route: route.abort())
    page.set_content(
        page_of(theme, Variant.FREE).replace(PICTURE, "https://a.example/")
    )
    page.evaluate(BARE)
    for width in (375, 680):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) <= 0, width
    assert page.evaluate(FAINT) == []
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
