"""The README as a package index shows it: without pictures, and without links that lead into the checkout."""

import re

from pages.evidence import ROOT

FILE = ROOT / "docs" / "package_description.md"
#: Before the two commands, which are for whoever has the files.
COMMANDS = "Two commands in a checkout,"
INSTALLED = """Install it and let it do the whole job, from theorems to report:

```sh
pip install feature-distortion && distort reproduce
```

"""
RELATIVE = r"(?!https?://|#|mailto:)[^)\s]+"


def description() -> str:
    """The README; a relative link keeps its words and names its file, a picture and its caption go."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if text.count(COMMANDS) != 1:
        raise ValueError(f"README.md must say {COMMANDS!r} once.")
    text = text.replace(
        COMMANDS, INSTALLED + COMMANDS.replace("in a checkout", "in a checkout or an unpacked source distribution")
    )
    text = re.sub(r"<!-- generated: picture_caption -->.*?<!-- end -->\n*", "", text, flags=re.DOTALL)
    text = re.sub(rf"!\[[^\]]*\]\({RELATIVE}\)\n*", "", text)
    text = re.sub(r"<!-- (?:generated: \w+|end) -->\n?", "", text)
    text = re.sub(rf"\[`?({RELATIVE[:-1]}[^)\s\]]*)`?\]\(\1\)", r"`\1`", text)  # a link named after its file
    return re.sub(rf"\[([^\]]+)\]\({RELATIVE}\)", r"\1", text)
