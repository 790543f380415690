"""The report is one file that needs nothing but a browser, and shows what it is given without executing it."""

import re
import tomllib
from fnmatch import fnmatch
from html.parser import HTMLParser
from pathlib import Path

import pytest

from artifacts.files import write_text
from figures.report.contents import Stage
from figures.report.formula import formula
from figures.report.page import page
from figures.report.script import MODULES, content_hash, script
from figures.report.tables import columns, kind_of_status, percent, run_links, short
from theory.statements import STATEMENTS, Status

EVIL = "<script>document.title='stolen'</script>"


class Elements(HTMLParser):
    """Every element with its attributes; complains about elements that are closed out of order."""

    void = frozenset({"meta", "link", "img", "br", "hr", "input", "path", "use", "rect", "image"})

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


def test_page_asks_nothing_of_the_network(report):
    for tag, attributes in Elements(report).found:
        assert tag not in {"link", "iframe", "img"}
        for name in ("src", "href", "xlink:href", "action"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png", "benchmark/", "simulations/")), address
    assert "default-src 'none'" in report
    assert not re.search(r"url\((?!#)", report)
    assert "@import" not in report


def test_only_the_pages_own_script_may_run(report):
    elements = Elements(report)
    assert [attributes for tag, attributes in elements.found if tag == "script"] == [{"type": "module"}]
    policy = next(
        attributes["content"] for tag, attributes in elements.found if attributes.get("http-equiv") and tag == "meta"
    )
    assert f"script-src '{content_hash(script())}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1]
    inline = report[report.index('<script type="module">') + len('<script type="module">') : report.index("</script>")]
    assert inline == script()
    assert not re.search(r"\son[a-z]+=", report.split("<script")[0])


def test_modules_are_joined_without_imports_and_no_name_twice():
    text = script()
    assert not re.search(r"^(import|export)\b", text, flags=re.MULTILINE)
    names = re.findall(r"^(?:function|const) (\w+)", text, flags=re.MULTILINE)
    assert len(names) == len(set(names))
    assert len(MODULES) == 6


def test_page_is_well_formed_and_names_are_unique(report):
    elements = Elements(report)
    assert elements.open == []
    names = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(names) == len(set(names))
    targets = {
        attributes["href"][1:] for _, attributes in elements.found if (attributes.get("href") or "").startswith("#")
    }
    assert targets <= set(names)


def test_whatever_comes_from_data_is_escaped(report):
    assert EVIL not in report
    assert report.count("&lt;script&gt;") >= 6
    assert "a &lt; b &amp; b &gt; 0" in report


def test_figures_are_inline_with_caption_note_and_data(report, summary):
    figures = [
        attributes for tag, attributes in Elements(report).found if tag == "svg" and "aria-labelledby" in attributes
    ]
    assert {figure["aria-labelledby"] for figure in figures} == {f"caption-{one.name}" for one in summary.figures}
    assert 'href="#one-dot"' in report
    assert "made somewhere" not in report
    assert "distort figures one --from DIR" in report
    assert "what the data say" in report


def test_agreement_of_theory_and_benchmark_is_a_table(report):
    table = report[report.index('aria-label="Agreement of theory and benchmark"') :]
    for part in ('href="#figure-one"', 'data-value="-0.25"', "−0.25", ">12<"):
        assert part in table


def test_page_shows_status_examples_violations_slack_and_witness(report):
    row = report[report.index('id="claim-made_up"') :]
    for shown in ("proved here and verified", ">3<", ">0<", ">0.25<", "corner", "slack -0.5"):
        assert shown in row
    assert re.search(r"1 claims.*1 <span[^>]*>proved here and verified</span>", report)


def test_runs_behind_every_number_are_linked(report, summary):
    for run in summary.benchmark[0].runs:
        assert f'href="benchmark/{run}/"' in report
    assert run_links(["../secret", "/etc", "runs/a b"]) == [
        ("", "secret"),
        ("", "etc"),
        ("benchmark/runs/a%20b/", "a b"),
    ]
    assert run_links(["javascript:alert(1)"])[0][0].startswith("benchmark/")


def test_published_numbers_stand_beside_the_measured_ones(report, summary):
    (column,) = columns(summary)
    assert [cell.published.accuracy for cell in column.cells] == pytest.approx([0.65, 0.55, 0.7])
    assert "(65.0?)" in report
    assert "(55.0)" in report
    small = summary.datasets[0].model_copy(update={"miniature": True})
    (column,) = columns(summary.model_copy(update={"datasets": (small,)}))
    assert [cell.published for cell in column.cells] == [None] * 3


def test_table_shows_intervals():
    assert percent(0.9, 0.03) == "90.0 ± 3.0"
    assert percent(0.5) == "50.0"
    assert short(None) == "–"


def test_every_status_has_a_colour():
    kinds = {status: kind_of_status(status) for status in Status}
    assert kinds[Status.PROVED] == kinds[Status.AS_PUBLISHED] == "true"
    assert kinds[Status.FALSE] == kinds[Status.VIOLATED] == "false"
    assert kinds[Status.UNVERIFIED] == kinds[Status.CONJECTURED] == "open"


def test_page_without_benchmark_and_with_figures_passed_over_says_what_to_run(summary, tmp_path):
    stage = Stage(name="figure norm_modes", built=False, reason="run `distort bench`", no_data=True)
    lean = summary.model_copy(
        update={"benchmark": (), "datasets": (), "sets": (), "figures": (), "stages": (stage,), "simulations": ()}
    )
    html = page(lean, tmp_path)
    assert "No benchmark has been run" in html
    assert "figure norm_modes" in html
    assert Elements(html).open == []


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


@pytest.fixture(scope="module")
def address(report, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_text(path, report)
    return path.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone_and_a_desk_in_a_real_browser(browser, address, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sheet = context.new_page()
    complaints, requests = [], []
    sheet.on("console", lambda message: complaints.append(message.text))
    sheet.on("pageerror", lambda error: complaints.append(str(error)))
    sheet.on("request", lambda request: requests.append(request.url))
    sheet.goto(address)
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    assert sheet.title().startswith("Feature distortion")
    assert sheet.evaluate("document.documentElement.scrollWidth") == width
    ground = sheet.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", ground).group()) < 64) == (scheme == "dark")
    assert sheet.locator("svg[aria-labelledby]").first.bounding_box()["width"] > 100
    assert sheet.locator("[data-part='explorer']").is_visible()
    context.close()


def test_tables_sort_by_mouse_and_by_key(browser, address):
    sheet = browser.new_page()
    sheet.goto(address)
    table = sheet.locator("section#benchmark table").first

    def column(place: int) -> list[str]:
        return table.locator(f"tbody tr > :nth-child({place})").all_inner_texts()

    header = table.locator("thead th", has_text="ID").first
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    values = [float(text.split()[0]) for text in column(5)]
    assert values == sorted(values)
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert [float(text.split()[0]) for text in column(5)] == sorted(values, reverse=True)
    # What has no value (LP has C and no learning rate) stays last both ways.
    rate = table.locator("thead th", has_text="Learning rate")
    for _ in range(2):
        rate.locator("button").press("Space")
        assert column(4)[-1].startswith("C ")
    assert table.locator("[aria-sort]").count() == 1
    sheet.close()


def test_page_is_used_by_keyboard_and_printed(browser, address):
    sheet = browser.new_page(viewport={"width": 1000, "height": 800})
    sheet.goto(address)
    sheet.keyboard.press("Tab")
    assert sheet.evaluate("document.activeElement.className") == "skip"
    sheet.keyboard.press("Enter")
    assert sheet.evaluate("location.hash") == "#main"
    outline = sheet.evaluate(
        "(document.querySelector('nav a').focus(), getComputedStyle(document.activeElement).outlineStyle)"
    )
    assert outline != "none"
    sheet.emulate_media(media="print", color_scheme="dark")
    assert sheet.locator("nav").is_hidden()
    assert sheet.locator("#explorer .controls").is_hidden()
    assert sheet.evaluate("getComputedStyle(document.querySelector('.picture svg')).filter") == "none"
    assert sheet.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert len(sheet.pdf(format="A4")) > 10_000
    sheet.close()


def test_page_without_script_is_complete_but_for_the_explorer(browser, address):
    context = browser.new_context(java_script_enabled=False)
    sheet = context.new_page()
    sheet.goto(address)
    assert sheet.locator("[data-part='explorer']").is_hidden()
    assert "needs JavaScript" in sheet.locator("noscript").first.inner_text()
    assert sheet.locator("#claims-table tbody tr").count() == 1
    context.close()


def test_every_file_of_the_page_is_packaged():
    root = Path(__file__).parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folder = root / "figures" / "report"
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            name = path.relative_to(folder).as_posix()
            assert any(fnmatch(name, pattern) for pattern in settings["package-data"]["figures.report"]), name
