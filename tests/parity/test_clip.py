"""CLIP's encoders and what they are given of a picture, against transformers, at the size of ViT-L/14 and in the form of ViT-H/14."""

import shutil

import numpy
import pytest
import torch
from latentdial import Clip
from PIL import Image
from programs import ROOT
from test_stages import BF16_COSINE, F32_BOUND, cosine, relative_error
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

TOKENIZER = ROOT / "tests/golden/prompt/tokenizer"
TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12, "projection_dim": 768}
VIT_L = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "patch_size": 14, "projection_dim": 768}
VIT_H_FORM = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 3, "num_attention_heads": 16, "patch_size": 14, "projection_dim": 1024}
SIZES = [(640, 427), (300, 512), (90, 61)]


def picture(width: int, height: int) -> Image.Image:
    return Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 40).convert("RGB").rotate(20)


def processed(image: Image.Image) -> torch.Tensor:
    return CLIPImageProcessorPil()(image, return_tensors="pt")["pixel_values"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A CLIPModel of ViT-L/14's size with a small vocabulary: its folder, itself, and its tokenizer."""
    torch.manual_seed(33)
    folder = tmp_path_factory.mktemp("clip")
    shutil.copytree(TOKENIZER, folder, dirs_exist_ok=True)
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    text = TEXT | {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=VIT_L, projection_dim=768)).eval()
    model.save_pretrained(folder)
    return folder, model, tokenizer


@pytest.fixture(scope="module")
def clip(whole):
    return Clip(whole[0], dtype="f32")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_image_embeddings(whole, clip, size):
    model = whole[1]
    image = picture(*size)
    reference = model.get_image_features(processed(image)).pooler_output[0].numpy()
    error = relative_error(clip.embed_image(image), reference)
    print(f"\n{size}: f32 relative error {error:.2e}")
    assert error <= F32_BOUND
    assert relative_error(clip.embed_image(image.rotate(90)), reference) > F32_BOUND, "the bound tells one picture from another"


def test_bf16(whole):
    folder, model, _ = whole
    image = picture(400, 300)
    reference = model.get_image_features(processed(image)).pooler_output[0].numpy()
    similarity = cosine(Clip(folder, dtype="bf16").embed_image(image), reference)
    print(f"\ncosine of bf16 {similarity:.6f}")
    assert similarity >= BF16_COSINE


@pytest.mark.parametrize("text", ["a dog in the meadow", "", "a temple, Monet style"])
def test_text_embeddings(whole, clip, text):
    _, model, tokenizer = whole
    ids = tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    reference = model.get_text_features(**ids).pooler_output[0].numpy()
    error = relative_error(clip.embed_text(text), reference)
    print(f"\n{text!r}: f32 relative error {error:.2e}")
    assert error <= F32_BOUND


def test_an_image_encoder_by_itself_in_the_form_of_vit_h(tmp_path):
    torch.manual_seed(34)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(**VIT_H_FORM, hidden_act="gelu")).eval()
    model.save_pretrained(tmp_path)
    image, clip = picture(500, 300), Clip(tmp_path, dtype="f32")
    reference = model(processed(image)).image_embeds[0].numpy()
    error = relative_error(clip.embed_image(image), reference)
    print(f"\nViT-H's form: f32 relative error {error:.2e}")
    assert error <= F32_BOUND
    assert (clip.width, clip.reads_texts) == (1024, False)
