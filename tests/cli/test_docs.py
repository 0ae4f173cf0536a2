"""The documents name only commands and options that the program has."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def calls(text: str, commands: list[str]) -> list[str]:
    """`latentdial COMMAND …` lines of code blocks and inline code."""
    return re.findall(r"latentdial ((?:%s)\b[^`\n#]*)" % "|".join(commands), text)


def check(page: str, text: str, helps: dict) -> int:
    """Counts the options in the calls; each must be in its command's help."""
    flags = [(call, flag) for call in calls(text, list(helps)) for flag in re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", call)]
    for call, flag in flags:
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", helps[call.split()[0]]), f"{page}: latentdial {call}"
    return len(flags)


def test_examples_use_existing_options(latentdial):
    commands = re.findall(r"^  ([a-z]+)  ", latentdial("--help").stdout.partition("Subcommands:")[2], re.MULTILINE)
    assert {"generate", "inpaint", "upscale", "info"} <= set(commands)
    helps = {command: latentdial(command, "--help").stdout for command in commands}
    pages = {path.name: path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
    for texts in (pages, helps):
        assert sum(check(name, text, helps) for name, text in texts.items()) > 10
