"""Documents of people held against the record: read, judged, and mended where that is sure."""

from __future__ import annotations

import os
import stat

from leadline.core.errors import environment, not_found
from leadline.core.text.document import Found, fixed, judged
from leadline.core.typed import NamedTuple
from leadline.services.context import Context
from leadline.services.out_path import write_whole

MOST_BYTES = 8 << 20


class Checked(NamedTuple):
    """``mended``: how many citations were written into it."""

    file: str
    found: list[Found]
    mended: int


def check_text(context: Context, named: str | None, files: list[str], fix: bool) -> list[Checked]:
    """Each document's numbers against the thread named, else against all there are. Raises
    LeadlineError(not_found | environment) for a file that cannot be read."""
    topics = [context.topic(named)] if named else context.store.topics() or [context.topic()]
    threads = [context.store.view(topic) for topic in topics]
    done = []
    for file in files:
        path, text = _read(context, file)
        tex = path.endswith((".tex", ".ltx"))
        found, mended = judged(text, threads, tex), 0
        if fix and (changed := fixed(text, found, tex)) != text:
            write_whole(os.path.realpath(path), changed.encode("utf-8", "surrogateescape"))
            again = judged(changed, threads, tex)
            mended = sum(f.state == "bound" for f in again) - sum(f.state == "bound" for f in found)
            found = again
        done.append(Checked(file, found, mended))
    return done


def _read(context: Context, file: str) -> tuple[str, str]:
    path = os.path.join(context.cwd, os.path.expanduser(file))
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise not_found("no-document", f"{file} is no file", do="leadline check text README.md")
        with open(path, "rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise not_found(
            "no-document",
            f"{file} cannot be read: {error.strerror}",
            do="leadline check text README.md",
        ) from None
    if len(data) > MOST_BYTES:
        raise environment(
            "too-large",
            f"{file} has more than {MOST_BYTES >> 20} MiB",
            do="leadline check text README.md",
        )
    return path, data.decode("utf-8", "surrogateescape")
