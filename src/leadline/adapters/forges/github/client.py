"""Requests to GitHub that fail in words, wait within a limit and never repeat what may have been
done.

A library that retries by itself writes a comment twice when the answer to the first attempt is
lost. So what only sets a state is repeated freely, and what creates is not: its caller is told that
the outcome is unknown (``Ambiguous``) and looks before it sends again. Answers to reading are kept
with their ETag, so that reading again costs no rate limit.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from leadline.adapters.forges.github.shapes import Kept
from leadline.core.errors import LeadlineError, environment, not_found, remote, usage
from leadline.core.timestamps import rfc3339
from leadline.core.typed import Any

TIMEOUT_S = 20.0
MAX_WAIT_S = 20.0
ATTEMPTS = 4
NETWORK = "leadline doctor --network"
_SECONDARY = ("secondary rate limit", "abuse detection")
_PRIMARY = "api rate limit exceeded"


class Ambiguous(Exception):
    """A request that creates something was sent, and whether it did is unknown."""


class Client:
    """Talks to one API. ``max_wait_s``: how long one call may wait in all before it gives up and
    says when to try again. ``token``: called at the first request."""

    def __init__(
        self,
        api_url: str,
        token: Callable[[], str],
        cache_folder: str = "",
        max_wait_s: float = MAX_WAIT_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.cache_folder, self.max_wait_s, self.timeout_s = cache_folder, max_wait_s, timeout_s
        self._token = token
        self._http: Any = None
        self.rate_left: int | None = None

    # -- calls -------------------------------------------------------------------------------------
    def get(self, path: str) -> Any:
        return self._call("GET", path)[0]

    def pages(self, path: str) -> Iterator[Any]:
        """Every item of a listing, over all its pages."""
        where: str | None = path + ("&" if "?" in path else "?") + "per_page=100"
        while where:
            items, links = self._call("GET", where)
            if not isinstance(items, list):
                raise self._unreachable(f"{urlsplit(where).path} is no listing there")
            yield from items
            where = _next_of(links)

    def set_state(self, method: str, path: str, body: Any = None) -> Any:
        """PATCH, PUT or DELETE: done twice is done once, so it is repeated when the answer is lost."""
        return self._call(method, path, body)[0]

    def create(self, path: str, body: Any) -> Any:
        """POST, sent once. Raises Ambiguous when it may have been done."""
        return self._call("POST", path, body)[0]

    def _call(self, method: str, path: str, body: Any = None) -> tuple[Any, str]:
        url = path if path.startswith("http") else self.api_url + path
        # a link of a listing: the token goes nowhere else
        if _origin(url) != _origin(self.api_url):
            raise self._elsewhere(url)
        kept = self._kept(url) if method == "GET" else None
        waited, safe, hops = 0.0, method != "POST", 0
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            reply, why = self._send(method, url, body, kept)
            if reply is None:
                if why == "nothing was sent" or safe:
                    if last or not self._may_wait(waited, pause := 0.25 * 2**attempt):
                        raise self._unreachable(why)
                    waited += self._wait(pause)
                    continue
                raise Ambiguous(why)
            self._note_rate(reply)
            if reply.status_code == 304 and kept is not None:
                return kept["body"], kept["links"]
            if reply.status_code in (301, 302, 307, 308) and hops < 3:
                url, hops = self._redirected(reply, method, url), hops + 1
                kept = None
                continue
            limited = self._limited_for_s(reply)
            if limited is not None:
                if last or not self._may_wait(waited, limited):
                    raise self._rate_limited(reply, limited)
                waited += self._wait(limited)
                continue
            if reply.status_code >= 500 or why:
                if not safe:
                    raise Ambiguous(why or f"the server answered {reply.status_code}")
                if last or not self._may_wait(waited, pause := 0.25 * 2**attempt):
                    raise self._server_error(reply, why)
                waited += self._wait(pause)
                continue
            if reply.status_code >= 400:
                raise refusal_of(reply.status_code, _message(reply), method, urlsplit(url).path)
            data = reply.json() if reply.content else None
            links = reply.headers.get("link", "")
            if method == "GET" and reply.headers.get("etag"):
                self._keep(url, reply.headers["etag"], data, links)
            return data, links
        raise self._unreachable("it redirects without end")

    def _send(self, method: str, url: str, body: Any, kept: Kept | None) -> tuple[Any, str]:
        """(the reply or None, what is wrong with it)."""
        try:
            import httpx2 as httpx
        except ImportError as error:
            raise environment(
                "no-http-client",
                "posting to GitHub needs the package httpx2",
                why=str(error),
                do="pip install 'leadline[github]'",
            ) from error
        if self._http is None:
            headers = {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "leadline",
                "Authorization": f"Bearer {self._token()}",
            }
            self._http = httpx.Client(headers=headers, timeout=self.timeout_s)
        try:
            extra = {"If-None-Match": kept["etag"]} if kept else {}
            reply = self._http.request(method, url, json=body, headers=extra)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return None, "nothing was sent"
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            raise usage(
                "bad-url",
                f"{self.api_url} cannot be asked: {error}",
                why="nothing was sent",
                do="leadline init --api-url https://HOST/api/v3",
            ) from error
        except (httpx.HTTPError, OSError) as error:
            return None, f"the answer was lost: {type(error).__name__}"
        if 200 <= reply.status_code < 300 and reply.content:
            try:
                whole = isinstance(reply.json(), dict | list)
            except ValueError:
                whole = False
            if not whole:
                return reply, "the answer was cut off, or is not the interface's"
        return reply, ""

    # -- waiting -----------------------------------------------------------------------------------
    def _may_wait(self, waited: float, pause: float) -> bool:
        return waited + pause <= self.max_wait_s

    def _wait(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def _note_rate(self, reply: Any) -> None:
        left = reply.headers.get("x-ratelimit-remaining", "")
        if left.isdigit():
            self.rate_left = int(left)

    def _limited_for_s(self, reply: Any) -> float | None:
        """For how long the server wants to be left alone; None when this reply is no rate limit.
        Counted by the server's own clock."""
        if reply.status_code not in (403, 429):
            return None
        text = _message(reply).lower()
        after = reply.headers.get("retry-after", "")
        spent = reply.headers.get("x-ratelimit-remaining") == "0"
        named = _PRIMARY in text or any(s in text for s in _SECONDARY)
        if not (reply.status_code == 429 or spent or after or named):
            return None
        if (pause := _pause_s(after, reply)) is not None:
            return pause
        reset = reply.headers.get("x-ratelimit-reset", "")
        if reset.isdigit() and (spent or _PRIMARY in text):
            return max(1.0, float(reset) - _server_time_s(reply))
        return 60.0  # GitHub's advice for secondary limits that name no time

    # -- what is said ------------------------------------------------------------------------------
    def _host(self) -> str:
        return urlsplit(self.api_url).netloc

    def _unreachable(self, why: str) -> LeadlineError:
        return remote(
            "forge-unreachable",
            f"{self._host()} cannot be reached",
            why=f"{why}; the record is complete and what is to be posted waits",
            do="leadline sync",
        )

    def _server_error(self, reply: Any, why: str) -> LeadlineError:
        return remote(
            "forge-failing",
            f"{self._host()} answered {reply.status_code} {ATTEMPTS} times",
            why=f"{why or _message(reply)}; what is to be posted waits",
            do="leadline sync",
        )

    def _rate_limited(self, reply: Any, seconds: float) -> LeadlineError:
        at = rfc3339(int((time.time() + seconds) * 1000))
        return remote(
            "rate-limited",
            f"{self._host()} wants to be left alone for {seconds:.0f} s",
            why=f"{_message(reply)[:200]}; what is to be posted waits",
            do="leadline sync",
            details={"retry_at": at, "retry_after_s": seconds},
        )

    def _redirected(self, reply: Any, method: str, url: str) -> str:
        where = str(reply.headers.get("location", ""))
        if _origin(where) != _origin(url) or (method != "GET" and reply.status_code in (301, 302)):
            raise remote(
                "repository-moved",
                "the repository or the issue was renamed or transferred",
                why=f"{urlsplit(url).path} is at {where or 'another place'} now; nothing is written where nobody "
                "said so",
                do=NETWORK,
            )
        return where

    def _elsewhere(self, url: str) -> LeadlineError:
        return remote(
            "link-elsewhere",
            f"{self._host()} names a next page at {urlsplit(url).netloc}",
            why="the token is sent to nobody else; is forge.api_url the address that the server gives itself?",
            do=NETWORK,
        )

    # -- what was read before ----------------------------------------------------------------------
    def _file(self, url: str) -> str:
        return os.path.join(
            self.cache_folder, hashlib.sha256(url.encode()).hexdigest()[:32] + ".json"
        )

    def _kept(self, url: str) -> Kept | None:
        if not self.cache_folder:
            return None
        try:
            with open(self._file(url), encoding="utf-8") as file:
                kept: Kept = json.load(file)
            return kept if kept.get("url") == url else None
        except (OSError, ValueError, AttributeError):
            return None

    def _keep(self, url: str, etag: str, body: Any, links: str) -> None:
        if not self.cache_folder:
            return
        from leadline.adapters.files import write_atomically

        try:
            kept = {"url": url, "etag": etag, "body": body, "links": links}
            write_atomically(self._file(url), json.dumps(kept).encode())
        except (OSError, LeadlineError):
            pass  # reading again costs a request, no more


