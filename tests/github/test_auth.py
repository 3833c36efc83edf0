"""Where the token comes from, which server it goes to, and that it is nowhere else when a thread's
life is over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadline.adapters.forges.github.auth import token_for
from leadline.adapters.forges.github.place import place_of
from leadline.core.errors import LeadlineError
from tests.conftest import WHATEVER_IS_MISSING, Lab
from tests.github.conftest import Proxy
from tests.github.smart_http import SmartHttp
from tests.github.test_smart_http import allow, measure

SENTINEL = "ghp_SENTINEL4f1e0b7c9d2a"


@pytest.mark.parametrize(
    ("remote", "settings", "api", "web"),
    [
        ("git@github.com:o/r.git", {}, "https://api.github.com", "https://github.com/o/r"),
        (
            "ssh://git@ssh.github.com:443/o/r",
            {},
            "https://api.github.com",
            "https://github.com/o/r",
        ),
        (
            "git@ghe.example.org:o/r.git",
            {},
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/o/r",
        ),
        (
            "ssh://git@ghe.example.org:2222/o/r",
            {},
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/o/r",
        ),
        (
            "https://ghe.example.org:8443/o/r",
            {},
            "https://ghe.example.org:8443/api/v3",
            "https://ghe.example.org:8443/o/r",
        ),
        ("https://lab.ghe.com/o/r.git", {}, "https://api.lab.ghe.com", "https://lab.ghe.com/o/r"),
        (
            "/srv/r.git",
            {"forge.repository": "o/r"},
            "https://api.github.com",
            "https://github.com/o/r",
        ),
        (
            "/srv/r.git",
            {"forge.repository": "o/r", "forge.api_url": "https://api.lab.ghe.com"},
            "https://api.lab.ghe.com",
            "https://lab.ghe.com/o/r",
        ),
        (
            "/srv/r.git",
            {"forge.repository": "o/r", "forge.api_url": "https://ghe.example.org/api/v3/"},
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/o/r",
        ),
    ],
)
def test_which_github(remote: str, settings: dict[str, str], api: str, web: str) -> None:
    place = place_of(settings, remote)
    assert (place.api_url, place.web_url, place.repository) == (api, web, "o/r")


def test_a_token_for_github_goes_to_no_other_server() -> None:
    both = {"GH_TOKEN": "public", "GH_ENTERPRISE_TOKEN": "ours", "PATH": ""}
    assert (
        token_for("api.github.com", both) == "public"
        and token_for("api.lab.ghe.com", both) == "public"
    )
    assert token_for("ghe.example.org", both) == "ours"
    with pytest.raises(LeadlineError) as caught:
        token_for("ghe.example.org", {"GH_TOKEN": "public", "GITHUB_TOKEN": "public", "PATH": ""})
    assert caught.value.code == "no-token" and "export GH_ENTERPRISE_TOKEN=…" in caught.value.next
    assert token_for("127.0.0.1", {"GH_TOKEN": "public", "PATH": ""}) == "public", (
        "a server on this machine"
    )


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "smörgås"])
def test_what_is_no_token_is_said_and_not_shown(text: str) -> None:
    with pytest.raises(LeadlineError) as caught:
        token_for("api.github.com", {"GH_TOKEN": text})
    assert caught.value.code == "bad-token-text" and text not in str(caught.value.as_dict())


def real_gh() -> str:
    program = shutil.which("gh")
    if program is None:
        pytest.skip("no gh here: its stand-in is asked in test_forge.py")
    return program


def test_gh_itself_is_asked(tmp_path: Path) -> None:
    program = real_gh()
    home = {"HOME": str(tmp_path), "PATH": os.path.dirname(program)}
    with pytest.raises(LeadlineError) as caught:
        token_for("api.github.com", home)
    assert caught.value.code == "no-token"
    folder = tmp_path / ".config" / "gh"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(
        "github.com:\n    oauth_token: gho_of_github\n    user: ada\n"
        "ghe.example.org:\n    oauth_token: gho_of_enterprise\n    user: ada\n"
    )
    assert token_for("api.github.com", home) == "gho_of_github"
    assert token_for("ghe.example.org", home) == "gho_of_enterprise"


def test_what_is_checked_out_does_not_say_where_the_token_goes(
    lab: Lab, new_proxy: Callable[..., Proxy]
) -> None:
    """Somebody's branch may hold a `leadline.toml`."""
    trap = new_proxy()
    lab.env |= {"GH_TOKEN": SENTINEL}
    lab.git("remote", "add", "origin", "https://127.0.0.1:9/octocat/lab.git")
    lab.write("leadline.toml", f'[forge]\nname = "github"\napi_url = "{trap.url}"\n')
    done = lab.run("start", "demo", "--prefix", "P", "--no-branch")
    assert trap.seen == [] and "leadline init --api-url URL" in done.stderr
    assert SENTINEL not in done.stdout + done.stderr


