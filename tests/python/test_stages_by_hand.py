"""The parts of a pipeline, put together by hand, make the pipeline's picture."""

import numpy
import pytest

import latentdial


def alphas(steps=1000, start=0.00085, end=0.012):
    """The model's schedule (scaled linear): ᾱ of each timestep."""
    return numpy.cumprod(1 - numpy.linspace(start**0.5, end**0.5, steps) ** 2)


def ddim(pipe, prompt, seed, steps, guidance):
    """DDIM (Song et al. 2021) with leading timesteps and an offset of 1, for a model that predicts v."""
    alpha = alphas()
    stride = len(alpha) // steps
    latents = pipe.noise(seed, 64, 64)
    states = numpy.stack([pipe.encode_prompt(text) for text in ("", prompt)])
    for i in reversed(range(steps)):
        t = i * stride + 1
        before = alpha[t - stride] if t >= stride else alpha[0]
        plain, prompted = pipe.unet(numpy.repeat(latents, 2, axis=0), t, states)
        v = plain + guidance * (prompted - plain)
        noise = alpha[t] ** 0.5 * v + (1 - alpha[t]) ** 0.5 * latents
        start = alpha[t] ** 0.5 * latents - (1 - alpha[t]) ** 0.5 * v
        latents = before**0.5 * start + (1 - before) ** 0.5 * noise
    return latents


def test_a_picture_by_hand_is_the_pipelines():
    pipe = latentdial.Pipeline.from_pretrained(dtype="f32")
    theirs = numpy.asarray(pipe("a dog in the meadow", seed=5, steps=4, sampler="ddim", guidance_scale=3, width=64, height=64).images[0])
    ours = pipe.decode(ddim(pipe, "a dog in the meadow", 5, 4, 3))
    assert ours.shape == theirs.shape == (64, 64, 3) and ours.dtype == numpy.uint8
    assert numpy.abs(ours.astype(int) - theirs).max() <= 1


def test_shapes(pipe):
    states = pipe.encode_prompt("a dog")
    noise = pipe.noise(3)
    assert states.shape[0] == pipe.info.max_tokens and states.dtype == numpy.float32
    assert noise.shape[0] == 1 and noise.ndim == 4 and abs(noise.std() - 1) < 0.1
    predicted = pipe.unet(numpy.concatenate([noise, noise]), 500.5, numpy.stack([states, states]))
    assert predicted.shape == (2, *noise.shape[1:]) and numpy.array_equal(predicted[0], predicted[1])


def test_decode_undoes_encode(pipe):
    image = pipe("a dog", steps=8, guidance_scale=3).images[0]
    latents = pipe.encode(image)
    assert latents.shape == pipe.noise(0).shape
    difference = pipe.decode(latents).astype(int) - numpy.asarray(image)
    assert numpy.abs(difference).mean() < 12


@pytest.mark.parametrize(
    "call, line",
    [
        (lambda pipe: pipe.unet(numpy.zeros((1, 3, 8, 8)), 1, numpy.zeros((1, 1, 1))), "latents: the shape [1, 3, 8, 8] is not"),
        (lambda pipe: pipe.unet(pipe.noise(0), 1, numpy.zeros((2, 1, 1))), "text_states: the shape [2, 1, 1] is not"),
        (lambda pipe: pipe.unet(pipe.noise(0), 1000, pipe.encode_prompt("a")[None]), "timestep: 1000 is out of range"),
        (lambda pipe: pipe.unet(pipe.noise(0), "1", pipe.encode_prompt("a")[None]), "timestep: '1' is not of type float"),
        (lambda pipe: pipe.unet(pipe.noise(0) * numpy.nan, 1, pipe.encode_prompt("a")[None]), "latents: there is a number"),
        (lambda pipe: pipe.unet("x", 1, 2), "latents: str is not an array of numbers"),
        (lambda pipe: pipe.decode(numpy.zeros((1, 12, 0, 8))), "latents: 0 numbers do not fill"),
        (lambda pipe: pipe.decode(numpy.concatenate([pipe.noise(0)] * 2)), "latents: 2 pictures are given"),
        (lambda pipe: pipe.encode(numpy.zeros((61, 64, 3), numpy.uint8)), "image: 64x61 is not a size that this model"),
        (lambda pipe: pipe.noise(-1), "seed: -1 is out of range"),
        (lambda pipe: pipe.noise(1, 61, 64), "width: 61x64 is not a size that this model can make"),
        (lambda pipe: pipe.encode_prompt(1), "text: 1 is not of type str"),
    ],
)
def test_bad_stages(pipe, call, line):
    with pytest.raises(latentdial.InvalidInput) as caught:
        call(pipe)
    assert str(caught.value).startswith(line) and caught.value.field == line.split(":")[0]


def test_a_prompt_takes_as_many_windows_as_it_needs(pipe):
    both = pipe.encode_prompt("a dog BREAK a (cat:1.3)")
    assert both.shape[0] == 2 * pipe.info.max_tokens
    assert numpy.array_equal(both[: pipe.info.max_tokens], pipe.encode_prompt("a dog"))
    assert pipe.encode_prompt("a dog BREAK a cat", plain=True).shape[0] == pipe.info.max_tokens
