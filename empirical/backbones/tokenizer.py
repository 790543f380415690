"""CLIP's byte-pair encoding: text to token numbers, from the vocabulary files of the checkpoint's own repository.

Source: openai/CLIP `simple_tokenizer.py`; proved equal to transformers' tokenizer. Text is composed (NFC), its white
space collapsed and its letters lowered; unlike OpenAI's, nothing is guessed about broken encodings or HTML entities.
"""

import gzip
import json
import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from artifacts import UserError
from artifacts.reading import open_regular

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
# Unicode's white space; that of `re` holds four control characters more.
SPACES = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
OPENAI_FILE = "bpe_simple_vocab_16e6.txt.gz"
OPENAI_MERGES = 49152 - 256 - 2  # the file holds more than the model knows
LARGEST_FILE = 16 << 20  # bytes, unpacked; the published ones have 3 MB


class Tokens(NamedTuple):
    """Token numbers of texts, padded with zeros, and where each ends."""

    tokens: Int[np.ndarray, "n context"]
    ends: Int[np.ndarray, " n"]


class Tokenizer:
    """A vocabulary and the merges that build its words, most frequent first."""

    def __init__(self, vocabulary: dict[str, int], merges: Sequence[tuple[str, str]]):
        self.vocabulary = vocabulary
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}

    def numbers(self, text: str) -> list[int]:
        """The token numbers of a text, without start and end."""
        symbols = (symbol for word in words(text) for symbol in self._merged(word))
        return [self.vocabulary.get(symbol, self.vocabulary[END]) for symbol in symbols]

    def __call__(self, texts: Sequence[str], context: int) -> Tokens:
        """Token numbers between start and end.

        Raises:
          UserError: a text is too long.
        """
        tokens, ends = np.zeros((len(texts), context), np.int32), np.zeros(len(texts), np.int32)
        for row, text in enumerate(texts):
            numbers = [self.vocabulary[START], *self.numbers(text), self.vocabulary[END]]
            if len(numbers) > context:
                raise UserError(
                    f"A text must have at most {context - 2} tokens, got {len(numbers) - 2}: {text[:60]!r}."
                )
            tokens[row, : len(numbers)] = numbers
            ends[row] = len(numbers) - 1
        return Tokens(tokens, ends)

    def _merged(self, word: str) -> tuple[str, ...]:
        letters = byte_letters()
        symbols = [letters[byte] for byte in word.encode("utf-8")]
        symbols[-1] += WORD_END
        while len(symbols) > 1:
            pairs = list(pairwise(symbols))
            first = min(pairs, key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if first not in self.ranks:
                break
            merged, index = [], 0
            while index < len(symbols):
                together = index + 1 < len(symbols) and pairs[index] == first
                merged.append("".join(first) if together else symbols[index])
                index += 2 if together else 1
            symbols = merged
        return tuple(symbols)


def words(text: str) -> list[str]:
    """The pieces that are encoded one by one: contractions, runs of letters, single digits, runs of other signs."""
    spaced = SPACES.sub(" ", unicodedata.normalize("NFC", text))
    text = "".join(letter.lower() for letter in spaced)  # letter by letter: no final sigma
    pieces, start = [], 0
    while start < len(text):
        contraction = next((known for known in CONTRACTIONS if text.startswith(known, start)), None)
        if contraction is not None:
            length = len(contraction)
        elif _kind(text[start]) in ("number", "space"):
            length = 1
        else:
            kind, length = _kind(text[start]), 1
            while start + length < len(text) and _kind(text[start + length]) == kind:
                length += 1
        if text[start] != " ":
            pieces.append(text[start : start + length])
        start += length
    return pieces


def _kind(letter: str) -> str:
    category = unicodedata.category(letter)[0]
    return "space" if letter == " " else {"L": "letter", "N": "number"}.get(category, "other")


@lru_cache
def byte_letters() -> tuple[str, ...]:
    """A printable character for each byte: itself where it prints in Latin-1, else one from 256 on."""
    printed = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    following = iter(range(256, 512))
    return tuple(chr(byte) if byte in printed else chr(next(following)) for byte in range(256))


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint's folder: `vocab.json` and `merges.txt`, or OpenAI's packed list of merges.

    Raises:
      UserError: neither is there, or it is damaged.
    """
    vocabulary, merges, packed = folder / "vocab.json", folder / "merges.txt", folder / OPENAI_FILE
    try:
        if vocabulary.is_file() and merges.is_file():
            return _checked(folder, json.loads(_text(vocabulary)), _pairs(_text(merges)))
        if packed.is_file():
            pairs = _pairs(_text(packed))[:OPENAI_MERGES]
            return _checked(folder, _openai_vocabulary(pairs), pairs)
    # JSON calls itself for every bracket.
    except (OSError, EOFError, ValueError, zlib.error, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{folder} must hold a readable vocabulary, but {error}; fetch it again.") from error
    raise UserError(
        f"{folder} must hold vocab.json and merges.txt, or {OPENAI_FILE}, as the checkpoint's repository does; "
        "put them beside the weights or name their folder."
    )


def _text(path: Path) -> str:
    with open_regular(path) as file:
        content = (gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file).read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise UserError(f"{path} must hold a vocabulary, but is larger than {LARGEST_FILE >> 20} MB.")
    return content.decode("utf-8")


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = text.split("\n")[1:]  # the first line names the format's version
    return [(first, second) for first, _, second in (line.partition(" ") for line in lines if line.strip())]


def _openai_vocabulary(merges: Sequence[tuple[str, str]]) -> dict[str, int]:
    letters = sorted(byte_letters(), key=lambda letter: (ord(letter) >= 256, ord(letter)))
    entries = [*letters, *(letter + WORD_END for letter in letters), *map("".join, merges), START, END]
    return {entry: number for number, entry in enumerate(entries)}


def _checked(folder: Path, vocabulary: object, merges: list[tuple[str, str]]) -> Tokenizer:
    known = vocabulary if isinstance(vocabulary, dict) else {}
    numbers = [number for number in known.values() if type(number) is int]
    if not {START, END} <= known.keys() or len(numbers) != len(known) or set(numbers) != set(range(len(known))):
        raise UserError(f"{folder} must hold a vocabulary that numbers its entries from 0, {START} among them.")
    return Tokenizer(known, merges)
