"""The peers that were published for flows, `flowslider` and `veloedit`, against their papers' formulas: velocities on a
flow's path, whole pictures on the embedded model, which torch and diffusers run.

A flow's path is z = (1−t)·x + t·n and its velocity n − x; the model's own, √ᾱ·x + √(1−ᾱ)·n, is that times √ᾱ + √(1−ᾱ).
"""

import subprocess

import numpy
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image

PSNR_BOUND = 45.0  # dB
PROMPT, STYLE, STEPS, SEED, GUIDANCE = "a dog in the meadow", "sketch", 20, 3, 3.5


class Flow:
    """The embedded model as a flow: the plain picture's latents, and velocities under classifier-free guidance."""

    def __init__(self, folder):
        self.pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, torch_dtype=torch.float32)
        self.pipe.scheduler = DDIMScheduler.from_config(self.pipe.scheduler.config)
        self.pipe.set_progress_bar_config(disable=True)
        self.pipe.scheduler.set_timesteps(STEPS)
        self.timesteps = self.pipe.scheduler.timesteps
        kept = self.pipe.scheduler.alphas_cumprod[self.timesteps].double()
        self.signal, self.noise = kept.sqrt(), (1 - kept).sqrt()
        self.times = [*(self.noise / (self.signal + self.noise)).tolist(), 0.0]
        generator = torch.Generator("cpu").manual_seed(SEED)
        asked = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE, "generator": generator}
        self.plain = self.pipe(PROMPT, output_type="latent", **asked).images
        self.drawn = generator.get_state()

    def states(self, text):
        return self.pipe.encode_prompt(text, "cpu", 1, True, "")[:2]

    def velocity(self, z, step, states):
        a, s = self.signal[step].item(), self.noise[step].item()
        x = z * (a + s)
        text, none = states
        out_text, out_none = (self.pipe.unet(x, self.timesteps[step], one).sample for one in (text, none))
        out = out_none + GUIDANCE * (out_text - out_none)  # The model's own v, which is a·n − s·x.
        return (s * x + a * out) - (a * x - s * out)

    def noises(self):
        """Draws one noise after the other, as the generator does that drew the plain picture's."""
        generator = torch.Generator("cpu")
        generator.set_state(self.drawn)
        return lambda: torch.randn(self.plain.shape, generator=generator)

    def picture(self, latents):
        decoded = self.pipe.vae.decode(latents / self.pipe.vae.config.scaling_factor).sample
        return ((decoded[0].permute(1, 2, 0) / 2 + 0.5).clamp(0, 1) * 255).round().numpy()


@pytest.fixture(scope="module")
def flow(scenes):
    return Flow(scenes)


def flow_slider(flow, scale):
    """arXiv 2604.02088: FlowEdit's walk over the last 20 of 28 steps, its steering scaled."""
    source, target = flow.states(PROMPT), flow.states(f"{PROMPT}, {STYLE}")
    x, noise = flow.plain, flow.noises()
    edit = x.clone()
    for step in range(STEPS):
        if step * 28 < 8 * STEPS:
            continue
        t, after = flow.times[step], flow.times[step + 1]
        z = (1 - t) * x + t * noise()
        z_edit = edit + z - x
        base = flow.velocity(z_edit, step, source)
        fidelity = base - flow.velocity(z, step, source)
        steering = flow.velocity(z_edit, step, target) - base
        edit = edit + (after - t) * (fidelity + scale * steering)
    return edit


def velo_edit(flow, strength):
    """arXiv 2603.13388, at every step, threshold 0.8, its blend's a = 1 − strength."""
    target = flow.states(f"{PROMPT}, {STYLE}")
    x, t = flow.plain, flow.times[0]
    z = (1 - t) * x + t * flow.noises()()
    for step, after in enumerate(flow.times[1:]):
        velocity, restoring = flow.velocity(z, step, target), (z - x) / t
        similarity = restoring.abs() / (restoring.abs() + (velocity - restoring).abs())
        mixed = (1 - strength) * restoring + strength * velocity
        z = z + (after - t) * torch.where(similarity >= 0.8, restoring, mixed)
        t = after
    return z


@pytest.mark.parametrize("position", [0.5, 1.0])
@pytest.mark.parametrize("method, published", [("flowslider", flow_slider), ("veloedit", velo_edit)])
def test_the_picture_is_the_papers(build, flow, tmp_path, method, published, position):
    options = ["--dtype", "f32", "--steps", STEPS, "--seed", SEED, "--sampler", "ddim", "--cfg", GUIDANCE, "-q", "-o", tmp_path]
    turned = ["-p", PROMPT, "--style", STYLE, "--method", method, "--at", position]
    subprocess.run([build / "bin" / "latentdial", "dial", *map(str, turned + options)], check=True)
    ours = numpy.asarray(Image.open(tmp_path / "frame-000.png").convert("RGB")).astype(float)
    theirs = flow.picture(published(flow, position))
    moved = numpy.abs(theirs - flow.picture(flow.plain)).mean()
    error = numpy.mean((ours - theirs) ** 2)
    quality = float("inf") if error == 0 else 10 * numpy.log10(255**2 / error)
    print(f"\n{method} at {position}: {quality:.1f} dB; the edit moves a channel by {moved:.1f}")
    assert moved > 2
    assert quality >= PSNR_BOUND
