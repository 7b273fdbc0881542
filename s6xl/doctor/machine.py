"""What can be checked without Excel: files, optional libraries, the GPU, LibreOffice."""

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pyopenvba import check_file

from s6xl.addin import sources
from s6xl.addin.package import build_add_in
from s6xl.addin.places import WINDOWS, places
from s6xl.addin.status import status
from s6xl.doctor.finding import Diagnosis, fault, ok, optional, skipped
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist.choices import AUTO

# Where LibreOffice installs itself without putting itself on the PATH.
PLACES = (
    Path("/usr/lib/libreoffice/program"),
    Path("/Applications/LibreOffice.app/Contents/MacOS"),
    Path("C:/Program Files/LibreOffice/program"),
)
_OTHER_FOLDER = "choose another folder with the environment variable TMPDIR or TEMP"


def check_dll(interpreter: str = sys.executable) -> Iterator[Diagnosis]:
    """Check the library through which Excel on Windows calls Python: beside the interpreter, or one folder up."""
    name = f"xlwings64-{sources.xlwings_version()}.dll"
    if sys.platform != WINDOWS:
        yield skipped(f"{name}: only Excel on Windows needs it, to call Python from cells.")
        return
    folders = Path(interpreter).parents[:2]
    if found := [folder / name for folder in folders if (folder / name).exists()]:
        yield ok(str(found[0]))
    else:
        yield fault(f"{name} is not in {folders[0]}: install s6xl in a virtual environment (`python -m venv`).")


def check_add_in() -> Iterator[Diagnosis]:
    """Check that the add-in can be built, and whether it is installed."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, sources.ADD_IN_NAME)
            build_add_in(path, instead=_OTHER_FOLDER)
            size, report = path.stat().st_size, check_file(path)
    except UserError as error:
        yield fault(f"the add-in cannot be built: {error}")
        return
    except OSError as error:
        yield fault(f"temporary files cannot be written ({error.strerror}): make room for them, or {_OTHER_FOLDER}.")
        return
    if report.ok:
        yield ok(f"the add-in can be built, {size:,} bytes")
    else:
        yield fault(f"the add-in built here is invalid: {report.issues[0].message}")
        return
    try:
        lines = list(status(places()))
    except ImpossibleHereError as error:
        yield skipped(str(error))
    except UserError as error:
        yield fault(str(error))
    else:
        yield from (ok(line.text) if line.good else optional(line.text) for line in lines)


def check_torch() -> Iterator[Diagnosis]:
    """Check PyTorch, which trains CNNs, and whether there is a GPU for it."""
    for name in ("torch", "torchvision"):
        if importlib.util.find_spec(name) is None:
            yield optional(
                f"{name}, which only training CNNs needs: install it with `python -m pip install torch torchvision`."
            )
            return
    try:
        import torch
        import torchvision
    except (ImportError, OSError, RuntimeError) as error:
        yield fault(
            f"torch and torchvision do not fit together ({str(error).splitlines()[0]}): "
            "install two that do with `python -m pip install --force-reinstall torch torchvision`."
        )
        return
    yield ok(f"torch {torch.__version__}, torchvision {torchvision.__version__}")
    from s6xl.mnist.device import choose, describe, trouble_with

    found = choose(AUTO)
    if found.type == "cpu":
        yield optional(f"no GPU, so CNNs train on the processor: {trouble_with('cuda')}.")
    else:
        yield ok(f"CNNs train on {describe(found)}")


def find_libreoffice() -> str | None:
    """Return the program of LibreOffice, None where it is not installed."""
    installed = (
        str(place / name) for place in PLACES for name in ("soffice", "soffice.exe") if (place / name).exists()
    )
    return shutil.which("soffice") or shutil.which("libreoffice") or next(installed, None)


def check_libreoffice() -> Iterator[Diagnosis]:
    """Check for LibreOffice, which the tests compare every workbook with."""
    if found := find_libreoffice():
        yield ok(f"LibreOffice: {found}")
    else:
        yield optional(
            "LibreOffice, which only the tests need: install it from libreoffice.org or with your system's packages."
        )


CHECKS = (check_dll, check_add_in, check_torch, check_libreoffice)
