"""Files: written whole or not at all, and read only where they end."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from ._exceptions import InputError

__all__ = ["read_whole", "write_whole"]


def read_whole(path: str | Path, most: int) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that it may have.

    Raises
    ------
    InputError
        If it is no regular file (a pipe or a device could go on for ever), is larger, or cannot be
        read.
    """
    path = Path(path)
    name = f"{str(path)!r:.200}"
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise InputError(f"{name} is {what}. Name a file.")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(
            f"{name} cannot be read: there is no such file. Check the path, also the folder."
        ) from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(
            f"{name} cannot be read: {said}. Check the path, and who may read it."
        ) from None
    if len(data) > most:
        raise InputError(
            f"{name} has more than {most:,} bytes, which is what can be read. Is it the right file?"
        )
    return data


def write_whole(path: str | Path, text: str) -> Path:
    """Write a text file beside its place and put it there at once; return the path as given.

    What was there stays as it is until all has been written, and if anything fails. The file keeps
    its mode, a link goes on pointing to the file that it is replaced in. Half a character, which
    UTF-8 cannot hold, becomes a question mark. A pipe or a device is written to as it is.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    data = text.encode("utf-8", "replace")
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        target.write_bytes(data)
        return Path(path)
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    # Not from `tempfile`, whose files only their owner may read: a new one gets the usual mode.
    beside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
        if mode is not None:
            with suppress(OSError):  # some file systems know no modes
                beside.chmod(stat.S_IMODE(mode))
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    return Path(path)
