"""What each command promises: files, their settings, what is printed, and that nothing is lost."""

import json
import os
import pty
import pathlib
import re
import shutil
import signal
import subprocess
import time

import numpy
import pytest
from PIL import Image
from pictures import pixels

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ("--steps", "2", "--size", "64x64")


def test_generate_writes_a_png_that_tells_how_it_was_made(latentdial, tmp_path):
    process = latentdial("generate", "-p", "a dog in the meadow", "--seed", "5", *SMALL, "-o", "dog.png")
    assert process.returncode == 0 and process.stdout == "dog.png\n" and process.stderr == ""
    picture = Image.open(tmp_path / "dog.png")
    assert picture.size == (64, 64)
    assert picture.text["parameters"].startswith("a dog in the meadow\nSteps: 2, Sampler: PLMS,")
    assert "a dog in the meadow\nSteps: 2" in latentdial("info", "dog.png").stdout


def test_profile_tells_where_the_time_went_and_changes_no_picture(latentdial, tmp_path):
    plain = latentdial("generate", "-p", "a dog", *SMALL, "-o", "plain.png")
    table = latentdial("generate", "-p", "a dog", *SMALL, "--profile", "-o", "profiled.png")
    assert plain.stderr == "" and table.returncode == 0
    head, *rows, total = table.stderr.splitlines()
    assert head.split() == ["seconds", "calls", "GFLOP/s", "operation"] and total.endswith("all")
    seconds = [float(row.split()[0]) for row in rows]
    assert seconds == sorted(seconds, reverse=True) and abs(sum(seconds) - float(total.split()[0])) < 0.001 * len(rows)
    assert any("conv2d [2, 8, 8, 12]" in row for row in rows)
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "profiled.png").read_bytes()
    objects = [json.loads(line) for line in latentdial("generate", "-p", "a dog", *SMALL, "--profile", "--json", "-o", "a.png").stdout.splitlines()]
    assert {"operation", "shapes", "calls", "seconds", "gflops"} == set(objects[1])


