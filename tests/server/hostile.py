"""JSON that a stranger wrote to do harm, and how much memory a program took over it."""

import os
import pathlib
import subprocess
import sys
import types

LEVELS = 100_000
SANITIZED = "LATENTDIAL_SANITIZED" in os.environ
MEGABYTE = 1 << 20
# Small itself: until a child starts its program it has as much memory as its parent.
SPAWN = "import os, sys; child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); _, status, used = os.wait4(child, 0); print(os.waitstatus_to_exitcode(status), used.ru_maxrss, file=os.fdopen(3, 'w'))"

NESTED = {
    "arrays": "[" * LEVELS + "]" * LEVELS,
    "objects": '{"a":' * LEVELS + "1" + "}" * LEVELS,
    "both": '[{"a":' * LEVELS + "1" + "}]" * LEVELS,
    "no end": '[{"a":' * LEVELS,
}
PARTS = {"arrays": "[]", "objects": "{}", "texts": '""', "numbers": "0", "pairs": "[0,0]", "members": '{"a":0}'}


def many(part: str, size: int) -> str:
    """A list of so many bytes."""
    return "[" + ",".join([PARTS[part]] * (size // (len(PARTS[part]) + 1) - 1)) + "]"


def peak_of(program: pathlib.Path, *arguments, cwd: pathlib.Path) -> types.SimpleNamespace:
    """Runs the program: its returncode, stdout and stderr, and `peak`, the most memory in bytes that it had at once."""
    read, write = os.pipe()
    command = [sys.executable, "-S", "-E", "-c", f"import os; os.dup2({write}, 3); {SPAWN}", str(program), *map(str, arguments)]
    process = subprocess.run(command, cwd=cwd, pass_fds=(write,), capture_output=True, text=True, errors="replace", timeout=300)
    os.close(write)
    with os.fdopen(read) as report:
        returncode, kilobytes = map(int, report.read().split())
    return types.SimpleNamespace(returncode=returncode, stdout=process.stdout, stderr=process.stderr, peak=kilobytes << 10)
