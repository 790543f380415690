"""What the README's programs print, from running them."""

import re
import subprocess
import sys

from pages.evidence import ROOT

#: Seconds that a program of the README may take on a machine that does other work.
LONGEST = 300


def readme_program() -> str:
    """The first Python block of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    if match is None:
        raise ValueError("README.md must have a Python block, got none.")
    return match[1]


def _printed(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=LONGEST
    )
    return f"```text\n{finished.stdout.strip()}\n```"


def readme_output() -> str:
    """What the README's six lines print."""
    return _printed("-c", readme_program())


def minimal_output() -> str:
    """What `examples/minimal.py` prints."""
    return _printed("examples/minimal.py")
