"""JSON over HTTP with a deadline, by the standard library: enough for a tracker's few calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, TypeVar

from leadline.core.errors import LeadlineError, remote

CALL_S = 10.0
MAX_REPLY_BYTES = 64 * 1024 * 1024
MAX_FILE_BYTES = 4 * 1024**3
BLOCK_BYTES = 256 * 1024
TRIES = 4  # of a call that changes nothing
PAUSE_S = 0.5  # before the second, twice that before the third
BUSY = (429, 500, 502, 503, 504)

T = TypeVar("T")


class Server:
    """``base``: without a final slash. ``headers`` may hold a key: they go into requests and
    nowhere else.

    ``deadline_s`` (monotonic) ends a row of calls; without it each call has 10 s.
    """

    def __init__(
        self, name: str, base: str, headers: Mapping[str, str], deadline_s: float | None = None
    ) -> None:
        self.name, self.base, self.headers, self.deadline_s = (
            name,
            base.rstrip("/"),
            dict(headers),
            deadline_s,
        )

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: IO[bytes] | None = None,
        size_bytes: int = 0,
    ) -> dict[str, Any]:
        """The JSON reply. Raises LeadlineError(remote): ``tracker-unreachable``, ``tracker-slow``,
        ``tracker-refused`` (details: ``status``, ``error_code``), ``tracker-odd-reply``,
        ``tracker-reply-too-large``."""
        headers: dict[str, str] = {}
        payload: Any = None
        if data is not None:
            payload = data
            headers |= {
                "Content-Length": str(size_bytes),
                "Content-Type": "application/octet-stream",
            }
        elif body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        text = b"".join(self._blocks(method, path, payload, headers, MAX_REPLY_BYTES))
        if not text.strip():
            return {}
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise remote(
                "tracker-odd-reply",
                f"{self.base} does not answer as {self.name} does",
                why="is the address right?",
                do="leadline tracker status",
            )
        return value

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """``call`` for what changes nothing: where the server is busy (429, 5xx), slow or away it
        is asked again, 4 times in all, after 0.5 s, 1 s, 2 s, or what the server says, at most 10
        s."""
        return self._again(lambda: self.call(method, path, body))

    def fetch(self, path: str, into: IO[bytes]) -> None:
        """A file of any size up to 4 GiB, asked for again as by ``ask``: ``into`` holds all of it,
        or it is raised."""

        def once() -> None:
            into.seek(0)
            into.truncate()
            for block in self._blocks("GET", path, None, {}, MAX_FILE_BYTES):
                into.write(block)

        self._again(once)
        into.seek(0)

    def _again(self, once: Callable[[], T]) -> T:
        for tried in range(TRIES):
            try:
                return once()
            except LeadlineError as error:
                status = error.details.get("status")
                passing = error.code in ("tracker-slow", "tracker-unreachable") or status in BUSY
                asked = error.details.get("retry_after_s")
                pause = asked if isinstance(asked, float) else PAUSE_S * 2**tried
                late = self.deadline_s is not None and time.monotonic() + pause >= self.deadline_s
                if not passing or late or tried + 1 == TRIES:
                    raise
                time.sleep(min(pause, CALL_S))
        raise AssertionError("not reached: the last try returns or raises")

    def _blocks(
        self, method: str, path: str, payload: Any, headers: Mapping[str, str], at_most_bytes: int
    ) -> Iterator[bytes]:
        """The reply as it comes. One that ends before its own length is no reply."""
        import http.client
        import urllib.error
        import urllib.request

        sent = {**self.headers, "Accept": "application/json", **headers}
        request = urllib.request.Request(
            self.base + path, data=payload, headers=sent, method=method
        )
        opener = urllib.request.build_opener(_NoRedirect())
        try:
            with opener.open(request, timeout=self._left()) as reply:
                due, got = reply.headers.get("Content-Length"), 0
                while block := reply.read(BLOCK_BYTES):
                    got += len(block)
                    if got > at_most_bytes:
                        raise self._too_large(at_most_bytes)
                    yield block
                    self._left()
                if due is not None and got < int(due):
                    raise ConnectionError(f"the answer was cut off after {got} of {due} bytes")
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except TimeoutError:
            raise self._slow() from None
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._slow() from None
            raise remote(
                "tracker-unreachable",
                f"{self.name} at {self.base} cannot be reached: {reason}",
                why="nothing was lost; what is to be sent waits",
                do="leadline tracker sync",
            ) from None

    def _left(self) -> float:
        if self.deadline_s is None:
            return CALL_S
        left = self.deadline_s - time.monotonic()
        if left <= 0:
            raise self._slow()
        return min(left, CALL_S)

    def _slow(self) -> LeadlineError:
        return remote(
            "tracker-slow",
            f"{self.name} at {self.base} did not answer in time",
            why="nothing was lost; what is to be sent waits",
            do="leadline tracker sync",
        )

    def _too_large(self, at_most_bytes: int) -> LeadlineError:
        return remote(
            "tracker-reply-too-large",
            f"one answer of {self.name} at {self.base} has more than {at_most_bytes // 1024**2} MiB",
            why="it is not read: the server gives no smaller pages",
            do="leadline tracker status",
        )

    def _refused(self, error: Any) -> LeadlineError:
        try:
            said = json.loads(error.read(65536))
        except (ValueError, OSError):
            said = {}
        said = said if isinstance(said, dict) else {}
        code = str(said.get("error_code") or "")
        first = said.get("errors") or said.get("detail")  # of GraphQL, of FastAPI
        first = first[0] if isinstance(first, list) else first
        first = first.get("message") if isinstance(first, dict) else first
        why = str(said.get("message") or said.get("error") or first or "")[:300]
        hint = "the key in the environment is missing or wrong" if error.code in (401, 403) else ""
        return remote(
            "tracker-refused",
            f"{self.name} at {self.base} said no: HTTP {error.code}",
            why=". ".join(part for part in (why, hint) if part),
            do="leadline tracker status",
            details={
                "status": error.code,
                "error_code": code,
                **_waiting(error.headers.get("Retry-After")),
            },
        )


def _waiting(text: str | None) -> dict[str, float]:
    """How long a busy server asks to be left alone; a date is not taken."""
    return {"retry_after_s": float(text)} if text and text.strip().isdecimal() else {}


def _NoRedirect() -> Any:
    """A handler that follows no redirect: a key must not travel to another host."""
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **kwargs: Any) -> None:
            return None

    return NoRedirect()
