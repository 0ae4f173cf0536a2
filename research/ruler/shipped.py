"""The judges that come with the project: trained on pictures of the shipped model, for that model alone; weights in half precision."""

import hashlib
import pathlib

from safetensors import safe_open

FOLDER = pathlib.Path(__file__).parent / "judges"


def weights_hash(model: pathlib.Path) -> str:
    """SHA-256 over all weights of a model folder, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(model.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def shipped_state(model: pathlib.Path, name: str, device: str = "cpu", folder: pathlib.Path = FOLDER) -> dict | None:
    """The state of the judge of this name, in float32, or None where none was trained on this very model."""
    path = folder / f"{name}.safetensors"
    if not path.exists():
        return None
    with safe_open(path, "pt", device) as file:
        if file.metadata()["model"] != weights_hash(model):
            return None
        state = {key: file.get_tensor(key) for key in file.keys()}
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
