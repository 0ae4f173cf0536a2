"""While a picture is made: progress, cancelling, other threads."""

import os
import signal
import threading
import time

import numpy
import pytest
from small import SMALL

import latentdial


def test_a_callback_is_told_each_step(pipe):
    told = []
    pipe(["a dog", "a cat"], callback=lambda progress: told.append((progress.step, progress.steps, progress.picture, progress.pictures)), **SMALL)
    assert [step for step, *_ in told] == list(range(1, told[-1][1] + 1))
    assert {(picture, pictures) for _, _, picture, pictures in told} == {(0, 2)}


def test_finished_pictures_are_counted(pipe):
    told = []
    pipe(["a dog", "a cat"], steps=1, width=512, height=512, sampler="ddim", guidance_scale=1, callback=told.append)
    assert [(progress.picture, progress.pictures) for progress in told] == [(0, 2), (1, 2)]


def test_false_cancels_before_the_next_step(pipe):
    told = []

    def stop_at_two(progress):
        told.append(progress.step)
        return progress.step < 2

    with pytest.raises(latentdial.Cancelled) as caught:
        pipe("a dog never seen", steps=30, callback=stop_at_two)
    assert told == [1, 2] and caught.value.code == "cancelled"
    assert pipe("a dog", **SMALL).images


def test_false_at_the_last_step_cancels_too(pipe):
    with pytest.raises(latentdial.Cancelled):
        pipe("a dog", callback=lambda progress: progress.step < progress.steps, **SMALL)


def test_previews_are_pictures_on_the_way(pipe):
    shown = []
    ask = {"steps": 6, "sampler": "ddim", "guidance_scale": 3.5, "seed": 41}
    seen = pipe(["a dog", "a cat"], on_preview=lambda *preview: shown.append(preview), preview_every=2, **ask)
    assert [(picture, step) for picture, step, _ in shown] == [(0, 2), (1, 2), (0, 4), (1, 4)]
    assert {image.size for *_, image in shown} == {(128, 128)}
    distance = lambda a, b: numpy.abs(numpy.asarray(a, int) - numpy.asarray(b, int)).mean()  # noqa: E731
    assert distance(shown[0][2], seen.images[0]) > distance(shown[2][2], seen.images[0]) > 0


def test_an_exception_in_a_preview_reaches_the_caller(pipe):
    calls = []

    def fail(*preview):
        calls.append(preview)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        pipe("a dog", on_preview=fail, preview_every=1, steps=30, seed=42)
    assert len(calls) == 1


def test_none_goes_on(pipe):
    assert pipe("a dog", callback=lambda progress: None, **SMALL).images


def test_an_exception_in_the_callback_reaches_the_caller(pipe):
    calls = []

    def fail(progress):
        calls.append(progress)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        pipe("a dog", callback=fail, steps=30)
    assert len(calls) == 1
    with pytest.raises(LookupError):
        pipe.measure(pipe("a dog", **SMALL).images, "sketch", callback=fail)


def test_a_callback_cannot_call_its_pipeline(pipe):
    with pytest.raises(latentdial.InvalidInput, match="at work"):
        pipe("a dog", callback=lambda progress: pipe("a cat", **SMALL), **SMALL)


def test_ctrl_c_stops(pipe):
    def interrupt(progress):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        pipe("a dog", callback=interrupt, steps=30)


def test_ctrl_c_stops_without_a_callback(pipe):
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        pipe("a dog", steps=900)


def test_other_threads_run_meanwhile(pipe):
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    threading.Thread(target=count, daemon=True).start()
    try:
        before = counted[0]
        pipe("a dog that takes a while", steps=20)
        assert counted[0] - before > 20
    finally:
        done.set()


def test_two_threads_make_their_own_pictures(pipe):
    alone = [pipe("a dog", seed=seed, **SMALL).images[0] for seed in (1, 2)]
    made = {}
    threads = [threading.Thread(target=lambda seed=seed: made.update({seed: pipe("a dog", seed=seed, **SMALL).images[0]})) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(numpy.array_equal(numpy.asarray(made[seed]), numpy.asarray(alone[seed - 1])) for seed in (1, 2))


def test_a_shared_pipeline_works_while_the_other_does(pipe):
    other = pipe.share()
    alone, made = pipe("a dog", seed=11, **SMALL).images[0], []
    assert other.info.fingerprint == pipe.info.fingerprint

    def make_another(progress):
        if not made:
            thread = threading.Thread(target=lambda: made.append(other("a dog", seed=11, **SMALL).images[0]))
            thread.start()
            thread.join(60)

    pipe("a dog", seed=12, callback=make_another, **SMALL)
    assert len(made) == 1 and numpy.array_equal(numpy.asarray(made[0]), numpy.asarray(alone))


def test_a_callback_may_call_a_shared_pipeline_but_not_back(pipe):
    other, made = pipe.share(), []
    pipe("a dog", seed=13, callback=lambda progress: made.append(other("a cat", seed=len(made), **SMALL)), **SMALL)
    assert made and made[0].images
    with pytest.raises(latentdial.InvalidInput, match="at work"):
        back = lambda progress: pipe("a dog", seed=15, **SMALL)  # noqa: E731
        pipe("a dog", seed=14, callback=lambda progress: other("a cat", seed=99, callback=back, **SMALL), **SMALL)
