"""Code that counts is what a module imports, however it imports it, and no more."""

import sys
from pathlib import Path

import pytest

from artifacts import UserError
from artifacts.imports import modules_in, reached, reached_code
from artifacts.versions import reached_versions

FILES = {
    "beside/network.py": """
        from typing import TYPE_CHECKING
        import numpy
        from beside_tools import layer
        from face import shown
        if TYPE_CHECKING:
            import for_checkers
        def build():
            import late
    """,
    "beside/__init__.py": "from beside import elsewhere",
    "beside/elsewhere.py": "",
    "beside_tools.py": "import deeper.down",
    "deeper/down.py": "",
    "for_checkers.py": "",
    "late.py": "",
    "unrelated.py": "",
    "face/__init__.py": "from face.first import shown\nfrom face.second import hidden",
    "face/first.py": "shown = 1",
    "face/second.py": "hidden = 1",
}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        lines = text.strip("\n").splitlines()
        margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
        path.write_text("\n".join(line[margin:] for line in lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield tmp_path
    forget()
    for name in ("beside", "face", "deeper"):
        sys.modules.pop(name, None)


def forget() -> None:
    from artifacts import imports

    for function in (imports.reached, imports._digest, imports._file, imports._shown, imports._imports, imports._nodes):
        function.cache_clear()


def code() -> str:
    forget()
    return reached_code("beside.network")


def test_imports_are_followed_into_functions_and_through_faces(folder):
    found = reached("beside.network")
    assert found.names == ("beside", "beside.network", "beside_tools", "deeper.down", "face", "face.first", "late")
    assert found.libraries == {"numpy"}


@pytest.mark.parametrize("name", ["beside/network.py", "beside_tools.py", "deeper/down.py", "face/first.py", "late.py"])
def test_what_is_reached_counts(folder, name):
    before = code()
    (folder / name).write_text((folder / name).read_text() + "changed = 1\n")
    assert code() != before


@pytest.mark.parametrize("name", ["unrelated.py", "for_checkers.py", "face/second.py", "beside/elsewhere.py"])
def test_what_is_not_reached_does_not_count(folder, name):
    before = code()
    (folder / name).write_text("changed = 1\n")
    assert code() == before


def test_what_is_left_out_by_name_does_not_count_nor_what_only_it_imports(folder):
    assert reached("beside.network", without=("beside_tools",)).names == (
        "beside", "beside.network", "face", "face.first", "late",
    )  # fmt: skip


def test_the_name_of_a_package_reaches_what_its_face_shows():
    assert "theory.bounds.lp_ft" in reached("theory.bounds").names
    assert "theory.statements.frozen_features" in modules_in("theory.statements")


def test_a_lazy_face_leads_to_the_module_behind_the_name(folder):
    (folder / "uses_lazy.py").write_text("from empirical import probe_path\n")
    found = reached("uses_lazy").names
    assert "empirical.linear_probe.exact" in found
    assert "empirical.engine" not in found


def test_a_module_without_source_is_refused():
    with pytest.raises(UserError, match=r"must lie in a module with a \.py file, but 'no_such_module' has none"):
        reached_code("no_such_module")


def test_libraries_that_compute_have_their_versions_recorded(folder):
    import numpy

    assert reached_versions("beside.network") == {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "numpy": numpy.__version__,
    }
