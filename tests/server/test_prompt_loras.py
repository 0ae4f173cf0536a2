"""A request's own LoRAs: `<lora:NAME:SCALE>` in its prompt, of `serve --lora-dir`."""

import json
import pathlib

import numpy
import requests

LAYER = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


def write_lora(path: pathlib.Path) -> None:
    """One of rank 1 for one layer."""
    data = numpy.concatenate([numpy.full(192, 1, "<f4"), numpy.full(128, 0.1, "<f4")]).tobytes()
    header = {
        f"{LAYER}.lora_down.weight": {"dtype": "F32", "shape": [1, 192], "data_offsets": [0, 768]},
        f"{LAYER}.lora_up.weight": {"dtype": "F32", "shape": [128, 1], "data_offsets": [768, 1280]},
    }
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_each_request_has_its_own(server, tmp_path):
    write_lora(tmp_path / "ink.safetensors")
    with server("--lora-dir", str(tmp_path)) as (address, _):

        def ask(prompt: str) -> requests.Response:
            return requests.post(address + "/sdapi/v1/txt2img", json={"prompt": prompt, "steps": 1, "width": 64, "height": 64, "seed": 2}, timeout=60)

        plain, inked = ask("a dog").json()["images"], ask("a dog<lora:ink:1>").json()["images"]
        assert plain != inked
        refused = ask("a dog<lora:oil>")
        assert refused.status_code == 422
        assert "there is no <lora:oil>; the folder of LoRAs has ink" in refused.json()["detail"]
        assert str(tmp_path) not in refused.text

        def drawn(**more) -> dict:
            body = {"prompt": "a dog", "steps": 1, "width": 64, "height": 64, "seed": 2, "guidance_scale": 7.5, **more}
            return requests.post(address + "/v1/generate", json=body, timeout=60).json()

        assert drawn(loras="ink:1").get("id")
        assert drawn(style="lora:ink", dial=1, method="guide").get("id")
        refused = drawn(style=f"lora:{tmp_path}/ink.safetensors", dial=1)["error"]
        assert refused["field"] == "style" and "a file of this machine cannot be named" in refused["message"]
        assert "there is no lora:oil" in drawn(style="lora:oil", dial=1)["error"]["message"]
