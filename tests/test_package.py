"""What is handed out: metadata agree with each other, and no part of the checkout is left behind."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib

import pytest

from artifacts.environment import REVISION_FILE, revision
from tests.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_citation_names_the_version_that_is_built():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['project']['version']}\n" in citation


def test_every_package_says_that_it_is_typed():
    packages = [pattern.rstrip("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]
    assert [name for name in packages if not (ROOT / name / "py.typed").is_file()] == []


def test_the_source_distribution_takes_every_folder_of_the_checkout():
    """A folder that is neither a package nor named would be missing where it is unpacked."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        return  # this is such an unpacked distribution
    folders = {name.split("/")[0] for name in tracked.stdout.splitlines() if "/" in name}
    grafted = set(re.findall(r"^graft (\S+)", (ROOT / "MANIFEST.in").read_text(encoding="utf-8"), flags=re.MULTILINE))
    packages = {pattern.rstrip("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert folders == grafted | packages


def test_every_direct_dependency_is_pinned_by_the_constraints():
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    normal = {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *(one for extra in extras.values() for one in extra)]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", one).group()).lower() for one in wanted}
    # The extra `parity` pins PyTorch itself, whose builds differ by platform.
    assert names - normal <= {"feature-distortion", "torch"}


def test_an_installed_package_names_the_revision_that_it_was_built_from(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / "artifacts"
    installed.mkdir(parents=True)
    module = sys.modules["artifacts.environment"]  # its package has a function of the same name
    monkeypatch.setattr(module, "__file__", str(installed / "environment.py"))
    assert revision() == {"git_revision": None, "git_dirty": None}
    built = {"git_revision": "0" * 40, "git_dirty": False}
    (installed / REVISION_FILE).write_text(json.dumps(built), encoding="utf-8")
    assert revision() == built


def test_building_does_not_make_the_checkout_look_edited(tmp_path):
    """While an sdist is built, its tree lies in the checkout, and no rule of `.gitignore` names it."""
    pytest.importorskip("setuptools")
    (tmp_path / "artifacts").mkdir()
    for name in ("setup.py", "artifacts/environment.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.setuptools]\npackages = ["artifacts"]\n', encoding="utf-8"
    )
    (tmp_path / ".gitignore").write_text("*.egg-info/\n/dist/\n", encoding="utf-8")
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for command in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "all")):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=60)
    subprocess.run([sys.executable, "setup.py", "-q", "sdist"], cwd=tmp_path, check=True, timeout=120)
    with tarfile.open(next((tmp_path / "dist").glob("*.tar.gz"))) as archive:
        built = json.load(archive.extractfile(f"p-1/artifacts/{REVISION_FILE}"))
    assert built["git_dirty"] is False


def test_without_a_checkout_the_doctor_names_no_constraints_file(tmp_path, monkeypatch):
    from distort import doctor

    assert "constraints.txt" in doctor._installation("test")
    monkeypatch.setattr(doctor, "CHECKOUT", tmp_path)
    assert doctor._installation("test") == "pip install 'feature-distortion[test]'"
    assert doctor._installation() == "pip install 'feature-distortion'"
