"""Small files of ours, read; and files written whole or not at all: one rule for every ``--out``, and
for what is kept beside the record and can be made again (and is therefore not waited for on the disk).
"""

from __future__ import annotations

import json
import os
import stat

from leadline.core.canonical import digest_bytes, object_in
from leadline.core.errors import conflict, environment
from leadline.core.plain import shell_word
from leadline.core.typed import TYPE_CHECKING, Any
from leadline.job.disk import (
    make_folders,
    open_anew,
    open_small,
    open_to_read,
    read_all,
    sync_folder,
    write_all,
)

if TYPE_CHECKING:
    from leadline.services.context import Context


def check_folder(path: str) -> None:
    """Raises LeadlineError(environment, ``no-folder``) when there is no folder to write ``path``
    in."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.lexists(folder):  # what is no folder is said by whoever opens the file
        return
    raise environment(
        "no-folder",
        f"{path} cannot be written: there is no folder {folder}",
        why="folders are not made by the way, since a mistyped path would leave some behind",
        do=f"mkdir -p {shell_word(folder)}",
    )


def behind_link(top: str, path: str) -> bool:
    """Whether ``path``, relative to ``top``, is a symbolic link or lies behind one: it may lead out
    of the work tree, or into git's own folder."""
    full = os.path.join(os.path.realpath(top), path)
    return os.path.islink(full) or os.path.realpath(os.path.dirname(full)) != os.path.dirname(full)


def object_at(path: str) -> dict[str, Any]:
    """What a small file of ours holds; an empty object where it is not there, or damaged."""
    try:
        return object_in(read_all(open_to_read(path)))
    except (OSError, ValueError):
        return {}


def write_whole(path: str, data: bytes, on_disk: bool = False, mode: int | None = None) -> None:
    """By a temporary name and a rename; a folder that is missing is made. ``on_disk``: the content
    is waited for before it gets its name, and the name before this returns. ``mode``: its rights
    (default: those of what was there). Raises OSError, with nothing left behind."""
    make_folders(os.path.dirname(path))
    temporary = f"{path}.{os.getpid()}.tmp"
    mode = _rights(path) if mode is None else mode
    try:
        fd = open_anew(temporary)
        try:
            if mode is not None:
                os.fchmod(fd, mode)
            write_all(fd, data)
            if on_disk:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
        if on_disk:
            sync_folder(os.path.dirname(path))
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def write_if_it_can(path: str, data: bytes) -> None:
    """``write_whole`` of what can be found out again; a disk that does not take it costs that."""
    try:
        write_whole(path, data)
    except OSError:
        pass


def _rights(path: str) -> int | None:
    """Of a file that is to be replaced: what was for its owner alone stays so. None: there is none."""
    try:
        found = os.lstat(path).st_mode
    except OSError:
        return None
    return stat.S_IMODE(found) if stat.S_ISREG(found) else None


def write_out(
    context: Context,
    out: str,
    content: str | bytes,
    verb: str,
    own: bool = False,
    force: bool = False,
) -> str:
    """Write a file that the user named; an earlier one of ours is replaced whole, any other only by
    ``force``. ``verb``: what to type again. ``own``: the place is ours, and its folder is made.
    Returns its absolute path.

    Raises LeadlineError: environment (``no-folder``, ``cannot-write``), conflict (``file-exists``).
    """
    path = os.path.abspath(os.path.join(context.cwd, os.path.expanduser(out)))
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        if not own:
            check_folder(path)
            if not force and os.path.lexists(path) and not is_ours(context, path):
                raise conflict(
                    "file-exists",
                    f"{path} is there already",
                    why="it is not what was written here before, and would be lost",
                    do=f"leadline {verb} --out {shell_word(out)} --force",
                )
            _remember(context, data)
        write_whole(path, data)
    except OSError as error:
        raise environment(
            "cannot-write",
            f"cannot write {path}: {error.strerror or error}",
            do="choose another --out",
        ) from None
    return path


OUTPUTS, OUTPUTS_REMEMBERED = "outputs.json", 200


def is_ours(context: Context, path: str) -> bool:
    """Whether a file holds what was written out once, to the byte."""
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return digest_bytes(file.read()) in _written(context)


def _written(context: Context) -> list[str]:
    try:
        with open(open_small(os.path.join(context.root, OUTPUTS)), encoding="ascii") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return []
    return [str(digest) for digest in found] if isinstance(found, list) else []


def _remember(context: Context, data: bytes) -> None:
    """Before the file is written; where it cannot be, the next time asks for ``--force``."""
    digest = digest_bytes(data)
    digests = [known for known in _written(context) if known != digest] + [digest]
    kept = json.dumps(digests[-OUTPUTS_REMEMBERED:]).encode()
    write_if_it_can(os.path.join(context.root, OUTPUTS), kept)
