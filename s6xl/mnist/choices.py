"""What a user can choose by name, apart from the recipe; here so that reading it needs no PyTorch."""

from pathlib import Path

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda", "mps")
# The data; a folder is possible instead.
FULL, SAMPLE = "mnist", "sample"
# The run that comes with the package; a folder is possible instead.
PRETRAINED = "pretrained"


def kept_choice(data: str) -> str:
    """Return the chosen data as a record keeps it: a folder by its full path, so that a run resumes from anywhere."""
    return data if data in (FULL, SAMPLE) else str(Path(data).resolve())
