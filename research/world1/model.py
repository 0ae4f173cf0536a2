"""The shape of the embedded model: Stable Diffusion's architecture, scaled down."""

from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from research.world1.latents import CHANNELS
from research.world1.tokenizer import MAX_LENGTH

TEXT_WIDTH = 192


def make_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(64, 128, 192),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=8,
    )


def make_text_encoder(vocab_size: int) -> CLIPTextModel:
    """Heads are 64 wide, as in every CLIP: readers of single files infer them so."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocab_size,
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=TEXT_WIDTH // 64,
            max_position_embeddings=MAX_LENGTH,
            hidden_act="quick_gelu",
            bos_token_id=vocab_size - 2,
            eos_token_id=vocab_size - 1,
            pad_token_id=vocab_size - 1,
        )
    )


def make_autoencoder(scaling_factor: float) -> AutoencoderKL:
    """Narrow where the picture is large: those layers take nearly all of the time."""
    return AutoencoderKL(
        block_out_channels=(24, 32, 48, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=8,
        sample_size=128,
        scaling_factor=scaling_factor,
    )


def make_scheduler() -> PNDMScheduler:
    """Stable Diffusion v1-4's noise, with v2-1's v-prediction: predicting the noise itself, a small model spends its steps on copying
    its input at the noisiest timesteps and learns nothing from the words."""
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
    )
