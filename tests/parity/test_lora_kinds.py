"""What each kind of LoRA file makes of a linear layer and a convolution: peft's own values, and LyCORIS' published formulas."""

import json
import subprocess

import numpy
import pytest
import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, inject_adapter_in_model
from peft.utils import get_peft_model_state_dict
from programs import program
from safetensors.torch import load_file, save_file

BOUND = 1e-5  # Largest difference, of the largest change.
LAYERS = {
    "linear": "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
    "conv": "down_blocks.0.resnets.0.conv1",
}


@pytest.fixture(scope="module")
def weights(scenes):
    tensors = load_file(next((scenes / "unet").glob("*.safetensors")))
    return {layer: tensors[f"{name}.weight"].float() for layer, name in LAYERS.items()}


def merged(scenes, folder, tensors: dict, scale: float = 1, metadata: dict | None = None) -> dict[str, torch.Tensor]:
    """Both weights with a LoRA file of these tensors, as latentdial has them."""
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, folder / "lora.safetensors", metadata)
    names = [f"{name}.weight" for name in LAYERS.values()]
    subprocess.run([program("merged"), scenes, folder / "lora.safetensors", str(scale), folder / "out", *names], check=True)
    return torch.from_numpy(numpy.fromfile(folder / "out", "<f4"))


def check(scenes, folder, weights: dict, expected: dict, tensors: dict, scale: float = 1, metadata: dict | None = None) -> None:
    plain = torch.cat([weights[layer].flatten() for layer in LAYERS])
    wanted = torch.cat([expected[layer].flatten() for layer in LAYERS])
    change = (wanted - plain).abs().max()
    difference = (merged(scenes, folder, tensors, scale, metadata) - wanted).abs().max() / change
    print(f"largest difference {difference:.1e} of the largest change {change:.3f}")
    assert change > 0.01
    assert difference <= BOUND


def holder(weights: dict) -> torch.nn.ModuleDict:
    """Both layers as a model for peft."""
    outputs, inputs = weights["linear"].shape
    conv = weights["conv"]
    model = torch.nn.ModuleDict(
        {"linear": torch.nn.Linear(inputs, outputs, bias=False), "conv": torch.nn.Conv2d(conv.shape[1], conv.shape[0], 3, padding=1, bias=False)}
    )
    for layer in LAYERS:
        model[layer].weight.data.copy_(weights[layer])
    return model


PEFT = {
    "LoRA": LoraConfig(r=4, lora_alpha=4, target_modules=list(LAYERS)),
    "DoRA": LoraConfig(r=4, lora_alpha=4, target_modules=list(LAYERS), use_dora=True),
    "LoHa": LoHaConfig(r=4, alpha=4, target_modules=list(LAYERS)),
    "LoHa, Tucker": LoHaConfig(r=4, alpha=4, target_modules=list(LAYERS), use_effective_conv2d=True),
    "LoKr": LoKrConfig(r=4, alpha=4, target_modules=list(LAYERS)),
    "LoKr, both factored": LoKrConfig(r=2, alpha=2, target_modules=list(LAYERS), decompose_both=True),
    "LoKr, Tucker": LoKrConfig(r=2, alpha=2, target_modules=list(LAYERS), use_effective_conv2d=True),
}


@pytest.mark.parametrize("kind", PEFT)
def test_what_peft_merges(scenes, weights, tmp_path, kind):
    model = inject_adapter_in_model(PEFT[kind], holder(weights))
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_magnitude_vector" in name:
            parameter.data *= 1.3
        elif "base_layer" not in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    tensors = {key.replace(layer, f"unet.{name}"): value for key, value in get_peft_model_state_dict(model).items() for layer, name in LAYERS.items() if key.startswith(layer)}
    for layer in LAYERS:
        model[layer].merge()
    check(scenes, tmp_path, weights, {layer: model[layer].get_base_layer().weight.data for layer in LAYERS}, tensors)


def test_what_peft_scales_by_the_layers_names(scenes, weights, tmp_path):
    """rsLoRA, and an alpha and a rank of a layer's own, which diffusers writes into the metadata."""
    config = LoraConfig(r=4, lora_alpha=6, target_modules=list(LAYERS), use_rslora=True, alpha_pattern={"conv": 3}, rank_pattern={"conv": 2})
    model = inject_adapter_in_model(config, holder(weights))
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "base_layer" not in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    tensors = {key.replace(layer, f"unet.{name}"): value for key, value in get_peft_model_state_dict(model).items() for layer, name in LAYERS.items() if key.startswith(layer)}
    metadata = {"unet.lora_alpha": 6, "unet.r": 4, "unet.use_rslora": True, "unet.alpha_pattern": {LAYERS["conv"]: 3}, "unet.rank_pattern": {LAYERS["conv"]: 2}}
    for layer in LAYERS:
        model[layer].merge()
    expected = {layer: model[layer].get_base_layer().weight.data for layer in LAYERS}
    check(scenes, tmp_path, weights, expected, tensors, metadata={"lora_adapter_metadata": json.dumps(metadata)})


