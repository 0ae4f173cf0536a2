"""JSON of strangers in files: nested 100,000 levels deep, or of millions of values. One line, and memory that the file's size bounds."""

import json
import pathlib
import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hostile import LEVELS, MEGABYTE, NESTED, PARTS, SANITIZED, many, peak_of

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
SMALL = ("--steps", "1", "--size", "64x64")
DIAL = {"latentdial_dial": 9, "style": "sketch", "model": "scenes", "fingerprint": "0", "guidance_scale": 5, "words": "{prompt}, {style}", "points": [[0, 0], [1, 1]], "reason": ""}
HERE = "\x00here"  # Stands in JSON where the harm goes.


def text_of(value) -> str:
    return json.dumps(value)


def model_with(file: str, content: str):
    """A model folder whose one file is another."""

    def write(folder: pathlib.Path, harm: str) -> tuple:
        for path in SCENES.rglob("*"):
            target = folder / "model" / path.relative_to(SCENES)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                target.symlink_to(path)
        spoilt = folder / "model" / file
        spoilt.unlink(missing_ok=True)
        spoilt.write_text(content.replace(json.dumps(HERE), harm))
        return ("generate", "-p", "a dog", "--style", "sketch", "--at", "1", *SMALL, "-m", "model")

    return write


def plan_with(content: str):
    def write(folder: pathlib.Path, harm: str) -> tuple:
        (folder / "plan.json").write_text(content.replace(json.dumps(HERE), harm))
        return ("sweep", "plan.json")

    return write


def dial_with(content: str):
    def write(folder: pathlib.Path, harm: str) -> tuple:
        (folder / "sketch.dial.json").write_text(content.replace(json.dumps(HERE), harm))
        return ("generate", "-p", "a dog", "--style", "sketch", "--at", "1", *SMALL, "--dial", "sketch.dial.json")

    return write


def manifest_with(content: str):
    def write(folder: pathlib.Path, harm: str) -> tuple:
        (folder / "plan.json").write_text(text_of({"settings": {"prompt": "a dog"}}))
        (folder / "shard").mkdir()
        (folder / "shard" / "manifest.jsonl").write_text(content.replace(json.dumps(HERE), harm) + "\n")
        return ("merge", "plan.json", "shard")

    return write


def tensors(folder: pathlib.Path, name: str, header: str, data: bytes = b"") -> None:
    encoded = header.encode()
    (folder / name).write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def header_with(content: str):
    def write(folder: pathlib.Path, harm: str) -> tuple:
        tensors(folder, "model.safetensors", content.replace(json.dumps(HERE), harm))
        return ("generate", "-p", "a dog", *SMALL, "-m", "model.safetensors")

    return write


def lora_metadata(folder: pathlib.Path, harm: str) -> tuple:
    """PEFT's, whose scale stands in JSON within the header's JSON."""
    width = json.loads((SCENES / "text_encoder" / "config.json").read_text())["hidden_size"]
    layer, size = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj", 4 * width
    header = {f"{layer}.lora_A.weight": {"dtype": "F32", "shape": [1, width], "data_offsets": [0, size]}}
    header |= {f"{layer}.lora_B.weight": {"dtype": "F32", "shape": [width, 1], "data_offsets": [size, 2 * size]}}
    tensors(folder, "lora.safetensors", text_of(header | {"__metadata__": {"lora_adapter_metadata": harm}}), bytes(2 * size))
    return ("generate", "-p", "a dog", *SMALL, "--lora", "lora.safetensors", "-o", "dog.png")


def picture_text(folder: pathlib.Path, harm: str) -> tuple:
    info = PngInfo()
    info.add_text("parameters", f"a dog\nSteps: 1, Prompt text: {text_of(harm)}, Style: {harm}, Model: scenes")
    Image.new("RGB", (64, 64)).save(folder / "dog.png", pnginfo=info)
    return ("info", "dog.png")


