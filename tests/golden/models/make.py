"""Makes the small random models and expected stage outputs that tests/models compares with.

Run with diffusers and transformers installed: python tests/golden/models/make.py
Each model folder holds f16 weights in diffusers' layout; expected.safetensors beside them holds the inputs and
diffusers' f32 outputs, pictures and latents channels-last. tiny-decoder also has its decoder in the original's keys;
upscalers holds networks as spandrel builds them. upscaling, sdxl and unclip are whole models, with tokenizers.
"""

import json
import pathlib
import shutil
import sys
from types import SimpleNamespace

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDPMScheduler, StableUnCLIPImg2ImgPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion import StableUnCLIPImageNormalizer
from PIL import Image
from safetensors.torch import save_file
from spandrel.architectures.__arch_helpers.block import RRDB
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
from upscaler_names import REAL_ESRGAN, renamed  # noqa: E402

TEXT = dict(vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=9, bos_token_id=38, eos_token_id=39)  # fmt: skip
UNET = dict(sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8, 16), layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16, norm_num_groups=4)  # fmt: skip
VAE = dict(block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
           latent_channels=4, norm_num_groups=4, layers_per_block=1, sample_size=16)  # fmt: skip
# An upscaling model's: told a small picture's three colours and the level of their noise. Of its three levels the
# second's pixels attend to the text alone.
UPSCALING_UNET = dict(in_channels=7, block_out_channels=(8, 16, 16), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                      up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), only_cross_attention=(True, True, False),
                      num_class_embeds=40, attention_head_dim=4, use_linear_projection=True)  # fmt: skip
UPSCALING_VAE = dict(block_out_channels=(8, 16, 16), down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
                     scaling_factor=0.08333)  # fmt: skip
# SDXL's form: two text encoders, whose states lie side by side, and a U-Net that is told a text's summary and six sizes.
TEXT_2 = TEXT | dict(vocab_size=643, hidden_size=24, hidden_act="gelu", projection_dim=12)
SDXL_UNET = dict(block_out_channels=(8, 16, 16), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                 up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=[1, 2, 3],
                 attention_head_dim=[1, 2, 4], cross_attention_dim=40, use_linear_projection=True, addition_embed_type="text_time",
                 addition_time_embed_dim=8, projection_class_embeddings_input_dim=12 + 6 * 8)  # fmt: skip
# Its refiner's: the second text encoder alone, and five numbers told.
REFINER_UNET = SDXL_UNET | dict(transformer_layers_per_block=2, cross_attention_dim=24, projection_class_embeddings_input_dim=12 + 5 * 8)
# Pruned ones: SSD-1B's transformers differ in depth, and its middle has none; tiny-sd has no middle.
PRUNED_UNET = SDXL_UNET | dict(layers_per_block=2, transformer_layers_per_block=[1, [2, 1], [3, 1]], mid_block_type="UNetMidBlock2D",
                               reverse_transformer_layers_per_block=[[1, 3, 2], [2, 1, 1], 1])  # fmt: skip
TINY_UNET = dict(down_block_types=("CrossAttnDownBlock2D",) * 2, up_block_types=("CrossAttnUpBlock2D",) * 2, mid_block_type=None)
# Stable unCLIP's: told what CLIP's image encoder sees in a picture, of which it has one, and how far that is noised.
VISION = dict(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3, image_size=16, patch_size=4, projection_dim=12)
UNCLIP_UNET = dict(attention_head_dim=[1, 2], use_linear_projection=True, class_embed_type="projection", projection_class_embeddings_input_dim=24)
NOISING = dict(_class_name="DDPMScheduler", beta_schedule="squaredcos_cap_v2", num_train_timesteps=1000)
IDS = torch.tensor([[38, 5, 17, 2, 39, 39, 39, 39, 39]])
LEVELS = torch.tensor([3, 21])  # Of the two pictures that a U-Net is shown.
TINY = dict(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, latent_channels=4)
WITH_TOKENIZER = ("upscaling", "sdxl", "refiner", "unclip")
MODELS = {
    "conv-projection": (dict(attention_head_dim=2), dict(hidden_act="quick_gelu"), {}),
    "linear-projection": (
        dict(attention_head_dim=[1, 4], use_linear_projection=True, transformer_layers_per_block=2),
        dict(hidden_act="gelu"),
        {},
    ),
    "upscaling": (UPSCALING_UNET, dict(hidden_act="gelu", vocab_size=643), UPSCALING_VAE),
    "sdxl": (SDXL_UNET, dict(vocab_size=643), dict(scaling_factor=0.13025)),
    "pruned": (PRUNED_UNET, dict(vocab_size=643), {}),
    "without-middle": (TINY_UNET, {}, {}),
    "refiner": (REFINER_UNET, {}, dict(scaling_factor=0.13025)),
    "unclip": (UNCLIP_UNET, dict(hidden_act="gelu", vocab_size=643), {}),
}


