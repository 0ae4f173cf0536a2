"""Samplers, schedules and noise against the installed diffusers and torch; run by `make parity`.

Every trajectory of our samplers on a dummy denoiser must stay within 1e-4 of diffusers' (largest difference over
largest value, at every step), or of what their_samplers.py has where it lacks one; the noise of the CPU generator must
be bit-equal.
Drives the programs `trajectory` and `randn` of tests/tools.
"""

import json
import subprocess

import numpy as np
import pytest
import torch
from diffusers import PNDMScheduler
from programs import program
from their_samplers import CLASSES, DRAW_NOISE, TWO_STAGES, BrownianPath, make_scheduler

SHAPE = (1, 4, 8, 6)
TOLERANCE = 1e-4
STEPS = (1, 2, 3, 5, 20)

SD1 = {
    "_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "clip_sample": False, "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "trained_betas": None,
}
CONFIGS = {
    "sd1": SD1,
    "sd1-leading": SD1 | {"timestep_spacing": "leading"},
    "sd1-linspace": SD1 | {"timestep_spacing": "linspace"},
    "sd1-trailing": SD1 | {"timestep_spacing": "trailing"},
    "sd2-v": SD1 | {"prediction_type": "v_prediction"},
    "alpha-one": SD1 | {"set_alpha_to_one": True, "steps_offset": 0},
    "cosine": {"beta_schedule": "squaredcos_cap_v2", "skip_prk_steps": True, "clip_sample": False},
    "defaults": {"skip_prk_steps": True},
    "zero-snr": SD1 | {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True,
                       "timestep_spacing": "trailing"},
    "short": SD1 | {"num_train_timesteps": 400},
}
SAMPLERS = [
    *((sampler, "normal") for sampler in CLASSES),
    ("euler", "karras"), ("euler_a", "karras"), ("dpm++2m", "karras"),
]  # fmt: skip
SPREAD = [
    *(("heun", scheduler) for scheduler in ("karras", "exponential", "beta")),
    *((sampler, "karras") for sampler in ("dpm2", "dpm2_a", "dpm++2s_a", "dpm++sde", "dpm++2m_sde", "dpm++3m_sde", "unipc", "deis", "lms")),
    *((sampler, scheduler) for sampler in ("euler", "dpm++2m", "unipc", "deis", "lms") for scheduler in ("exponential", "beta")),
    *((sampler, scheduler) for sampler in ("euler", "euler_a", "dpm++2m") for scheduler in ("sgm_uniform", "simple", "ays")),
    *((sampler, scheduler) for sampler in ("pndm", "ddim", "ddpm", "euler", "heun", "dpm++2m_sde") for scheduler in ("trailing", "leading", "linspace")),
]  # fmt: skip
# diffusers does not scale these to zero SNR.
NOT_RESCALED = (*TWO_STAGES, "lms", "deis")


def denoise(x, timestep):
    """The formula of tests/tools/dummy_denoiser.h."""
    v = x.numpy().astype(np.float64)
    return torch.from_numpy((0.7 * np.sin(1.1 * v + float(timestep) / 300.0) + 0.2 * v).astype(np.float32))


def their_run(sampler, scheduler, config, steps, seed, strength, eta=None):
    made = make_scheduler(sampler, scheduler, config, steps)
    generator = torch.Generator("cpu").manual_seed(seed)
    latents = torch.randn(SHAPE, generator=generator)
    if sampler == "dpm++sde":
        made.noise_sampler = BrownianPath(SHAPE, generator)
    first = 0
    if hasattr(made, "set_begin_index"):
        made.set_begin_index(0)  # else diffusers starts late, and ends too late, when rounding makes two equal timesteps
    if strength is None:
        latents = latents * made.init_noise_sigma
        timesteps = made.timesteps
    else:
        first = max(steps - min(int(steps * strength), steps), 0)
        first = min(first * made.order, len(made.timesteps))
        timesteps = made.timesteps[first:]
        if hasattr(made, "set_begin_index"):
            made.set_begin_index(first)
        latents = made.add_noise(latents, torch.randn(SHAPE, generator=generator), timesteps[:1])
    seen = [latents]
    for t in timesteps:
        output = denoise(made.scale_model_input(latents, t), t)
        extra = {"generator": generator} if sampler in DRAW_NOISE else {}
        if sampler == "tcd" and eta is not None:
            extra["eta"] = eta
        latents = made.step(output, t, latents, return_dict=False, **extra)[0]
        seen.append(latents)
    return first, float(made.init_noise_sigma), made.timesteps.numpy(), torch.stack(seen).numpy()


