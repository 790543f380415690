"""The page's script: ES modules of this folder joined into one, so that a page opened from a file can run it."""

import base64
import hashlib
import re
from importlib import resources

#: In the order in which they need each other.
MODULES = (
    "explorer/flow.js",
    "explorer/bounds.js",
    "explorer/plot.js",
    "explorer/panels.js",
    "explorer/explorer.js",
    "tables.js",
)
IMPORT = re.compile(r'^import .*? from "\./[a-z]+\.js";\n', flags=re.MULTILINE | re.DOTALL)


def script() -> str:
    """One module from all, without imports and exports; names are unique, or the browser refuses the script."""
    parts = []
    for name in MODULES:
        text = resources.files("figures.report").joinpath(name).read_text(encoding="utf-8")
        parts.append(re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE))
    return "\n".join(parts)


def content_hash(text: str) -> str:
    """What a content security policy calls an inline script that may run; no other script may."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
