"""One stage of a peer, timed in a process of its own:

    python bench/peers.py diffusers|openvino|openvino-int8 MODEL STAGE SIZE REPEATS [bf16|f32 [PICTURES]]

STAGE is `text`, `unet` (two to a picture, as guidance needs; PICTURES in a call), `decode` or `picture` (20 steps of DPM++ 2M with guidance, warm). Prints one JSON
object: seconds from the start of the process to the first call's end (`started`), of each further call, and the peak memory in GiB.
Both peers compute in bf16 on the CPU unless told otherwise. OpenVINO's models are converted beside MODEL once (`convert`);
openvino-int8 has the U-Net alone, its linear layers and convolutions quantized by OpenVINO's own NNCF (`quantize`).
"""

import json
import pathlib
import sys
import time

START = time.perf_counter()
STEPS = 20
GUIDANCE_SCALE = 7.5
CALIBRATION = 2  # Pictures that NNCF measures the ranges of activations on: of a random model more tell no more.


class Diffusers:
    """diffusers with torch, channels last."""

    def __init__(self, model: pathlib.Path, stage: str, size: int, dtype: str, pictures: int):
        import torch

        self.torch, self.model, self.side, self.pictures = torch, model, size // 8, pictures
        self.dtype = {"bf16": torch.bfloat16, "f32": torch.float32}[dtype]
        torch.set_grad_enabled(False)
        parts = {"text": ["text"], "unet": ["unet"], "decode": ["decode"], "picture": ["text", "unet", "decode"]}[stage]
        self.parts = {part: self._load(part) for part in parts}

    def _load(self, part: str):
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import CLIPTextModel

        kind, folder = {"text": (CLIPTextModel, "text_encoder"), "unet": (UNet2DConditionModel, "unet"), "decode": (AutoencoderKL, "vae")}[part]
        network = kind.from_pretrained(self.model / folder, torch_dtype=self.dtype).eval()
        return network.to(memory_format=self.torch.channels_last) if part != "text" else network

    def text(self, ids):
        return self.parts["text"](ids).last_hidden_state

    def unet(self, latents, timestep, states):
        latents = latents.to(self.dtype, memory_format=self.torch.channels_last)
        return self.parts["unet"](latents, timestep, states.to(self.dtype)).sample

    def decode(self, latents):
        return self.parts["decode"].decode(latents.to(self.dtype, memory_format=self.torch.channels_last)).sample


