"""latentdial.ray, the driver of `sweep --ray`, without Ray."""

import importlib
import inspect
import sys
import types

import latentdial
import pytest


@pytest.fixture
def driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", types.ModuleType("ray"))
    yield importlib.import_module("latentdial.ray")
    for module in ("latentdial.ray", "latentdial.cluster"):
        sys.modules.pop(module, None)


def test_the_driver_takes_every_option_of_a_model(driver):
    known = vars(driver._arguments().parse_args(["plan.json"])).keys()
    options = inspect.signature(latentdial.Pipeline.from_pretrained).parameters.keys() - {"threads", "profile"}  # It has `cpus`; profiles are refused.
    assert options <= known, options - known
