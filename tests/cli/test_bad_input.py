"""Bad input: one clear line, exit code 2, nothing left behind."""

import json
import os
import pathlib
import pickle
import struct
import zipfile

import pytest
from PIL import Image

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
DOG = ("generate", "-p", "a dog", "--steps", "2", "--size", "64x64")


def test_no_command(fails):
    assert "--help" in fails()


def test_unknown_command_and_option(fails):
    assert "paint" in fails("paint")
    assert "--stepz" in fails("generate", "-p", "a dog", "--stepz", "3")


def test_no_prompt(fails):
    assert "--prompt" in fails("generate")
    assert "--prompt" in fails("dial", "--style", "sketch")
    assert "--from" in fails("interpolate", "--to", "a cat")
    assert "--to" in fails("interpolate", "--from", "a dog")
    assert "--style" in fails("dial", "-p", "a dog")


def test_prompts_that_cannot_be_read(fails):
    def prompt(text, *flags):
        return fails("generate", "-p", text, "--steps", "2", "--size", "64x64", *flags)

    assert "64 windows" in prompt("dog " * 3_000)
    assert "70000 bytes" in prompt("a" * 70_000)
    assert "out of range" in prompt("(a dog:1000)")
    assert "more than 64 deep" in prompt("(" * 100)
    assert "none was given by --lora-dir" in prompt("a dog <lora:style:0.8>")
    assert "--negative-prompt: <lora:" in prompt("a dog", "-n", "<lora:style:0.8>")
    assert "--negative-prompt: AND" in prompt("a dog", "-n", "a AND b")
    assert "--style: [from:to:when]" in prompt("a dog", "--style", "[sketch|sunset]", "--at", "1")


