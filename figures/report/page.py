"""The page: one file that needs nothing but a browser, filled from a `Summary` and the figures beside it."""

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from artifacts import UserError
from artifacts.reading import read_text
from figures.report import tables, verdicts
from figures.report.contents import DrawnFigure, Summary
from figures.report.panels import windows
from figures.report.script import content_hash, script

#: Pixels a point: figures made for a printed column are a third larger than their nominal size (4/3) on a screen.
PIXELS = 16 / 9
#: Characters of a caption that are shown at once; what follows is unfolded.
SHOWN = 260
TEMPLATE, STYLES = "page.html.jinja", ("page.css", "explorer/explorer.css")


def page(summary: Summary, results: Path) -> str:
    """The report as HTML. Whatever comes from data is escaped; only our own SVG and script are put in as they are.

    Raises:
      FileNotFoundError: a figure that the summary names has no SVG file in the folder.
    """
    from figures.report.formula import formula

    environment = Environment(
        loader=PackageLoader("figures.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "formula": formula,
        "percent": tables.percent,
        "short": tables.short,
        "in_short": in_short,
        "windows": windows,
        "run_links": tables.run_links,
        "kind": tables.kind_of_status,
    }
    loader = environment.loader
    assert loader is not None
    code = script()
    return environment.get_template(TEMPLATE).render(
        summary=summary,
        pictures={figure.name: picture(figure, results) for figure in summary.figures},
        columns=tables.columns(summary),
        on_the_theory=verdicts.on_the_theory(summary),
        on_images=verdicts.on_images(summary),
        statuses=tables.status_counts(summary),
        style=Markup("\n".join(loader.get_source(environment, name)[0] for name in STYLES)),
        script=Markup(code),
        script_hash=content_hash(code),
    )


def picture(figure: DrawnFigure, results: Path) -> Markup:
    """A figure's SVG for use inside the page: names made unique, no fixed size, no metadata, read as its caption."""
    name = next((name for name in figure.files if name.endswith(".svg")), None)
    if name is None:
        raise FileNotFoundError(f"The figure {figure.name} must have an SVG file, got {', '.join(figure.files)}.")
    text = read_text(results / name)
    size = re.search(r'<svg[^>]*?\swidth="([\d.]+)pt"', text)
    if size is None:
        again = f"remove {(results / name).parent}, and `distort figures {figure.name} --from {results}` draws it again"
        raise UserError(f"{results / name} must be a figure that distort drew, but is no SVG with a width; {again}.")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{figure.name}-", text)
    width = float(size.group(1)) * PIXELS
    head = f'<svg role="img" aria-labelledby="caption-{figure.name}" style="width:{width:.0f}px" '
    opening = re.sub(r'\s(width|height)="[\d.]+pt"', "", text[: text.index(">")])
    return Markup(head + opening.removeprefix("<svg") + text[text.index(">") :])


def in_short(caption: str) -> tuple[str, list[str]]:
    """The first sentences of a caption, and the paragraphs that are left."""
    first, *rest = caption.split("\n\n")
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z(“\"])", first)
    shown = [sentences.pop(0)]
    while sentences and len(" ".join([*shown, sentences[0]])) <= SHOWN:
        shown.append(sentences.pop(0))
    return " ".join(shown), [*([" ".join(sentences)] if sentences else []), *rest]
