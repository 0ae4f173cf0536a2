"""Shared by the live comparisons: the built programs and randomly initialised models at full size."""

import os
import pathlib

import pytest
import torch

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def build() -> pathlib.Path:
    """The CMake build folder, from LATENTDIAL_BUILD."""
    return (ROOT / os.environ.get("LATENTDIAL_BUILD", "build/release")).resolve()


@pytest.fixture(scope="session")
def scenes() -> pathlib.Path:
    """The embedded trained model."""
    return ROOT / "models" / "scenes"


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory) -> pathlib.Path:
    """Where random full-size models are made; LATENTDIAL_PARITY_MODELS keeps them between runs."""
    kept = os.environ.get("LATENTDIAL_PARITY_MODELS")
    return pathlib.Path(kept) if kept else tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", autouse=True)
def no_gradients():
    """Nothing here learns; what runs afterwards may."""
    with torch.no_grad():
        yield


@pytest.fixture(autouse=True)
def deterministic_torch():
    torch.manual_seed(0)
