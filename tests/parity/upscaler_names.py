"""The tensor names of ESRGAN's three forms: spandrel's networks have the first one's."""

import re

SECOND = {"model.0": "conv_first", "trunk": "trunk_conv", "ups": ("upconv1", "upconv2"), "hr": "HRconv", "dense": "RRDB_trunk.{}.RDB{}.conv{}"}
REAL_ESRGAN = {"model.0": "conv_first", "trunk": "conv_body", "ups": ("conv_up1", "conv_up2"), "hr": "conv_hr", "dense": "body.{}.rdb{}.conv{}"}


def renamed(state: dict, form: dict) -> dict:
    """A state with the first form's names under those of `form`."""
    behind = sorted({int(key.split(".")[1]) for key in state if re.fullmatch(r"model\.\d+\.weight", key)} - {0})
    names = dict(zip((f"model.{place}" for place in behind), (*form["ups"][: len(behind) - 2], form["hr"], "conv_last")))

    def name(key: str) -> str:
        stem, leaf = key.rsplit(".", 1)
        if match := re.fullmatch(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0", stem):
            return form["dense"].format(*match.groups()) + "." + leaf
        if re.fullmatch(r"model\.1\.sub\.\d+", stem):
            return f"{form['trunk']}.{leaf}"
        return f"{form['model.0'] if stem == 'model.0' else names[stem]}.{leaf}"

    return {name(key): value for key, value in state.items()}