def cayley(blocks: torch.Tensor, most: float) -> torch.Tensor:
    q = blocks - blocks.transpose(1, 2)
    if 0 < most < q.norm():
        q = q * most / q.norm()
    eye = torch.eye(q.shape[-1])
    return (eye + q) @ (eye - q).inverse()


def oft(weight, rand, alpha):
    size = 4
    blocks, rescale = rand(weight.shape[0] // size, size, size) * 0.3, 1 + rand(weight.shape[0], *(1 for _ in weight.shape[1:])) * 0.1
    turned = torch.einsum("k n m, k n ... -> k m ...", cayley(blocks, alpha * weight.shape[0]), weight.reshape(-1, size, *weight.shape[1:]))
    return rescale * turned.reshape(weight.shape), {"oft_blocks": blocks, "rescale": rescale, "alpha": torch.tensor(alpha)}


def glora(weight, rand, alpha):
    rank, (outputs, inputs), kernel = 4, weight.shape[:2], weight.shape[2:]
    ones = [1 for _ in kernel]
    a1, a2, b1 = rand(inputs, rank, *ones), rand(rank, inputs, *ones), rand(outputs, rank, *ones)
    b2 = rand(rank, inputs, *kernel)
    turned = torch.einsum("o i ..., i j, j k -> o k ...", weight, a1.reshape(inputs, rank), a2.reshape(rank, inputs))
    sum_ = turned + (b1.reshape(outputs, rank) @ b2.reshape(rank, -1)).reshape(weight.shape)
    return weight + sum_ * alpha / rank, {"a1.weight": a1, "a2.weight": a2, "b1.weight": b1, "b2.weight": b2, "alpha": torch.tensor(alpha)}


def loha_with_magnitude_by_input(weight, rand, alpha):
    rank, outputs, inputs = 4, weight.shape[0], weight[0].numel()
    w1a, w1b, w2a, w2b = rand(outputs, rank), rand(rank, inputs), rand(outputs, rank), rand(rank, inputs)
    whole = weight + ((w1a @ w1b) * (w2a @ w2b)).reshape(weight.shape) * alpha / rank
    norm = whole.transpose(0, 1).flatten(1).norm(dim=1).reshape(1, -1, *(1 for _ in weight.shape[2:]))
    magnitude = norm * (1 + 0.2 * rand(*norm.shape).abs())
    factors = {"hada_w1_a": w1a, "hada_w1_b": w1b, "hada_w2_a": w2a, "hada_w2_b": w2b, "dora_scale": magnitude}
    return whole * magnitude / norm, factors | {"alpha": torch.tensor(int(alpha))}


def locon(weight, rand, alpha):
    rank, (outputs, inputs), kernel = 4, weight.shape[:2], weight.shape[2:]
    ones = [1 for _ in kernel]
    up, down = rand(outputs, rank, *ones), rand(rank, inputs, *ones)
    if not kernel:
        return weight + up @ down * alpha / rank, {"lora_up.weight": up, "lora_down.weight": down, "alpha": torch.tensor(alpha)}
    mid = rand(rank, rank, *kernel)
    change = torch.einsum("n m k l, i n, m j -> i j k l", mid, up.flatten(1), down.flatten(1))
    return weight + change * alpha / rank, {"lora_up.weight": up, "lora_down.weight": down, "lora_mid.weight": mid, "alpha": torch.tensor(alpha)}


@pytest.mark.parametrize("scale", [1.0, -0.6])
@pytest.mark.parametrize("kind", [oft, glora, loha_with_magnitude_by_input, locon])
def test_what_lycoris_publishes(scenes, weights, tmp_path, kind, scale):
    generator = torch.Generator().manual_seed(2)
    rand = lambda *shape: torch.randn(shape, generator=generator) * 0.3  # noqa: E731
    expected, tensors = {}, {}
    for layer, name in LAYERS.items():
        whole, factors = kind(weights[layer], rand, 2.0 if kind is not oft else 0.002)
        expected[layer] = weights[layer] + scale * (whole - weights[layer])
        tensors |= {f"lora_unet_{name.replace('.', '_')}.{part}": value for part, value in factors.items()}
    check(scenes, tmp_path, weights, expected, tensors, scale)
