"""Randomly initialised Stable Diffusion models in the full published architectures, saved as diffusers folders.

No trained weights are needed to prove numerics: every layer is exercised by random ones.
"""

import json
import pathlib

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

SCHEDULER = dict(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    skip_prk_steps=True,
    set_alpha_to_one=False,
    steps_offset=1,
)
VAE = dict(
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
    sample_size=512,
)
UNETS = {
    "sd-v1-4": dict(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
    "sd-v2-1": dict(sample_size=96, cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20], use_linear_projection=True),
}
TEXTS = {
    "sd-v1-4": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, hidden_act="quick_gelu"),
    "sd-v2-1": dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, hidden_act="gelu"),
}
PREDICTIONS = {"sd-v1-4": "epsilon", "sd-v2-1": "v_prediction"}
UPSCALING = {"sd-x4-upscaler": "sd-v2-1"}  # The model whose text encoder it has.
UPSCALING_UNET = dict(
    sample_size=128,
    in_channels=7,
    block_out_channels=(256, 512, 512, 1024),
    down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 3,
    up_block_types=("CrossAttnUpBlock2D",) * 3 + ("UpBlock2D",),
    only_cross_attention=(True, True, True, False),
    attention_head_dim=8,
    cross_attention_dim=1024,
    use_linear_projection=True,
    num_class_embeds=1000,
)
UPSCALING_VAE = VAE | dict(
    block_out_channels=(128, 256, 512),
    down_block_types=("DownEncoderBlock2D",) * 3,
    up_block_types=("UpDecoderBlock2D",) * 3,
    scaling_factor=0.08333,
)
UPSCALING_SCHEDULER = dict(beta_start=0.0001, beta_end=0.02, beta_schedule="scaled_linear")
INPAINTING = {"sd-v1-5-inpainting": "sd-v1-4"}  # The model that it is but for a U-Net of nine channels.


@torch.no_grad()
def _jitter(model: torch.nn.Module) -> torch.nn.Module:
    """Moves biases and norms off their neutral initial values, so that a swapped or ignored one is seen."""
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def save_text_encoder(path: pathlib.Path, shape: dict, dtype: torch.dtype = torch.float32) -> pathlib.Path:
    """Writes one to path/text_encoder, and returns that."""
    config = CLIPTextConfig(vocab_size=49408, max_position_embeddings=77, bos_token_id=49406, eos_token_id=49407, **shape)
    _jitter(CLIPTextModel(config)).to(dtype).save_pretrained(path / "text_encoder")
    return path / "text_encoder"


def make_upscaling_model(path: pathlib.Path, unet: dict, text_encoder: pathlib.Path) -> pathlib.Path:
    """Writes a model that upscales four times to the folder `path`, its U-Net in f16, with the text encoder of another; returns it."""
    _jitter(UNet2DConditionModel(**unet)).half().save_pretrained(path / "unet")
    _jitter(AutoencoderKL(**UPSCALING_VAE)).save_pretrained(path / "vae")
    (path / "text_encoder").symlink_to(text_encoder)
    kept = dict(prediction_type="v_prediction", clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    DDIMScheduler(**UPSCALING_SCHEDULER, **kept).save_pretrained(path / "scheduler")
    DDPMScheduler(**UPSCALING_SCHEDULER).save_pretrained(path / "low_res_scheduler")
    index = {
        "_class_name": "StableDiffusionUpscalePipeline",
        "_diffusers_version": "0.30.0",
        "low_res_scheduler": ["diffusers", "DDPMScheduler"],
        "max_noise_level": 350,
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (path / "model_index.json").write_text(json.dumps(index))
    return path


def make_model(folder: pathlib.Path, name: str, dtype: torch.dtype = torch.float32) -> pathlib.Path:
    """Writes the model `name` below `folder` unless it is there; safetensors in `dtype`. Returns its folder."""
    path = folder / name
    if (path / "model_index.json").exists():
        return path
    if name in UPSCALING:
        text_encoder = make_model(folder, UPSCALING[name]) / "text_encoder"
        torch.manual_seed(14)
        return make_upscaling_model(path, UPSCALING_UNET, text_encoder)
    torch.manual_seed(14)
    more = {"in_channels": 9} if name in INPAINTING else {}
    name = INPAINTING.get(name, name)
    _jitter(UNet2DConditionModel(**UNETS[name], **more)).to(dtype).save_pretrained(path / "unet")
    _jitter(AutoencoderKL(**VAE)).to(dtype).save_pretrained(path / "vae")
    save_text_encoder(path, TEXTS[name], dtype)
    PNDMScheduler(prediction_type=PREDICTIONS[name], **SCHEDULER).save_pretrained(path / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (path / "model_index.json").write_text(json.dumps(index))
    return path
