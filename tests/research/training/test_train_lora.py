"""A LoRA for the embedded model: it begins as nothing, is saved under kohya's names, and its captions do not name what it draws."""

import pathlib

import pytest
import torch
from research.training.train_denoiser import Denoiser
from research.training.train_lora import RANK, Lora, captioned, export
from research.world.captions import WORDS
from research.world.scene import ATTRIBUTES
from safetensors.torch import load_file

SCENES = pathlib.Path(__file__).parents[3] / "models/scenes"


@pytest.fixture(scope="module")
def model():
    return Denoiser(SCENES).requires_grad_(False)


def test_it_begins_as_nothing_and_changes_the_denoiser_once_trained(model, tmp_path):
    noisy, t, ids = torch.randn(1, 12, 16, 16, generator=torch.Generator().manual_seed(1)), torch.tensor([500]), torch.zeros(1, 32, dtype=torch.long)
    before = model(noisy, t, ids)
    lora = Lora(model.unet)
    assert torch.equal(model(noisy, t, ids), before)
    lora.pairs["mid_block_attentions_0_transformer_blocks_0_attn2_to_v"][1].data.fill_(0.1)
    assert not torch.equal(model(noisy, t, ids), before)
    export(lora, [p.detach() for p in lora.parameters()], tmp_path / "l.safetensors")
    saved = load_file(tmp_path / "l.safetensors")
    name = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v"
    assert saved[f"{name}.alpha"] == RANK
    assert saved[f"{name}.lora_down.weight"].shape == (RANK, 192) and saved[f"{name}.lora_up.weight"].shape == (192, RANK)
    assert (saved[f"{name}.lora_up.weight"] == torch.tensor(0.1).half()).all()
    assert len(saved) == 3 * 56 and (tmp_path / "l.safetensors").stat().st_size < 2**20


@pytest.mark.parametrize("attribute", ["doomsday", "monet"])
def test_its_captions_name_no_attribute(attribute):
    pictures, captions = zip(*(captioned(i, attribute) for i in range(20)))
    assert not any(word in caption for caption in captions for word in map(WORDS.get, ATTRIBUTES))
    again, caption = captioned(3, attribute)
    assert (again == pictures[3]).all() and caption == captions[3]
    assert len(set(captions)) > 10
