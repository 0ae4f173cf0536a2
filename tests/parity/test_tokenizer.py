"""The tokenizer against the installed transformers, on 20,000 strings and several tokenizer folders; run by `make parity`.

Two vocabularies: the small one of tests/golden/prompt, and CLIP's bpe_simple_vocab_16e6.txt.gz, which is
$LATENTDIAL_CLIP_VOCAB or what `make clip-vocabulary` fetched; without it the tests that need it are skipped.
Drives the program `tokenize` of tests/tools.
"""

import gzip
import json
import os
import pathlib
import random
import subprocess
import time

import pytest
import transformers
from programs import ROOT, program

TINY = ROOT / "tests" / "golden" / "prompt" / "tokenizer"
VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
COUNT = 20_000


@pytest.fixture(scope="session")
def merge_list():
    path = pathlib.Path(os.environ.get("LATENTDIAL_CLIP_VOCAB") or ROOT / ".venv/share/latentdial")
    path = path / VOCABULARY if path.is_dir() else path
    if not path.is_file():
        pytest.skip(f"{VOCABULARY} is not there; run `make clip-vocabulary` or set LATENTDIAL_CLIP_VOCAB")
    return path


def token(content, **flags):
    return {"__type": "AddedToken", "content": content, "lstrip": False, "normalized": True, "rstrip": False,
            "single_word": False} | flags


def without_type(value):
    return {key: x for key, x in value.items() if key != "__type"} if isinstance(value, dict) else value


def settings(pad, **flags):
    return {"bos_token": token("<|startoftext|>", **flags), "eos_token": token("<|endoftext|>", **flags),
            "unk_token": token("<|endoftext|>", **flags), "pad_token": pad}


CONFIGS = {
    "sd1": (settings("<|endoftext|>"), True, {}),
    "sd2": (settings("!"), True, {}),
    "plain": ({}, False, {}),
    "pad-object": (settings(token("<|endoftext|>")), True, {}),
    "not-normalized": (settings(token("!", normalized=False), normalized=False), True, {}),
    "stripping": (settings("<|endoftext|>", lstrip=True, rstrip=True), True, {}),
    "single-word": (settings("<|endoftext|>", single_word=True), False, {}),
    "decoder": (settings("<|endoftext|>") | {"added_tokens_decoder": {
        "49406": without_type(token("<|startoftext|>", normalized=False, special=True)),
        "49407": without_type(token("<|endoftext|>", normalized=False, special=True)),
        "49408": without_type(token("<Monet>", special=False)),
        "49409": without_type(token("<cat-toy>", special=False, normalized=False))}}, False, {}),
    "added": (settings("<|endoftext|>"), True, {"<Monet>": 49408, "<cat-toy>": 49409}),
}


