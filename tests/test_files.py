"""Files appear whole or not at all, and whatever stands in the way is named in one sentence."""

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from s6xl.errors import UserError
from s6xl.files import check_name, replacing

BEFORE, AFTER = b"what was there before", b"what is there now"


def write(path: Path) -> None:
    with replacing(path, ".bin") as partial:
        assert partial.parent.parent == path.resolve().parent
        partial.write_bytes(AFTER)


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "new.bin"
    write(path)
    assert path.read_bytes() == AFTER
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_a_private_file_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)
    path.chmod(0o600)
    write(path)
    assert path.read_bytes() == AFTER
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_nobody_else_reads_it_meanwhile(tmp_path: Path) -> None:
    with replacing(tmp_path / "new.bin", ".bin") as partial:
        partial.write_bytes(AFTER)
        assert partial.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name == "nt", reason="owners are POSIX's")
def test_it_stays_whose_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)
    path.chmod(0o640)
    try:
        os.chown(path, 1234, 5678)
    except PermissionError:
        pytest.skip("only an administrator gives files away")
    write(path)
    kept = path.stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o777) == (1234, 5678, 0o640)


@pytest.mark.skipif(os.name == "nt", reason="owners are POSIX's")
def test_its_group_is_kept_where_its_owner_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for who shares a file by its group."""
    given: list[tuple[int, int]] = []

    def refuse_owner(path: Path, owner: int, group: int) -> None:
        if owner != -1:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        given.append((owner, group))

    monkeypatch.setattr(os, "chown", refuse_owner)
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)
    path.chmod(0o660)
    write(path)
    assert path.read_bytes() == AFTER
    assert given == [(-1, path.stat().st_gid)]
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)
    with replacing(path, ".bin") as partial:
        partial.write_bytes(AFTER)
        assert path.read_bytes() == BEFORE
    assert path.read_bytes() == AFTER


@pytest.mark.parametrize("error", [RuntimeError("midway"), KeyboardInterrupt(), MemoryError()])
def test_a_failure_leaves_the_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)

    def fail() -> None:
        with replacing(path, ".bin") as partial:
            partial.write_bytes(AFTER)
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == BEFORE
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_to_tidy_up_does_not_hide_the_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to remove a file that a failed write has left open."""

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(os, "rmdir", refuse)

    def fail() -> None:
        with replacing(tmp_path / "new.bin", ".bin") as partial:
            partial.write_bytes(AFTER)
            raise OSError(errno.ENOSPC, "no space")

    with pytest.raises(UserError, match="disk is full"):
        fail()


def test_a_file_is_replaced_where_its_link_points(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "target.bin", tmp_path / "link.bin"
    target.parent.mkdir()
    target.write_bytes(BEFORE)
    make_link(link, target)
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == AFTER


def make_link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this user may not make links")


def test_the_lock_beside_a_links_target_counts(tmp_path: Path) -> None:
    target, link = tmp_path / "target.bin", tmp_path / "link.bin"
    target.write_bytes(BEFORE)
    make_link(link, target)
    for lock in ("~$target.bin", ".~lock.target.bin#"):
        (tmp_path / lock).touch()
        with pytest.raises(UserError, match="open in another program"):
            write(link)
        (tmp_path / lock).unlink()
    write(link)


def test_on_windows_a_scanners_look_at_the_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, replace = tmp_path / "file.bin", Path.replace
    refused: list[Path] = []

    def scanned(self: Path, target: Path) -> Path:
        if len(refused) < 3:
            refused.append(target)
            raise PermissionError(errno.EACCES, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", scanned)
    with pytest.raises(UserError, match="no permission to write"):
        write(path)
    assert refused == [path]
    monkeypatch.setattr(sys, "platform", "win32")
    write(path)
    assert (path.read_bytes(), len(refused)) == (AFTER, 3)


def test_a_link_to_itself(tmp_path: Path) -> None:
    link = tmp_path / "link.bin"
    make_link(link, link)
    with pytest.raises(UserError, match="leads nowhere"):
        write(link)


def test_a_lock_without_its_file_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "~$new.bin").touch()
    write(tmp_path / "new.bin")
    assert (tmp_path / "new.bin").read_bytes() == AFTER


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("file.txt", "is not the name of a .bin file"),
        ("folder.bin", "is a folder"),
        ("nowhere/file.bin", "does not exist"),
        ("a" * 300 + ".bin", "too long"),
        ("pipe.bin", "not an ordinary file"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder.bin").mkdir()
    if name == "pipe.bin":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no named pipes")
        os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=words):
        write(tmp_path / name)


def test_a_name_as_long_as_the_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 250 + ".bin")
    write(path)
    write(path)
    assert path.read_bytes() == AFTER


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "close it if it is open in another program"),
        (errno.EPERM, "close it if it is open in another program"),
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "could not be written"),
    ],
)
def test_what_the_system_refuses_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """Such as Windows, which lets nobody replace a file that Excel has open."""
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)

    def refuse(self: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UserError, match=words):
        write(path)
    assert path.read_bytes() == BEFORE
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *arguments: object, **options: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    # Taken away by hand, since no permission keeps an administrator out.
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(UserError, match="no permission"):
        write(tmp_path / "new.bin")


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(BEFORE)
    monkeypatch.setattr(os, "access", lambda file, mode: (Path(file), mode) != (path, os.W_OK))
    with pytest.raises(UserError, match="write-protected"):
        write(path)
    assert path.read_bytes() == BEFORE


def test_other_errors_are_not_dressed_up(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "new.bin", ".bin"):
            raise RuntimeError("a fault of the program")

    with pytest.raises(RuntimeError, match="a fault"):
        fail()


def test_what_killed_processes_have_left_goes_in_time(tmp_path: Path) -> None:
    names = (".s6 [1]-0123abcd", ".s6 [1]-fedcba98", ".s6 [1]-mine", ".other-0123abcd")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "partial.xlsx").touch()
    long_ago = time.time() - 2 * 24 * 3_600
    for name in names[:1] + names[2:]:
        os.utime(tmp_path / name, (long_ago, long_ago))
    with replacing(tmp_path / "s6 [1].xlsx", ".xlsx") as path:
        path.touch()
    assert {path.name for path in tmp_path.iterdir()} == {"s6 [1].xlsx", *names[1:]}


@pytest.mark.parametrize("name", ["a\0b", "a\udcffb"])
def test_a_name_that_is_no_text(name: str, tmp_path: Path) -> None:
    check_name(tmp_path / "ünïcödé 太郎")
    with pytest.raises(UserError, match=r"the name '.*a\\x00b|the name '.*a\\udcffb") as caught:
        check_name(tmp_path / name)
    assert str(caught.value).isprintable()
