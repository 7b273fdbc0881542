"""The log of everything that buttons start: one file, which messages name."""

from pathlib import Path

import platformdirs


def log_path() -> Path:
    """Where the log is; its folder is made if it is missing."""
    return platformdirs.user_log_path("s6xl", appauthor=False, ensure_exists=True) / "s6xl.log"
