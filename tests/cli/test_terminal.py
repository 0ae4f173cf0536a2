"""What is printed steers no terminal, whatever a picture, a file's name or a prompt holds."""

import json
import re

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SMALL = ("--steps", "1", "--size", "64x64")
C0 = [chr(code) for code in (*range(0x01, 0x20), 0x7F) if chr(code) != "\n"]
OTHERS = [chr(code) for code in (*range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))]
ATTACKS = ["\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "a\rb", "a\bb", "\u202eevil\u202c", "\u2066hidden\u2069", *C0, *OTHERS]
STEERING = re.compile("[%s\n]" % re.escape("".join(C0 + OTHERS)))


def escaped(text: str) -> str:
    return STEERING.sub(lambda found: (f"\\x{ord(found[0]):02x}" if ord(found[0]) < 0x20 else f"\\u{ord(found[0]):04x}"), text)


def check(printed: str) -> None:
    for line in printed.split("\n"):
        assert not STEERING.search(line), repr(line)


def test_info_of_a_picture_shows_them(latentdial, tmp_path):
    prompt, every = "".join(ATTACKS), "".join(ATTACKS).replace("\x00", "")
    info = PngInfo()
    info.add_itxt("parameters", f"a {every} dog\nSteps: 1, Style: {json.dumps(every)}, Model: {json.dumps(every)}, Model hash: \x1b[2J")
    Image.new("RGB", (64, 64)).save(tmp_path / "dog.png", pnginfo=info)
    process = latentdial("info", "dog.png")
    assert process.returncode == 0
    check(process.stdout)
    assert f"a {escaped(prompt)} dog" in process.stdout and f"  style: {escaped(every)}" in process.stdout
    as_json = latentdial("info", "dog.png", "--json").stdout
    check(as_json)
    assert json.loads(as_json)["settings"]["style"] == every


@pytest.mark.parametrize("attack", ATTACKS[:7])
def test_paths_notices_and_errors_show_them(latentdial, tmp_path, attack):
    name = f"{attack}.png"
    made = latentdial("generate", "-p", "a dog", *SMALL, "-o", name, "-v")
    assert made.returncode == 0 and made.stdout == escaped(name) + "\n" and (tmp_path / name).exists()
    measured = latentdial("measure", name, "--style", "sketch")
    asked = latentdial("generate", "-p", "a dog", *SMALL, "--style", f"sketch {attack}", "--at", "1", "-o", "styled.png")
    refused = latentdial("info", f"no {attack} such")
    again = latentdial("generate", "-p", "a dog", "--image", name, *SMALL, "-o", "dog.png", "--json")
    for process in (made, measured, asked, refused, again):
        check(process.stdout)
        check(process.stderr)
    assert asked.returncode == 0 and "notice: " in asked.stderr and refused.returncode == 2
    assert json.loads(again.stdout)["settings"]["image"] == name