def test_the_same_picture_can_be_made_again(latentdial, tmp_path):
    latentdial("generate", "-p", "a: \"dog\", [café] 猫\nsecond line", "-n", "a cat", "--style", "sketch", "--at", "0.3", *SMALL, "-o", "one.png")
    latentdial("generate", "--again", "one.png", "-o", "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_settings_beside_again_change_it(latentdial, tmp_path):
    latentdial("generate", "-p", "a dog", *SMALL, "-o", "one.png")
    latentdial("generate", "--again", "one.png", "--seed", "9", "-o", "two.png")
    settings = json.loads(latentdial("info", "--json", "two.png").stdout)["settings"]
    assert settings["seed"] == 9 and settings["prompt"] == "a dog" and settings["steps"] == 2


@pytest.fixture
def started(latentdial, tmp_path):
    """A picture in out/ that was made from photos/start.png."""
    (tmp_path / "photos").mkdir()
    latentdial("generate", "-p", "a cat", *SMALL, "-o", "photos/start.png")
    latentdial("generate", "-p", "a dog", "--image", "photos/start.png", *SMALL, "-o", "out/dog.png")
    return tmp_path / "out" / "dog.png"


def test_a_picture_names_its_start_picture_without_a_folder(started):
    text = Image.open(started).text["parameters"]
    assert ", Start image: start.png, " in text and "photos" not in text
    assert re.search(", Start image hash: [0-9a-f]{16}, ", text)


def test_again_makes_it_from_the_start_picture_that_is_given(latentdial, started, tmp_path):
    process = latentdial("generate", "--again", "out/dog.png", "--image", "photos/start.png", "-o", "two.png")
    assert process.returncode == 0 and process.stderr == ""
    assert (tmp_path / "two.png").read_bytes() == started.read_bytes()


def test_again_says_that_another_start_picture_is_given(latentdial, started, tmp_path):
    latentdial("generate", "-p", "another", *SMALL, "-o", "other.png")
    process = latentdial("generate", "--again", "out/dog.png", "--image", "other.png", "-o", "two.png")
    assert process.returncode == 0 and (tmp_path / "two.png").exists()
    assert re.fullmatch("notice: other.png is not the image that out/dog.png was made from \\([0-9a-f]{16}\\)\n", process.stderr)


def test_a_sweep_goes_on_by_the_pixels_of_its_start_picture(latentdial, fails, tmp_path):
    latentdial("generate", "-p", "a cat", *SMALL, "-o", "start.png")
    plan = {"settings": {"prompt": "a dog", "steps": 2, "width": 64, "height": 64, "image": "start.png"}, "grid": {"seed": [1, 2]}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    sweep = ("sweep", "plan.json", "--out", "grid", "--resume", "--json")
    kept = lambda: [json.loads(line)["kept"] for line in latentdial(*sweep).stdout.splitlines()[:-1]]  # noqa: E731
    assert kept() == [False, False] and kept() == [True, True]
    assert latentdial("merge", "plan.json", "--out", "grid").returncode == 0
    latentdial("generate", "-p", "another", *SMALL, "-o", "start.png")
    assert "other settings" in fails("sweep", "plan.json", "--out", "grid", "--resume")


def test_no_picture_is_written_over_unasked(latentdial):
    first, second = (latentdial("generate", "-p", "a dog", *SMALL).stdout for _ in range(2))
    assert (first, second) == ("out.png\n", "out-1.png\n")


def test_threads_change_nothing(latentdial, tmp_path):
    for threads in ("1", "2"):
        latentdial("generate", "-p", "a dog", *SMALL, "--threads", threads, "-o", f"{threads}.png")
    assert (pixels(tmp_path / "1.png") == pixels(tmp_path / "2.png")).all()


@pytest.mark.parametrize("prompt", ["🐕🐈", "a" * 1_000, "dog " * 1_000, "\u202e", "%s%n", "'; rm", "[a, b]", '"dog"', "-dog", "﷽" * 50])
def test_odd_prompts_are_taken(latentdial, tmp_path, prompt):
    process = latentdial("generate", f"--prompt={prompt}", *SMALL, "-o", "odd.png")
    assert process.returncode == 0, process.stderr
    assert json.loads(latentdial("info", "--json", "odd.png").stdout)["settings"]["prompt"] == prompt


def test_words_that_do_not_fit_are_named(latentdial):
    process = latentdial("generate", "-p", "dog " * 100, "--plain-prompt", *SMALL)
    assert process.returncode == 0 and process.stderr.startswith("notice: ") and len(process.stderr.splitlines()) == 1
    assert latentdial("generate", "-p", "dog " * 100, "--plain-prompt", *SMALL, "-q").stderr == ""
    assert latentdial("generate", "-p", "dog " * 100, *SMALL).stderr == "", "without it everything fits"


def test_broken_utf8_is_replaced_with_a_notice(latentdial):
    process = latentdial("generate", b"--prompt=a dog \xff\xfe\xc3(", *SMALL, "-o", "dog.png")
    assert process.returncode == 0 and "UTF-8" in process.stderr
    assert "a dog \ufffd\ufffd\ufffd(" in latentdial("info", "dog.png").stdout


def test_a_dial_is_frames_a_strip_and_a_manifest(latentdial, tmp_path):
    process = latentdial("dial", "-p", "a temple", "--style", "Monet style", "--at", "-0.5:1:4", *SMALL, "-o", "strip")
    assert process.returncode == 0, process.stderr
    assert sorted(path.name for path in (tmp_path / "strip").iterdir()) == [
        *(f"frame-00{i}.png" for i in range(4)),
        "manifest.jsonl",
        "strip.png",
    ]
    lines = [json.loads(line) for line in (tmp_path / "strip/manifest.jsonl").read_text().splitlines()]
    assert sorted(line["settings"]["position"] for line in lines) == [-0.5, 0, 0.5, 1]
    assert Image.open(tmp_path / "strip/strip.png").width > 4 * 64


def test_position_zero_is_the_plain_picture(latentdial, tmp_path):
    latentdial("generate", "-p", "a temple", *SMALL, "-o", "plain.png")
    for method in ("slerp", "slerp-diff", "lerp"):
        latentdial("dial", "-p", "a temple", "--style", "sketch", "--method", method, "--at", "0", *SMALL, "-o", method)
        assert (pixels(tmp_path / method / "frame-000.png") == pixels(tmp_path / "plain.png")).all()


def test_an_interpolation_ends_at_the_plain_prompts_and_seeds(latentdial, tmp_path):
    latentdial("interpolate", "--from", "a dog", "--to", "a cat", "--seed", "1", "--to-seed", "2", "--theta", "0:1:3", *SMALL, "-o", "way")
    latentdial("generate", "-p", "a dog", "--seed", "1", *SMALL, "-o", "dog.png")
    latentdial("generate", "-p", "a cat", "--seed", "2", *SMALL, "-o", "cat.png")
    assert (pixels(tmp_path / "way/frame-000.png") == pixels(tmp_path / "dog.png")).all()
    assert (pixels(tmp_path / "way/frame-002.png") == pixels(tmp_path / "cat.png")).all()


def test_a_strip_goes_on_where_it_was(latentdial, tmp_path):
    strip = ("dial", "-p", "a temple", "--style", "sketch", "--at", "0:1:3", *SMALL, "-o", "strip", "--json")
    latentdial(*strip)
    (tmp_path / "strip/frame-001.png").unlink()
    lines = [json.loads(line) for line in latentdial(*strip).stdout.splitlines()]
    assert [line["kept"] for line in lines[:3]] == [True, False, True]
    assert lines[3]["strip"].endswith("strip.png")


def test_another_strips_folder_is_left_alone(latentdial, tmp_path):
    latentdial("dial", "-p", "a temple", "--style", "sketch", "--at", "0:1:2", *SMALL, "-o", "strip")
    before = {path.name: path.read_bytes() for path in (tmp_path / "strip").iterdir()}
    process = latentdial("dial", "-p", "a city", "--style", "sketch", "--at", "0:1:2", *SMALL, "-o", "strip")
    assert process.returncode == 2 and "other settings" in process.stderr
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "strip").iterdir()}


