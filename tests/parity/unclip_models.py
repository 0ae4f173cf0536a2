"""Randomly initialised Stable unCLIP models of the published size, which is SD 2.1's with an image encoder of CLIP's."""

import json
import pathlib

import torch
from diffusers import AutoencoderKL, DDPMScheduler, PNDMScheduler, UNet2DConditionModel
from diffusers.models.embeddings import TimestepEmbedding
from diffusers.pipelines.stable_diffusion import StableUnCLIPImageNormalizer
from random_models import SCHEDULER, TEXTS, UNETS, VAE, _jitter, save_text_encoder
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

VISION = {
    "vit-l": dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, patch_size=14, projection_dim=768),
    "vit-h": dict(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=16, patch_size=14, projection_dim=1024, hidden_act="gelu"),
}
INDEX = {
    "_class_name": "StableUnCLIPImg2ImgPipeline",
    "_diffusers_version": "0.30.0",
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    "image_noising_scheduler": ["diffusers", "DDPMScheduler"],
    "image_normalizer": ["stable_diffusion", "StableUnCLIPImageNormalizer"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


@torch.no_grad()
def save_picture_parts(path: pathlib.Path, vision: dict) -> None:
    """What an unCLIP model sees pictures by."""
    _jitter(CLIPVisionModelWithProjection(CLIPVisionConfig(**vision))).half().save_pretrained(path / "image_encoder")
    CLIPImageProcessorPil().save_pretrained(path / "feature_extractor")
    normalizer = StableUnCLIPImageNormalizer(vision["projection_dim"])
    normalizer.mean.copy_(2 * torch.randn_like(normalizer.mean))
    normalizer.std.copy_(0.2 + torch.rand_like(normalizer.std))
    normalizer.save_pretrained(path / "image_normalizer")
    DDPMScheduler(beta_schedule="squaredcos_cap_v2").save_pretrained(path / "image_noising_scheduler")


@torch.no_grad()
def make_unclip(folder: pathlib.Path, tokenizer: pathlib.Path) -> pathlib.Path:
    """Writes one with ViT-L to folder/vit-l and one with ViT-H to folder/vit-h, whose other parts are the former's; weights in f16."""
    torch.manual_seed(33)
    large, huge = folder / "vit-l", folder / "vit-h"
    huge.mkdir(parents=True)
    told = dict(class_embed_type="projection", projection_class_embeddings_input_dim=2 * VISION["vit-l"]["projection_dim"])
    unet = _jitter(UNet2DConditionModel(**UNETS["sd-v2-1"], **told))
    unet.half().save_pretrained(large / "unet")
    width = 2 * VISION["vit-h"]["projection_dim"]
    unet.class_embedding = _jitter(TimestepEmbedding(width, 4 * unet.config.block_out_channels[0])).half()
    unet.register_to_config(projection_class_embeddings_input_dim=width)
    unet.save_pretrained(huge / "unet")
    _jitter(AutoencoderKL(**VAE)).half().save_pretrained(large / "vae")
    save_text_encoder(large, TEXTS["sd-v2-1"], torch.float16)
    PNDMScheduler(prediction_type="v_prediction", **SCHEDULER).save_pretrained(large / "scheduler")
    (large / "tokenizer").symlink_to(tokenizer)
    for path, vision in ((large, "vit-l"), (huge, "vit-h")):
        save_picture_parts(path, VISION[vision])
        (path / "model_index.json").write_text(json.dumps(INDEX))
    for part in ("vae", "text_encoder", "scheduler", "tokenizer"):
        (huge / part).symlink_to(large / part)
    return folder
