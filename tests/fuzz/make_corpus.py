"""Writes the fuzzers' first inputs, one small whole file of each kind: python tests/fuzz/make_corpus.py (needs torch)."""

import base64
import io
import json
import pathlib
import struct
import zipfile

import torch
from PIL import Image, PngImagePlugin
from safetensors.torch import save

ROOT = pathlib.Path(__file__).parents[2]
CORPUS = pathlib.Path(__file__).parent / "corpus"
MODEL = ROOT / "models/scenes"
PARAMETERS = 'a dog, "sketch"\nNegative prompt: rain\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 3.5, Seed: 7, Size: 128x128, Model: scenes'
PROMPTS = (
    "a dog in the jungle",
    "a (big:1.3) [small] ((dog)), \\(not this\\) BREAK a cat",
    "a [dog:cat:0.5] by the lake AND a [day|night|] :1.2 AND sunset :-0.5",
    "Übergrößenträger 猫 🐕 <|endoftext|> ([{:|}])",
)
ARGUMENTS = {"positive_prompt": "a dog", "steps": 3, "cfg_scale": 5, "width": 8, "height": 8, "seed": 1, "scheduler": "euler_k", "model": {"name": "a"}}
GRAPH = {
    "1": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 2, "denoise": 1, "positive": ["2", 0], "latent_image": ["3", 0], "model": ["4", 0]}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a dog"}},
    "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 8, "height": 8}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
}
SETTINGS = {"prompt": "a dog", "seed": 3, "steps": 4, "style": "sketch", "position": 0.5}


def torch_bytes(value, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def picture_bytes(form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((12, 10)).convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


def checkpoints() -> list[bytes]:
    tensors = {"a.weight": torch.arange(6.0).reshape(2, 3).half(), "b": torch.ones(4, dtype=torch.bfloat16)}
    return [save(tensors, {"format": "pt"}), torch_bytes({"state_dict": tensors, "epoch": 3}), torch_bytes(tensors, pickle_protocol=5), torch_bytes(tensors, _use_new_zipfile_serialization=False)]


def scaled() -> bytes:
    eights = torch.arange(6.0).reshape(2, 3).to(torch.float8_e4m3fn)
    return save({"a.weight": eights, "a.scale_weight": torch.tensor(0.5), "b": torch.ones(4).to(torch.float8_e5m2), "scaled_fp8": eights[:0]})


def ggufs() -> list[bytes]:
    """Every type of blocks; and a list, a text and a number among the facts of a file with one tensor."""
    text = lambda value: struct.pack("<Q", len(value)) + value  # noqa: E731
    facts = [text(b"a") + struct.pack("<IIQ", 9, 5, 2) + bytes(8), text(b"b") + struct.pack("<I", 8) + text(b"v"), text(b"general.alignment") + struct.pack("<II", 4, 8)]
    tensor = text(b"t") + struct.pack("<IQQIQ", 2, 2, 3, 1, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(facts)) + b"".join(facts) + tensor
    return [(ROOT / "tests/golden/weights/blocks.gguf").read_bytes(), head + bytes(-len(head) % 8 + 12)]


def pickles() -> list[bytes]:
    return [zipfile.ZipFile(io.BytesIO(each)).read("archive/data.pkl") for each in checkpoints()[1:3]]


def lora_kinds() -> list[dict[str, torch.Tensor]]:
    """A file of each kind, for the small model of lora_fuzz.cc."""
    linear, conv, norm = "lora_unet_attn2_to_k", "lora_unet_conv", "lora_unet_norm"
    one = lambda *shape: torch.ones(shape)  # noqa: E731
    alpha = {f"{linear}.alpha": torch.tensor(1)}
    tucker = {"lora_down.weight": one(2, 2, 1, 1), "lora_mid.weight": one(2, 2, 3, 3), "lora_up.weight": one(4, 2, 1, 1)}
    loha = {"hada_w1_a": one(4, 2), "hada_w1_b": one(2, 6), "hada_w2_a": one(4, 2), "hada_w2_b": one(2, 6)}
    return [
        {f"{conv}.{part}": value for part, value in tucker.items()},
        alpha | {f"{linear}.{part}": value for part, value in loha.items()} | {f"{linear}.dora_scale": one(4, 1)},
        {f"{linear}.lokr_w1_a": one(2, 1), f"{linear}.lokr_w1_b": one(1, 3), f"{linear}.lokr_w2": one(2, 2)},
        {f"{conv}.lokr_w1": one(2, 1), f"{conv}.lokr_t2": one(1, 1, 3, 3), f"{conv}.lokr_w2_a": one(1, 2), f"{conv}.lokr_w2_b": one(1, 2)},
        {f"{linear}.a1.weight": one(6, 1), f"{linear}.a2.weight": one(1, 6), f"{linear}.b1.weight": one(4, 1), f"{linear}.b2.weight": one(1, 6)},
        {f"{linear}.oft_blocks": one(2, 2, 2), f"{linear}.rescale": one(4, 1), **alpha},
        {f"{norm}.w_norm": one(4), f"{norm}.b_norm": one(4), f"{conv}.diff": one(4, 2, 3, 3), f"{linear}.diff_b": one(4)},
    ]


def loras() -> list[bytes]:
    up, down = torch.ones(4, 1), torch.ones(1, 4)
    kohya = {"lora_te_text_model_q_proj.lora_up.weight": up, "lora_te_text_model_q_proj.lora_down.weight": down}
    layer = "text_encoder.text_model.q_proj"
    peft = {f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up, "bundle_emb.word.string_to_param.*": torch.ones(2, 4)}
    word = {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.ones(2, 4)}, "name": "word"}
    files = [save({key: value.half() for key, value in each.items()}) for each in (kohya, peft, *lora_kinds())]
    return [*files, torch_bytes(word), save({"emb_params": torch.ones(1, 4).half()})]


def tokenizer_folders() -> list[bytes]:
    tokens = {token: i for i, token in enumerate(["a", "b", "a</w>", "b</w>", "ab</w>", "<|startoftext|>", "<|endoftext|>"])}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 8, "bos_token": "<|startoftext|>", "eos_token": {"content": "<|endoftext|>"}}
    fast = {"model": {"type": "BPE", "vocab": tokens, "merges": ["a b</w>"]}, "added_tokens": [{"id": 5, "content": "<|startoftext|>", "special": True}]}
    whole = [json.dumps(tokens), "#version: 0.2\na b</w>\n", json.dumps(config), json.dumps({"pad_token": "!"}), json.dumps({"!": 7})]
    return ["\0".join(whole).encode(), ("\0" * 5 + json.dumps(fast)).encode(), (MODEL / "tokenizer/tokenizer_config.json").read_bytes()]