def test_an_embedding_that_is_none(fails, tmp_path):
    def embedding(name, shape):
        size = 4 * shape[0] * shape[1]
        header = {"emb_params": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
        (tmp_path / name).write_bytes(header_file(json.dumps(header).encode(), bytes(size)))
        return tmp_path / name

    assert "missing.pt: cannot be read" in fails(*DOG, "--embedding", "missing.pt")
    assert "text encoder needs" in fails(*DOG, "--embedding", embedding("wide.safetensors", [1, 7]))
    width = json.loads((SCENES / "text_encoder" / "config.json").read_text())["hidden_size"]
    toy = embedding("toy.safetensors", [1, width])
    assert "two embeddings" in fails(*DOG, "--embedding", toy, "--embedding", toy)
    assert "not a word" in fails(*DOG, "--embedding", f"={toy}")


def test_a_line_break_in_a_name_stays_one_line(fails):
    assert "no\\x0asuch" in fails("info", "no\nsuch.png")


def test_dtype(fails):
    assert "f32, bf16 or int8" in fails(*DOG, "--dtype", "f16")


def test_taesd(fails, tmp_path):
    tiny = SCENES.parents[1] / "tests" / "golden" / "models" / "tiny-decoder"
    for path in (tiny, tiny / "taesd_decoder.pth"):
        line = fails(*DOG, "--taesd", str(path))
        assert str(path) in line and "4 channels at 1/8" in line and "12 at 1/8" in line
    assert "missing.pth" in fails(*DOG, "--taesd", "missing.pth")
    assert "holds no TAESD decoder" in fails(*DOG, "--taesd", str(SCENES / "vae" / "diffusion_pytorch_model.safetensors"))
    assert '"AutoencoderTiny" is needed' in fails(*DOG, "--taesd", str(SCENES / "vae"))
    (tmp_path / "taesd.pth").write_bytes((tiny / "taesd_decoder.pth").read_bytes()[:20_000])
    assert "taesd.pth" in fails(*DOG, "--taesd", "taesd.pth")


def test_a_window_without_guide(fails):
    assert "--style-start: only --method guide and anchored" in fails(*DOG, "--style", "sketch", "--at", "0.5", "--style-start", "0.5")
    assert "--cfg-start" in fails(*DOG, "--cfg-start", "0.7", "--cfg-end", "0.6")


def test_a_dial_that_cannot_be_turned(fails, tmp_path):
    dialled = (*DOG, "--style", "sketch", "--method", "calibrated", "--at", "0.5")
    assert "cannot be read" in fails(*dialled, "--dial", "missing.json")
    (tmp_path / "broken.json").write_text("{")
    assert "is not valid JSON" in fails(*dialled, "--dial", "broken.json")
    dial = {"latentdial_dial": 9, "style": "sketch", "model": "other", "fingerprint": "0", "guidance_scale": 5, "words": "{prompt}, {style}", "points": [[0, 0], [1, 1]], "reason": ""}
    (tmp_path / "other.json").write_text(json.dumps(dial))
    assert "another model" in fails(*dialled, "--dial", "other.json")
    assert 'for the style "sketch"' in fails(*DOG, "--style", "sunset", "--method", "calibrated", "--at", "0.5", "--dial", "other.json")
    assert "--dial" in fails(*DOG, "--style", "sketch", "--at", "0.5", "--dial", "other.json")


def test_a_mask_that_cannot_be_used(fails, tmp_path):
    Image.new("L", (64, 64)).save(tmp_path / "mask.png")
    guided = (*DOG, "--style", "sketch", "--method", "guide", "--at", "0.5")
    assert "missing.png" in fails(*guided, "--style-mask", "missing.png")
    assert "--style-mask" in fails(*DOG, "--style", "sketch", "--method", "slerp", "--at", "0.5", "--style-mask", "mask.png")


def test_words_that_no_mask_can_be_made_of(fails):
    guided = (*DOG, "--style", "sketch", "--method", "guide", "--at", "0.5")
    assert 'does not say "cat"' in fails(*guided, "--mask-words", "cat")
    assert "--mask-words" in fails(*DOG, "--style", "sketch", "--method", "slerp", "--at", "0.5", "--mask-words", "dog")


def test_what_cannot_be_measured_or_calibrated(fails, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    assert "--style" in fails("measure", "picture.png")
    assert "even number" in fails("measure", "picture.png", "--style", "sketch", "--evaluations", "3")
    assert "missing.png" in fails("measure", "missing.png", "--style", "sketch")
    assert "--style" in fails("calibrate")
    assert "--seeds" in fails("calibrate", "--style", "sketch", "--seeds", "0")


@pytest.mark.parametrize("size", ["100x100", "0x0", "-8x8", "512", "512x", "x", "axb", "nanxnan", "1000000x8", "8x99999999999999999999", "64x64x64", ""])
def test_size(fails, size):
    assert "--size" in fails("generate", "-p", "a dog", f"--size={size}")


@pytest.mark.parametrize("steps", ["0", "-1", "1001", "2.5", "nan", "many", "", "1e3", "99999999999999999999"])
def test_steps(fails, steps):
    assert "--steps" in fails("generate", "-p", "a dog", f"--steps={steps}")


@pytest.mark.parametrize("flag", ["--cfg", "--strength", "--seed", "--threads", "--theta", "--at", "--to-seed"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "text", "", "1,5", "--", "0x10"])
def test_text_for_a_number(fails, flag, value):
    assert flag in fails("generate", "-p", "a dog", f"{flag}={value}")


def test_range(fails):
    for value in ("0:1", "0:1:0", "0:nan:3", "a", "0:9:3", "0:1:1000000000", ""):
        assert "--at" in fails("dial", "-p", "a dog", "--style", "sketch", f"--at={value}")
    assert "--theta" in fails("interpolate", "--from", "a dog", "--to", "a cat", "--theta", "0:2:3")


def test_unknown_names_are_answered_by_the_list(fails):
    assert "pndm, ddim, euler, euler_a, heun, dpm2" in fails("generate", "-p", "a dog", "--sampler", "restart")
    assert "karras" in fails("generate", "-p", "a dog", "--scheduler", "kl_optimal")
    assert '--scheduler: "ddim" does not go by "karras"; use normal, trailing' in fails("generate", "-p", "a dog", "--sampler", "ddim", "--scheduler", "karras")
    assert "--eta: only the sampler tcd takes it, not lcm" in fails("generate", "-p", "a dog", "--eta", "0.5", "--sampler", "lcm")
    assert "slerp-diff" in fails("generate", "-p", "a dog", "--style", "sketch", "--at", "0.5", "--method", "magic")
    assert "bf16" in fails("generate", "-p", "a dog", "--dtype", "f64")


def test_a_setting_without_its_partner_is_not_ignored(fails):
    assert "--style" in fails("generate", "-p", "a dog", "--at", "0.5")
    assert "--to" in fails("generate", "-p", "a dog", "--theta", "0.5")


def header_file(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


LYING = {
    "empty": b"",
    "text": b"this is not a model\n",
    "header past the end": header_file(b"{}", length=1 << 40),
    "header of 2^64-1": header_file(b"{}", length=(1 << 64) - 1),
    "broken JSON": header_file(b'{"a": '),
    "no object": header_file(b"[]"),
    "deep JSON": header_file(b"[" * 100_000),
    "offset past the end": header_file(json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode(), b"1234"),
    "offsets turned round": header_file(json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}}).encode(), b"12345678"),
    "overlap": header_file(
        json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}).encode(),
        b"123456789012",
    ),
    "wrong dtype": header_file(json.dumps({"a": {"dtype": "F33", "shape": [1], "data_offsets": [0, 4]}}).encode(), b"1234"),
    "wrong size": header_file(json.dumps({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]}}).encode(), b"1234"),
    "shape overflows": header_file(json.dumps({"a": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 4]}}).encode(), b"1234"),
    "negative shape": header_file(json.dumps({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}).encode(), b"1234"),
    "twice the same name": header_file(
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', b"12345678"
    ),
}


