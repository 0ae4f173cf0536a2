"""Writes a diffusers folder as one file with CompVis keys: .safetensors, or .ckpt as PyTorch Lightning saves it.

    python to_compvis.py FOLDER OUT.safetensors [OUT.ckpt …] [--whole-open-clip] [--names OUT.json]

The names come from walking the network in the order CompVis builds it and counting, not from the engine's table of
keys: the two check each other. A folder with two text encoders becomes a file with the keys of SDXL's first release, one with the second of them
alone with those of its refiner. With a "gelu" text encoder the OpenCLIP form of SD 2 is written, else the CLIP form of
SD 1; --whole-open-clip adds the unused last layer and the projection that the original SD 2 files carry. --names
writes the pairs [diffusers name, CompVis name, shape] per component instead of values.
"""

import argparse
import json
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def read_component(folder: Path) -> tuple[dict, dict]:
    config = json.loads((folder / "config.json").read_text())
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(path))
    return config, tensors


class Renamer:
    """Moves the tensors below a diffusers module to below a CompVis module, and minds that none is left."""

    def __init__(self, tensors: dict, prefix: str):
        self.rest = dict(tensors)
        self.prefix = prefix
        self.done = OrderedDict()
        self.pairs = []

    def has(self, module: str) -> bool:
        return any(name.startswith(module + ".") for name in self.rest)

    def move(self, module: str, to: str) -> None:
        for name in [n for n in self.rest if n.startswith(module + ".")]:
            self.put(name, to + name[len(module):], self.rest.pop(name))

    def put(self, name: str, key: str, value: torch.Tensor) -> None:
        self.done[self.prefix + key] = value.contiguous()
        self.pairs.append([name, self.prefix + key, list(value.shape)])

    def finish(self) -> OrderedDict:
        assert not self.rest, f"no CompVis name for {sorted(self.rest)[:5]}"
        return self.done


def unet_resnet(r: Renamer, module: str, to: str) -> None:
    for part, key in [("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"),
                      ("norm2", "out_layers.0"), ("conv2", "out_layers.3"), ("conv_shortcut", "skip_connection")]:
        r.move(f"{module}.{part}", f"{to}.{key}")


def unet(config: dict, tensors: dict) -> Renamer:
    r = Renamer(tensors, "model.diffusion_model.")
    r.move("time_embedding.linear_1", "time_embed.0")
    r.move("time_embedding.linear_2", "time_embed.2")
    r.move("class_embedding", "label_emb")
    r.move("add_embedding.linear_1", "label_emb.0.0")
    r.move("add_embedding.linear_2", "label_emb.0.2")
    r.move("conv_in", "input_blocks.0.0")
    levels, layers = len(config["block_out_channels"]), config["layers_per_block"]
    block = 1
    for level in range(levels):
        down = f"down_blocks.{level}"
        for layer in range(layers):
            unet_resnet(r, f"{down}.resnets.{layer}", f"input_blocks.{block}.0")
            r.move(f"{down}.attentions.{layer}", f"input_blocks.{block}.1")
            block += 1
        if r.has(f"{down}.downsamplers"):
            r.move(f"{down}.downsamplers.0.conv", f"input_blocks.{block}.0.op")
            block += 1
    unet_resnet(r, "mid_block.resnets.0", "middle_block.0")  # Pruned ones have less in the middle, or nothing.
    r.move("mid_block.attentions.0", "middle_block.1")
    unet_resnet(r, "mid_block.resnets.1", "middle_block.2")
    block = 0
    for level in range(levels):
        up = f"up_blocks.{level}"
        for layer in range(layers + 1):
            modules = 1
            unet_resnet(r, f"{up}.resnets.{layer}", f"output_blocks.{block}.0")
            if r.has(f"{up}.attentions.{layer}"):
                r.move(f"{up}.attentions.{layer}", f"output_blocks.{block}.{modules}")
                modules += 1
            if layer == layers and r.has(f"{up}.upsamplers"):
                r.move(f"{up}.upsamplers.0.conv", f"output_blocks.{block}.{modules}.conv")
            block += 1
    r.move("conv_norm_out", "out.0")
    r.move("conv_out", "out.2")
    return r


def vae_resnet(r: Renamer, module: str, to: str) -> None:
    r.move(f"{module}.conv_shortcut", f"{to}.nin_shortcut")
    r.move(module, to)


def vae(config: dict, tensors: dict) -> Renamer:
    r = Renamer(tensors, "first_stage_model.")
    levels = len(config["block_out_channels"])
    for half in ("encoder", "decoder"):
        r.move(f"{half}.conv_norm_out", f"{half}.norm_out")
        for i in range(2):
            vae_resnet(r, f"{half}.mid_block.resnets.{i}", f"{half}.mid.block_{i + 1}")
        attention, to = f"{half}.mid_block.attentions.0", f"{half}.mid.attn_1"
        r.move(f"{attention}.group_norm", f"{to}.norm")
        for part, key in [("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")]:
            weight = f"{attention}.{part}.weight"
            r.rest[weight] = r.rest[weight].reshape(*r.rest[weight].shape[:2], 1, 1)
            r.move(f"{attention}.{part}", f"{to}.{key}")
        for conv in ("conv_in", "conv_out"):
            r.move(f"{half}.{conv}", f"{half}.{conv}")
    for level in range(levels):
        from_top = levels - 1 - level
        for layer in range(config["layers_per_block"] + 1):
            vae_resnet(r, f"encoder.down_blocks.{level}.resnets.{layer}", f"encoder.down.{level}.block.{layer}")
            vae_resnet(r, f"decoder.up_blocks.{level}.resnets.{layer}", f"decoder.up.{from_top}.block.{layer}")
        r.move(f"encoder.down_blocks.{level}.downsamplers.0.conv", f"encoder.down.{level}.downsample.conv")
        r.move(f"decoder.up_blocks.{level}.upsamplers.0.conv", f"decoder.up.{from_top}.upsample.conv")
    r.move("quant_conv", "quant_conv")
    r.move("post_quant_conv", "post_quant_conv")
    return r