@pytest.fixture(scope="session")
def folders(merge_list, tmp_path_factory):
    """Tokenizer folders of every CONFIGS entry over the standard vocabulary."""
    merges = gzip.open(merge_list).read().decode().split("\n")[1:49152 - 256 - 2 + 1]
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    alphabet = [chr(b) for b in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    tokens = alphabet + [c + "</w>" for c in alphabet] + ["".join(m.split()) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    root = tmp_path_factory.mktemp("tokenizers")
    made = {}
    for name, (config, with_map, added) in CONFIGS.items():
        folder = root / name
        folder.mkdir()
        (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}), encoding="utf-8")
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
        full = {"model_max_length": 77, "tokenizer_class": "CLIPTokenizer"} | config
        (folder / "tokenizer_config.json").write_text(json.dumps(full), encoding="utf-8")
        if with_map:
            special = {key: without_type(value) for key, value in config.items() if key.endswith("_token")}
            (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")
        if added:
            (folder / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
        made[name] = folder
    return made


SPECIALS = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|endoftext|", "<|", "|>", "!", "!!",
            "<Monet>", "<monet>", "<cat-toy>", "<Cat-Toy>", "</w>"]
WORDS = """a photo of the temple hidden in jungle Monet style doomsday pyramid cyberpunk alien invasion futuristic high tech
    city dog's cat's I'm we'll they've you're don't it'd 'tis o'clock HDR 4k 8K 1024x768 trending on artstation, by
    Greg-Rutkowski; masterpiece: (best quality:1.2) [ugly] {x|y} --ar 16:9 ÆSIR Straße ΟΔΥΣΣΕΥΣ ΣΊΣΥΦΟΣ İstanbul ılık naïve café
    Ǆ ŉ ﬁ ŒUVRE مرحبا שלום 你好 世界 こんにちは カタカナ 한국어 สวัสดี हिन्दी বাংলা தமிழ் ქართული Ქართული ᏣᎳᎩ Հայերեն ελληνικά Русский Ꮳ ẞ Å""".split()
BLOCKS = [(0x20, 0x7F), (0x80, 0x24F), (0x250, 0x36F), (0x370, 0x58F), (0x590, 0x8FF), (0x900, 0xFFF), (0x1000, 0x1CFF),
          (0x1D00, 0x20CF), (0x20D0, 0x2BFF), (0x2C00, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xD7FF), (0xE000, 0xFFFF),
          (0x10000, 0x1FFFF), (0x20000, 0x3FFFF), (0x40000, 0xDFFFF), (0xE0000, 0x10FFFF)]
MARKS = [*map(chr, range(0x300, 0x370)), "\u0345", "\u0591", "\u05b0", "\u064b", "\u0e38", "\u3099", "\U0001d165", "\u1161",
         "\u11a8"]
EMOJI = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "🇫🇷", "👍🏽", "❤️", "🧑🏿‍🚀", "1️⃣", "😀", "\u200d", "\ufe0f"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u1680", "\u2028", "\x85", "\x0b", "\x1c", "\u200b", "\ufeff"]


def part(rng):
    kind = rng.randrange(10)
    if kind < 4:
        word = rng.choice(WORDS)
        return rng.choice([word, word.upper(), word.title(), word.swapcase()])
    if kind == 4:
        return rng.choice(SPECIALS)
    if kind == 5:
        low, high = rng.choice(BLOCKS)
        points = (rng.randint(low, high) for _ in range(rng.randint(1, 6)))
        return "".join(chr(c) for c in points if not 0xD800 <= c < 0xE000)
    if kind == 6:
        return rng.choice("aeiouAEIOUÅσΣ각ᄀ") + "".join(rng.choices(MARKS, k=rng.randint(1, 5)))
    if kind == 7:
        return "".join(rng.choices(EMOJI, k=rng.randint(1, 3)))
    if kind == 8:
        return "".join(chr(rng.randint(0, 0x9F)) for _ in range(rng.randint(1, 6)))
    return str(rng.randint(0, 10**6)) + rng.choice(["", "'s", "'S", "½", "²", "Ⅷ", "٣", "'"])


def make_prompt(rng):
    """The bytes of one prompt: mostly short and valid, some long, some broken."""
    count = rng.choice([0, 1, 2, 3, 5, 8, 12, 40]) if rng.random() > 0.01 else 2000
    separators = SPACES if rng.random() < 0.3 else [" ", "", ", "]
    prompt = "".join(part(rng) + rng.choice(separators) for _ in range(count)).encode()
    if rng.random() < 0.15:
        broken = bytearray(prompt)
        for _ in range(rng.randint(1, 5)):
            where = rng.randrange(len(broken) + 1)
            broken[where:where + rng.randint(0, 2)] = bytes(rng.randrange(128, 256) for _ in range(rng.randint(0, 3)))
        prompt = bytes(broken)
    return prompt


def our_ids(source, prompts, *options):
    sized = b"".join(b"%d\n%s" % (len(p), p) for p in prompts)
    done = subprocess.run([program("tokenize"), str(source), *options], input=sized, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return [list(map(int, line.split())) for line in done.stdout.splitlines()]


def their_ids(folder, prompts):
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
    texts = [p.decode("utf-8", errors="replace") for p in prompts]
    return tokenizer(texts, padding="max_length", truncation=True, max_length=77).input_ids


def check(ours, theirs, prompts):
    assert len(ours) == len(theirs) == len(prompts)
    wrong = [i for i in range(len(prompts)) if ours[i] != theirs[i]]
    print(f"\n{len(prompts) - len(wrong)} of {len(prompts)} equal")
    for i in wrong[:3]:
        print(prompts[i][:300], ours[i], theirs[i], sep="\n")
    assert not wrong


def make_prompts(count, seed):
    rng = random.Random(seed)
    return [make_prompt(rng) for _ in range(count)]


def test_many_strings_give_the_ids_of_transformers_with_a_small_vocabulary():
    prompts = make_prompts(COUNT, 19)
    check(our_ids(TINY, prompts), their_ids(TINY, prompts), prompts)


@pytest.mark.parametrize("name", ["sd1", "sd2"])
def test_many_strings_give_the_ids_of_transformers(folders, name):
    prompts = make_prompts(COUNT, 20)
    check(our_ids(folders[name], prompts), their_ids(folders[name], prompts), prompts)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_kind_of_folder_gives_the_ids_of_transformers(folders, name):
    prompts = make_prompts(2000, 21)
    check(our_ids(folders[name], prompts), their_ids(folders[name], prompts), prompts)


@pytest.mark.parametrize("name", ["sd1", "sd2", "added"])
def test_a_folder_saved_by_transformers_gives_its_ids(folders, name, tmp_path):
    transformers.CLIPTokenizer.from_pretrained(folders[name]).save_pretrained(tmp_path)
    prompts = make_prompts(2000, 22)
    check(our_ids(tmp_path, prompts), their_ids(tmp_path, prompts), prompts)


@pytest.mark.parametrize(("name", "pad"), [("sd1", "<|endoftext|>"), ("sd2", "!")])
def test_the_merge_list_alone_gives_the_ids_of_the_folder(merge_list, folders, name, pad):
    prompts = make_prompts(2000, 23)
    check(our_ids(merge_list, prompts, pad), their_ids(folders[name], prompts), prompts)


def test_long_prompts_take_no_time(folders):
    prompts = [("x" * 10_000).encode(), ("a\u0301\u0316" * 10_000).encode(), ("\u0301\u0316" * 10_000).encode(), b"'" * 10_000,
               b"ab " * 10_000, b"<|endoftext|>" * 10_000]
    our_ids(folders["sd1"], [])
    begin = time.monotonic()
    our_ids(folders["sd1"], [])
    load = time.monotonic() - begin
    begin = time.monotonic()
    ours = our_ids(folders["sd1"], prompts)
    assert time.monotonic() - begin < load + 1.5
    check(ours, their_ids(folders["sd1"], prompts), prompts)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q", "-s"]))
