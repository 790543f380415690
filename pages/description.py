"""The README as a package index shows it: without pictures and links that lead into the checkout."""

import re

from pages.evidence import ROOT

FILE = ROOT / "docs" / "package_description.md"
RELATIVE = r"(?!https?://|#|mailto:)[^)\s]+"


def description() -> str:
    """The README; a relative link keeps its words and names its file, a picture and its caption go."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- generated: picture_caption -->.*?<!-- end -->\n*", "", text, flags=re.DOTALL)
    text = re.sub(rf"!\[[^\]]*\]\({RELATIVE}\)\n*", "", text)
    text = re.sub(r"<!-- (?:generated: \w+|end) -->\n?", "", text)
    text = re.sub(rf"\[`?({RELATIVE[:-1]}[^)\s\]]*)`?\]\(\1\)", r"`\1`", text)  # a link named after its file
    return re.sub(rf"\[([^\]]+)\]\({RELATIVE}\)", r"\1", text)