UNET = json.loads((SCENES / "unet" / "config.json").read_text())
INDEX = json.loads((SCENES / "model_index.json").read_text())
TOKENIZER = {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
REFUSED = {
    "a plan": plan_with(text_of(HERE)),
    "a plan's section": plan_with(text_of([{"settings": {"prompt": "a dog"}}, HERE])),
    "a plan's settings": plan_with(text_of({"settings": HERE})),
    "a plan's prompt": plan_with(text_of({"settings": {"prompt": HERE}})),
    "a plan's unknown setting": plan_with(text_of({"settings": {"prompt": "a dog", "other": HERE}})),
    "a plan's grid": plan_with(text_of({"settings": {"prompt": "a dog"}, "grid": {"seed": HERE}})),
    "a value of a plan's grid": plan_with(text_of({"grid": {"prompt": ["a dog", HERE]}})),
    "a plan's unknown key": plan_with(text_of({"other": HERE})),
    "a dial": dial_with(text_of(HERE)),
    "a dial's points": dial_with(text_of(DIAL | {"points": HERE})),
    "a dial's point": dial_with(text_of(DIAL | {"points": [[0, 0], HERE]})),
    "a dial's reason": dial_with(text_of(DIAL | {"reason": HERE})),
    "a dial's number": dial_with(text_of(DIAL | {"latentdial_dial": HERE})),
    "a dial's unknown key": dial_with(text_of(DIAL | {"other": HERE})),
    "a model's own dial": model_with("dials/sketch.dial.json", text_of(DIAL | {"points": HERE})),
    "a manifest's line": manifest_with(text_of(HERE)),
    "a manifest's settings": manifest_with(text_of({"file": "00000-07cc23c7.png", "settings": HERE})),
    "a manifest's file": manifest_with(text_of({"file": HERE})),
    "a manifest's model": manifest_with(text_of({"file": "00000-07cc23c7.png", "model": HERE})),
    "model_index.json": model_with("model_index.json", text_of(INDEX | {"unet": HERE})),
    "the U-Net's config": model_with("unet/config.json", text_of(UNET | {"block_out_channels": HERE})),
    "the U-Net's other config": model_with("unet/config.json", text_of(UNET | {"act_fn": HERE})),
    "the text encoder's config": model_with("text_encoder/config.json", text_of({"hidden_size": HERE})),
    "the autoencoder's config": model_with("vae/config.json", text_of({"latent_channels": HERE})),
    "the scheduler's config": model_with("scheduler/scheduler_config.json", text_of({"trained_betas": HERE})),
    "the tokenizer's config": model_with("tokenizer/tokenizer_config.json", text_of({"model_max_length": HERE})),
    "the tokenizer's decoder": model_with("tokenizer/tokenizer_config.json", text_of({"added_tokens_decoder": {"1": HERE}})),
    "special_tokens_map.json": model_with("tokenizer/special_tokens_map.json", text_of({"bos_token": HERE})),
    "added_tokens.json": model_with("tokenizer/added_tokens.json", text_of({"a": HERE})),
    "tokenizer.json": model_with("tokenizer/tokenizer.json", text_of(TOKENIZER | {"model": HERE})),
    "tokenizer.json's vocabulary": model_with("tokenizer/tokenizer.json", text_of(TOKENIZER | {"model": {"vocab": {"a": HERE}, "merges": []}})),
    "tokenizer.json's merges": model_with("tokenizer/tokenizer.json", text_of(TOKENIZER | {"model": {"vocab": {"a": 0}, "merges": HERE}})),
    "a safetensors header": header_with(text_of(HERE)),
    "a tensor of a header": header_with(text_of({"a": HERE})),
    "a shape of a header": header_with(text_of({"a": TENSOR | {"shape": HERE}})),
    "a header's free texts": header_with(text_of({"__metadata__": HERE, "a": TENSOR})),
}
TAKEN = {"a LoRA's free text": lora_metadata, "a picture's text": picture_text}
# A vocabulary may be dense: its file costs so much more.
SPARE = {"tokenizer": 72 * MEGABYTE}


@pytest.fixture(scope="session")
def at_rest(latentdial_program, tmp_path_factory):
    """What the program takes with the embedded model, which every command of these loads at most."""
    folder = tmp_path_factory.mktemp("at_rest")
    return peak_of(latentdial_program, "generate", "-p", "a dog", *SMALL, cwd=folder).peak


def check(process, size: int, at_rest: int, spare: int = 8 * MEGABYTE, refused: bool = True) -> None:
    assert process.returncode == (2 if refused else 0), process
    assert len([line for line in process.stderr.splitlines() if not line.startswith("notice: ")]) == (1 if refused else 0), process.stderr
    assert SANITIZED or process.peak <= at_rest + 8 * size + spare, f"{process.peak >> 20} MiB for {size >> 20} MiB, {at_rest >> 20} at rest"


@pytest.mark.parametrize("shape", NESTED)
@pytest.mark.parametrize("kind", REFUSED)
def test_deep_json_in_a_file_is_one_line(latentdial_program, at_rest, tmp_path, kind, shape):
    process = peak_of(latentdial_program, *REFUSED[kind](tmp_path, NESTED[shape]), cwd=tmp_path)
    check(process, len(NESTED[shape]), at_rest)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", REFUSED)
def test_millions_of_values_cost_what_the_file_is_long(latentdial_program, at_rest, tmp_path, kind, part):
    size = MEGABYTE - 4096 if "dial" in kind else 4 * MEGABYTE - 8192
    process = peak_of(latentdial_program, *REFUSED[kind](tmp_path, many(part, size)), cwd=tmp_path)
    check(process, size, at_rest, SPARE["tokenizer"] if "token" in kind else 8 * MEGABYTE)


@pytest.mark.parametrize("kind", TAKEN)
def test_json_within_a_text_of_a_file_is_left_alone(latentdial_program, at_rest, tmp_path, kind):
    for harm in (*NESTED.values(), *(many(part, 2 * MEGABYTE) for part in PARTS)):
        check(peak_of(latentdial_program, *TAKEN[kind](tmp_path, harm), cwd=tmp_path), len(harm), at_rest, refused=False)


@pytest.mark.parametrize("kind, size", [("a plan's settings", 18), ("model_index.json", 18), ("tokenizer.json", 18), ("a manifest's line", 64)])
def test_a_file_that_is_too_long_is_not_read(latentdial_program, at_rest, tmp_path, kind, size):
    process = peak_of(latentdial_program, *REFUSED[kind](tmp_path, many("arrays", size * MEGABYTE)), cwd=tmp_path)
    check(process, size * MEGABYTE // 8 if "manifest" in kind else 0, at_rest)


def test_a_header_of_a_million_tensors(latentdial_program, at_rest, tmp_path):
    header = "{" + ",".join(f'"{i:x}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(500_000)) + "}"
    tensors(tmp_path, "model.safetensors", header)
    check(peak_of(latentdial_program, "generate", "-p", "a dog", *SMALL, "-m", "model.safetensors", cwd=tmp_path), len(header), at_rest)


def test_a_vocabulary_of_a_million_merges(latentdial_program, at_rest, tmp_path):
    command = REFUSED["tokenizer.json"](tmp_path, "0")
    (tmp_path / "model/tokenizer/tokenizer.json").unlink()
    (tmp_path / "model/tokenizer/merges.txt").unlink()
    (tmp_path / "model/tokenizer/merges.txt").write_text("a b\n" * 2_000_000)
    check(peak_of(latentdial_program, *command, cwd=tmp_path), 8_000_000, at_rest)


def test_a_picture_of_a_million_settings(latentdial_program, at_rest, tmp_path):
    info = PngInfo()
    info.add_text("parameters", "a dog\nSteps: 1" + "".join(f", {i:x}: 1" for i in range(700_000)))
    Image.new("RGB", (64, 64)).save(tmp_path / "dog.png", pnginfo=info)
    check(peak_of(latentdial_program, "info", "dog.png", cwd=tmp_path), (tmp_path / "dog.png").stat().st_size, at_rest, refused=False)
