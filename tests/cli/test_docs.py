"""The documents name only commands and options that the program has."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ("generate", "interpolate", "dial", "sweep", "merge", "figures", "calibrate", "measure", "serve", "info")


def calls(text: str) -> list[str]:
    """`latentdial COMMAND …` lines of code blocks and inline code."""
    return re.findall(r"latentdial ((?:%s)\b[^`\n#]*)" % "|".join(COMMANDS), text)


def check(page: str, text: str, helps: dict) -> int:
    """Counts the options in the calls; each must be in its command's help."""
    flags = [(call, flag) for call in calls(text) for flag in re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", call)]
    for call, flag in flags:
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", helps[call.split()[0]]), f"{page}: latentdial {call}"
    return len(flags)


def test_examples_use_existing_options(latentdial):
    helps = {command: latentdial(command, "--help").stdout for command in COMMANDS}
    pages = {path.name: path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
    for texts in (pages, helps):
        assert sum(check(name, text, helps) for name, text in texts.items()) > 10
