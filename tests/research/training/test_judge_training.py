"""Judges are trained in one cycle, and a training that was stopped goes on."""

import pytest

torch = pytest.importorskip("torch")

from research.training import fit as module  # noqa: E402


def trained(network, kept, stop_at=None):
    """Trains for ten steps; returns how many were taken."""
    taken = 0

    def loss():
        nonlocal taken
        if taken == stop_at:
            raise KeyboardInterrupt
        taken += 1
        return (network(torch.ones(4, 3)) - 1).square().mean()

    try:
        module.fit(network, loss, 10, 0.1, "a judge", kept)
    except KeyboardInterrupt:
        pass
    return taken


def test_a_training_that_was_stopped_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 2)
    torch.manual_seed(0)
    network, kept = torch.nn.Linear(3, 1), tmp_path / "judge.part"
    assert trained(network, kept, stop_at=5) == 5 and kept.exists()
    later = torch.nn.Linear(3, 1)
    assert trained(later, kept) == 6, "on from the fourth step"
    assert not kept.exists()
    assert float((later(torch.ones(1, 3)) - 1).abs()) < 0.5


def test_a_training_that_runs_through_leaves_nothing(tmp_path):
    assert trained(torch.nn.Linear(3, 1), tmp_path / "judge.part") == 10 and not list(tmp_path.iterdir())