@pytest.mark.parametrize("name", LYING)
def test_lying_safetensors(fails, tmp_path, name):
    path = tmp_path / "model.safetensors"
    path.write_bytes(LYING[name])
    assert "model.safetensors" in fails("generate", "-p", "a dog", "-m", str(path))


def test_missing_model(fails, tmp_path):
    assert "no-such-model" in fails("generate", "-p", "a dog", "-m", "no-such-model")
    (tmp_path / "empty").mkdir()
    assert "empty" in fails("generate", "-p", "a dog", "-m", "empty")
    (tmp_path / "model.bin").write_bytes(b"\0" * 100)
    assert "model.bin" in fails("generate", "-p", "a dog", "-m", "model.bin")


def copy_scenes(tmp_path) -> pathlib.Path:
    """The embedded model with its large files linked, small ones copied, so that one can be spoilt."""
    copy = tmp_path / "copy"
    for path in SCENES.rglob("*"):
        target = copy / path.relative_to(SCENES)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return copy


def test_truncated_weights(fails, tmp_path):
    copy = copy_scenes(tmp_path)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "diffusion_pytorch_model.safetensors" in fails(*DOG, "-m", str(copy))


def test_missing_tensor(fails, tmp_path):
    copy = copy_scenes(tmp_path)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b'"conv_in.bias"', b'"conv_in.bizs"'))
    assert "conv_in.bias" in fails(*DOG, "-m", str(copy))


def test_mixed_up_architectures(fails, tmp_path):
    copy = copy_scenes(tmp_path)
    config = copy / "unet" / "config.json"
    settings = json.loads(config.read_text())
    settings["cross_attention_dim"] = 768
    config.write_text(json.dumps(settings))
    assert "192" in fails(*DOG, "-m", str(copy))


