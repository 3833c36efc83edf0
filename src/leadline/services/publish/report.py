"""The report: one HTML file of the whole thread, written where the user says."""

from __future__ import annotations

import json
import os
from base64 import b64encode

from leadline import __version__
from leadline.core.errors import LeadlineError
from leadline.core.evidence.known import labels_for
from leadline.core.evidence.of_thread import preregistered
from leadline.core.record.thread import Experiment, Item, Thread
from leadline.core.typed import TYPE_CHECKING
from leadline.core.values import dataclass
from leadline.core.view.facts import TOLD_AT_ONCE, runs_counted
from leadline.render.report.page import render_report
from leadline.render.report.parts import pictured
from leadline.services.context import Context
from leadline.services.out_path import write_out
from leadline.services.series.plot import panels_of_experiments

if TYPE_CHECKING:
    from collections.abc import Iterable

PICTURE_BYTES = 256 * 1024  # larger images are named, not shown
PAGE_PICTURE_BYTES = 4 * 1024 * 1024  # all pictures of a page together
_BEGINNINGS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"))


@dataclass(frozen=True)
class Written:
    path: str
    bytes: int
    experiments: int
    runs: int

    def as_dict(self) -> dict[str, object]:
        return dict(self.__dict__)


def report(context: Context, topic: str, out: str | None = None, force: bool = False) -> Written:
    """Write the page; ``out`` defaults to ``<record folder>/reports/<topic>.html``, outside the
    work tree.

    Raises LeadlineError when it cannot be written, or would replace another's file without
    ``force``.
    """
    thread = context.store.view(topic)
    evidence_of = labels_for(thread)

    def predicted_by(claim: Item) -> str:
        return preregistered(thread, claim, evidence_of(claim).counted)

    images = pictures(context, thread)
    series = panels_of_experiments(context, thread)
    page = render_report(
        thread,
        evidence_of,
        as_of=context.now(),
        heads=context.store.heads(topic),
        faults=len(context.store.faults(topic)),
        preregistered=predicted_by,
        version=__version__,
        images=images,
        series=series,
    )
    place = out or os.path.join(context.root, "reports", f"{topic}.html")
    path = write_out(context, place, page, "report", own=not out, force=force)
    return Written(path, os.path.getsize(path), len(thread.experiments), runs_counted(thread))


def pictures(context: Context, thread: Thread) -> dict[str, str]:
    """Digest to ``data:`` address of the small images that runs kept and that are here, the newest
    runs first.

    Only pictures by their first bytes (PNG, JPEG, GIF, WebP): what a job calls an image may be
    anything.
    """
    found: dict[str, str] = {}
    left = PAGE_PICTURE_BYTES
    told = thread.told_in_parts("pictures", TOLD_AT_ONCE, _pictured)
    of_runs = [digests for part in told for digests in json.loads(part)]
    for digest in (digest for digests in reversed(of_runs) for digest in digests):
        size = context.blobs.size_bytes(digest)
        if digest in found or size is None or size > min(PICTURE_BYTES, left):
            continue
        try:
            data = context.blobs.get(digest)
        except LeadlineError:  # damaged: `verify` says so, the page does without
            continue
        kind = next((k for beginning, k in _BEGINNINGS if data.startswith(beginning)), "")
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            kind = "webp"
        if kind:
            found[digest] = f"data:image/{kind};base64,{b64encode(data).decode()}"
            left -= size
    return found


def _pictured(experiments: Iterable[Experiment]) -> str:
    """Of each run with pictures their digests."""
    runs = (run for e in experiments for run in e.runs if not run.retracted)
    return json.dumps([digests for run in runs if (digests := [a.digest for a in pictured(run)])])
