"""What keys the digests of what can be guessed: random bytes that lie in the git directory for their
owner alone and never travel. Nobody who gets a record can try values against it, and the digests of
two machines, or of two users of a shared repository, say nothing of each other.
"""

from __future__ import annotations

import os

from leadline.core.canonical import digest_bytes
from leadline.job.disk import open_small
from leadline.services.context import Context

KEY, KEY_BYTES = "environment.key", 32


def keyed_digest(context: Context, digest: str) -> str | None:
    """``keyed:…`` in the place of a digest of something short; None where no key can be had."""
    key = local_key(context)
    if key is None:
        return None
    return f"keyed:{digest_bytes(key + digest.encode()).removeprefix('sha256:')}"


def local_key(context: Context) -> bytes | None:
    """Made by the first that asks; who may not read that one has one of his own. None where a damaged
    one is in its place, or none can be written."""
    path = os.path.join(context.root, KEY)
    try:
        try:
            return _read(path) or _made(path)
        except PermissionError:
            own = os.path.join(context.root, f"environment-{os.geteuid()}.key")
            return _read(own) or _made(own)
    except OSError:
        return None


def _read(path: str) -> bytes:
    try:
        with open(open_small(path), "rb") as file:
            key = file.read(KEY_BYTES)
    except FileNotFoundError:
        return b""
    return key if len(key) == KEY_BYTES else b""


def _made(path: str) -> bytes | None:
    """A new key; that of another process which was quicker."""
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, os.urandom(KEY_BYTES))
        os.close(descriptor)
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return _read(path) or None