def test_what_is_checked_out_does_not_say_where_the_record_is_posted(
    lab: Lab, proxy: Proxy
) -> None:
    lab.env |= {"GH_TOKEN": "tok_owner"}
    lab.git("remote", "add", "origin", "https://127.0.0.1:9/octocat/lab.git")
    lab.write("leadline.toml", '[forge]\nname = "github"\nrepository = "evil/public"\n')
    lab.ok("init", "--api-url", proxy.url)
    lab.ok("start", f"unasked-{proxy.port}", "--prefix", "U", "--no-branch")
    assert proxy.seen == [], "nobody here said that an issue is to be opened"
    lab.ok("init", "--github")
    done = lab.run("start", f"trap-{proxy.port}", "--prefix", "P", "--no-branch")
    assert proxy.seen and not [path for _, path in proxy.seen if "evil" in path]
    assert "leadline init --forge-repository OWNER/NAME" in done.stderr


def test_an_enterprise_server_is_talked_to_below_its_prefix(
    lab: Lab, new_proxy: Callable[..., Proxy]
) -> None:
    """The emulator has no `/api/v3`; the proxy puts it there and answers 404 elsewhere."""
    server = new_proxy("/api/v3")
    lab.env |= {"GH_ENTERPRISE_TOKEN": "tok_owner"}
    lab.ok(
        "init", "--forge", "github", "--api-url", server.url, "--forge-repository", "octocat/lab"
    )
    lab.ok(
        "start",
        f"ghes-{server.port}",
        "--prefix",
        "P",
        "--no-branch",
        "--success",
        "time_ms:ms:lower",
    )
    measure(lab)
    assert lab.json("update", "--change", "one run")["data"]["posted"]
    assert server.seen and not any(path.startswith("/api") for _, path in server.seen)
    told = lab.ok("doctor", "--network")
    assert (
        f"octocat/lab at http://127.0.0.1:{server.port}/octocat/lab" in told
        and "octocat on octocat/lab" in told
    )


# ---- nowhere else --------------------------------------------------------------------------------


class Watch:
    """Every command line of what is started on this machine while it runs, sampled until told to
    stop."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._before = set(os.listdir("/proc"))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(0.002):  # shorter than a git lives
            for pid in set(os.listdir("/proc")) - self._before:
                try:
                    self.seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
                except OSError:
                    continue

    def stop(self) -> set[bytes]:
        self._done.set()
        self._thread.join()
        return self.seen


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmartHttp]:
    made = SmartHttp(tmp_path / "srv")
    yield made
    made.close()


@pytest.mark.long
def test_after_a_whole_life_the_token_is_nowhere(
    lab: Lab, server: SmartHttp, proxy: Proxy, tmp_path: Path
) -> None:
    """Start, run, claim, update, seal, sync, finish, doctor, refusals and faults; then every file,
    all output, every command line and git's settings are searched. The job has the token in its
    environment, which is recorded; a job that printed it would write it into its own log, which
    never leaves the machine whole."""
    lab.env |= {"GH_TOKEN": SENTINEL, "LEADLINE_DEBUG": "1"}
    lab.git("remote", "add", "origin", server.make("octocat/lab"))
    allow(lab)
    lab.git("push", "-q", "origin", "main")
    topic = f"life-{proxy.port}"
    printing = "import os; assert os.environ['GH_TOKEN']; print('{\"time_ms\": 3.5}')"
    steps: list[tuple[str, ...]] = [
        ("init", "--forge", "github", "--api-url", proxy.url),
        (
            "start",
            topic,
            "--prefix",
            "P",
            "--no-branch",
            "--success",
            "time_ms:ms:lower",
            "--hypothesis",
            "it is fast",
        ),
        ("run", "--", sys.executable, "-c", printing),
        ("run", "--experiment", "P-001", "--", sys.executable, "-c", printing),
        ("note", "P-001", "--interpretation", "as expected"),
        ("update", "--change", "two runs", "--json"),
        ("issue",),
        ("seal", "one", "--push"),
        ("sync", "--code"),
        ("doctor", "--network"),
        ("finish", "--override", WHATEVER_IS_MISSING, "a test", "--conclusion", "done"),
        ("verify",),
        ("report", "--out", "report.html"),
        ("link", "P-001", "--json"),
    ]
    watch = Watch()
    said = []
    for step in steps:
        done = lab.run(*step)
        assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)
    for fault in (
        "lost",
        "502",
        (401, {}, b'{"message": "Bad credentials"}'),
        (422, {}, b'{"message": "no"}'),
    ):
        proxy.fault = lambda method, path, n, fault=fault: fault  # type: ignore[misc]
        done = lab.run("issue", "sync")
        said.append(done.stdout + done.stderr)
    proxy.fault = lambda method, path, n: None
    lines = watch.stop()
    sent = [h.get("authorization") for h in proxy.headers]
    assert f"Bearer {SENTINEL}" in sent, "the token was used"
    assert any(b"leadline" in line for line in lines), "the watch saw the program"
    assert not [line for line in lines if SENTINEL.encode() in line]
    assert not [text for text in said if SENTINEL in text]
    assert SENTINEL not in subprocess.run(
        ["git", "config", "--list"], cwd=lab.repo, env=lab.env, capture_output=True, text=True
    ).stdout  # fmt: skip
    found = subprocess.run(
        ["grep", "-rlaF", SENTINEL, str(tmp_path)], capture_output=True, text=True
    ).stdout
    assert found == "", f"the token stands in {found}"
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"], cwd=lab.repo, env=lab.env,
        capture_output=True,
    ).stdout  # fmt: skip
    assert SENTINEL.encode() not in objects and b"time_ms" in objects