def test_the_figures_are_the_papers(latentdial, tmp_path):
    process = latentdial("figures", "--out", "figures", "--size", "64x64", "--steps", "1")
    assert process.returncode == 0, process.stderr
    lines = [json.loads(line) for line in (tmp_path / "figures/manifest.jsonl").read_text().splitlines()]
    settings = {line["file"]: line["settings"] for line in lines}
    assert len(settings) == 7 + 4 * 6 + 8 * 9
    assert settings["figure-5/frame-003.png"]["prompt"] == "a dog" and settings["figure-5/frame-003.png"]["to_prompt"] == "a cat"
    assert settings["figure-6/frame-005.png"]["prompt"] == "doomsday pyramid cyberpunk alien invasion"
    assert settings["figure-6/frame-005.png"]["position"] == 0.5 and settings["figure-6/frame-005.png"]["method"] == "slerp"
    assert settings["figure-7/frame-001.png"]["style"] == "futuristic high tech"
    assert settings["figure-8/frame-001.png"]["prompt"] == "temple hidden in the jungle Monet style"
    assert settings["figure-9/frame-005.png"]["position"] == -0.5 and settings["figure-9/frame-005.png"]["method"] == "slerp-diff"
    assert settings["compared/1-slerp/frame-008.png"]["position"] == settings["compared/1-dial/frame-008.png"]["position"] == 1
    assert settings["compared/4-dial/frame-008.png"]["position"] == -1 and settings["compared/4-slerp-diff/frame-008.png"]["method"] == "slerp-diff"
    assert {settings[f"compared/{name}/frame-004.png"]["guidance_scale"] for name in ("2-slerp", "2-dial")} == {7.5}, "the paper's"
    assert Image.open(tmp_path / "figures/figures.png").height > 5 * 64 and Image.open(tmp_path / "figures/compared.png").height > 8 * 64


    check_what_is_mended(tmp_path / "figures")