def pictures() -> list[bytes]:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", PARAMETERS)
    return [picture_bytes("PNG", pnginfo=text), picture_bytes("JPEG"), picture_bytes("WEBP"), picture_bytes("WEBP", lossless=True)]


def requests() -> list[bytes]:
    picture = base64.b64encode(picture_bytes("PNG")).decode()
    bodies = [
        SETTINGS,
        {"prompt": "a dog", "image": picture, "strength": 0.5, "dial": 0.3},
        {"prompt": "a dog", "negative_prompt": "", "steps": 4, "sampler_name": "Euler a", "batch_size": 2, "override_settings": {}},
        {"init_images": [picture], "denoising_strength": 0.4, "prompt": "a (dog:1.2)"},
        {"prompt": "a dog", "model": "scenes", "n": 2, "size": "128x128", "response_format": "b64_json"},
    ]
    return [json.dumps(body).encode() for body in bodies]


def texts() -> list[bytes]:
    """Every kind of value; as many levels as are read, and one more; values of one kind, as dense as can be."""
    kinds = {"text": "a \u732b\n", "numbers": [0, -1, 1.5, 1e300, 2**64 - 1], "others": [None, True, False, [], {}], "": {"": {"a": ""}}}
    nested = [b"[" * levels + b"]" * levels for levels in (64, 65)] + [b'{"a":' * 64 + b"1" + b"}" * 64]
    dense = [b"[" + b",".join([part] * 200) + b"]" for part in (b"0", b"[]", b"{}", b'""', b'{"a":0}')]
    return [json.dumps(kinds).encode(), *nested, *dense, b'{"a":1,"a":2}', b"[1e999]"]


def connections() -> list[bytes]:
    """What clients send; a first byte of zero says that it is sent as it stands."""
    head = lambda line, *headers: "\r\n".join([line, "Host: a", *headers, "", ""]).encode()  # noqa: E731
    form = b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\nhello\r\n--a--\r\n'
    whole = [
        head("GET / HTTP/1.1") * 2,
        head("POST /body HTTP/1.1", "Content-Length: 5") + b"hello" + head("GET / HTTP/1.1", "Connection: close"),
        head("POST /form HTTP/1.1", "Content-Type: multipart/form-data; boundary=a", f"Content-Length: {len(form)}") + form,
        head("POST /later HTTP/1.1", "Content-Length: 0") + head("POST /stream HTTP/1.1", "Content-Length: 0"),
        head("POST /stream HTTP/1.0", "Content-Length: 0"),
        head("POST /body HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
        head("POST /body HTTP/1.1", "Content-Length: 5", "Content-Encoding: gzip") + b"hello",
        head("POST /body HTTP/1.1", "Expect: 100-continue", "Content-Length: 5") + b"hello",
        head("HEAD /jobs/1f/2.png?a=%41 HTTP/1.1", "Range: bytes=0-,0-", "Authorization: no"),
    ]
    return [b"\0" + each for each in whole]


def main() -> None:
    seeds = {
        "checkpoint": [*checkpoints(), scaled(), *ggufs()],
        "gguf": ggufs(),
        "pickle": pickles(),
        "config": [path.read_bytes() for path in sorted(MODEL.glob("*/*config.json")) if path.parent.name != "tokenizer"],
        "tokenizer_files": tokenizer_folders(),
        "prompt": [prompt.encode() for prompt in PROMPTS],
        "lora": loras(),
        "image": pictures(),
        "parameters": [PARAMETERS.encode(), json.dumps(SETTINGS).encode(), json.dumps(GRAPH).encode(), json.dumps(ARGUMENTS).encode()],
        "plan": [json.dumps([{"settings": SETTINGS, "grid": {"seed": [1, 2], "position": "0:1:11"}}]).encode()],
        "dial_file": [path.read_bytes() for path in sorted((MODEL / "dials").glob("*.json"))[:2]],
        "request": requests(),
        "json": texts(),
        "http": connections(),
    }
    for name, inputs in seeds.items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (folder / f"seed-{i}").write_bytes(data)


if __name__ == "__main__":
    main()