def rounded(model: torch.nn.Module) -> torch.nn.Module:
    """The model with every weight moved off its neutral value and rounded to f16, still computing in f32."""
    for parameter in model.parameters():
        if parameter.ndim == 1:
            parameter.add_(0.2 * torch.randn_like(parameter))
        parameter.copy_(parameter.half().float())
    return model.eval()


def save(model: torch.nn.Module, folder: pathlib.Path, name: str, config: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items() if v.is_floating_point()}, folder / name)
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def nhwc(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1).contiguous()


def make_second(folder: pathlib.Path, unet: object) -> tuple[dict, dict]:
    """The second text encoder and its tokenizer, which pads with "!". What it makes of IDS, and what the U-Net is told."""
    text = rounded(CLIPTextModelWithProjection(CLIPTextConfig(**TEXT_2)))
    save(text, folder / "text_encoder_2", "model.safetensors", TEXT_2)
    if (folder / "tokenizer").exists():
        shutil.copytree(folder / "tokenizer", folder / "tokenizer_2", dirs_exist_ok=True)
        for file in (folder / "tokenizer_2/tokenizer_config.json", folder / "tokenizer_2/special_tokens_map.json"):
            file.write_text(json.dumps(json.loads(file.read_text()) | {"pad_token": "!"}, indent=1))
    read = text(IDS, output_hidden_states=True)
    told = (unet.projection_class_embeddings_input_dim - TEXT_2["projection_dim"]) // unet.addition_time_embed_dim
    summaries, sizes = torch.randn(2, TEXT_2["projection_dim"]), torch.tensor([[48.0, 64, 0, 0, 48, 64], [32, 32, 4, 8, 24, 40]])[:, :told]
    expected = {"text_2": read.hidden_states[-2], "summary": read.text_embeds, "vectors": torch.cat([summaries, sizes], 1)}
    return expected, {"added_cond_kwargs": {"text_embeds": summaries, "time_ids": sizes}}


def make_picture_parts(folder: pathlib.Path) -> tuple[dict, dict]:
    """The image encoder, what its embeddings are normalised by, how they are noised. What is told of a picture, and of none."""
    encoder = rounded(CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION, hidden_act="gelu")))
    save(encoder, folder / "image_encoder", "model.safetensors", {**VISION, "hidden_act": "gelu"})
    normalizer = StableUnCLIPImageNormalizer(VISION["projection_dim"])
    normalizer.mean.copy_(torch.randn_like(normalizer.mean).half())
    normalizer.std.copy_((0.5 + torch.rand_like(normalizer.std)).half())
    save(normalizer, folder / "image_normalizer", "diffusion_pytorch_model.safetensors", {"embedding_dim": VISION["projection_dim"]})
    (folder / "image_noising_scheduler").mkdir(exist_ok=True)
    (folder / "image_noising_scheduler/scheduler_config.json").write_text(json.dumps(NOISING))
    seen = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=16)
    (folder / "feature_extractor").mkdir(exist_ok=True)
    (folder / "feature_extractor/preprocessor_config.json").write_text(json.dumps({"image_mean": seen.image_mean, "image_std": seen.image_std, "resample": 3}))
    picture, noise = torch.randint(0, 256, (41, 30, 3), dtype=torch.uint8), torch.randn(1, VISION["projection_dim"])
    embedding = encoder(**seen(Image.fromarray(picture.numpy()), return_tensors="pt")).image_embeds
    parts = SimpleNamespace(image_normalizer=normalizer, image_noising_scheduler=DDPMScheduler.from_config(NOISING))
    told = StableUnCLIPImg2ImgPipeline.noise_image_embeddings(parts, embedding, noise_level=300, noise=noise)
    vectors = torch.cat([told, torch.zeros_like(told)])
    expected = {"picture": picture.float(), "embedding": embedding, "embedding_noise": noise, "vectors": vectors}
    return expected, {"class_labels": vectors}


