"""Ids of transformers' CLIPTokenizer on mischievous strings: python tests/golden/prompt/make.py

The vocabulary is the embedded model's own, kept beside this file.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
import test_tokenizer as parity  # noqa: E402

COUNT = 400

if __name__ == "__main__":
    prompts = [p[:600] for p in parity.make_prompts(COUNT, 5)]
    prompts += ["", " ", "a dog", "A DOG!", "temple hidden in the jungle Monet style", "dog " * 100, "it's 42's", "<|endoftext|>"]
    prompts = [p.encode() if isinstance(p, str) else p for p in prompts]
    ids = parity.their_ids(HERE / "tokenizer", prompts)
    cases = [{"hex": prompt.hex(), "ids": row} for prompt, row in zip(prompts, ids)]
    (HERE / "ids.json").write_text(json.dumps(cases))