class Touch:
    """Unpickled by Python, this would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_ckpt_that_runs_code(fails, tmp_path):
    flag = tmp_path / "ran"
    with zipfile.ZipFile(tmp_path / "evil.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": Touch(flag)}, protocol=2))
        archive.writestr("archive/version", "3\n")
    message = fails("generate", "-p", "a dog", "-m", "evil.ckpt")
    assert "evil.ckpt" in message and "system" in message
    assert not flag.exists()


def test_output_folder(fails, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "--out" in fails(*DOG, "-o", "file/out.png")
    assert "--out" in fails(*DOG, "-o", "out.jpg")
    assert "--out" in fails(*DOG, "-o", str(tmp_path))
    assert "--out" in fails("dial", "-p", "a dog", "--style", "sketch", "-o", "file")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_folder_without_permission(fails, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "--out" in fails(*DOG, "-o", "locked/out.png")


def test_start_picture(fails, tmp_path):
    assert "none.png" in fails(*DOG, "--image", "none.png")
    (tmp_path / "text.png").write_text("no picture")
    assert "text.png" in fails(*DOG, "--image", "text.png")


def test_again_needs_settings(fails, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    assert "text.png" in fails("generate", "--again", "text.png")


def test_plan(fails, tmp_path):
    (tmp_path / "plan.json").write_text('{"settings": {"promt": "a dog"}}')
    assert "promt" in fails("sweep", "plan.json")
    assert "none.json" in fails("sweep", "none.json")
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {"prompt": "a dog"}}))
    assert "as in 3/8" in fails("sweep", "plan.json", "--shard", "9/8")
    assert "1 of 1 pictures are missing" in fails("merge", "plan.json", "--out", "nothing")
    assert "nowhere cannot be read" in fails("merge", "plan.json", "nowhere")


def test_info(fails, tmp_path):
    assert "none" in fails("info", "none")
    (tmp_path / "text").write_text("nothing")
    assert "text" in fails("info", "text")


def test_full_disk(latentdial):
    """A file size limit stands in for a full disk: one line, and no half picture under any name."""
    import resource
    import signal

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    process = latentdial(*DOG, "-o", "dog.png", preexec_fn=limit)
    assert process.returncode == 2 and len(process.stderr.splitlines()) == 1, process
    assert "dog.png" in process.stderr


@pytest.mark.parametrize(
    "flags, line",
    [
        (("--cfg", "120"), "--cfg: 120 is out of range, use 0 to 100"),
        (("--cfg-start", "0.7", "--cfg-end", "0.6"), "--cfg-start: 0.7 is behind --cfg-end, 0.6; guidance would never be on"),
        (("--invert",), "--invert: no picture is given; say which by --image"),
        (("--strength", "2"), "--strength: 2 is out of range, use 0 to 1"),
        (("--sampler", "magic"), '--sampler: "magic" is unknown; use pndm'),
        (("--size", "64x63"), '--size: "64x63" is not a picture size'),
        (("-n", "(a:1000)"), "--negative-prompt: emphasis makes a weight of 1000"),
        (("--threads", "2000"), "--threads: 2000 is out of range, use 1 to 1024"),
        (("--lora", "a.pt:strong"), '--lora: "strong" is not a scale'),
        (("--image", "no\n.png"), "no\\x0a.png does not exist"),
    ],
)
def test_a_field_is_named_by_its_flag(fails, flags, line):
    assert fails("generate", "-p", "a dog", *flags).startswith(f"latentdial: {line}")


def test_a_field_of_a_command_is_named_by_its_own_flag(fails, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    assert "latentdial: --evaluations: 3 is" in fails("measure", "picture.png", "--style", "sketch", "--evaluations", "3")
    assert "latentdial: --port: 70000 is" in fails("serve", "--port", "70000")
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {"prompt": "a dog", "guidance_scale": 120}}))
    assert "latentdial: guidance_scale: 120 is" in fails("sweep", "plan.json"), "a plan has names, no flags"


@pytest.mark.parametrize("text", ["@(guidance_scale)", "@(steps" * 15_000, "\x1b[2J\n@(nonsense)", "猫" * 33_000])
def test_marks_in_a_users_text_make_no_other_line(fails, text):
    for flag in ("--sampler", "--image", "--dial"):
        line = fails("generate", "-p", "a dog", "--style", "sketch", "--at", "1", flag, text).removesuffix("\n")
        assert line.isprintable() and len(line.encode()) < 9_000


def test_drafts_that_make_no_sense(fails):
    dial = ("dial", "-p", "a dog", "--style", "sketch", "--steps", "10")
    assert "use 1 to 9" in fails(*dial, "--draft", "10")
    assert "--refine" in fails(*dial, "--refine", "0.5")
    assert "--refine" in fails(*dial, "--draft", "3", "--refine", "9")


@pytest.mark.parametrize(
    "arguments, line",
    [
        (("generate", "-p", "a dog", "--stpes", "3"), "--stpes is not an option of generate; did you mean --steps?"),
        (("dial", "-p", "a dog", "--stlye=sketch"), "--stlye is not an option of dial; did you mean --style?"),
        (("generate", "-p", "a dog", "--upscale", "2"), "--upscale is not an option of generate; see"),
        (("measure", "a.png", "--stlye=x"), "--stlye is not an option of measure; did you mean --style?"),
        (("generate", "-p", "a dog", "--seed", "-2"), '"-2" is not a whole number from 0 to 18446744073709551615'),
        (("generate", "-p", "a dog", "--seed", "99999999999999999999"), "from 0 to 18446744073709551615"),
        (("generate", "-p", "a dog", "--to-seed", "x"), "from -1 to 9223372036854775807"),
        (("generate", "-p", "a dog", "--steps", "0"), "0 is out of range, use 1 to 1000"),
    ],
)
def test_what_would_be_right_is_said(fails, arguments, line):
    assert line in fails(*arguments)


def test_a_plan_in_the_command_lines_words_is_told_ours(fails, tmp_path):
    (tmp_path / "plan.json").write_text('{"settings": {"prompt": "a dog", "cfg": 3}}')
    assert 'the setting "cfg" is unknown; did you mean "guidance_scale"?' in fails("sweep", "plan.json")
    (tmp_path / "plan.json").write_text('{"settings": {"prompt": "a dog"}, "grid": {"at": "0:1:3"}}')
    assert 'the setting "at" is unknown; did you mean "position"?' in fails("sweep", "plan.json")
    (tmp_path / "plan.json").write_text("not json")
    assert "plan.json is not valid JSON (at byte 2); a plan is as in" in fails("sweep", "plan.json")


def test_a_size_that_no_model_of_its_kind_can_make(fails):
    assert "2056x64 is too large for scenes, which was trained at 128x128; use sides of up to 2048" in fails("generate", "-p", "a dog", "--size", "2056x64")


def test_serve_takes_the_models_own_dials_alone(fails, tmp_path):
    dial = json.loads((SCENES / "dials" / "sketch.dial.json").read_text())
    (tmp_path / "other.dial.json").write_text(json.dumps(dial | {"fingerprint": "0" * 16}))
    assert "--dial: other.dial.json was made for another model" in fails("serve", "--port", "0", "--dial", "other.dial.json")
    assert "nowhere.dial.json cannot be read" in fails("serve", "--port", "0", "--dial", "nowhere.dial.json")