def check_what_is_mended(folder):
    def picture(name):
        return pixels(folder / name)

    lines = [json.loads(line) for line in (folder / "mended/manifest.jsonl").read_text().splitlines()]
    settings = {line["file"]: line["settings"] for line in lines}
    assert len(settings) == 5 + 5
    assert picture("mended.png").shape[0] > 6 * 64
    whole, redrawn, mask = picture("mended/whole/frame-000.png"), picture("mended/inpaint/frame-000.png"), picture("mended/inpaint-mask.png")
    assert settings["inpaint/frame-000.png"]["prompt"] == "a cat in the meadow" and 0.05 < (mask == 255).mean() < 0.5
    assert (redrawn[:, :3] == whole[:, :3]).all() and (redrawn != whole).any()
    assert picture("mended/outpaint/frame-000.png").shape == (64, 96, 3)
    assert picture("mended/colorize-given.png").std(-1).max() == 0
    assert picture("mended/upscale-given.png").shape == (16, 16, 3) and picture("mended/upscale/frame-000.png").shape == (64, 64, 3)
    assert [settings[f"dial/frame-{i:03}.png"]["position"] for i in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert abs(numpy.diff(picture("mended/deblur-given.png"), axis=0)).mean() < abs(numpy.diff(picture("mended/whole/frame-003.png"), axis=0)).mean()


def test_shards_are_merged_to_the_sweep_of_one_machine(latentdial, tmp_path):
    plan = {"settings": {"prompt": "a dog", "steps": 2, "width": 64, "height": 64}, "grid": {"seed": "0:4:5"}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert latentdial("sweep", "plan.json", "--out", "alone").returncode == 0
    for shard in ("1/2", "2/2"):
        assert latentdial("sweep", "plan.json", "--out", "shared", "--shard", shard, "-q").returncode == 0
    process = latentdial("merge", "plan.json", "--out", "shared")
    assert process.returncode == 0 and process.stdout == "shared/manifest.jsonl\n" and "5 pictures" in process.stderr
    files = [[json.loads(line)["file"] for line in (tmp_path / folder / "manifest.jsonl").read_text().splitlines()] for folder in ("alone", "shared")]
    assert files[0] == files[1] and len(files[0]) == 5
    for name in files[0]:
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "shared" / name).read_bytes()


def test_a_sweep_resumes_after_ctrl_c(latentdial, tmp_path):
    plan = {"settings": {"prompt": "a dog", "steps": 20}, "grid": {"seed": "0:19:20"}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    process = subprocess.Popen([latentdial.program, "sweep", "plan.json", "--out", "grid"], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    manifest = tmp_path / "grid/manifest.jsonl"
    while not (manifest.exists() and len(manifest.read_text().splitlines()) >= 2):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1 and b"kept" in stderr
    made = len(manifest.read_text().splitlines())
    assert 2 <= made < 20 and len(list((tmp_path / "grid").glob("*.png"))) == made
    assert latentdial("sweep", "plan.json", "--out", "grid").returncode == 2
    plan["grid"]["seed"] = f"0:{made}:{made + 1}"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    lines = [json.loads(line) for line in latentdial("sweep", "plan.json", "--out", "grid", "--resume", "--json").stdout.splitlines()]
    assert [line["kept"] for line in lines[:-1]] == [True] * made + [False]


def test_progress_on_a_terminal_silence_in_a_pipe(latentdial, tmp_path):
    arguments = [latentdial.program, "generate", "-p", "a dog", "--size", "64x64", "--steps", "5", "-o", "dog.png"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs)
    process.wait(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    assert "step 3/" in shown and "left" in shown
    assert latentdial("generate", "-p", "a dog", *SMALL).stderr == ""


def test_help_teaches_by_example(latentdial):
    overview = latentdial("--help").stdout
    for command in ("generate", "interpolate", "dial", "sweep", "figures", "info"):
        assert re.search(rf"^\s+{command}\s", overview, re.MULTILINE)
        process = latentdial(command, "--help")
        assert process.returncode == 0 and f"  latentdial {command}" in process.stdout and "xample" in process.stdout


def test_help_lists_every_method_of_the_dial(latentdial, fails):
    shown = latentdial("dial", "--help").stdout
    names = fails("generate", "-p", "a dog", "--style", "sketch", "--method", "magic").split("; use ")[1].split(", ")
    assert len(names) > 5
    for name in names:
        assert re.search(rf"^  {name}\s+\S", shown, re.MULTILINE), name


def test_version(latentdial):
    assert re.fullmatch(r"latentdial \d+\.\d+\.\d+\n", latentdial("--version").stdout)


def test_info_of_the_processor(latentdial, fails):
    answers = {dtype: json.loads(latentdial("info", "--cpu", "--dtype", dtype, "--json").stdout) for dtype in ("f32", "bf16", "int8")}
    layers = {dtype: answer["multiplied by (GFLOP/s that were measured)"] for dtype, answer in answers.items()}
    assert all(list(of) == ["linear layers", "convolutions of 3x3, stride 1", "other convolutions", "attention"] for of in layers.values())
    assert layers["f32"]["linear layers"].startswith("f32 (") and layers["int8"]["linear layers"].startswith("8-bit numbers (")
    held = subprocess.run([latentdial.program, "info", "--cpu"], env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}, capture_output=True, text=True)
    assert "bf16 through oneDNN" not in held.stdout and "attention: f32 (" in held.stdout
    assert "--dtype" in fails("info", "--cpu", "--dtype", "f16")
    assert "--cpu" in fails("info", "--dtype", "f32")
    assert "--cpu" in fails("info", "--cpu", "dog.png")


def test_info_of_the_embedded_model(latentdial):
    answer = json.loads(latentdial("info", "--json").stdout)
    assert answer["model"] == "scenes" and answer["size"] == "128x128" and "threads" in answer["device"]


def test_measure_reads_more_style_on_a_styled_picture(latentdial, tmp_path):
    steps = ("--steps", "8", "--sampler", "dpm++2m", "--cfg", "3.5")
    latentdial("generate", "-p", "a house in the meadow", *steps, "-o", "plain.png")
    latentdial("generate", "-p", "a house in the meadow, sketch", *steps, "-o", "styled.png")
    process = latentdial("measure", "plain.png", "styled.png", "--style", "sketch", "-p", "a house in the meadow", "--json")
    plain, styled = (json.loads(line)["strength"] for line in process.stdout.splitlines())
    assert plain < 0.25 and styled > 0.75
    assert re.match(r"styled.png: [0-9.]+ % ± [0-9.]+\n", latentdial("measure", "styled.png", "--style", "sketch").stdout)


def test_calibrate_fits_a_dial_that_the_dial_command_turns(latentdial, tmp_path):
    few = ("--steps", "6", "--sampler", "dpm++2m", "--cfg", "3.5")
    process = latentdial("calibrate", "--style", "sketch", "-p", "a house in the meadow", "--seeds", "1", *few, "-o", "sketch.dial.json", "--json")
    found = json.loads(process.stdout)
    assert found["dial"] == "sketch.dial.json" and found["high"] >= 0.8 and [point["strength"] for point in found["response"]][:3] == [0.25, 0.5, 0.75]
    turned = latentdial("dial", "-p", "a castle", "--style", "sketch", "--method", "calibrated", "--dial", "sketch.dial.json", "--at", "0:4:3", *few, "-o", "strip")
    assert turned.returncode == 0 and "position 4 is outside of the dial's range" in turned.stderr
    plain = latentdial("generate", "-p", "a castle", *few, "-o", "plain.png")
    assert plain.returncode == 0 and (pixels(tmp_path / "plain.png") == pixels(tmp_path / "strip/frame-000.png")).all()


def test_a_mask_keeps_the_style_off_what_is_black(latentdial, tmp_path):
    mask = numpy.zeros((128, 128), numpy.uint8)
    mask[:, 64:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    few = ("-p", "a castle by the lake", "--steps", "8", "--sampler", "dpm++2m", "--cfg", "3.5")
    latentdial("generate", *few, "-o", "plain.png")
    latentdial("generate", *few, "--style", "pixel art", "--method", "guide", "--at", "1", "--style-mask", "mask.png", "-o", "half.png")
    change = abs(pixels(tmp_path / "plain.png") - pixels(tmp_path / "half.png")).mean((0, 2))
    assert change[80:].mean() > 3.5 * change[:48].mean()


def test_explain_says_what_a_dial_does(latentdial, tmp_path):
    few = ("--steps", "8", "--sampler", "dpm++2m", "--cfg", "3.5", "--at", "0:1:3")
    process = latentdial("dial", "-p", "a castle", "--style", "sketch", "--method", "guide", *few, "--explain", "-o", "strip")
    assert process.returncode == 0 and "strip/explain.png" in process.stdout
    found = json.loads((tmp_path / "strip/explain.json").read_text())
    strengths = [frame["strength"] for frame in found["frames"]]
    changes = [frame["change"] for frame in found["frames"]]
    assert strengths == sorted(strengths) and changes[0] == 0 < changes[1] < changes[2]
    assert abs(sum(colour["share"] for colour in found["palette_after"]) - 1) < 1e-6
    assert Image.open(tmp_path / "strip/explain.png").text["parameters"].startswith("a castle\n")


def test_a_draft_comes_first_and_only_what_is_asked_for_is_refined(latentdial, tmp_path):
    turned = ("dial", "-p", "a castle", "--style", "sketch", "--steps", "8", "--sampler", "dpm++2m", "--at", "0:1:5")
    process = latentdial(*turned, "--draft", "3", "--refine", "0.4:0.6:2", "-o", "strip")
    lines = process.stdout.splitlines()
    assert process.returncode == 0 and lines.index("strip/draft/strip.png") < lines.index("strip/frame-000.png")
    assert len(list((tmp_path / "strip/draft").glob("frame-*.png"))) == 5 and len(list((tmp_path / "strip").glob("frame-*.png"))) == 2
    assert "Steps: 3," in Image.open(tmp_path / "strip/draft/frame-000.png").info["parameters"]
    assert "Steps: 8," in Image.open(tmp_path / "strip/frame-000.png").info["parameters"]


def test_a_jump_is_told_and_an_even_dial_is_not(latentdial):
    seen = ("-p", "a castle by the lake", "--style", "sunset", "--sampler", "dpm++2m", "--steps", "8", "--cfg", "3.5")
    assert "jumps" not in latentdial("dial", *seen, "--at", "0:1:6", "-o", "even").stderr
    between = ("--from", "a castle by the lake", "--to", "a dog in the jungle", "--theta", "0:1:12", "--steps", "8", "--sampler", "dpm++2m", "--cfg", "5")
    assert "the picture jumps, by" in latentdial("interpolate", *between, "-o", "jumping").stderr


def test_the_model_says_its_own_guidance(latentdial, tmp_path):
    latentdial("generate", "-p", "a dog", *SMALL, "-o", "own.png")
    latentdial("generate", "-p", "a dog", *SMALL, "--cfg", "3.5", "-o", "given.png")
    assert "CFG scale: 3.5" in Image.open(tmp_path / "own.png").text["parameters"]
    assert (tmp_path / "own.png").read_bytes() == (tmp_path / "given.png").read_bytes()
    assert "guidance_scale: 3.5" in latentdial("info").stdout
    assert "the model's own; 7.5 where it names none" in " ".join(latentdial("generate", "--help").stdout.split())


def test_another_folder_says_another_guidance_or_none(latentdial, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(ROOT / "models" / "scenes", folder)
    index = json.loads((folder / "model_index.json").read_text())
    for defaults, said in (({"guidance_scale": 2.5}, "2.5"), (None, "7.5")):
        index.pop("_latentdial", None)
        (folder / "model_index.json").write_text(json.dumps(index | ({"_latentdial": defaults} if defaults else {})))
        latentdial("generate", "-m", "model", "-p", "a dog", *SMALL, "-o", "a.png")
        assert f"CFG scale: {said}," in Image.open(tmp_path / "a.png").text["parameters"]


def test_no_guidance_up_to_one(latentdial, tmp_path):
    for scale in ("1", "0.5", "0"):
        latentdial("generate", "-p", "a dog", *SMALL, "--cfg", scale, "-o", f"{scale}.png")
    assert (pixels(tmp_path / "0.png") == pixels(tmp_path / "1.png")).all() and (pixels(tmp_path / "0.5.png") == pixels(tmp_path / "1.png")).all()


def test_a_seed_of_minus_one_is_any_and_is_said(latentdial, tmp_path):
    seeds = set()
    for name in ("a.png", "b.png"):
        assert latentdial("generate", "-p", "a dog", *SMALL, "--seed", "-1", "-o", name).returncode == 0
        seeds.add(json.loads(latentdial("info", "--json", name).stdout)["settings"]["seed"])
    assert len(seeds) == 2


def test_words_that_the_model_does_not_know_are_said(latentdial):
    few = ("-p", "a castle by the lake", "--steps", "8", "--sampler", "dpm++2m", "--at", "0:1:3")
    assert 'notice: the model shows nothing of "in the". It knows: Monet style, ' in latentdial("dial", *few, "--style", "in the").stderr
    assert "shows nothing" not in latentdial("dial", *few, "--style", "sketch").stderr


def test_a_strip_says_each_thing_once_and_has_its_style_in_its_name(latentdial, tmp_path):
    made = latentdial("dial", "-p", "a castle", "--style", "pixel art", "--at", "0:1:2", *SMALL)
    assert re.search(r"out/dial-scenes-a-castle-pixel-art-[0-9a-f]{8}/strip.png", made.stdout)


def test_measure_takes_the_prompt_from_the_picture(latentdial):
    few = ("--steps", "8", "--sampler", "dpm++2m")
    latentdial("dial", "-p", "a castle by the lake", "--style", "sketch", "--at", "0:1:2", *few, "-o", "strip")
    pictures = ("strip/frame-000.png", "strip/frame-001.png")
    told, read = latentdial("measure", *pictures, "--style", "sketch", "-p", "a castle by the lake"), latentdial("measure", *pictures, "--style", "sketch")
    assert read.returncode == 0 and read.stdout == told.stdout and read.stderr == ""


def test_measure_warns_where_nobody_says_what_a_picture_shows(latentdial, tmp_path):
    Image.new("RGB", (128, 128), "grey").save(tmp_path / "grey.jpg")
    made = latentdial("measure", "grey.jpg", "--style", "sketch")
    assert made.returncode == 0 and made.stderr == "notice: grey.jpg does not say what it shows, so it is read roughly; say it by -p\n"


def test_measure_cannot_tell_of_words_that_the_model_does_not_know(latentdial):
    latentdial("generate", "-p", "a castle by the lake", "--steps", "8", "--sampler", "dpm++2m", "-o", "castle.png")
    made = latentdial("measure", "castle.png", "--style", "in the")
    assert re.match(r"castle.png: cannot tell: the model hardly knows this style \(", made.stdout)
    assert json.loads(latentdial("measure", "castle.png", "--style", "in the", "--json").stdout)["tells"] is False


def test_a_dial_is_installed_where_every_face_finds_it(latentdial, fails, tmp_path):
    shutil.copytree(ROOT / "models" / "scenes", tmp_path / "model")
    for dial in (tmp_path / "model" / "dials").iterdir():
        dial.unlink()
    few = ("-m", "model", "--style", "sketch", "--steps", "6", "--sampler", "dpm++2m")
    made = latentdial("calibrate", *few, "-p", "a house in the meadow", "--seeds", "1", "--install")
    assert made.returncode == 0 and (tmp_path / "model" / "dials" / "sketch.dial.json").exists()
    assert "at most 10 pictures, about" in made.stderr and "Turn it:" not in made.stderr
    assert latentdial("generate", "-p", "a dog", *few, "--at", "0.5").stderr == ""
    assert "--install" in fails("calibrate", *few, "--install", "-o", "x.dial.json")


def test_a_style_mask_of_another_size_is_scaled(latentdial, tmp_path):
    mask = Image.new("L", (64, 64))
    mask.paste(255, (0, 0, 32, 64))
    mask.save(tmp_path / "small.png")
    mask.resize((128, 128), Image.NEAREST).save(tmp_path / "large.png")
    few = ("-p", "a castle", "--style", "sketch", "--at", "1", *SMALL)
    for name in ("small", "large"):
        assert latentdial("generate", *few, "--style-mask", f"{name}.png", "-o", f"of-{name}.png").returncode == 0
    assert abs(pixels(tmp_path / "of-small.png") - pixels(tmp_path / "of-large.png")).mean() < 2
