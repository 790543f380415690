"""Mutated files for every reader: python -m benchmarks.fuzz --minutes 2 [--readers torch image ...] [--seed 0]

Each reader runs in a process of its own with bounded memory. A file may be read or refused with a `UserError` of
bounded length within `SECONDS`; anything else (another exception, an end of the process, a wait) is a finding. The file
is kept in --out with the traceback beside it; the exit status is 1 where there are findings.
"""

import argparse
import gzip
import io
import json
import multiprocessing
import pickle
import resource
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
from PIL import Image
from safetensors.numpy import save as save_safetensors

import simulations.settings
from artifacts import UserError, published
from artifacts.arrays import read_archive as read_npz
from artifacts.arrays import read_array
from artifacts.errors import LONGEST_MESSAGE
from empirical.backbones.tokenizer import byte_letters, read_tokenizer
from empirical.backbones.weights_file import stored_tensors
from empirical.datasets.configuration import read_data
from empirical.datasets.own import OwnDataset, own_family
from empirical.datasets.pixels import decode
from empirical.executors.queueing import read_queue
from empirical.formats.archives import unpack
from empirical.formats.pickled_arrays import read_arrays

#: For one file of some kilobytes; the slowest that was found to be right takes a tenth.
SECONDS = 5
MEMORY = 3 << 30
Read = Callable[[Path], object]


class TooLong(BaseException):
    """Raised by the alarm; no reader catches it."""


def image_files() -> list[bytes]:
    draw, files = np.random.default_rng(0), []
    picture = Image.fromarray(draw.integers(0, 256, (9, 11, 3), dtype=np.uint8))
    for kind in ("JPEG", "PNG", "BMP", "PPM", "TIFF", "GIF", "WEBP"):
        stream = io.BytesIO()
        picture.save(stream, kind)
        files.append(stream.getvalue())
    return files


def tar_files() -> list[bytes]:
    files = []
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=layout) as archive:
            for name in ("a/b.jpg", "a/" + "c" * 120):
                member = tarfile.TarInfo(name)
                member.size = 20
                archive.addfile(member, io.BytesIO(bytes(20)))
        files += [stream.getvalue(), gzip.compress(stream.getvalue())]
    return files


def zip_file(entries: dict[str, bytes], compression: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy_files() -> list[bytes]:
    files = []
    for array in (np.arange(24).reshape(4, 6), np.ones((2, 3, 4), np.float32), np.zeros((0, 3), np.uint8)):
        stream = io.BytesIO()
        np.save(stream, array)
        files.append(stream.getvalue())
    return files


def torch_files() -> list[bytes]:
    """As PyTorch writes them: zip, TorchScript's layout and the format before version 1.6."""
    import torch

    state = {"a.weight": torch.arange(24.0).reshape(4, 6).T, "b": torch.ones(3, dtype=torch.float16)}
    files = []
    for zipped in (True, False):
        stream = io.BytesIO()
        content = {"epoch": 3, "state_dict": state, "args": argparse.Namespace(lr=0.1)}
        torch.save(content, stream, _use_new_zipfile_serialization=zipped)
        files.append(stream.getvalue())
    with zipfile.ZipFile(io.BytesIO(files[0])) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    files.append(zip_file({**entries, "archive/constants.pkl": entries["archive/data.pkl"]}, zipfile.ZIP_STORED))
    return files


def safetensors_files() -> list[bytes]:
    arrays = {"a": np.ones((2, 3), np.float32), "b": np.ones(4, ml_dtypes.bfloat16)}
    return [save_safetensors(arrays, {"provenance": json.dumps({"seed": 0})})]


def batch_files() -> list[bytes]:
    content = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 2], b"filenames": [b"a.png", b"b.png"]}
    return [pickle.dumps(content, protocol=protocol) for protocol in (2, 3, 4)]


TOML = (
    b'root = "data"\n[datasets.own]\ntitle = "Own"\ntraining = { folder = "a", labels = "l.csv" }\n'
    b'[datasets.own.ood]\nother = { folder = "b" }\n[checkpoints]\nclip_vit_b16 = "w.pt"\n'
)


def read_weights(path: Path) -> object:
    """Every tensor's values, as long as they are few."""
    stored = stored_tensors(path)
    few = [tensor for tensor in stored.tensors.values() if np.prod([float(n) for n in tensor.shape]) < 1e6]
    return [tensor.read() for tensor in few]


#: A directory that was published, of a file beside it.
MANIFEST = json.dumps(
    {"inputs": {"config": {"rate": 0.1}}, "versions": {"numpy": "2.4"}, "files": {"a": "0" * 64}}
).encode()
CLUSTER = b'[slurm]\nwalltime = "24:00:00"\njobs = 8\nprologue = ["module load cuda"]\ndirectives = ["--exclusive"]\n'


def npz_files() -> list[bytes]:
    files = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, values=np.arange(6.0).reshape(2, 3), solved_by=np.array("exact"), rate=np.array(0.1))
        files.append(stream.getvalue())
    return files


def vocabulary_files() -> list[bytes]:
    letters = [*byte_letters(), *(f"{letter}</w>" for letter in byte_letters()), "<|startoftext|>", "<|endoftext|>"]
    return [json.dumps({letter: number for number, letter in enumerate(letters)}).encode()]


