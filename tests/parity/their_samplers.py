"""The samplers and schedulers that ours are held against: diffusers', and from their papers what it lacks: DPM++ 2S a,
DPM++ 3M SDE, the schedulers sgm_uniform, simple and ays, Brownian noise.

diffusers' own need scipy and torchsde here and there; what they want of them is written here.
"""

import functools
import math
import sys
import types

import diffusers.schedulers as schedulers
import numpy as np
import torch
from diffusers.schedulers import scheduling_utils

sys.modules.setdefault("torchsde", types.ModuleType("torchsde"))

from diffusers.schedulers import scheduling_dpmsolver_sde, scheduling_lms_discrete  # noqa: E402

STEP_CLASSES = [
    schedulers.scheduling_euler_discrete, schedulers.scheduling_heun_discrete, schedulers.scheduling_k_dpm_2_discrete,
    schedulers.scheduling_k_dpm_2_ancestral_discrete, schedulers.scheduling_dpmsolver_multistep,
    schedulers.scheduling_unipc_multistep, schedulers.scheduling_deis_multistep, scheduling_lms_discrete,
    scheduling_dpmsolver_sde,
]


@functools.cache
def beta_table(shape):
    """Places t = u^(1/shape), in which the density (t (1 - t))^(shape - 1) is smooth at 0, and what lies below them."""
    u = np.linspace(0, 0.5**shape, 200001)
    density = (1 - u ** (1 / shape)) ** (shape - 1)
    mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return mass / mass[-1] / 2, u


def beta_quantile(p, shape, _same_shape):
    """scipy.stats.beta.ppf of a symmetric distribution."""
    if p > 0.5:
        return 1 - beta_quantile(1 - p, shape, shape)
    mass, u = beta_table(shape)
    return float(np.interp(p, mass, u) ** (1 / shape))


for module in STEP_CLASSES:
    module.is_scipy_available = lambda: True
    module.scipy = types.SimpleNamespace(stats=types.SimpleNamespace(beta=types.SimpleNamespace(ppf=beta_quantile)))


class ExactLms(scheduling_lms_discrete.LMSDiscreteScheduler):
    """diffusers', with the coefficients' integrals exact, and of no more outputs than there are: begun on the way, from
    a picture, diffusers takes coefficients of an order that it has not reached."""

    def get_lms_coefficient(self, order, t, current_order):
        order = min(order, len(self.derivatives))
        if current_order >= order:
            return 0.0
        sigmas = self.sigmas.double().numpy()
        others = [sigmas[t - k] for k in range(order) if k != current_order]
        area = np.poly1d(others, r=True).integ() if others else np.poly1d([1.0, 0.0])
        scale = np.prod([sigmas[t - current_order] - other for other in others])
        return float((area(sigmas[t + 1]) - area(sigmas[t])) / scale)


class BrownianPath:
    """Increments of Brownian motion in sigma over a step's first part and over the whole of it, each of unit variance,
    from a torch generator in the order of the path: what a tree of torchsde gives, from another generator."""

    def __init__(self, shape, generator):
        self.shape, self.generator, self.first = shape, generator, None

    def __call__(self, sigma, sigma_next):
        sigma, sigma_next = float(sigma), float(sigma_next)
        noise = torch.randn(self.shape, generator=self.generator)
        if self.first is None:
            self.first = (sigma_next, noise)
            return noise
        (middle, before), self.first = self.first, None
        whole = sigma - sigma_next
        return math.sqrt((sigma - middle) / whole) * before + math.sqrt((middle - sigma_next) / whole) * noise


def x0_in_sigma(config, output, sample, sigma):
    """x_0 of latents x_0 + sigma eps."""
    if config.prediction_type == "epsilon":
        return sample - sigma * output
    if config.prediction_type == "v_prediction":
        return sample / (sigma**2 + 1) - output * sigma / (sigma**2 + 1) ** 0.5
    return output


class SecondOrderSingleAncestral(schedulers.KDPM2AncestralDiscreteScheduler):
    """DPM++ 2S a: DPM-Solver++(2S), arXiv 2211.01095, algorithm 1 with r = 1/2, down to sigma_down, then noise. Its
    evaluations are where those of DPM2 a are; Karras timesteps are not rounded."""

    def set_timesteps(self, steps, *others):
        super().set_timesteps(steps, *others)
        if self.config.use_karras_sigmas:
            levels = self.sigmas[: len(self.timesteps)][::2].numpy()
            self.timesteps[::2] = torch.tensor([float(self._sigma_to_t(s, self.log_sigmas.numpy())) for s in levels])

    def step(self, output, timestep, sample, generator, return_dict):
        if self.step_index is None:
            self._init_step_index(timestep)
        begins, i = self.state_in_first_order, self.step_index
        k = i if begins else i - 1
        sigma, down, up = self.sigmas[k], self.sigmas_down[k], self.sigmas_up[k]
        self._step_index += 1
        if begins:
            x0 = x0_in_sigma(self.config, output, sample, sigma)
            if down == 0:
                return (x0,)
            self.sample = sample
            middle = (sigma * down).sqrt()
            return (sample * middle / sigma + x0 * (1 - middle / sigma),)
        x0 = x0_in_sigma(self.config, output, sample, self.sigmas_interpol[k])
        start, self.sample = self.sample, None
        return (start * down / sigma + x0 * (1 - down / sigma) + up * torch.randn(sample.shape, generator=generator),)


