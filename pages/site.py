"""What mkdocs calls while it builds the site: pages made from the checkout, and formulas as MathML.

The front page is the README, so that it is written once. Formulas need neither a script nor a network.
"""

import html
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # mkdocs imports this file by its path

from mkdocs.config.defaults import MkDocsConfig  # noqa: E402
from mkdocs.plugins import event_priority  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402
from mkdocs.structure.pages import Page  # noqa: E402

from pages.evidence import evidence  # noqa: E402
from pages.notation import formulas_in_text, with_formulas  # noqa: E402
from pages.public_names import with_public_names  # noqa: E402

#: Pages of the checkout's root, and what they are called on the site.
FROM_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
ARITHMATEX = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', flags=re.DOTALL)
DOLLARS = re.compile(r"(\$\$?)([^$<>]+)\1")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts pages of `docs/` that the navigation does not name behind those that it does."""
    listed = set(re.findall(r"[\w/]+\.md", str(config.nav))) | {"package_description.md"}
    others = [path.name for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in listed]
    if others and config.nav is not None:
        config.nav.append({"Further pages": list(others)})
    return config


@event_priority(100)
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that do not lie in `docs/`, before other plugins look through the files."""
    for source, name in FROM_ROOT.items():
        text = for_site((ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, name, content=text))
    files.append(File.generated(config, "statements.md", content=statements_page()))
    for path in sorted((ROOT / "notebooks").glob("*.py")):
        files.append(File(f"notebooks/{path.name}", str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Reads the plain notation of pages of mathematics as formulas; links that leave `docs/` are words."""
    markdown = LINK.sub(_inside, markdown)
    if page.file.src_uri.startswith("api/"):
        markdown = with_public_names(markdown)
    return with_formulas(markdown) if page.file.src_uri in ("glossary.md", "theory.md") else markdown


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Writes formulas as MathML, which browsers set by themselves."""
    from latex2mathml.converter import convert

    def formula(match: re.Match[str]) -> str:
        return convert(html.unescape(match[2]), display="inline" if match[1] == "span" else "block")

    def in_notebook(match: re.Match[str]) -> str:
        return convert(html.unescape(match[2]), display="inline" if match[1] == "$" else "block")

    if page.file.src_uri.startswith("notebooks/"):
        # Cells of text alone: what a program prints may hold a dollar.
        parts = re.split(r"(<pre.*?</pre>|<script.*?</script>|<style.*?</style>)", content, flags=re.DOTALL)
        return "".join(part if index % 2 else DOLLARS.sub(in_notebook, part) for index, part in enumerate(parts))
    return ARITHMATEX.sub(formula, content)


def _inside(match: re.Match[str]) -> str:
    words, path = match[2], match[3]
    if not path.startswith("../"):
        return match[0]
    target = path.removeprefix("../")
    if target in FROM_ROOT:
        return f"[{words}]({FROM_ROOT[target]}{match[4] or ''})"
    return f"`{target}`" if words.strip("`") == target else f"{words} (`{target}`)"


def for_site(text: str) -> str:
    """A page of the root as a page of the site: links into `docs/` are relative, those to other files are words."""

    def link(match: re.Match[str]) -> str:
        picture, words, path, anchor = match[1], match[2], match[3], match[4] or ""
        if path in FROM_ROOT:
            return f"[{words}]({FROM_ROOT[path]}{anchor})"
        if path.startswith("docs/"):
            return f"{picture}[{words}]({path.removeprefix('docs/')}{anchor})"
        if path.startswith("notebooks/"):
            return match[0]
        return f"`{path}`" if words.strip("`") == path else words if words.startswith("`") else f"{words} (`{path}`)"

    return LINK.sub(link, text)


def statements_page() -> str:
    """Every statement: claim, formula, premises, how it stands, proof, counterexamples."""
    from theory.statements import STATEMENTS

    verified = {claim["name"]: claim for claim in evidence()["claims"]}
    parts = [
        "# Statements",
        "Every claim is an object with premises and two sides that can be computed. Verification draws random problems "
        "that meet the premises and compares the sides; a stored counterexample is solved anew each time. Counts are "
        f"those of `{evidence()['command']}`. Symbols are those of [Theory](theory.md#setting).",
    ]
    for statement in STATEMENTS:
        result = verified.get(statement.name, {"status": "not verified yet", "examples": 0, "violations": 0})
        link = statement.proof.removeprefix("docs/") if statement.proof else ""
        proof = f"[{link.partition('#')[2].replace('-', ' ')}]({link})" if link else "none of our own"
        lines = [
            f"## {statement.name}",
            formulas_in_text(statement.claim),
            f"\\[{statement.latex}\\]",
            f"- **Status:** {result['status']}; {result['examples']:,} problems, {result['violations']:,} violations.",
            f"- **Premises:** {formulas_in_text(statement.premises)}.",
            f"- **Source:** {statement.source}.",
            f"- **Proof:** {proof}.",
            *(
                f"- **Counterexample,** {counterexample.name}: {counterexample.shows}."
                for counterexample in statement.counterexamples
            ),
            f"- **Check it:** `distort theory verify {statement.name}`",
        ]
        parts.append("\n\n".join(lines[:3]) + "\n\n" + "\n".join(lines[3:]))
    return "\n\n".join(parts) + "\n"
