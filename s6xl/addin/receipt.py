"""What an installation did, noted before it is done, so that it can be taken back after any failure."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from s6xl.errors import UserError
from s6xl.files import replacing

AGAIN = "install again when that is fixed"


@dataclass
class Setting:
    """A setting's line before the installation, None for none, and the lines that installations have put there."""

    before: str | None
    written: list[str]


@dataclass
class Receipt:
    """Files with their fingerprints, folders made, and settings changed; kept in a file of its own.

    A file that is yet to be written has the empty fingerprint.
    """

    path: Path
    files: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    settings: dict[str, Setting] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Receipt":
        """Return the receipt in a file, an empty one where there is no file.

        Raises:
            UserError: if the file is not a receipt.
        """
        try:
            noted = json.loads(path.read_text(encoding="utf-8"))
            settings = {name: Setting(**setting) for name, setting in noted["settings"].items()}
            return cls(path, dict(noted["files"]), list(noted["folders"]), settings)
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f"{path} is damaged ({error!r}): delete it, then install again.") from error

    def save(self) -> None:
        """Write the receipt into its file."""
        noted = {name: value for name, value in asdict(self).items() if name != "path"}
        make_folder(self.path.parent)
        write(self.path, json.dumps(noted, indent=1).encode())

    def announce(self, file: Path) -> None:
        """Note that a file and the folders it wants will be made, unless they are there; make the folders."""
        if not file.exists():
            self.files[str(file)] = ""
        self.announce_folders(file.parent)

    def announce_folders(self, folder: Path) -> None:
        """Note which folders will be made, and make them."""
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        self.folders += [str(parent) for parent in reversed(missing)]
        self.save()
        make_folder(folder)

    def note(self, file: Path) -> None:
        """Note what has been written into a file."""
        self.files[str(file)] = fingerprint(file)
        self.save()

    def is_of(self, file: Path) -> bool:
        """Return whether a file is as it was written, or was to be written."""
        return self.files.get(str(file)) in ("", fingerprint(file))


def fingerprint(file: Path) -> str:
    """Return what tells a file's content from any other.

    Raises:
        UserError: if the file cannot be read.
    """
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {file} ({error.strerror}): move it away, then install again.") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Raises:
        UserError: if one cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} ({error.strerror}): {AGAIN}.") from error


def write(path: Path, content: bytes) -> None:
    """Write a whole file, or nothing.

    Raises:
        UserError: if it cannot be written.
    """
    with replacing(path, path.suffix, instead=AGAIN) as partial:
        partial.write_bytes(content)