@torch.no_grad()
def make(name: str, unet_extra: dict, text_extra: dict, vae_extra: dict) -> None:
    torch.manual_seed(7)
    folder = HERE / name
    text = rounded(CLIPTextModel(CLIPTextConfig(**{**TEXT, **text_extra})))
    unet = UNet2DConditionModel(**{**UNET, **unet_extra})
    if unet.config.class_embed_type:  # So that what it is told of a picture shows.
        for parameter in unet.class_embedding.parameters():
            parameter.mul_(4)
    unet = rounded(unet)
    vae = rounded(AutoencoderKL(**{**VAE, **vae_extra}))
    save(text, folder / "text_encoder", "model.safetensors", {**TEXT, **text_extra})
    save(unet, folder / "unet", "diffusion_pytorch_model.safetensors", {**UNET, **unet_extra})
    save(vae, folder / "vae", "diffusion_pytorch_model.safetensors", {**VAE, **vae_extra})
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "PNDMScheduler", "skip_prk_steps": true}')
    parts = {"text_encoder": "CLIPTextModel", "unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "scheduler": "PNDMScheduler"}
    index = {part: ["transformers" if part == "text_encoder" else "diffusers", kind] for part, kind in parts.items()}
    told = {}
    if unet.config.num_class_embeds:
        told = {"class_labels": LEVELS}
        index |= {"low_res_scheduler": ["diffusers", "DDPMScheduler"], "max_noise_level": 30}
        (folder / "low_res_scheduler").mkdir(exist_ok=True)
        noise = {"_class_name": "DDPMScheduler", "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "scaled_linear"}
        (folder / "low_res_scheduler" / "scheduler_config.json").write_text(json.dumps(noise))
    if name in WITH_TOKENIZER:
        shutil.copytree(HERE.parent / "prompt" / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    of_second = {}
    if unet.config.addition_embed_type:
        of_second, told = make_second(folder, unet.config)
        index["text_encoder_2"] = ["transformers", "CLIPTextModelWithProjection"]
    of_pictures = {}
    if unet.config.class_embed_type:
        of_pictures, told = make_picture_parts(folder)
        index |= {"image_encoder": ["transformers", "CLIPVisionModelWithProjection"], "feature_extractor": ["transformers", "CLIPImageProcessor"]}
        index |= {"image_normalizer": ["stable_diffusion", "StableUnCLIPImageNormalizer"], "image_noising_scheduler": ["diffusers", "DDPMScheduler"]}
    if name == "refiner":
        index |= {"text_encoder": [None, None], "force_zeros_for_empty_prompt": False, "requires_aesthetics_score": True}
        for part in ("text_encoder", "tokenizer"):
            shutil.rmtree(folder / part)
    kind = "StableUnCLIPImg2ImgPipeline" if of_pictures else "StableDiffusionPipeline"
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind, **index}))

    channels = unet.config.in_channels
    latents, odd_latents, states = torch.randn(2, channels, 8, 8), torch.randn(2, channels, 7, 5), torch.randn(2, 9, unet.config.cross_attention_dim)
    pixels = torch.rand(1, 3, 12, 18) * 2 - 1
    decoder_latents = torch.randn(1, 4, 5, 6)
    expected = {
        "ids": IDS.int(),
        "text": text(IDS, output_hidden_states=True).hidden_states[-2] if of_second else text(IDS).last_hidden_state,  # Of a refiner below.
        "latents": nhwc(latents),
        "odd_latents": nhwc(odd_latents),
        "text_states": states,
        "unet": nhwc(unet(latents, 321, states, **told).sample),
        "odd_unet": nhwc(unet(odd_latents, 321, states, **told).sample),
        "decoder_latents": nhwc(decoder_latents * vae.config.scaling_factor),
        "decoded": nhwc(vae.decode(decoder_latents).sample),
        "pixels": nhwc(pixels),
        "encoded_mean": nhwc(vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor),
        "encoded_log_variance": nhwc(vae.encode(pixels).latent_dist.logvar),
    }
    expected |= of_second | of_pictures
    if name == "refiner":
        expected["text"] = expected.pop("text_2")
    if unet.config.num_class_embeds:
        expected["levels"] = LEVELS[:, None].float()
    save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")


