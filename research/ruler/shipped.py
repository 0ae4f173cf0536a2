"""The judges that come with the project, weights in half precision: for pictures that came through the autoencoder which they were trained
with. Of the model itself they saw examples only; whether they read another one's pictures, the validation tells."""

import hashlib
import pathlib

from safetensors import safe_open

FOLDER = pathlib.Path(__file__).parent / "judges"


def weights_hash(autoencoder: pathlib.Path) -> str:
    """SHA-256 of the weights in an autoencoder's folder."""
    digest = hashlib.sha256()
    for path in sorted(autoencoder.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def shipped_state(autoencoder: pathlib.Path, name: str, device: str = "cpu", folder: pathlib.Path = FOLDER) -> dict | None:
    """The state of the judge of this name, in float32, or None where none was trained with this very autoencoder."""
    path = folder / f"{name}.safetensors"
    if not path.exists():
        return None
    with safe_open(path, "pt", device) as file:
        if file.metadata()["autoencoder"] != weights_hash(autoencoder):
            return None
        state = {key: file.get_tensor(key) for key in file.keys()}
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
