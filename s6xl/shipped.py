"""Where the repository's files are that are no Python: beside the package in a clone, in it when it is installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """Return the path of a file of the repository, such as ``docs/excel.md``; a wheel has it as ``_docs/...``."""
    return next(path for path in (_PACKAGE / f"_{name}", _PACKAGE.parent / name) if path.exists())
