"""A model's folder that is wrong in one place."""

import json
import pathlib
import shutil
from collections.abc import Callable


def damaged(model: pathlib.Path, folder: pathlib.Path, file: str, change: Callable[[dict], object]) -> pathlib.Path:
    """Copies the model to `folder`, with one of its JSON files changed."""
    shutil.copytree(model, folder)
    settings = json.loads((folder / file).read_text())
    change(settings)
    (folder / file).write_text(json.dumps(settings))
    return folder
