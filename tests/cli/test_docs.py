"""The documents name only commands and options that the program has."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ("generate", "interpolate", "dial", "sweep", "figures", "info")


def calls(text: str) -> list[str]:
    """`latentdial COMMAND …` lines of code blocks and inline code."""
    return re.findall(r"latentdial ((?:%s)\b[^`\n#]*)" % "|".join(COMMANDS), text)


def test_examples_in_the_documents_use_existing_options(latentdial):
    helps = {command: latentdial(command, "--help").stdout for command in COMMANDS}
    seen = 0
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for call in calls(page.read_text()):
            command = call.split()[0]
            for flag in re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", call):
                assert re.search(rf"(?<![\w-]){flag}(?![\w-])", helps[command]), f"{page.name}: latentdial {call}"
                seen += 1
    assert seen > 10


def test_examples_in_help_use_existing_options(latentdial):
    for command in COMMANDS:
        text = latentdial(command, "--help").stdout
        options, examples = text.split("xample", 1)
        for flag in re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", examples):
            assert flag in options, f"{command}: {flag}"