class OpenVino:
    """OpenVINO's CPU plugin on models converted from diffusers, one stream over all cores, static shapes."""

    folder = "openvino"

    def __init__(self, model: pathlib.Path, stage: str, size: int, dtype: str, pictures: int):
        import torch

        self.torch, self.model, self.side, self.dtype, self.pictures = torch, model, size // 8, dtype, pictures
        parts = {"text": ["text"], "unet": ["unet"], "decode": ["decode"], "picture": ["text", "unet", "decode"]}[stage]
        self.parts = {part: self._compile(part) for part in parts}

    def _compile(self, part: str):
        import openvino

        core = openvino.Core()
        network = core.read_model(self.model / self.folder / f"{part}.xml")
        width = json.loads((self.model / "unet" / "config.json").read_text())["cross_attention_dim"]
        shapes = {
            "text": [[2, 77]],
            "unet": [[2 * self.pictures, 4, self.side, self.side], [], [2 * self.pictures, 77, width]],
            "decode": [[1, 4, self.side, self.side]],
        }[part]
        network.reshape({port: openvino.PartialShape(shape) for port, shape in zip(network.inputs, shapes, strict=True)})
        options = {"INFERENCE_PRECISION_HINT": self.dtype, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        return core.compile_model(network, "CPU", options)

    def _call(self, part: str, *inputs):
        return self.torch.from_numpy(self.parts[part]([x.float().numpy() if x.is_floating_point() else x.numpy() for x in inputs])[0])

    def text(self, ids):
        return self._call("text", ids)

    def unet(self, latents, timestep, states):
        return self._call("unet", latents, self.torch.tensor(float(timestep)), states)

    def decode(self, latents):
        return self._call("decode", latents)


class OpenVinoInt8(OpenVino):
    """The same in 8 bits where NNCF has it so; what is left is computed in `dtype`."""

    folder = "openvino-int8"


def save(network, folder: pathlib.Path, name: str) -> None:
    """Whole or not at all."""
    import openvino

    folder.mkdir(exist_ok=True)
    openvino.save_model(network, folder / f"{name}.part.xml")
    (folder / f"{name}.part.bin").rename(folder / f"{name}.bin")
    (folder / f"{name}.part.xml").rename(folder / f"{name}.xml")


def quantize(model: pathlib.Path) -> None:
    """Writes MODEL/openvino-int8/unet.xml, by NNCF's recipe for transformers."""
    import nncf
    import numpy
    import openvino

    if (model / "openvino-int8" / "unet.xml").exists():
        return
    network = openvino.Core().read_model(model / "openvino" / "unet.xml")
    width = json.loads((model / "unet" / "config.json").read_text())["cross_attention_dim"]
    rng = numpy.random.default_rng(0)
    inputs = [(rng.standard_normal((2, 4, 32, 32), "f4"), numpy.float32(t), rng.standard_normal((2, 77, width), "f4")) for t in numpy.linspace(950, 50, CALIBRATION)]
    quantized = nncf.quantize(network, nncf.Dataset(inputs), model_type=nncf.ModelType.TRANSFORMER, subset_size=CALIBRATION)
    save(quantized, model / "openvino-int8", "unet")


def convert(model: pathlib.Path) -> None:
    """Writes MODEL/openvino/{text,unet,decode}.xml, weights in f16 as `save_model` does by default."""
    import openvino
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    class Unet(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, sample, timestep, states):
            return self.network(sample, timestep, states).sample

    class Decode(Unet):
        def forward(self, latents):
            return self.network.decode(latents).sample

    class Text(Unet):
        def forward(self, ids):
            return self.network(ids).last_hidden_state

    folder = model / "openvino"
    width = json.loads((model / "unet" / "config.json").read_text())["cross_attention_dim"]
    jobs = {
        "text": (lambda: Text(CLIPTextModel.from_pretrained(model / "text_encoder")), (torch.ones(2, 77, dtype=torch.long),)),
        "decode": (lambda: Decode(AutoencoderKL.from_pretrained(model / "vae")), (torch.randn(1, 4, 32, 32),)),
        "unet": (
            lambda: Unet(UNet2DConditionModel.from_pretrained(model / "unet")),
            (torch.randn(2, 4, 32, 32), torch.tensor(500.0), torch.randn(2, 77, width)),
        ),
    }
    for name, (make, example) in jobs.items():
        if (folder / f"{name}.xml").exists():
            continue
        with torch.no_grad():
            network = openvino.convert_model(make().eval(), example_input=example)
        save(network, folder, name)


def picture(peer, ids, steps: int) -> None:
    """Steps of DPM++ 2M with guidance, then the decoder."""
    import torch
    from diffusers import DPMSolverMultistepScheduler

    scheduler = DPMSolverMultistepScheduler.from_pretrained(peer.model / "scheduler")
    scheduler.set_timesteps(steps)
    states = peer.text(ids)
    latents = torch.randn(1, 4, peer.side, peer.side)
    for timestep in scheduler.timesteps:
        unconditional, conditional = peer.unet(torch.cat([latents] * 2), timestep, states).float().chunk(2)
        prediction = unconditional + GUIDANCE_SCALE * (conditional - unconditional)
        latents = scheduler.step(prediction, timestep, latents).prev_sample
    peer.decode(latents / 0.18215)


def peak_gib() -> float:
    """The largest resident set of this program; getrusage would count the process that started it as well."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 2**20


def main() -> None:
    name, model, stage, size, repeats = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    if stage in ("convert", "quantize"):
        return {"convert": convert, "quantize": quantize}[stage](model)
    dtype = sys.argv[6] if len(sys.argv) > 6 else "bf16"
    pictures = int(sys.argv[7]) if len(sys.argv) > 7 else 1
    peer = {"diffusers": Diffusers, "openvino": OpenVino, "openvino-int8": OpenVinoInt8}[name](model, stage, size, dtype, pictures)
    import torch

    torch.set_grad_enabled(False)
    width = json.loads((model / "unet" / "config.json").read_text())["cross_attention_dim"]
    ids = torch.randint(0, 49407, (2, 77))
    latents, states = torch.randn(2 * pictures, 4, peer.side, peer.side), torch.randn(2 * pictures, 77, width)
    call = {
        "text": lambda: peer.text(ids),
        "unet": lambda: peer.unet(latents, 500, states),
        "decode": lambda: peer.decode(latents[:1]),
        "picture": lambda: picture(peer, ids, STEPS),
    }[stage]
    picture(peer, ids, 1) if stage == "picture" else call()
    started, seconds = time.perf_counter() - START, []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"started": started, "seconds": seconds, "peak_gib": peak_gib()}))


if __name__ == "__main__":
    main()
