"""Sweeps over many machines on Ray: `pip install latentdial[ray]`.

    latentdial sweep plan.json --out out/monet --ray auto             # the program; or, with more options:
    python -P -m latentdial.ray plan.json --out out/monet --address auto

    from latentdial.ray import run
    run("plan.json", out="out/monet", address="auto")

One actor is one loaded model with its cores. Actors send finished pictures back, and the driver alone writes: each picture
whole or not at all, its line in `manifest.jsonl` after it. Actors and whole nodes may die, and what they
were making is made elsewhere; when the driver dies, `resume` goes on. No shared file system is needed.

Driver and actors take one another's pickles, so whoever reaches a cluster runs code as you. No module is taken from the
folder of the call; without -P (Python 3.11, or PYTHONSAFEPATH=1) Python itself does so.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import ray

from . import _engine
from .cluster import connected
from .errors import Error, InvalidInput
from .keywords import in_range
from .pipeline import Pipeline

Progress = Callable[[int, int], Any]
MOST_ATTEMPTS = 5  # Of one batch, whose actor died each time.
AHEAD = 2  # Batches that an actor has: it makes one while another is under way to or from it.
DESCRIBED_AT_ONCE = 5000


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture of a plan: its file in the sweep's folder, and its settings by their names."""

    file: str
    settings: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Made:
    """A picture as an actor sends it."""

    png: bytes
    seconds: float  # It took.
    notices: list[str]


@dataclasses.dataclass
class Report:
    """What a sweep came to."""

    pictures: int = 0  # In the folder.
    made: int = 0  # Of them, those that this run made.
    lost_actors: int = 0
    results: list[dict[str, Any]] = dataclasses.field(default_factory=list, repr=False)  # As `latentdial sweep --json` prints them.


class Worker:
    """A model in an actor."""

    def load(self, model: dict[str, Any], folder: str) -> tuple[str, str]:
        """The name and the hash of the loaded model. Not the constructor's work, whose errors Ray would take for a dead actor."""
        sys.path[:] = [path for path in sys.path if path not in ("", os.sep, folder)]  # Modules do not come from where the plan lies.
        if os.path.isdir(folder):
            os.chdir(folder)  # Relative paths mean what they mean to the driver.
        self._engine = Pipeline.from_pretrained(**model)._engine
        return self._engine.info.name, self._engine.info.hash

    def describe(self, jobs: Sequence[Job]) -> list[tuple[dict[str, Any], str]]:
        """The settings of each with the model's defaults filled in, and the text that its PNG will hold."""
        return [(self._engine.resolve(job.settings), self._engine.parameters(job.settings)) for job in jobs]

    def make(self, jobs: Sequence[Job]) -> list[Made]:
        pictures = self._engine.generate([job.settings for job in jobs], None, None, 1)
        return [Made(_engine.encode_png(picture.image, picture.parameters), picture.seconds, picture.notices) for picture in pictures]