def refusal_of(status: int, message: str, method: str, path: str) -> LeadlineError:
    """What GitHub refused, in words, with the command to run next."""
    said = message[:300]
    if status == 401:
        why = "the token is wrong, expired or revoked"
        return remote(
            "bad-token", f"GitHub does not take the token: {said}", why=why, do="gh auth login"
        )
    if status == 410:
        return not_found(
            "issue-deleted",
            f"the issue was deleted, or issues are switched off: {said}",
            why=path,
            do="leadline issue open",
        )
    if status == 403 and "archived" in said.lower():
        return remote(
            "repository-archived",
            f"the repository is archived: {said}",
            why=path,
            do="leadline sync",
        )
    if status == 403 and "locked" in said.lower():
        return remote("issue-locked", f"the issue is locked: {said}", why=path, do="leadline sync")
    if status == 403:
        why = f"{method} {path} needs a permission that the token lacks"
        return remote("no-permission", f"GitHub refuses: {said}", why=why, do=NETWORK)
    if status == 404:
        why = "a private repository that the token may not read looks the same"
        what = f"GitHub has no {path.partition('?')[0]}: {said}"
        return not_found("not-on-forge", what, why=why, do=NETWORK)
    if status == 422:
        return remote(
            "forge-refused",
            f"GitHub does not take it: {said}",
            why=f"{method} {path}",
            do="leadline issue",
        )
    return remote(
        "forge-refused",
        f"GitHub answered {status}: {said}",
        why=f"{method} {path}",
        do="leadline sync",
    )


def _message(reply: Any) -> str:
    """The server's words, with the fields that it names."""
    try:
        told = reply.json()
    except ValueError:
        return str(reply.reason_phrase or "no reason given")
    if not isinstance(told, dict):
        return str(reply.reason_phrase)
    fields = [
        str(
            e.get("message")
            or " ".join(str(e.get(k)) for k in ("resource", "field", "code") if e.get(k))
        )
        for e in told.get("errors") or []
        if isinstance(e, dict)
    ]
    return "; ".join([str(told.get("message") or reply.reason_phrase), *fields])


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _pause_s(after: str, reply: Any) -> float | None:
    """``Retry-After``: seconds, or a date by the server's clock."""
    if after.strip().isdigit():
        return float(after)
    try:
        return max(1.0, parsedate_to_datetime(after).timestamp() - _server_time_s(reply))
    except (TypeError, ValueError):
        return None


def _server_time_s(reply: Any) -> float:
    try:
        return parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return time.time()


def _next_of(links: str) -> str | None:
    for part in links.split(","):
        where, _, about = part.partition(";")
        if 'rel="next"' in about:
            return where.strip().strip("<>")
    return None