class ThirdOrderSde(schedulers.DPMSolverMultistepScheduler):
    """DPM++ 3M SDE as k-diffusion has it: the parabola through three x_0 in lambda (arXiv 2211.01095, appendix B.6, with
    eta = 1). diffusers' third order has another sign in the curvature's coefficient."""

    def step(self, output, timestep, sample, generator, return_dict):
        if self.step_index is None:
            self._init_step_index(timestep)
        i = self.step_index
        x0 = self.convert_model_output(output, sample=sample).double()
        known, self.model_outputs = [x for x in self.model_outputs if x is not None], []
        noise = torch.randn(sample.shape, generator=generator)
        sigmas = self.sigmas.double().numpy()
        self._step_index += 1
        self.model_outputs = [*known, x0][-3:]
        if sigmas[i + 1] == 0:
            return (x0.float(),)
        h = math.log(sigmas[i] / sigmas[i + 1])
        x = sample.double() * math.sqrt(sigmas[i] ** 2 + 1) * math.exp(-2 * h) - math.expm1(-2 * h) * x0
        phi_2 = math.expm1(-2 * h) / (2 * h) + 1
        phi_3 = phi_2 / (2 * h) - 0.5
        if known:
            r0 = math.log(sigmas[i - 1] / sigmas[i]) / h
            slope, bend = (x0 - known[-1]) / r0, 0
            if len(known) > 1:
                r1 = math.log(sigmas[i - 2] / sigmas[i - 1]) / h
                bend = (slope - (known[-1] - known[-2]) / r1) / (r0 + r1)
                slope = slope + bend * r0
            x = x + phi_2 * slope - phi_3 * bend
        x = x + noise * sigmas[i + 1] * math.sqrt(-math.expm1(-2 * h))
        return ((x / math.sqrt(sigmas[i + 1] ** 2 + 1)).float(),)


SDE = {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": False}
CLASSES = {
    "pndm": (schedulers.PNDMScheduler, {}),
    "ddim": (schedulers.DDIMScheduler, {}),
    "euler": (schedulers.EulerDiscreteScheduler, {}),
    "euler_a": (schedulers.EulerAncestralDiscreteScheduler, {}),
    "heun": (schedulers.HeunDiscreteScheduler, {}),
    "dpm2": (schedulers.KDPM2DiscreteScheduler, {}),
    "dpm2_a": (schedulers.KDPM2AncestralDiscreteScheduler, {}),
    "dpm++2s_a": (SecondOrderSingleAncestral, {}),
    "dpm++sde": (scheduling_dpmsolver_sde.DPMSolverSDEScheduler, {}),
    "dpm++2m": (schedulers.DPMSolverMultistepScheduler, {}),
    "dpm++2m_sde": (schedulers.DPMSolverMultistepScheduler, SDE),
    "dpm++3m_sde": (ThirdOrderSde, SDE),
    "unipc": (schedulers.UniPCMultistepScheduler, {}),
    "deis": (schedulers.DEISMultistepScheduler, {}),
    "lms": (ExactLms, {}),
    "ddpm": (schedulers.DDPMScheduler, {}),
    "lcm": (schedulers.LCMScheduler, {}),
    "tcd": (schedulers.TCDScheduler, {}),
}
DRAW_NOISE = ("euler_a", "dpm2_a", "dpm++2s_a", "dpm++2m_sde", "dpm++3m_sde", "ddpm", "lcm", "tcd")
TWO_STAGES = ("heun", "dpm2", "dpm2_a", "dpm++2s_a", "dpm++sde")
SPACINGS = ("trailing", "leading", "linspace")


def train_sigmas(made):
    return ((1 - made.alphas_cumprod) / made.alphas_cumprod).double().sqrt().numpy()


def aligned_sigmas(steps, table="StableDiffusionSigmas"):
    """arXiv 2404.14507: the table, whose last level is 0.029, in ln sigma at other numbers of steps."""
    levels = np.log([*scheduling_utils.AysSchedules[table][:-1], 0.029])
    return np.exp(np.interp(np.linspace(0, 10, steps + 1), np.arange(11), levels))[:-1]


def spread(made, scheduler, steps):
    """Sigmas and timesteps of the schedulers that diffusers does not have, as A1111 has them."""
    train = train_sigmas(made)
    count = len(train)
    if scheduler == "simple":
        timesteps = np.array([count - 1 - int(i * count / steps) for i in range(steps)])
        return train[timesteps], timesteps
    if scheduler == "sgm_uniform":
        timesteps = np.linspace(count - 1, 0, steps + 1)[:-1]
        return np.exp(np.interp(timesteps, np.arange(count), np.log(train))), timesteps
    sigmas = aligned_sigmas(steps)
    return sigmas, np.interp(np.log(sigmas), np.log(train), np.arange(count))


def respread(made, scheduler, steps):
    """Puts such a scheduler's sigmas into one of diffusers' classes with one evaluation a step."""
    sigmas, timesteps = spread(made, scheduler, steps)
    made.sigmas = torch.tensor([*sigmas, float(made.sigmas[-1])], dtype=torch.float32)
    made.timesteps = torch.tensor(np.asarray(timesteps), dtype=torch.float32)


def make_scheduler(sampler, scheduler, config, steps):
    cls, extra = CLASSES[sampler]
    if scheduler in SPACINGS:
        extra = extra | {"timestep_spacing": scheduler}
    if scheduler in ("karras", "exponential", "beta"):
        extra = extra | {f"use_{scheduler}_sigmas": True}
    made = cls.from_config(config, **extra)
    made.set_timesteps(steps)
    if sampler == "euler_a" and scheduler in ("karras", "exponential", "beta"):
        # diffusers has these not here: the same formulas as for its Euler.
        euler = make_scheduler("euler", scheduler, config, steps)
        made.sigmas, made.timesteps = euler.sigmas, euler.timesteps
    if scheduler in ("sgm_uniform", "simple", "ays"):
        respread(made, scheduler, steps)
    return made
