"""Files from elsewhere: checkpoints, arrays, images, archives, lists, configurations."""

import os
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

from artifacts.arrays import read_array
from empirical.backbones.own import own_backbone
from empirical.backbones.tokenizer import read_tokenizer
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets.configuration import read_data
from empirical.datasets.pixels import decode, read_image
from empirical.formats.archives import unpack
from empirical.formats.pickled_arrays import read_arrays
from simulations.attack import witness
from tests.support.bad_inputs.case import BadInput, command, reader
from tests.support.hostile_archives import ARCHIVES
from tests.support.hostile_pickles import CHECKPOINTS, legacy, zipped
from tests.support.hostile_pictures import HEADERS, bomb
from tests.support.refusal import everything

SUITE = """
[recipes.a]
like = "digits"
"""
OWN = """
[datasets.own]
title = "Own"
training = {{ folder = "a" }}
[datasets.own.ood]
b = {{ folder = "b" }}
{more}
"""


def _checkpoint(case: str, write: Callable[..., Path], here: Path) -> int:
    path = write(here / "w.pth", CHECKPOINTS[case])
    return reader(lambda: everything(path))


def _array(case: str, here: Path) -> int:
    header = HEADERS[case].encode()
    (here / "a.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + bytes(64))
    return reader(lambda: read_array(here / "a.npy", "fetch it again"))


def _archive(case: str, here: Path) -> int:
    (here / "in").mkdir()
    archive = ARCHIVES[case](here / "in")
    return reader(lambda: unpack(archive, here / "out"))


IMAGES = {
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "10 gigapixels": bomb(100_000, 100_000),
    "one row of 2 gigapixels": bomb(2**31 - 1, 1),
    "cut off": bomb(10, 10)[:45],
    "16 bits a channel": b"P6 4 4 65535\n" + bytes(96),
    "empty": b"",
    "HTML": b"<html>404 not found</html>",
    "a header alone": b"\xff\xd8\xff\xe0\x00\x10JFIF",
}


def _special(make: Callable[[Path], object], read: Callable[[Path], object], here: Path) -> int:
    make(here / "file")
    return reader(lambda: read(here / "file"))


def _hole(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(200 * 10**9)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "nothing": lambda path: None,
    "a hole of 200 GB": _hole,
    "nothing in it": lambda path: path.touch(),
}
READERS: dict[str, Callable[[Path], object]] = {
    "image": read_image,
    "checkpoint": stored_tensors,
    "CIFAR batch": read_arrays,
    "array": lambda path: read_array(path, "fetch it again"),
    "configuration": read_data,
    "witness": witness.load,
}


def _configured(text: str, arguments: str, here: Path) -> int:
    (here / "file.toml").write_bytes(text.encode())
    return command(*arguments.split())


CONFIGURATIONS = {
    "brackets without end": "a = " + "[" * 100_000,
    "a name of 300,000 parts": "a." * 300_000 + "b = 1",
    "a name of 100,000 quoted parts": "[" + '"\\"" . ' * 100_000 + "b]",
    "no table": "a",
    "a key twice": "root = 'a'\nroot = 'b'",
    "an unknown key": "rot = 'a'",
    "an unknown location": "[locations]\nnowhere = 'a'",
    "a data set named ../../x": OWN.replace("own", "'../../x'").format(more=""),
    "a data set of the catalogue's name": OWN.replace("own", "cifar10").format(more=""),
    "an OOD set named ../x": OWN.format(more="'../x' = { folder = 'c' }"),
    "a title that is a formula": OWN.replace("Own", "$x^2$").format(more=""),
    "a title of two lines": OWN.replace("Own", "a\\nb").format(more=""),
}
SUITES = {
    "no recipe": "name = 'a'",
    "a recipe of no data set": SUITE + "dataset = 'nonsense'",
    "a recipe named a/b": SUITE.replace("recipes.a", "recipes.'a/b'"),
    "an unknown key": SUITE + "nonsense = 3",
    "epochs below one": SUITE + "epochs = 0",
    "a batch of no image": SUITE + "batch_size = -1",
    "a backbone with an unknown key": SUITE + "backbone = { name = 'numpy:load', arguments = { allow_pickle = true } }",
    "a rate that is not a number": SUITE + "methods = [{ method = 'FT', learning_rates = [nan] }]",
    "a method that is not there": SUITE + "methods = [{ method = 'nonsense', learning_rates = [0.1] }]",
    "like what is not there": SUITE.replace("digits", "nonsense"),
}
CLUSTERS = {
    "no table": "a = 1",
    "another system's table": "[pbs]\nwalltime = '1:00:00'",
    "a table that is a number": "slurm = 3",
    "no walltime": "[slurm]\njobs = 1",
    "a typing error": "[slurm]\nwalltime = '1:00:00'\npartiton = 'gpu'",
    "a line end in a directive": "[slurm]\nwalltime = '1:00:00'\ndirectives = [\"--a\\nrm -rf ~\"]",
    "brackets without end": "a = " + "[" * 100_000,
    "not UTF-8": "a = '\udcff'",
}


def _cluster(text: str, here: Path) -> int:
    (here / "file.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    return command("bench", "run", "--executor", "slurm", "--cluster", "file.toml", "--dry-run")


def _vocabulary(vocabulary: bytes, merges: bytes, here: Path) -> int:
    (here / "vocab.json").write_bytes(vocabulary)
    (here / "merges.txt").write_bytes(merges)
    return reader(lambda: read_tokenizer(here))


VOCABULARIES = {
    "nested 100,000 deep": (b"[" * 100_000, b""),
    "a list": (b"[]", b"#version\n"),
    "empty": (b"", b""),
    "not UTF-8": (b"{}", b"\xff\xfe"),
    "larger than its bound": (b" " * (17 << 20), b""),
}

CASES = (
    *(
        BadInput(f"checkpoint, {kind}", case, partial(_checkpoint, case, write))
        for kind, write in (("zip", zipped), ("before PyTorch 1.6", legacy))
        for case in CHECKPOINTS
        if case != "parameters of parameters"  # takes as long as its bound allows
    ),
    *(BadInput("array (.npy)", case, partial(_array, case)) for case in HEADERS),
    *(BadInput("archive", case, partial(_archive, case)) for case in ARCHIVES),
    *(
        BadInput("image", case, lambda here, content=content: reader(lambda: decode(content, "a.jpg")))
        for case, content in IMAGES.items()
    ),
    *(
        BadInput(f"in the place of a file: {name}", what, partial(_special, make, read))
        for name, read in READERS.items()
        for what, make in SPECIAL.items()
        if (name, what) != ("configuration", "nothing in it")  # which says nothing, and is right
    ),
    *(
        BadInput("configuration", what, partial(_configured, text, "bench datasets --config file.toml"))
        for what, text in CONFIGURATIONS.items()
    ),
    *(
        BadInput("suite", what, partial(_configured, text, "bench plan --suite file.toml"))
        for what, text in SUITES.items()
    ),
    *(BadInput("cluster file", what, partial(_cluster, text)) for what, text in CLUSTERS.items()),
    *(
        BadInput("backbone of a suite", f"`{name}`",
                 lambda here, name=name: reader(lambda: own_backbone(name, None, {"allow_pickle": True})))
        for name in ("numpy:load", "os:system", "nowhere.at:all", "os:nothing", "..os:system", "os", "a b:c")
    ),
    *(BadInput("vocabulary", what, partial(_vocabulary, *files)) for what, files in VOCABULARIES.items()),
)  # fmt: skip
