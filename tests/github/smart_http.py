"""A git remote over HTTP as a forge has one: git's own ``http-backend`` behind Python's server, on
this machine alone.

Reading is open, pushing needs a name and a password. Nothing of git's protocol is imitated: the
server passes each request to the program that git ships for this, by CGI.
"""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

USER, PASSWORD = "ada", "s3cret-of-ada"


def backend() -> Path:
    folder = subprocess.run(
        ["git", "--exec-path"], capture_output=True, text=True, check=True
    ).stdout.strip()
    program = Path(folder) / "git-http-backend"
    if not program.exists():
        pytest.skip("this git has no http-backend")
    return program


class SmartHttp:
    """Serves every repository below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root, program = root, backend()
        self.asked: list[str] = []
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                where = urlsplit(self.path)
                body = self.read_body()
                server.asked.append(f"{self.command} {self.path}")
                pushing = "git-receive-pack" in self.path
                known = self.headers.get("authorization") == expected
                if pushing and not known:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                environment = {
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(server.root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": where.path,
                    "QUERY_STRING": where.query,
                    "CONTENT_TYPE": self.headers.get("content-type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
                    "REMOTE_ADDR": "127.0.0.1",
                    **({"REMOTE_USER": USER} if known else {}),
                }
                done = subprocess.run(
                    [str(program)], input=body, env=environment, capture_output=True
                )
                head, _, data = done.stdout.partition(b"\r\n\r\n")
                fields = [line.partition(": ") for line in head.decode().split("\r\n") if line]
                status = next((int(v.split()[0]) for k, _, v in fields if k == "Status"), 200)
                self.send_response(status)
                for name, _, value in fields:
                    if name != "Status":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def read_body(self) -> bytes:
                if self.headers.get("transfer-encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            do_GET = do_POST = serve

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def make(self, name: str) -> str:
        """A new empty repository, ``owner/name``; its URL."""
        path = self.root / f"{name}.git"
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True, env=environment
        )
        for setting in ("http.receivepack=true", "receive.denyNonFastForwards=true"):
            subprocess.run(
                ["git", "-C", str(path), "config", *setting.split("=")], check=True, env=environment
            )
        return f"http://127.0.0.1:{self.port}/{name}.git"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
