"""Whole pictures on the embedded model: the same prompt and seed as diffusers', every sampler, every form of the weights."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
)
from PIL import Image

PSNR_BOUND = 45.0  # dB
PROMPT = "a dog in the jungle"
SAMPLERS = {
    "pndm": PNDMScheduler,
    "ddim": DDIMScheduler,
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "dpm++2m": DPMSolverMultistepScheduler,
    "lcm": LCMScheduler,
}
ROOT = pathlib.Path(__file__).parents[2]


def generate(build, out, *flags, dtype="f32", guidance=7.5) -> numpy.ndarray:
    """At diffusers' own guidance; the embedded model's is another."""
    command = [build / "bin" / "latentdial", "generate", "-p", PROMPT, "--cfg", str(guidance), "--dtype", dtype, "-q", "-o", out, *map(str, flags)]
    subprocess.run(command, check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


def psnr(a: numpy.ndarray, b: numpy.ndarray) -> float:
    error = numpy.mean((a.astype(numpy.float64) - b.astype(numpy.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * numpy.log10(255**2 / error))


INT8_PICTURES = 20
INT8_PSNR = 30  # dB, median over the pictures


def sweep(build, folder, dtype) -> numpy.ndarray:
    prompts = [f"a {subject} {place}" for subject in ("dog", "cat", "temple", "city", "pyramid") for place in ("in the jungle", "in the meadow, Monet style")]
    grid = {"prompt": prompts, "seed": f"0:{INT8_PICTURES // len(prompts) - 1}:{INT8_PICTURES // len(prompts)}"}
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps({"settings": {"steps": 50, "guidance_scale": 3.5}, "grid": grid}))
    command = [build / "bin" / "latentdial", "sweep", folder / "plan.json", "--dtype", dtype, "--json", "-q", "--out", folder]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    files = [answer["file"] for answer in map(json.loads, lines) if "file" in answer]
    assert len(files) == INT8_PICTURES
    return numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for file in files])


def test_int8_pictures_are_close_to_bf16_ones(build, tmp_path):
    bf16, int8 = (sweep(build, tmp_path / dtype, dtype) for dtype in ("bf16", "int8"))
    distances = [psnr(a, b) for a, b in zip(int8, bf16, strict=True)]
    print(f"\nint8 against bf16, {INT8_PICTURES} pictures of 50 steps: PSNR {numpy.median(distances):.1f} dB (median), {min(distances):.1f} (worst)")
    assert numpy.median(distances) >= INT8_PSNR


@pytest.fixture(scope="module")
def pipe(scenes):
    pipe = StableDiffusionPipeline.from_pretrained(scenes, safety_checker=None, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def reference(pipe, sampler="pndm", seed=3, steps=20, **arguments) -> numpy.ndarray:
    pipe.scheduler = SAMPLERS[sampler].from_config(pipe.scheduler.config)
    generator = torch.Generator("cpu").manual_seed(seed)
    return numpy.asarray(pipe(PROMPT, num_inference_steps=steps, generator=generator, **arguments).images[0])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_each_sampler_makes_diffusers_picture(build, pipe, tmp_path, sampler):
    ours = generate(build, tmp_path / "ours.png", "--sampler", sampler, "--steps", 20, "--seed", 3)
    quality = psnr(ours, reference(pipe, sampler))
    print(f"\n{sampler}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND


@pytest.mark.parametrize("width, height", [(128, 128), (160, 96), (136, 104), (72, 200)])
def test_each_size_makes_diffusers_picture(build, pipe, tmp_path, width, height):
    ours = generate(build, tmp_path / "ours.png", "--size", f"{width}x{height}", "--steps", 20, "--seed", 3)
    quality = psnr(ours, reference(pipe, width=width, height=height))
    print(f"\n{width}x{height}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND


def test_negative_prompt_and_scale(build, pipe, tmp_path):
    ours = generate(build, tmp_path / "ours.png", "-n", "sunset", "--steps", 20, "--seed", 3, guidance=4)
    assert psnr(ours, reference(pipe, negative_prompt="sunset", guidance_scale=4)) >= PSNR_BOUND


def test_rescaled_guidance(build, pipe, tmp_path):
    ours = generate(build, tmp_path / "ours.png", "--cfg-rescale", 0.7, "--steps", 20, "--seed", 3)
    quality = psnr(ours, reference(pipe, guidance_rescale=0.7))
    print(f"\nrescaled: {quality:.1f} dB, beside one that is not {psnr(ours, reference(pipe)):.1f}")
    assert quality >= PSNR_BOUND > psnr(ours, reference(pipe))


@pytest.mark.parametrize("strength", [0.4, 0.75])
def test_a_start_picture(build, pipe, scenes, tmp_path, strength):
    start = Image.fromarray(reference(pipe, seed=8))
    start.save(tmp_path / "start.png")
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    image_pipe = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    image_pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator("cpu").manual_seed(3)
    theirs = image_pipe(PROMPT, image=start, strength=strength, num_inference_steps=20, generator=generator).images[0]
    ours = generate(
        build, tmp_path / "ours.png", "--image", tmp_path / "start.png", "--strength", strength, "--sampler", "ddim", "--steps", 20, "--seed", 3
    )
    quality = psnr(ours, numpy.asarray(theirs))
    print(f"\nstrength {strength}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND


def from_latents(image_pipe, latents):
    """The pipeline begins with these latents; by itself it takes none of other than four channels."""
    def noised(image, timestep, *others):
        return image_pipe.scheduler.add_noise(latents, torch.randn(latents.shape, generator=others[-1]), timestep)

    image_pipe.prepare_latents = noised


@pytest.mark.parametrize("enlarger, strength", [("latent", 0.7), ("lanczos", 0.5)])
def test_a_second_pass(build, pipe, tmp_path, enlarger, strength):
    size = {"width": 96, "height": 64}
    start = Image.fromarray(reference(pipe, "ddim", **size)).resize((192, 128), Image.Resampling.LANCZOS)
    image_pipe = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    image_pipe.set_progress_bar_config(disable=True)
    if enlarger == "latent":
        latents = pipe(PROMPT, num_inference_steps=20, generator=torch.Generator("cpu").manual_seed(3), output_type="latent", **size).images
        from_latents(image_pipe, torch.nn.functional.interpolate(latents, scale_factor=2, mode="bilinear"))
    theirs = image_pipe(PROMPT, image=start, strength=strength, num_inference_steps=20, generator=torch.Generator("cpu").manual_seed(3)).images[0]
    flags = ("--size", "96x64", "--sampler", "ddim", "--steps", 20, "--seed", 3, "--hires", 2, "--hires-with", enlarger, "--hires-strength", strength)
    quality = psnr(generate(build, tmp_path / "ours.png", *flags), numpy.asarray(theirs))
    print(f"\nsecond pass, {enlarger}, strength {strength}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND


def write_single_files(scenes: pathlib.Path, folder: pathlib.Path) -> list[pathlib.Path]:
    """The embedded model as CompVis files, with the configs that cannot be told from its tensors beside them."""
    for path in [*scenes.glob("*/*.json"), *scenes.glob("tokenizer/*")]:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.parent.name / path.name)
    files = [folder / "scenes.safetensors", folder / "scenes.ckpt"]
    subprocess.run([sys.executable, ROOT / "tests" / "golden" / "weights" / "to_compvis.py", scenes, *files], check=True)
    return files


def test_single_file_and_ckpt_give_the_bit_same_picture(build, scenes, tmp_path):
    folder = generate(build, tmp_path / "folder.png", "--steps", 5)
    for path in write_single_files(scenes, tmp_path / "model"):
        assert numpy.array_equal(generate(build, tmp_path / f"{path.suffix}.png", "--steps", 5, "-m", path), folder), path.suffix


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_the_number_of_threads_changes_nothing(build, tmp_path, dtype):
    one = generate(build, tmp_path / "one.png", "--steps", 5, "--threads", 1, dtype=dtype)
    two = generate(build, tmp_path / "two.png", "--steps", 5, "--threads", 2, dtype=dtype)
    assert numpy.array_equal(one, two)
