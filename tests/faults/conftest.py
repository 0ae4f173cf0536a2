import json

import pytest

from plugs import SMALL


@pytest.fixture
def plan(tmp_path):
    def write(pictures):
        (tmp_path / "plan.json").write_text(json.dumps({"settings": SMALL, "grid": {"seed": f"0:{pictures - 1}:{pictures}"}}))
        return tmp_path / "plan.json"

    return write