def read_vocabulary(path: Path) -> None:
    (path.parent / "merges.txt").write_text("#version: 0.2\n")
    try:
        read_tokenizer(path.parent)
    finally:
        (path.parent / "merges.txt").unlink()


def read_manifest(path: Path) -> None:
    try:
        published(path.parent)
    except FileNotFoundError:
        return


def read_settings(path: Path) -> None:
    simulations.settings.read(path)


def read_labels(path: Path) -> None:
    content = {"training": {"folder": ".", "labels": path.name}, "ood": {"b": {"folder": "."}}}
    own_family("own", OwnDataset.model_validate(content), path.parent).classes(read_data().locations)


def read_archive(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        unpack(path, Path(folder))


READERS: dict[str, tuple[Callable[[], list[bytes]], Read, str]] = {
    "torch": (torch_files, read_weights, "w.pth"),
    "safetensors": (safetensors_files, read_weights, "w.safetensors"),
    "batch": (batch_files, read_arrays, "data_batch_1"),
    "npy": (npy_files, lambda path: read_array(path, "fetch it again"), "a.npy"),
    "image": (image_files, lambda path: decode(path.read_bytes(), str(path)), "a.jpg"),
    "tar": (tar_files, read_archive, "a.tar"),
    "zip": (lambda: [zip_file({"a/b": bytes(50), "c": b"x"}, kind) for kind in (0, 8)], read_archive, "a.zip"),
    "toml": (lambda: [TOML], lambda path: read_data(path), "data.toml"),
    "npz": (npz_files, lambda path: read_npz(path, "make it again"), "data.npz"),
    "manifest": (lambda: [MANIFEST], read_manifest, "manifest.json"),
    "cluster": (lambda: [CLUSTER], lambda path: read_queue("slurm", path), "cluster.toml"),
    "settings": (lambda: [b"problems = 3\n[dimensions]\nk = 2\n"], read_settings, "settings.toml"),
    "vocabulary": (vocabulary_files, read_vocabulary, "vocab.json"),
    "labels": (lambda: [b"path,label\na/1.png,cat\na/2.png,dog\n"], read_labels, "labels.csv"),
}


def mutated(content: bytes, others: list[bytes], draw: np.random.Generator) -> bytes:
    """A few of the usual damages: bits, bytes, telling numbers, pieces left out, repeated or taken from elsewhere."""
    data = bytearray(content)
    for _ in range(int(draw.geometric(0.4))):
        if not data:
            break
        at, length = int(draw.integers(len(data))), int(draw.geometric(0.1))
        kind = draw.integers(7)
        if kind == 0:
            data[at] ^= 1 << int(draw.integers(8))
        elif kind == 1:
            data[at] = int(draw.integers(256))
        elif kind == 2:
            width = int(draw.choice([1, 2, 4, 8]))
            number = int(draw.choice([0, 1, 2**7, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]))
            data[at : at + width] = (number % 2 ** (8 * width)).to_bytes(width, str(draw.choice(["little", "big"])))
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * int(draw.integers(1, 50))
        elif kind == 5:
            other = others[int(draw.integers(len(others)))]
            start = int(draw.integers(len(other)))
            data[at:at] = other[start : start + length]
        else:
            del data[at:]
    return bytes(data)


def attempt(read: Read, path: Path) -> str:
    """What is wrong with how the file was met; empty where nothing is."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        read(path)
    except UserError as error:
        return "" if len(str(error)) <= LONGEST_MESSAGE + 10 else f"a message of {len(str(error))} characters"
    except TooLong:
        return f"more than {SECONDS} s"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def worker(name: str, seconds: float, seed: int, out: Path, counts: "multiprocessing.Queue[tuple[int, int]]") -> None:
    """One reader for so many seconds; the file in hand lies in `out` should the process end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def ring(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, ring)
    seeds, read, file = READERS[name]
    files, draw = seeds(), np.random.default_rng(seed)
    path = out / f"{name}-in-hand" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    count = findings = 0
    for content in files:  # what is well formed is read, or refused for what is not beside it
        path.write_bytes(content)
        wrong = attempt(read, path)
        if wrong:
            raise SystemExit(f"{name}: a well-formed file is met with {wrong}")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        path.write_bytes(mutated(files[int(draw.integers(len(files)))], files, draw))
        wrong = attempt(read, path)
        count += 1
        if wrong:
            kept = out / f"{name}-{findings:03d}-{file}"
            kept.write_bytes(path.read_bytes())
            kept.with_name(kept.name + ".txt").write_text(wrong)
            findings += 1
            if findings == 20:
                break
    path.unlink()
    path.parent.rmdir()
    counts.put((count, findings))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0, help="for each reader")
    parser.add_argument("--readers", nargs="+", choices=list(READERS), default=list(READERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    context, wrong = multiprocessing.get_context("spawn"), 0
    for name in arguments.readers:
        counts = context.Queue()
        given = (name, 60 * arguments.minutes, arguments.seed, arguments.out, counts)
        process = context.Process(target=worker, args=given)
        process.start()
        process.join()
        ended = process.exitcode != 0
        count, findings = (0, 1) if ended else counts.get()
        wrong += findings
        how = f"the process ended with {process.exitcode}" if ended else f"{count} files, {findings} findings"
        print(f"{name:12} {how}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
