"""Whatever the docs show can be typed: commands are read by the command line itself, Python runs, programs exist.

A command that needs data, a cluster or a GPU is read, not run. Python that cannot run here says why in a comment above
it, `<!-- not run: ... -->`; the pages of `TESTED_ELSEWHERE` have tests of their own.
"""

import re
import shlex
from pathlib import Path

import pytest

from distort.command import UsageError
from distort.parsing import parsed
from tests.support import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Page and the test that runs its Python.
TESTED_ELSEWHERE = {
    "README.md": "tests/test_pages.py",
    "extending.md": "tests/distort/test_extending.py",
    "package_description.md": "tests/test_pages.py",
    "own_claim.md": "tests/simulations",
}
FENCED = re.compile(r"(?P<above>[^\n]*)\n+^```(?P<language>\w*)\n(?P<text>.*?)^```", flags=re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^    [^\n]*\n|^\n)+", flags=re.MULTILINE)
#: Words in capitals stand for a name of the reader's; these have an example that the command line accepts.
STANDS_FOR = {"NAME": "toy_example", "DIR": "results", "FILE": "file.json", "N": "3", "S": "1", "ARCHIVES": "archives"}


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """The line above and the text of each fenced block in one of the languages."""
    found = FENCED.finditer(page.read_text(encoding="utf-8"))
    return [(match["above"], match["text"]) for match in found if match["language"] in languages]


def commands() -> list[tuple[str, str]]:
    """Page and command line of every call of `distort` that the docs show in a block."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shells = [block for _, block in blocks(page, "", "sh", "bash")]
        shells += [match[0] for match in INDENTED.finditer(FENCED.sub("", text))]
        for block in shells:
            for line in block.replace("\\\n", " ").splitlines():
                line = re.sub(r"\s+#\s.*|\$[A-Z_]+", "", line)
                call = re.search(r"(?:^|&& |\s)(?:\.venv/bin/)?distort ((?:(?!&&|`|\").|\"[^\"]*\")*)$", line)
                if call and "..." not in line and "<" not in line:
                    found.append((page.name, call[1].strip()))
    return found


def test_there_are_commands_to_read():
    assert len(commands()) > 40


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())), ids=lambda value: value)
def test_a_command_of_the_docs_is_one_that_there_is(page, line):
    words = [STANDS_FOR.get(word, word) for word in shlex.split(line)]
    try:
        parsed(words)
    except UsageError as error:
        pytest.fail(f"{page}: `distort {line}`: {error}")


def test_programs_that_the_docs_call_exist():
    missing = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"python (?:-m )?((?:benchmarks|examples|notebooks)[/.][\w/.]+)", text):
            path = name.rstrip(".") if name.endswith(".py") else name.rstrip(".").replace(".", "/")
            if not any((ROOT / (path + ending)).exists() for ending in ("", ".py", "/__main__.py")):
                missing.append(f"{page.name}: {name}")
    assert missing == []


def runnable() -> list[tuple[str, str]]:
    """Python that runs as it stands: fenced at the margin, not marked, on no page with tests of its own."""
    return [
        (page.name, text)
        for page in PAGES
        if page.name not in TESTED_ELSEWHERE
        for above, text in blocks(page, "python")
        if "<!-- not run:" not in above
    ]


@pytest.mark.parametrize(("page", "program"), runnable(), ids=lambda value: value.split("\n")[0])
def test_python_of_the_docs_runs(page, program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(program, f"docs/{page}", "exec"), {})


def test_pages_with_tests_of_their_own_have_them():
    assert [name for name in TESTED_ELSEWHERE.values() if not (ROOT / name).exists()] == []
