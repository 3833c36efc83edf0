"""The conversation of a session: linked by path and digest when it ends, attached when it is asked for."""

from __future__ import annotations

import os

from leadline.core.canonical import digest_bytes
from leadline.core.errors import not_found, refused
from leadline.core.typed import TYPE_CHECKING
from leadline.job.disk import open_to_read
from leadline.services.context import Context
from leadline.services.lookup import slice_of
from leadline.services.write.session import the_session

if TYPE_CHECKING:
    from leadline.core.record.bodies import TranscriptAttachedBody

MOST_BYTES = 64 << 20
NAMED = 3


def attach_transcript(
    context: Context, topic: str, display: str, path: str = ""
) -> TranscriptAttachedBody:
    """Put the conversation of a session among the blobs: the file that its end linked, or ``path``.

    Raises LeadlineError: the session links none, or it cannot be read (not_found); it holds what looks
    like a secret, or is too large (refused). Nothing is kept then."""

    item = the_session(slice_of(context, topic, [display]), display)
    linked = item.body.get("ended", {}).get("transcript", {})
    found = path or linked.get("path", "")
    again = f"leadline session attach-transcript {item.id} --path FILE"
    if not found:
        raise not_found(
            "no-transcript",
            f"{item.id} links no transcript",
            why="the hook at the end of a session does, where the agent's program says where it is",
            do=again,
        )
    try:
        with open(open_to_read(found), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise refused(
                    "transcript-too-large",
                    f"{found} has {size} bytes, more than {MOST_BYTES}",
                    do=again,
                )
            secrets = set(context.screen.found_in_made(file, found))
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise not_found(
            "transcript-unreadable", f"cannot read {found}: {error.strerror}", do=again
        ) from None
    if secrets:
        kinds = sorted({one.what for one in secrets})
        raise refused(
            "transcript-holds-secrets",
            f"{found} holds {', '.join(kinds[:NAMED])}",
            why="what is attached may be sent to others; nothing was kept",
            do=f"leadline session attach-transcript {item.id} --path EDITED-COPY",
        )
    body: TranscriptAttachedBody = {
        "session": item.id,
        "transcript": {"path": found, "digest": digest_bytes(data), "size_bytes": len(data)},
        "blob": context.blobs.put(data),
        "refs": {item.id: item.uid},
    }
    if linked.get("digest") not in (None, body["transcript"]["digest"]):
        context.warn(f"{found} is not what it was when {item.id} ended")
    context.append(topic, "transcript-attached", body)
    return body
