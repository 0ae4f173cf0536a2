"""What a sweep on Ray trusts: no module of the plan's folder, and nobody but its own account on the machine that it runs on alone."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

ray = pytest.importorskip("ray")

import latentdial  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()
PYTHON = {**os.environ, "LATENTDIAL_PYTHON": sys.executable, "PYTHONPATH": f"{pathlib.Path(latentdial.__file__).parents[1]}:"}  # The empty part is the current folder.
SMALL = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64, "sampler": "ddim"}
# What Python, Ray and the package look for; of those that are always imported before, a trap would not be seen.
NAMES = ["numpy", "PIL", "latentdial", "ray", "hostilemod", "cloudpickle", "psutil", "msgpack", "google", "yaml", "typing_extensions", "sitecustomize", "usercustomize"]
TRAP = "import os, pathlib\npathlib.Path({folder!r}, 'sprung').open('a').write(__name__ + ' in ' + ' '.join(pathlib.Path('/proc/self/cmdline').read_text().split('\\0')[:3]) + '\\n')\n"
LISTENING = "0A"


@pytest.fixture(params=["module", "package"])
def folder(tmp_path, request):
    """A plan that was unpacked with traps beside it."""
    (tmp_path / "plan.json").write_text(json.dumps({"settings": SMALL, "grid": {"seed": "0:1:2"}}))
    for name in NAMES:
        path = tmp_path / name / "__init__.py" if request.param == "package" else tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(TRAP.format(folder=str(tmp_path)))
    return tmp_path


def sprung(folder):
    path = folder / "sprung"
    return path.read_text() if path.exists() else ""


def descendants(pid):
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            after = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(after[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def sockets_of(pids):
    """Process by the inode of its socket."""
    found = {}
    for pid in pids:
        try:
            for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link)):
                    found[match[1]] = pid
        except OSError:
            continue
    return found


def listening(pids):
    """The addresses that these processes listen on, as the kernel writes them."""
    sockets, addresses = sockets_of(pids), set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in sockets:
                addresses.add(fields[1].rpartition(":")[0])
    return addresses


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_what_lies_beside_the_plan_is_not_run_and_nothing_listens_to_others(folder):
    sweep = subprocess.Popen([PROGRAM, "sweep", "plan.json", "-o", "out", "--ray", "local", "-q"], cwd=folder, env=PYTHON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    addresses, workers = set(), False
    while sweep.poll() is None:
        pids = descendants(sweep.pid)
        addresses |= listening(pids)
        workers = workers or len(pids) > 5
        time.sleep(0.05)
    output = sweep.communicate()
    assert sweep.returncode == 0, output
    assert sprung(folder) == ""
    assert len(list((folder / "out").glob("*.png"))) == 2
    assert workers and addresses and addresses <= LOOPBACK


def test_a_cluster_runs_nothing_of_the_plans_folder(folder, cluster):
    subprocess.run([PROGRAM, "sweep", "plan.json", "-o", "out", "--ray", cluster.address, "-q"], cwd=folder, env=PYTHON, check=True, capture_output=True)
    assert sprung(folder) == ""
    if sys.version_info >= (3, 11):
        command = [sys.executable, "-P", "-m", "latentdial.ray", "plan.json", "-o", "out", "--resume", "--address", cluster.address]
        subprocess.run(command, cwd=folder, env={**PYTHON, "PYTHONPATH": PYTHON["PYTHONPATH"].rstrip(":")}, check=True, capture_output=True)
        assert sprung(folder) == ""
    assert len(list((folder / "out").glob("*.png"))) == 2


RUN = """
import os, sys
from latentdial import ray as sweeps
import ray
ours = lambda: {name: value for name, value in os.environ.items() if name.startswith(("RAY_AUTH", "RAY_ENABLE"))}
before, folder, path = ours(), os.getcwd(), list(sys.path)
def look(pictures, of):
    @ray.remote
    class Other:
        def path(self): return sys.path, os.environ.get("RAY_AUTH_TOKEN")
    if pictures == 0:
        print(os.environ.get("RAY_AUTH_MODE"), len(os.environ.get("RAY_AUTH_TOKEN", "")), ray.util.get_node_ip_address(), folder in ray.get(Other.remote().path.remote())[0])
sweeps.run("plan.json", out="out", address=sys.argv[1], on_progress=look)
now = ours(), os.getcwd(), [entry for entry in sys.path if entry in path], ray.is_initialized()
assert now == (before, folder, path, False), now
assert ray._private.ray_constants.ENABLE_RAY_CLUSTER
"""


@pytest.mark.parametrize("given, expected", [({}, "token 64 127.0.0.1 False"), ({"RAY_AUTH_MODE": "disabled"}, "disabled 0 127.0.0.1 False")])
def test_a_local_ray_has_a_token_of_its_own_and_leaves_nothing_changed(tmp_path, given, expected):
    (tmp_path / "plan.json").write_text(json.dumps({"settings": SMALL}))
    environment = {name: value.rstrip(":") for name, value in PYTHON.items() if not name.startswith("RAY_AUTH")} | given
    run = subprocess.run([sys.executable, "-c", RUN, "local"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == expected
