"""What has to be there before anything else can be checked; it needs nothing but Python itself."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from s6xl.doctor.finding import Diagnosis, fault, ok
from s6xl.version import __version__

LIBRARIES = (
    *("click", "filelock", "markdown-it-py", "matplotlib", "numpy", "pillow", "platformdirs"),
    *("pyopenvba", "rich", "xlsxwriter", "xlwings"),
)


def check_python() -> Iterator[Diagnosis]:
    """Check the interpreter, and tell which s6xl this is."""
    bits = 64 if sys.maxsize > 2**32 else 32
    text = f"s6xl {__version__} in Python {platform.python_version()}, {bits} bits: {sys.executable}"
    if sys.platform == "win32" and bits == 32:
        yield fault(f"{text}: xlwings has no library for it; install a 64-bit Python.")
    else:
        yield ok(text)


def check_libraries() -> Iterator[Diagnosis]:
    """Check the libraries that every part needs."""
    for name in LIBRARIES:
        try:
            yield ok(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield fault(f"{name} is missing: install it with `python -m pip install {name}`.")


CHECKS = (check_python, check_libraries)
