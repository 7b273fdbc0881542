"""What a user can choose by name, apart from the recipe; here so that it is known without PyTorch."""

from pathlib import Path

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda", "mps")
# Instead of these, data can be a folder.
FULL, SAMPLE = "mnist", "sample"
# Instead of this one, a run can be a folder.
PRETRAINED = "pretrained"


def kept_choice(data: str) -> str:
    """The data chosen as a record keeps it: a folder by its whole path, for a run may be gone on with from anywhere."""
    return data if data in (FULL, SAMPLE) else str(Path(data).resolve())
