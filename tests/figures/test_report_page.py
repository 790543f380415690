"""The report is one file that needs nothing but a browser, and shows what it is given without executing it."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from artifacts.files import write_text
from figures.report.contents import Claim, DrawnFigure, Simulation, Summary, Witness
from figures.report.formula import formula
from figures.report.page import page, percent, short
from theory.statements import STATEMENTS

EVIL = "<script>document.title='stolen'</script>"
SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36">'
    '<metadata>made somewhere</metadata><defs><path id="dot" d="M0 0"/></defs><use href="#dot"/></svg>'
)
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def summary(made_up_benchmark) -> Summary:
    return Summary(
        claims=(
            Claim(
                name="made_up",
                source=EVIL,
                status="proved here and verified",
                examples=3,
                violations=0,
                smallest_slack=0.25,
                claim=EVIL,
                latex=r"a \le b",
                premises="a < b & b > 0",
                proof=None,
                published=True,
                witnesses=(Witness(name="corner", shows=EVIL, slack=-0.5),),
            ),
        ),
        simulations=(Simulation(name="toy", title=EVIL, seconds=1.5, solved_by=("integrated",)),),
        benchmark=tuple(made_up_benchmark.rows),
        sets=tuple(made_up_benchmark.sets),
        backbone={"command": EVIL},
        figures=tuple(
            DrawnFigure(name=name, title=name, caption=f"First.\n\n{EVIL}", sources=("toy",), files=(f"{name}.svg",))
            for name in ("one", "two")
        ),
        environment={
            "python": "3",
            "platform": "p",
            "devices": ["cpu"],
            "versions": {"jax": None},
            "git_revision": None,
            "git_dirty": None,
        },
        scale="quick",
        seconds=12.5,
    )


@pytest.fixture
def html(summary, tmp_path) -> str:
    for figure in summary.figures:
        write_text(tmp_path / f"{figure.name}.svg", SVG)
    return page(summary, tmp_path)


class Elements(HTMLParser):
    """Every element with its attributes; complains about elements that are closed out of order."""

    void = frozenset({"meta", "link", "img", "br", "hr", "input", "path", "use", "rect"})

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open.pop() == tag


def test_page_asks_nothing_of_the_network(html):
    for tag, attributes in Elements(html).found:
        assert tag not in {"script", "link", "iframe", "img"}
        for name in ("src", "href", "xlink:href", "action"):
            assert not attributes.get(name) or attributes[name].startswith("#")
    assert "default-src 'none'" in html
    assert not re.search(r"url\((?!#)", html)
    assert "@import" not in html


def test_page_is_well_formed_and_names_are_unique(html):
    elements = Elements(html)
    assert elements.open == []
    names = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(names) == len(set(names))
    targets = {attributes["href"][1:] for _, attributes in elements.found if attributes.get("href")}
    assert targets <= set(names)


def test_whatever_comes_from_data_is_escaped(html):
    assert EVIL not in html
    assert html.count("&lt;script&gt;") >= 6
    assert "a &lt; b &amp; b &gt; 0" in html


def test_figures_are_inline_with_their_captions_and_data(html):
    figures = [
        attributes for tag, attributes in Elements(html).found if tag == "svg" and "aria-labelledby" in attributes
    ]
    assert [figure["aria-labelledby"] for figure in figures] == ["caption-one", "caption-two"]
    assert 'href="#one-dot"' in html
    assert "made somewhere" not in html
    assert "distort figures one --from DIR" in html


def test_page_shows_status_examples_violations_slack_and_witness(html):
    row = html[html.index('id="claim-made_up"') :]
    for shown in ("proved here and verified", ">3<", ">0<", ">0.25<", "corner", "slack -0.5"):
        assert shown in row


def test_table_shows_intervals(html):
    assert "90.0 ± 3.0" in html
    assert percent(0.5) == "50.0"
    assert short(None) == "–"


def test_missing_picture_is_an_error(summary, tmp_path):
    with pytest.raises(FileNotFoundError):
        page(summary, tmp_path)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_every_formula_can_be_set(statement):
    picture = formula(statement.latex)
    assert picture.startswith("<svg")
    assert Elements(picture).found[0][1]["aria-label"] == statement.latex


def test_formula_that_cannot_be_set_is_an_error():
    with pytest.raises(ValueError, match="nonsense"):
        formula(r"\nonsense")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (apt-get install chromium)")
@pytest.mark.parametrize("width", [390, 1280])
def test_page_fits_a_phone_and_a_desk_in_a_real_browser(html, tmp_path, width):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra [test]")
    path = Path(tmp_path / "report.html")
    write_text(path, html)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            sheet = context.new_page()
            complaints, requests = [], []
            sheet.on("console", lambda message, to=complaints: to.append(message.text))
            sheet.on("request", lambda request, to=requests: to.append(request.url))
            sheet.goto(path.as_uri())
            assert complaints == []
            assert requests == [path.as_uri()]
            assert sheet.title().startswith("Feature distortion")
            assert sheet.evaluate("document.documentElement.scrollWidth") == width
            ground = sheet.evaluate("getComputedStyle(document.body).backgroundColor")
            red = int(re.search(r"\d+", ground).group())
            assert (red < 64) == (scheme == "dark")
            box = sheet.locator("svg[aria-labelledby]").first.bounding_box()
            assert box["width"] > 100
        browser.close()