@torch.no_grad()
def make_tiny_decoder(folder: pathlib.Path) -> None:
    torch.manual_seed(8)
    tiny = rounded(AutoencoderTiny(**TINY))
    save(tiny, folder, "diffusion_pytorch_model.safetensors", {"_class_name": "AutoencoderTiny", **TINY})
    # The original's list of modules begins with the clamp, which diffusers leaves out.
    layers = (key.split(".", 1) for key in tiny.decoder.layers.state_dict())
    original = {f"{int(number) + 1}.{rest}": tiny.decoder.layers.state_dict()[f"{number}.{rest}"].half() for number, rest in layers}
    torch.save(original, folder / "taesd_decoder.pth")
    latents = torch.randn(2, 4, 3, 5) * 2
    save_file({"latents": nhwc(latents), "decoded": nhwc(tiny.decode(latents).sample)}, folder / "expected.safetensors")


def small_rrdb(scale: int, shuffle: int | None) -> RRDBNet:
    """Of one block, 8 channels and a growth of 4."""
    network = RRDBNet(in_nc=3 * (shuffle or 1) ** 2, num_filters=8, num_blocks=1, scale=scale, shuffle_factor=shuffle)
    network.model[1].sub[0] = RRDB(8, gc=4)
    return rounded(network)


@torch.no_grad()
def make_upscalers(folder: pathlib.Path) -> None:
    """rrdb.pth has ESRGAN's first names, rrdb-x2.pth Real-ESRGAN's, beside others' of an average that comes first."""
    torch.manual_seed(9)
    folder.mkdir(exist_ok=True)
    rrdb, rrdb_x2, compact = small_rrdb(4, None), small_rrdb(4, 2), rounded(SRVGGNetCompact(num_feat=8, num_conv=3, upscale=2))
    half = [{key: value.half() for key, value in network.state_dict().items()} for network in (rrdb, rrdb_x2, compact)]
    torch.save(half[0], folder / "rrdb.pth")
    torch.save({"params": {key: 0 * value for key, value in renamed(half[1], REAL_ESRGAN).items()}, "params_ema": renamed(half[1], REAL_ESRGAN)}, folder / "rrdb-x2.pth")
    torch.save({"params": half[2]}, folder / "compact.pth")
    pixels = torch.rand(1, 3, 10, 14)
    expected = {"pixels": pixels, "rrdb": rrdb(pixels), "rrdb-x2": rrdb_x2(pixels), "compact": compact(pixels)}
    save_file({name: nhwc(value) for name, value in expected.items()}, folder / "expected.safetensors")


@torch.no_grad()
def make_clip(folder: pathlib.Path) -> None:
    """A CLIPModel with its tokenizer, and of what it reads a picture, wider than high, and a text."""
    torch.manual_seed(10)
    shutil.copytree(HERE.parent / "prompt" / "tokenizer", folder, dirs_exist_ok=True)
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    text = TEXT | dict(vocab_size=len(tokenizer), bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)
    vision = dict(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3, image_size=16, patch_size=4)
    towers = dict(text_config=text, vision_config=vision, projection_dim=12)
    model = rounded(CLIPModel(CLIPConfig(**towers)))
    save(model, folder, "model.safetensors", {"model_type": "clip", **towers})
    picture = torch.randint(0, 256, (30, 41, 3), dtype=torch.uint8)
    seen = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=16)(Image.fromarray(picture.numpy()), return_tensors="pt")
    read = tokenizer("a dog", padding="max_length", max_length=9, return_tensors="pt")
    expected = {
        "picture": picture.float(),
        "pixels": nhwc(seen["pixel_values"]),
        "image": model.get_image_features(**seen).pooler_output,
        "text": model.get_text_features(**read).pooler_output,
    }
    save_file(expected, folder / "expected.safetensors")


make_clip(HERE / "clip")
make_upscalers(HERE / "upscalers")
make_tiny_decoder(HERE / "tiny-decoder")
for model_name, (unet_settings, text_settings, vae_settings) in MODELS.items():
    make(model_name, unet_settings, text_settings, vae_settings)
