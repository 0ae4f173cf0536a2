"""A byte-level BPE tokenizer in CLIP's format, learnt from the captions: every string has ids, every caption word has one."""

import collections
import json
import pathlib
import re

import numpy

from research.world1.captions import caption, random_scene

MAX_LENGTH = 32
MERGES = 420


def byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def learn_merges(words: collections.Counter, limit: int) -> list[tuple[str, str]]:
    """The most frequent pairs, one at a time (Sennrich et al. 2016); ties go to the alphabetically first."""
    pieces = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    merges = []
    while len(merges) < limit:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(pieces[word], pieces[word][1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for parts in pieces.values():
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == best:
                    parts[i : i + 2] = ["".join(best)]
                i += 1
    return merges


def write_tokenizer(folder: pathlib.Path) -> None:
    """Writes vocab.json, merges.txt and the two config files that transformers' CLIPTokenizer reads."""
    rng = numpy.random.default_rng(0)
    words = collections.Counter()
    for _ in range(20_000):
        words.update(re.findall(r"[a-z]+|,", caption(random_scene(rng), rng).lower()))
    merges = learn_merges(words, MERGES)
    alphabet = byte_alphabet()
    special = ["<|startoftext|>", "<|endoftext|>"]
    tokens = [*alphabet, *(c + "</w>" for c in alphabet), *("".join(m) for m in merges), *special]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    names = {"bos_token": special[0], "eos_token": special[1], "unk_token": special[1], "pad_token": special[1]}
    (folder / "special_tokens_map.json").write_text(json.dumps(names, indent=1))
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": MAX_LENGTH, "do_lower_case": True, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1))
