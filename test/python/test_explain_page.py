"""The page of `einfall explain` in a browser: it draws, complains of nothing, and a phone or a keyboard is enough."""

import pytest

import browser
from paths import ROOT

ATTENTION = ROOT / "test" / "python" / "attention.mlir"
needs_browser = pytest.mark.skipif(not browser.find(), reason="NOT RUN: no chromium (./dev setup --optional installs it)")
pytestmark = needs_browser
FITS = "document.documentElement.scrollWidth <= innerWidth"
FOCUSED = "document.activeElement.tagName + ' ' + (document.activeElement.textContent || '').slice(0, 40)"


@pytest.fixture(scope="module")
def pages(einfall_command, tiny_llama, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, source, options in (("attention", ATTENTION, ("--peak-gflops", "147", "--bandwidth", "20")),
                                  ("llama", tiny_llama, ())):
        done = einfall_command("explain", source, "-o", folder / f"{name}.html", *options)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(chromium):
    chromium.errors.clear()
    yield
    assert chromium.errors == []


@pytest.mark.parametrize("name", ("attention", "llama"))
@pytest.mark.parametrize("width", (390, 1200))
@pytest.mark.parametrize("dark", (False, True))
def test_fits_and_draws(chromium, pages, name, width, dark):
    chromium.open(pages / f"{name}.html", width=width, dark=dark)
    assert chromium.evaluate(FITS)
    chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.evaluate(FITS), "what opens fits too"
    # Nothing but boxes that scroll by themselves is wider than the screen.
    assert chromium.evaluate("""[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg') &&
        e.getBoundingClientRect().right > innerWidth + 1 && !e.matches('.skip')).map(e => e.outerHTML.slice(0, 80))""") == []
    entries = chromium.evaluate("document.querySelectorAll('section').length")
    # The one kernel of attention has no temporaries to draw.
    placed = name != "attention"
    assert chromium.evaluate("document.querySelectorAll('svg').length") == (1 + placed) * entries
    assert chromium.evaluate("[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().height > 40)")
    assert (chromium.evaluate("document.querySelectorAll('.buf').length") > 0) == placed
    text, ground = chromium.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    light = [sum(map(int, c[4:-1].split(","))) > 380 for c in (text, ground)]
    assert light == [dark, not dark]


def test_headings_and_names(chromium, pages):
    chromium.open(pages / "llama.html")
    levels = chromium.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), "no level is left out"
    assert chromium.evaluate("document.documentElement.lang") == "en"
    assert chromium.evaluate("[...document.querySelectorAll('svg, .scroll')].every(e => e.getAttribute('aria-label'))")
    assert chromium.evaluate("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.getAttribute('href')))")


def test_every_launch_is_listed(chromium, pages, einfall_command, tiny_llama):
    import json

    chromium.open(pages / "llama.html")
    shown = chromium.evaluate("""[...document.querySelectorAll('section')].map(s =>
        [...s.querySelectorAll('[aria-label="Every launch in order"] tbody tr')].map(r => r.cells[1].textContent))""")
    manifest = json.loads(einfall_command("inspect", tiny_llama, "--json").stdout)
    assert shown == [[step["program"] for step in entry["steps"]] for entry in manifest["entries"]]
    counts = chromium.evaluate("""[...document.querySelectorAll('section')].map(s => [...s.querySelectorAll(
        '.kernels summary .v:nth-child(2)')].map(v => v.textContent ? +v.textContent.slice(1) : 1).reduce((a, b) => a + b))""")
    assert counts == [len(steps) for steps in shown]


def test_a_keyboard_is_enough(chromium, pages):
    chromium.open(pages / "attention.html")
    stops = []
    for _ in range(60):
        chromium.press("Tab", 9)
        stops.append(chromium.evaluate(FOCUSED))
        if stops[-1].startswith("SUMMARY reduce_0"):
            break
    assert stops[0] == "A Skip to the report"
    assert any(s.startswith("SUMMARY reduce_0") for s in stops), stops
    assert chromium.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    before = chromium.evaluate("document.activeElement.parentElement.open")
    chromium.press("Enter", 13, "\r")
    assert chromium.evaluate("document.activeElement.parentElement.open") != before