def with_text_model(tensors: dict) -> dict:
    named = {n if n.startswith(("text_model.", "text_projection.")) else f"text_model.{n}": t for n, t in tensors.items()}
    return {n: t for n, t in named.items() if not n.endswith("position_ids")}


def clip_text(tensors: dict, prefix: str = "cond_stage_model.") -> Renamer:
    r = Renamer(with_text_model(tensors), prefix + "transformer.")
    r.rest.pop("text_projection.weight", None)
    r.move("text_model", "text_model")
    return r


def open_clip_text(config: dict, tensors: dict, whole: bool, prefix: str = "cond_stage_model.") -> Renamer:
    r = Renamer(with_text_model(tensors), prefix + "model.")
    r.move("text_model.embeddings.token_embedding", "token_embedding")
    r.put("text_model.embeddings.position_embedding.weight", "positional_embedding",
          r.rest.pop("text_model.embeddings.position_embedding.weight"))
    for i in range(config["num_hidden_layers"]):
        layer, to = f"text_model.encoder.layers.{i}", f"transformer.resblocks.{i}"
        for kind in ("weight", "bias"):
            names = [f"{layer}.self_attn.{p}_proj.{kind}" for p in "qkv"]
            r.put(",".join(names), f"{to}.attn.in_proj_{kind}", torch.cat([r.rest.pop(n) for n in names]))
        for part, key in [("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                          ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")]:
            r.move(f"{layer}.{part}", f"{to}.{key}")
    r.move("text_model.final_layer_norm", "ln_final")
    if "text_projection.weight" in r.rest:
        r.put("text_projection.weight", "text_projection", r.rest.pop("text_projection.weight").T)
        r.done[r.prefix + "logit_scale"] = torch.tensor(4.6)
    if whole:
        last = f"transformer.resblocks.{config['num_hidden_layers'] - 1}."
        unused = f"transformer.resblocks.{config['num_hidden_layers']}."
        for key in [k for k in r.done if last in k]:
            r.done[key.replace(last, unused)] = torch.full_like(r.done[key], 7.0)
        r.done[r.prefix + "text_projection"] = torch.ones(config["hidden_size"], config["hidden_size"])
        r.done[r.prefix + "logit_scale"] = torch.tensor(4.6)
    return r


def extras() -> dict:
    """What the original files hold beside the three networks."""
    return {"alphas_cumprod": torch.linspace(1, 0, 1000), "betas": torch.linspace(0, 1, 1000, dtype=torch.float64),
            "model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(470000, dtype=torch.int32),
            "model_ema.diffusion_modeltime_embed0bias": torch.zeros(4)}


def write(path: Path, tensors: OrderedDict) -> None:
    if path.suffix == ".safetensors":
        save_file(tensors, path, metadata={"format": "pt"})
        return
    torch.save({"epoch": 6, "global_step": 470000, "pytorch-lightning_version": "1.4.2", "state_dict": tensors,
                "callbacks": {}, "lr_schedulers": [], "hparams_name": "kwargs"}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, nargs="*")
    parser.add_argument("--whole-open-clip", action="store_true")
    parser.add_argument("--names", type=Path)
    options = parser.parse_args()
    is_refiner = not (options.folder / "text_encoder").exists()
    text_config, text = read_component(options.folder / ("text_encoder_2" if is_refiner else "text_encoder"))
    is_open_clip = text_config["hidden_act"] == "gelu"
    prefix = "conditioner.embedders.0." if is_refiner else "cond_stage_model."
    parts = {"unet": unet(*read_component(options.folder / "unet")),
             "vae": vae(*read_component(options.folder / "vae")),
             "text_encoder": open_clip_text(text_config, text, options.whole_open_clip, prefix) if is_open_clip else clip_text(text)}
    if (options.folder / "text_encoder_2").exists() and not is_refiner:
        parts["text_encoder"] = clip_text(text, "conditioner.embedders.0.")
        parts["text_encoder_2"] = open_clip_text(*read_component(options.folder / "text_encoder_2"), False, "conditioner.embedders.1.")
    tensors = OrderedDict()
    for part in parts.values():
        tensors.update(part.finish())
    tensors.update(extras())
    if not is_open_clip:
        tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(text_config["max_position_embeddings"])[None]
    for path in options.out:
        write(path, tensors)
    if options.names:
        lines = {name: part.pairs for name, part in parts.items()}
        options.names.write_text(json.dumps(lines, separators=(",", ":")).replace("],[", "],\n[") + "\n")


if __name__ == "__main__":
    main()
