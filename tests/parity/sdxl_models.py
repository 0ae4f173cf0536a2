"""Randomly initialised models in Stable Diffusion XL's architecture, narrow or as published, saved as diffusers folders."""

import json
import pathlib
import shutil

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from random_models import VAE, _jitter
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

UNET = dict(
    sample_size=128,
    block_out_channels=(320, 640, 1280),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    transformer_layers_per_block=(1, 2, 10),
    attention_head_dim=(5, 10, 20),
    cross_attention_dim=2048,
    use_linear_projection=True,
    addition_embed_type="text_time",
    addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=1280 + 6 * 256,
)
TEXT = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, hidden_act="quick_gelu", projection_dim=768)
TEXT_2 = dict(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, hidden_act="gelu", projection_dim=1280)
SCHEDULER = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading", steps_offset=1)
# A fifth as wide, and as deep: the same blocks and the same number of them.
NARROW_UNET = UNET | dict(
    sample_size=32,
    block_out_channels=(64, 128, 256),
    attention_head_dim=(1, 2, 4),
    cross_attention_dim=192,
    projection_class_embeddings_input_dim=160 + 6 * 256,
)
NARROW_TEXT = TEXT | dict(hidden_size=64, intermediate_size=256, num_hidden_layers=4, num_attention_heads=1)
NARROW_TEXT_2 = TEXT_2 | dict(hidden_size=128, intermediate_size=512, num_hidden_layers=4, num_attention_heads=2, projection_dim=160)
NARROW_VAE = VAE | dict(block_out_channels=(32, 64, 64, 64), sample_size=256)
# The refiner's four levels, and the second text encoder alone.
NARROW_REFINER_UNET = NARROW_UNET | dict(
    block_out_channels=(64, 128, 256, 256),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    transformer_layers_per_block=4,
    attention_head_dim=(1, 2, 4, 4),
    cross_attention_dim=128,
    projection_class_embeddings_input_dim=160 + 5 * 256,
)
# What was taken out of SDXL for Segmind's SSD-1B, and of SD 1 for BK-SDM's tiny one (arXiv 2305.15798), in the same widths.
PRUNED_UNET = NARROW_UNET | dict(
    transformer_layers_per_block=[1, [2, 2], [4, 4]],
    reverse_transformer_layers_per_block=[[4, 4, 10], [2, 1, 1], 1],
    mid_block_type="UNetMidBlock2D",
)
WORDS = dict(vocab_size=49408, max_position_embeddings=77, bos_token_id=0, eos_token_id=2)  # As published: the highest id ends a text.


def save(model: torch.nn.Module, path: pathlib.Path, dtype: torch.dtype) -> None:
    _jitter(model).to(dtype).save_pretrained(path)


def make_sdxl(path: pathlib.Path, tokenizer: pathlib.Path, unet: dict, texts: tuple[dict, dict], vae: dict, dtype: torch.dtype = torch.float32) -> pathlib.Path:
    """Writes a model to the folder `path`, whose second tokenizer pads with "!", in `dtype`; returns it."""
    torch.manual_seed(16)
    save(UNet2DConditionModel(**unet), path / "unet", dtype)
    save(AutoencoderKL(**vae, scaling_factor=0.13025, force_upcast=True), path / "vae", dtype)
    save(CLIPTextModel(CLIPTextConfig(**WORDS, **texts[0])), path / "text_encoder", dtype)
    save(CLIPTextModelWithProjection(CLIPTextConfig(**WORDS, **texts[1])), path / "text_encoder_2", dtype)
    EulerDiscreteScheduler(**SCHEDULER).save_pretrained(path / "scheduler")
    index = {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.30.0", "force_zeros_for_empty_prompt": True}
    for part, pad in (("tokenizer", "<|endoftext|>"), ("tokenizer_2", "!")):
        shutil.copytree(tokenizer, path / part)
        config = path / part / "tokenizer_config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"pad_token": pad, "model_max_length": 77}))
        index[part] = ["transformers", "CLIPTokenizer"]
    index |= {"text_encoder": ["transformers", "CLIPTextModel"], "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}
    index |= {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"], "scheduler": ["diffusers", "EulerDiscreteScheduler"]}
    (path / "model_index.json").write_text(json.dumps(index))
    return path


def make_refiner(path: pathlib.Path, tokenizer: pathlib.Path, unet: dict, text: dict, vae: dict, dtype: torch.dtype = torch.float32) -> pathlib.Path:
    """Writes a refiner to the folder `path`; returns it."""
    make_sdxl(path, tokenizer, unet, (text, text), vae, dtype)
    for part in ("text_encoder", "tokenizer"):
        shutil.rmtree(path / part)
    index = json.loads((path / "model_index.json").read_text()) | {"text_encoder": [None, None], "tokenizer": [None, None]}
    index |= {"_class_name": "StableDiffusionXLImg2ImgPipeline", "force_zeros_for_empty_prompt": False, "requires_aesthetics_score": True}
    (path / "model_index.json").write_text(json.dumps(index))
    return path