class Folder:
    """The pictures of a sweep and their manifest. Nothing in it is ever half."""

    def __init__(self, path: pathlib.Path, resume: bool):
        self._path, self._manifest = path, path / "manifest.jsonl"
        if self._manifest.exists() and not resume:
            raise InvalidInput(f"{path} holds an earlier run; go on with it by resume, or use another folder", "out")
        path.mkdir(parents=True, exist_ok=True)

    def finished(self, file: str, parameters: str) -> bool:
        """Whether the picture is there, and by its text the one that would get this text."""
        path = self._path / file
        if not path.exists():
            return False
        why = _engine.difference(_engine.read_parameters(str(path)), parameters)
        if not why:
            return True
        raise InvalidInput(f"{path} {why}; use another folder or move it away")

    def keep_lines(self, files: set[str]) -> set[str]:
        """Rewrites the manifest with the whole lines about these files, each once; returns those that have one."""
        kept: dict[str, str] = {}
        for line in self._manifest.read_text(encoding="utf-8").splitlines() if self._manifest.exists() else []:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict) and isinstance(entry.get("file"), str) and entry["file"] in files:
                kept.setdefault(entry["file"], line)
        _engine.write_file(str(self._manifest), "".join(f"{line}\n" for line in kept.values()).encode())
        return set(kept)

    def add(self, file: str, png: bytes) -> None:
        _engine.write_file(str(self._path / file), png)

    def list(self, entries: list[dict[str, Any]]) -> None:
        descriptor = os.open(self._manifest, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
        with open(descriptor, "a", encoding="utf-8") as manifest:
            manifest.write("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
            manifest.flush()
            os.fsync(manifest.fileno())


class Actors:
    """Actors that make batches. A dead one is replaced, as soon as Ray has room for another; its batch waits anew."""

    def __init__(self, count: int, cpus: int, model: dict[str, Any]):
        actor = ray.remote(Worker).options(num_cpus=cpus)
        self._start = actor.remote
        self._arguments = {**model, "threads": model.get("threads") or cpus}
        self._running: dict[Any, tuple[Any, list[Job] | None]] = {}  # Result → actor and batch; no batch: it is loading.
        self._alive: list[Any] = []
        self._free: list[Any] = []  # An actor for each batch that it could still have.
        self._unloaded = 0  # Actors lost in a row before their model was there.
        self.lost = 0
        self.model = ("", "")
        for _ in range(count):
            self._add()

    def _add(self) -> None:
        actor = self._start()
        self._alive.append(actor)
        self._running[actor.load.remote(self._arguments, os.getcwd())] = (actor, None)

    def first(self) -> Any:
        """An actor whose model is loaded; the others may still be on the way."""
        while True:
            ready, _ = ray.wait(list(self._running))
            actor, _ = self._running[ready[0]]
            try:
                self.model = ray.get(ready[0])
                return actor
            except ray.exceptions.RayActorError as error:
                self._replace(ready[0], error)

    def make(self, batches: collections.deque[list[Job]], finished: Callable[[list[Job], list[Made]], Any]) -> None:
        """Makes all batches; `finished` gets each as it comes, in any order."""
        attempts: collections.Counter[str] = collections.Counter()
        while batches or any(batch for _, batch in self._running.values()):
            while batches and self._free:
                actor, batch = self._free.pop(0), batches.popleft()
                self._running[actor.make.remote(batch)] = (actor, batch)
            (result, *_), _ = ray.wait(list(self._running))
            actor, batch = self._running[result]
            try:
                answer = ray.get(result)
            except ray.exceptions.RayActorError as error:
                self._replace(result, error)
                if batch:
                    batches.appendleft(batch)
                    attempts[batch[0].file] += 1
                    if attempts[batch[0].file] == MOST_ATTEMPTS:
                        raise Error(f"the actor died {MOST_ATTEMPTS} times while it made {batch[0].file} and its neighbours: {error}") from error
                continue
            del self._running[result]
            if batch:
                self._free += [actor] if actor in self._alive else []
                finished(batch, answer)
            elif answer == self.model:
                self._free += [actor] * AHEAD
            else:
                one, other = (f"{name} [{model_hash}]" for name, model_hash in (self.model, answer))
                raise InvalidInput(f"one machine has {one}, another {other}", "model")

    def _replace(self, result: Any, error: Exception) -> None:
        actor, batch = self._running.pop(result)
        self._free = [other for other in self._free if other is not actor]
        if actor not in self._alive:
            return  # Another of its batches has told.
        self._alive.remove(actor)
        self.lost += 1
        self._unloaded = 0 if batch else self._unloaded + 1
        if self._unloaded == MOST_ATTEMPTS:
            raise Error(f"actors died {MOST_ATTEMPTS} times in a row while they loaded the model: {error}") from error
        self._add()

    def close(self) -> None:
        for actor in self._alive:
            ray.kill(actor)


def _room(workers: int, cpus: int) -> tuple[int, int]:
    """How many actors, and how many cores each has: one a machine, unless told."""
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    each = cpus or max(1, min((cores for cores in nodes if cores), default=1))
    return workers or max(1, sum(cores // each for cores in nodes)), each


def run(
    plan: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = "out/sweep",
    address: str | None = None,
    resume: bool = False,
    allow_paths: bool = False,
    workers: int = 0,
    cpus: int = 0,
    batch: int = 16,
    on_progress: Progress | None = None,
    **model: Any,
) -> Report:
    """Makes every picture of a plan (`latentdial sweep --help`) on a Ray cluster.

    Args:
        plan: The plan's JSON file.
        out: Folder of the pictures, on the machine of this call.
        address: Ray's; "auto" for the cluster that this machine belongs to; None or "local": this machine alone.
        resume: Keep what an earlier run made, here or by `latentdial sweep`, and make only what is missing.
        allow_paths: Take pictures, masks, dials and networks that the plan names from outside of its folder too.
        workers: Actors; 0: as many as the cluster has room for now. cpus: cores of each; 0: those of the smallest machine.
        batch: Pictures that an actor makes before it sends them, 1 to 1000; an actor that dies loses two batches at most.
        on_progress: Called as `on_progress(pictures, of)`.
        **model: As `Pipeline.from_pretrained` takes them; `model` must be there on every machine.

    Raises:
        InvalidInput: The plan, a setting, the folder or the address is wrong; said before the first picture.
        Error: One batch's actor died five times.
    """
    jobs = [Job(file, settings) for file, settings in _engine.read_plan(os.fspath(plan), allow_paths)]
    size = in_range("batch", batch, 1, 1000)
    with connected(address):
        actors = Actors(*_room(in_range("workers", workers, 0, 100_000), in_range("cpus", cpus, 0, 1024)), model)
        try:
            return _run(jobs, Folder(pathlib.Path(out), resume), actors, size, on_progress)
        except ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Error) else error
        finally:
            actors.close()


def _run(jobs: list[Job], folder: Folder, actors: Actors, size: int, on_progress: Progress | None) -> Report:
    first = actors.first()
    described: list[tuple[dict[str, Any], str]] = []
    for begin in range(0, len(jobs), DESCRIBED_AT_ONCE):
        described += ray.get(first.describe.remote(jobs[begin : begin + DESCRIBED_AT_ONCE]))
    settings = {job.file: one for job, (one, _) in zip(jobs, described)}
    there = {job.file for job, (_, text) in zip(jobs, described) if folder.finished(job.file, text)}
    listed = folder.keep_lines(there)
    report = Report(pictures=len(there))
    made: dict[str, tuple[float, list[str]]] = {}  # Seconds and notices by file.

    def entry(file: str, seconds: float) -> dict[str, Any]:
        return {"file": file, "model": actors.model[0], "seconds": seconds, "settings": settings[file]}

    def result(file: str) -> dict[str, Any]:
        seconds, notices = made.get(file, (0.0, []))
        return {"file": file, "seconds": seconds, "kept": file not in made, "notices": notices, "settings": settings[file]}

    def finished(batch: list[Job], pictures: list[Made]) -> None:
        for job, picture in zip(batch, pictures):
            folder.add(job.file, picture.png)
            made[job.file] = (picture.seconds, picture.notices)
        folder.list([entry(job.file, picture.seconds) for job, picture in zip(batch, pictures)])
        report.pictures += len(batch)
        report.made += len(batch)
        if on_progress:
            on_progress(report.pictures, len(jobs))

    folder.list([entry(file, 0) for file in sorted(there - listed)])
    if on_progress:
        on_progress(report.pictures, len(jobs))
    missing = [job for job in jobs if job.file not in there]
    actors.make(collections.deque(missing[i : i + size] for i in range(0, len(missing), size)), finished)
    report.lost_actors = actors.lost
    report.results = [result(job.file) for job in jobs]
    return report


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m latentdial.ray", description="Makes every picture of a plan on a Ray cluster.")
    parser.add_argument("plan", help="JSON file, as latentdial sweep takes it")
    parser.add_argument("-o", "--out", default="out/sweep", help="folder of the pictures, on this machine (default: %(default)s)")
    parser.add_argument("--address", help="of the Ray cluster; auto: the one that this machine belongs to; local: this machine alone (default)")
    parser.add_argument("--resume", action="store_true", help="keep what an earlier run made and make only what is missing")
    parser.add_argument("--allow-paths", action="store_true", help="take pictures, masks, dials and networks that the plan names from anywhere")
    parser.add_argument("--workers", type=int, default=0, help="actors (default: as many as the cluster has room for)")
    parser.add_argument("--cpus", type=int, default=0, help="cores of each actor (default: those of the smallest machine)")
    parser.add_argument("--batch", type=int, default=16, help="pictures that an actor sends at once (default: %(default)s)")
    parser.add_argument("-m", "--model", help="checkpoint, on every machine (default: the embedded scenes model)")
    parser.add_argument("--lora", action="append", default=[], help="FILE or FILE:SCALE; again for more")
    parser.add_argument("--lora-dir", "--lora_dir", default="", help="folder of the LoRAs that prompts add, on every machine")
    parser.add_argument("--embedding", action="append", default=[], help="FILE or WORD=FILE; again for more")
    parser.add_argument("--unet", default="", help="U-Net in place of the model's own")
    parser.add_argument("--vae", default="", help="VAE in place of the model's own")
    parser.add_argument("--refiner", default="", help="refiner that draws the last of the steps")
    parser.add_argument("--prediction", default="", help="epsilon, v_prediction or sample")
    parser.add_argument("--taesd", default="", help="small, fast decoder")
    parser.add_argument("--dtype", default="", help="f32, bf16 or int8")
    parser.add_argument("--json", action="store_true", help="results as JSON, one object per line")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress and no notices")
    return parser


def _print_report(report: Report, out: str, as_json: bool, quiet: bool) -> None:
    """As `latentdial sweep` does: results on stdout, everything else on stderr."""

    def line(value: dict[str, Any]) -> str:
        return _engine.escape_controls(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    notices = dict.fromkeys(notice for result in report.results for notice in result["notices"])
    if report.lost_actors:
        notices[f"{report.lost_actors} actors were lost and replaced"] = None
    for notice in () if quiet else notices:
        print(_engine.escape_controls(f"notice: {notice}"), file=sys.stderr)
    for result in report.results:
        path = os.path.join(out, result["file"])
        print(line({**result, "file": path, "settings": dict(sorted(result["settings"].items()))}) if as_json else _engine.escape_controls(path))
    manifest = os.path.join(out, "manifest.jsonl")
    print(line({"manifest": manifest}) if as_json else _engine.escape_controls(manifest))


def main() -> int:
    """The exit code, and what is printed, are those of `latentdial sweep`."""
    arguments = vars(_arguments().parse_args())
    quiet, as_json = arguments.pop("quiet"), arguments.pop("json")
    shown = not quiet and sys.stderr.isatty()
    interrupted = threading.Event()

    def interrupt(*_: Any) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def show(pictures: int, of: int) -> None:
        if interrupted.is_set():  # By a Ctrl-C whose exception a callback of Ray's swallowed.
            raise KeyboardInterrupt
        if shown:
            print(f"\r{pictures} of {of} pictures", end="\n" if pictures == of else "", file=sys.stderr, flush=True)

    signal.signal(signal.SIGINT, interrupt)
    try:
        report = run(**arguments, on_progress=show)
    except (Error, OSError) as error:
        print("latentdial:", _engine.escape_controls(" ".join(str(error).split())), file=sys.stderr)
        return 2 if isinstance(error, (InvalidInput, OSError)) else 1
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C; SIGTERM, for which Ray has a handler.
        print("latentdial: stopped; every finished picture is kept", file=sys.stderr)
        return 1
    _print_report(report, arguments["out"], as_json, quiet)
    return 0


if __name__ == "__main__":
    from latentdial.ray import main as imported  # Actors know this module by its name.

    sys.exit(imported())
