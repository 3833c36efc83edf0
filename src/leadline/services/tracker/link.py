"""Attach a tracker's report or workspace to a thread, so that its logbook, brief and issue point to
it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from leadline.core.errors import refused, usage
from leadline.core.typed import TYPE_CHECKING
from leadline.services.context import Context
from leadline.services.run.job_tracker import redacted
from leadline.services.tracker.choice import looks_like_key

if TYPE_CHECKING:
    from leadline.core.record.bodies import TrackerLinkBody
    from leadline.core.tracker.rows import Linked

# Parts of parameter names that open a page to whoever has the address, as ``accessToken`` does.
OPENING = ("token", "key", "secret", "signature", "password", "auth")


def link(context: Context, topic: str, url: str, title: str = "") -> Linked:
    """Record the address; one that is attached already is not recorded
    again.

    Raises LeadlineError: ``bad-link`` (usage), ``key-in-link`` (refused) for an address that is
    itself a key.
    """
    url, title = url.strip(), redacted(context, " ".join(title.split()))
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or any(c.isspace() or c in '<>"|`' for c in url)
    ):
        raise usage(
            "bad-link",
            f"{url[:200]!r} is no address of a page",
            why="a link begins with https:// or http:// and has no space in it",
            do="leadline tracker link https://HOST/PAGE",
        )
    names = [name.lower() for text in (parts.query, parts.fragment) for name, _ in parse_qsl(text)]
    if (
        parts.username
        or parts.password
        or looks_like_key(context, url)
        or any(o in n for n in names for o in OPENING)
    ):
        raise refused(
            "key-in-link",
            "the address holds a key: whoever reads the record could open the page",
            why="records are shared; people who may see the page do not need the key",
            do=f"leadline tracker link {parts.scheme}://{parts.hostname}{parts.path}",
        )
    body: TrackerLinkBody = {"url": url}
    if title:
        body["title"] = title
    held = {
        entry["url"]: entry.get("title", "") for entry in context.store.thread(topic).tracker_links
    }
    if held.get(url) == title:
        return {**body, "changed": False}
    context.append(topic, "tracker-link", body)
    return {**body, "changed": True}
