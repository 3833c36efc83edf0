"""JSON over HTTP with a deadline, by the standard library: enough for a tracker's few calls."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import IO, Any

from leadline.core.errors import LeadlineError

CALL_S = 10.0
MAX_REPLY_BYTES = 64 * 1024 * 1024


class Server:
    """``base``: without a final slash. ``headers`` may hold a key: they go into requests and nowhere else.

    ``deadline_s`` (monotonic) ends a row of calls; without it each call has 10 s.
    """

    def __init__(self, name: str, base: str, headers: Mapping[str, str], deadline_s: float | None = None) -> None:
        self.name, self.base, self.headers, self.deadline_s = name, base.rstrip("/"), dict(headers), deadline_s

    def call(
        self, method: str, path: str, body: Any = None, *, data: IO[bytes] | None = None, size_bytes: int = 0
    ) -> dict[str, Any]:
        """The JSON reply. Raises LeadlineError(remote): ``tracker-unreachable``, ``tracker-slow``, ``tracker-refused``
        (details: ``status``, ``error_code``), ``tracker-odd-reply``."""
        import urllib.error
        import urllib.request

        headers = {**self.headers, "Accept": "application/json"}
        payload: Any = None
        if data is not None:
            payload = data
            headers |= {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
        elif body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=payload, headers=headers, method=method)
        opener = urllib.request.build_opener(_NoRedirect())
        try:
            with opener.open(request, timeout=self._left()) as reply:
                text = reply.read(MAX_REPLY_BYTES + 1)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except TimeoutError:
            raise self._slow() from None
        except (urllib.error.URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._slow() from None
            raise LeadlineError(
                "remote",
                "tracker-unreachable",
                f"{self.name} at {self.base} cannot be reached: {reason}",
                "nothing was lost; what is to be sent waits",
                "leadline tracker sync",
            ) from None
        if not text.strip():
            return {}
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise LeadlineError(
                "remote",
                "tracker-odd-reply",
                f"{self.base} does not answer as {self.name} does",
                "is the address right?",
                "leadline tracker status",
            )
        return value

    def _left(self) -> float:
        if self.deadline_s is None:
            return CALL_S
        left = self.deadline_s - time.monotonic()
        if left <= 0:
            raise self._slow()
        return min(left, CALL_S)

    def _slow(self) -> LeadlineError:
        return LeadlineError(
            "remote",
            "tracker-slow",
            f"{self.name} at {self.base} did not answer in time",
            "nothing was lost; what is to be sent waits",
            "leadline tracker sync",
        )

    def _refused(self, error: Any) -> LeadlineError:
        try:
            said = json.loads(error.read(65536))
        except (ValueError, OSError):
            said = {}
        said = said if isinstance(said, dict) else {}
        code = str(said.get("error_code") or "")
        why = str(said.get("message") or said.get("error") or "")[:300]
        hint = "the key in the environment is missing or wrong" if error.code in (401, 403) else ""
        return LeadlineError(
            "remote",
            "tracker-refused",
            f"{self.name} at {self.base} said no: HTTP {error.code}",
            ". ".join(part for part in (why, hint) if part),
            "leadline tracker status",
            {"status": error.code, "error_code": code},
        )


def _NoRedirect() -> Any:
    """A handler that follows no redirect: a key must not travel to another host."""
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **kwargs: Any) -> None:
            return None

    return NoRedirect()