def our_run(sampler, scheduler, config, steps, seed, strength, eta=None):
    job = {"config": config, "sampler": sampler, "scheduler": scheduler, "steps": steps, "shape": SHAPE,
           "seed": seed, "strength": strength}
    if eta is not None:
        job["eta"] = eta
    done = subprocess.run([program("trajectory")], input=json.dumps(job).encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    raw = np.frombuffer(done.stdout, np.float32)
    evaluations, first, sigma = int(raw[0]), int(raw[1]), float(raw[2])
    return first, sigma, raw[3:3 + evaluations], raw[3 + evaluations:].reshape(-1, *SHAPE)


def worst_difference(ours, theirs):
    scale = np.abs(theirs).reshape(len(theirs), -1).max(axis=1)
    return float((np.abs(ours - theirs).reshape(len(theirs), -1).max(axis=1) / scale).max())


def compare(sampler, scheduler, config, steps, strength=None, seed=11, eta=None):
    first, sigma, timesteps, ours = our_run(sampler, scheduler, config, steps, seed, strength, eta)
    their_first, their_sigma, their_timesteps, theirs = their_run(sampler, scheduler, config, steps, seed, strength, eta)
    assert first == their_first
    assert sigma == pytest.approx(their_sigma, rel=1e-6)
    # Between steps diffusers goes from sigma to timestep by logarithms in float32.
    np.testing.assert_allclose(timesteps, their_timesteps, rtol=0, atol=2e-2 if sampler in TWO_STAGES else 2e-3)
    assert ours.shape == theirs.shape
    return worst_difference(ours, theirs)


def steps_of(name):
    return (*STEPS, 50) if name == "sd1" else STEPS


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("pair", SAMPLERS, ids="-".join)
def test_trajectories_equal_those_of_diffusers(pair, name, record_property):
    if name == "zero-snr" and pair[0] in NOT_RESCALED:
        pytest.skip("diffusers does not have it")
    if name == "cosine" and pair[0] in ("dpm2_a", "dpm++2s_a"):
        pytest.skip("diffusers' sigma_down is rounded to 0 there, and its timestep no number")
    # From a large sigma to a small one in few steps diffusers' sigma_down is what float32 leaves of two numbers that agree.
    cancels = pair[0] in ("dpm2_a", "dpm++2s_a")
    worst = {steps: compare(*pair, CONFIGS[name], steps) for steps in steps_of(name) if not (cancels and steps in (2, 3))}
    record_property("worst", max(worst.values()))
    print(f"\n{pair[0]} {pair[1]} {name}: worst {max(worst.values()):.1e} of 1e-4")
    # At zero SNR σ is 4096, and diffusers' Euler takes a difference of such numbers in float32: ours is the nearer one.
    own_error = name == "zero-snr" and pair[0].startswith("euler")
    assert max(worst.values()) <= (2e-3 if own_error else TOLERANCE), worst


@pytest.mark.parametrize("pair", SPREAD, ids="-".join)
def test_schedulers_equal_those_of_diffusers(pair):
    for config in (SD1, SD1 | {"prediction_type": "v_prediction", "timestep_spacing": "leading"}):
        # diffusers' DEIS takes a single step from the largest sigma to that same one.
        for steps in (2, 5, 10, 25) if pair[0] == "deis" else (1, 2, 5, 10, 25):
            assert compare(*pair, config, steps) <= TOLERANCE, steps


@pytest.mark.parametrize("eta", [0, 0.3, 0.7, 1])
def test_the_share_of_new_noise_in_a_step_of_tcd(eta):
    for steps in (1, 4, 7):
        assert compare("tcd", "normal", SD1, steps, eta=eta) <= TOLERANCE
    assert compare("tcd", "normal", SD1, 8, strength=0.5, eta=eta) <= TOLERANCE


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("pair", SAMPLERS, ids="-".join)
def test_prediction_types_equal_those_of_diffusers(pair, prediction):
    if prediction == "sample" and pair[0] in ("pndm", "euler_a", "dpm2", "dpm2_a", "dpm++sde"):
        pytest.skip("diffusers does not have it")
    assert compare(*pair, SD1 | {"prediction_type": prediction}, 20) <= TOLERANCE


@pytest.mark.parametrize("strength", [0.3, 0.7, 0.75, 1.0])
@pytest.mark.parametrize("pair", SAMPLERS, ids="-".join)
def test_image_to_image_starts_where_diffusers_does(pair, strength):
    for config in (SD1, SD1 | {"timestep_spacing": "leading"}, SD1 | {"prediction_type": "v_prediction"}):
        for steps in (10, 20):
            assert compare(*pair, config, steps, strength) <= TOLERANCE


@pytest.mark.parametrize("steps", [4, 5, 7, 20])
@pytest.mark.parametrize("spacing", ["leading", "linspace", "trailing"])
def test_runge_kutta_start_of_pndm(spacing, steps):
    config = SD1 | {"skip_prk_steps": False, "timestep_spacing": spacing}
    assert compare("pndm", "normal", config, steps) <= TOLERANCE


@pytest.mark.parametrize(
    "changes",
    [
        {"original_inference_steps": 100, "timestep_scaling": 3.0},
        {"original_inference_steps": 1000, "timestep_scaling": 0.01},
        {"original_inference_steps": 30},
        {"clip_sample": True},
        {"clip_sample": True, "clip_sample_range": 0.5, "prediction_type": "sample"},
        {"trained_betas": [0.001, 0.002, 0.004, 0.008] * 20, "num_train_timesteps": 80},
        {"_class_name": "LCMScheduler", "thresholding": False},
    ],
    ids=["100", "1000", "30", "clipped", "clipped-sample", "betas", "class"],
)
def test_what_only_a_consistency_model_has(changes):
    config = SD1 | changes
    for steps in STEPS:
        if steps <= config.get("original_inference_steps", 50):
            assert compare("lcm", "normal", config, steps) <= TOLERANCE, steps


@pytest.mark.parametrize("distilled", [50, 45])
def test_each_number_of_steps_of_a_consistency_model(distilled):
    config = SD1 | {"original_inference_steps": distilled}
    for steps in range(1, distilled + 1):
        timesteps = our_run("lcm", "normal", config, steps, 11, None)[2]
        assert timesteps.tolist() == make_scheduler("lcm", "normal", config, steps).timesteps.tolist(), steps


@pytest.mark.parametrize("sampler", CLASSES)
def test_from_config_of_a_loaded_pndm_is_the_file_itself(sampler):
    """`X.from_config(pipe.scheduler.config)` drops what was only PNDM's default, so the file is what counts."""
    cls, extra = CLASSES[sampler]
    loaded = cls.from_config(PNDMScheduler.from_config(SD1).config, **extra)
    loaded.set_timesteps(20)
    direct = cls.from_config(SD1, **extra)
    direct.set_timesteps(20)
    assert torch.equal(loaded.timesteps, direct.timesteps)


def our_randn(seed, *counts):
    done = subprocess.run([program("randn"), str(seed), *map(str, counts)], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 31, 64, 100, 4 * 64 * 64, 4 * 96 * 96, 1000003])
def test_noise_is_bit_equal_to_torch(count):
    for seed in (0, 1, 42, 123456789, 2**32 - 1, 2**32 + 5, 2**63, 2**64 - 1):
        theirs = torch.randn(count, generator=torch.Generator("cpu").manual_seed(seed)).numpy()
        assert np.array_equal(our_randn(seed, count).view(np.uint32), theirs.view(np.uint32)), seed


def test_noise_over_several_calls_is_bit_equal_to_torch():
    counts = [5, 64, 3, 17, 15, 16, 1, 1000, 2, 4, 16384, 16384]
    generator = torch.Generator("cpu").manual_seed(7)
    theirs = np.concatenate([torch.randn(n, generator=generator).numpy() for n in counts])
    assert np.array_equal(our_randn(7, *counts).view(np.uint32), theirs.view(np.uint32))


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q", "-s"]))
