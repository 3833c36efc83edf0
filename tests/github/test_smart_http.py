"""Records, tags and permalinks over a real smart-HTTP remote that asks for a password before a
push."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Lab, sealed_environment
from tests.github.smart_http import PASSWORD, USER, SmartHttp

RECORDS = "leadline/records"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmartHttp]:
    made = SmartHttp(tmp_path / "srv")
    yield made
    made.close()


@pytest.fixture
def remote(server: SmartHttp, thread_lab: Lab) -> str:
    url = server.make("o/lab")
    thread_lab.git("remote", "add", "origin", url)
    return url


def allow(lab: Lab) -> None:
    """As a user keeps a password: with a credential helper, here one that prints it."""
    lab.git(
        "config",
        "credential.helper",
        f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f",
    )


def measure(lab: Lab) -> None:
    lab.ok("run", "--", sys.executable, "-c", "print('{\"time_ms\": 3.5}')")


def clone(lab: Lab, url: str, tmp_path: Path) -> Lab:
    other = Lab(
        tmp_path / "elsewhere", {**sealed_environment(tmp_path / "home2"), "LEADLINE_ACTOR": "Bob"}
    )
    env = {**lab.env, "GIT_TERMINAL_PROMPT": "0"}
    subprocess.run(["git", "clone", "-q", url, str(other.repo)], check=True, env=env)
    allow(other)
    return other


def test_records_and_tags_are_pushed_and_listed_there(thread_lab: Lab, remote: str) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.git("push", "-q", "origin", "main")
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    listed = thread_lab.git("ls-remote", "origin")
    assert f"refs/heads/{RECORDS}" in listed
    assert "refs/tags/leadline/demo/one" in listed and "refs/tags/leadline/demo/one^{}" in listed, (
        "annotated"
    )
    assert thread_lab.json("sync")["data"]["pushed"] == "up-to-date"


def test_without_a_password_nothing_is_asked_and_all_is_kept(thread_lab: Lab, remote: str) -> None:
    done = thread_lab.json("sync", env={"GIT_TERMINAL_PROMPT": "0"})
    problem = done["data"]["problem"]
    assert problem["code"] == "remote-denied" and "could not read Username" in problem["why"]
    assert done["data"]["pushed"] == "failed" and thread_lab.git("rev-parse", RECORDS)
    allow(thread_lab)
    assert thread_lab.json("sync")["data"]["pushed"] == "pushed"


def test_a_wrong_password_is_said_and_not_shown(thread_lab: Lab, remote: str) -> None:
    thread_lab.git(
        "config",
        "credential.helper",
        f"!f() {{ echo username={USER}; echo password=wrong-one; }}; f",
    )
    done = thread_lab.run("sync", "--json")
    assert '"remote-denied"' in done.stdout and "wrong-one" not in done.stdout + done.stderr


def test_records_of_two_clones_meet_on_the_server(
    thread_lab: Lab, remote: str, tmp_path: Path
) -> None:
    """The second push is no fast-forward there: it is merged and sent again."""
    allow(thread_lab)
    thread_lab.git("push", "-q", "origin", "main")
    thread_lab.ok("sync")
    other = clone(thread_lab, remote, tmp_path)
    other.ok("sync")
    other.ok("note", "from elsewhere")
    thread_lab.ok("note", "from here")
    thread_lab.ok("sync")
    assert other.json("sync")["data"]["pushed"] == "pushed"
    thread_lab.ok("sync")
    book = thread_lab.ok("logbook")
    assert "from elsewhere" in book and "from here" in book


def test_a_tag_that_was_moved_there_is_refused_and_said(
    thread_lab: Lab, remote: str, tmp_path: Path
) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.git("push", "-q", "origin", "main")
    other = clone(thread_lab, remote, tmp_path)
    other.git("tag", "-a", "-m", "somebody else's", "leadline/demo/one", "HEAD")
    other.git("push", "-q", "origin", "refs/tags/leadline/demo/one")
    thread_lab.ok("seal", "one")
    problem = thread_lab.json("sync")["data"]["problem"]
    assert problem["code"] == "tag-rejected" and "already exists" in problem["what"]
    assert problem["next"] == ["git ls-remote --tags origin"]


# ---- permalinks ----------------------------------------------------------------------------------


def test_a_link_is_given_only_when_the_remote_has_it(thread_lab: Lab, remote: str) -> None:
    allow(thread_lab)
    measure(thread_lab)
    early = thread_lab.json("link", "P-001")
    assert (early["error"]["code"], early["error"]["next"]) == (
        "link-not-on-remote",
        ["leadline sync"],
    )
    thread_lab.ok("sync")
    made = thread_lab.json("link", "P-001")["data"]
    base, _, rest = made["url"].partition("/blob/")
    assert base == remote.removesuffix(".git") and made["checked"] == "now"
    commit, _, path = rest.partition("#")[0].partition("/")
    assert "P-001" in thread_lab.git("show", f"{commit}:{path}")
    assert commit == thread_lab.git("ls-remote", "origin", f"refs/heads/{RECORDS}").split()[0]
    heading = next(
        t for t in thread_lab.git("show", f"{commit}:{path}").split("\n") if t.startswith("### ")
    )
    from leadline.render.markdown import slug

    assert made["anchor"] == slug(heading.removeprefix("### ").replace("\\", ""))


def test_what_came_after_the_last_sync_is_not_linked(thread_lab: Lab, remote: str) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.ok("sync")
    measure(thread_lab)
    later = thread_lab.json("link", "P-002")
    assert (later["error"]["code"], later["error"]["next"]) == (
        "link-not-on-remote",
        ["leadline sync"],
    )
    assert thread_lab.json("link", "P-001")["ok"], "an older section still is there"


def test_a_branch_that_was_taken_away_there_holds_no_link(thread_lab: Lab, remote: str) -> None:
    """What was pushed once is not enough: the remote is asked, unless told not to."""
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.ok("sync")
    thread_lab.git("push", "-q", "origin", f":refs/heads/{RECORDS}")
    assert thread_lab.json("link", "P-001")["error"]["code"] == "link-not-on-remote"
    assert thread_lab.json("link", "P-001", "--offline")["data"]["checked"] == "as last seen"


def test_bundles_artifacts_and_code_states_have_links(thread_lab: Lab, remote: str) -> None:
    allow(thread_lab)
    thread_lab.write("code.py", "print('changed')\n")
    measure(thread_lab)
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    bundle = thread_lab.json("link", "P-S1", "--file", "table.csv")["data"]
    assert bundle["path"] == "demo/snapshots/one/table.csv"
    assert thread_lab.git("cat-file", "-t", f"{bundle['commit']}:{bundle['path']}") == "blob"
    digest = thread_lab.json("show", "P-S1")["data"]["body"]["bundle"]["bundle.json"]
    assert thread_lab.json("link", digest)["data"]["path"].startswith("demo/blobs/")
    code = thread_lab.json("link", "P-001", "--code")
    assert (code["error"]["code"], code["error"]["next"]) == (
        "link-not-on-remote",
        ["leadline sync --code"],
    )
    thread_lab.ok("sync", "--code")
    made = thread_lab.json("link", "P-001", "--code")["data"]
    assert made["url"] == f"{remote.removesuffix('.git')}/tree/{made['commit']}"
    assert thread_lab.git("show", f"{made['commit']}:code.py") == "print('changed')"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("P-404", "unknown-id"),
        ("sha256:" + "0" * 64, "not-on-record-branch"),
        ("nonsense", "not-an-id"),
    ],
)
def test_what_is_not_there_has_no_link(thread_lab: Lab, remote: str, what: str, code: str) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.ok("sync")
    error = thread_lab.json("link", what)["error"]
    assert error["code"] == code and error["next"]


def test_a_file_that_the_bundle_lacks_has_no_link(thread_lab: Lab, remote: str) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.ok("seal", "one")
    thread_lab.ok("sync")
    assert thread_lab.json("link", "P-S1", "--file", "gone.txt")["error"]["code"] == "no-such-file"


def test_a_remote_without_pages_gives_commit_and_path(thread_lab: Lab, tmp_path: Path) -> None:
    subprocess.run(
        ["git", "init", "-q", "--bare", str(tmp_path / "r.git")], check=True, env=thread_lab.env
    )
    thread_lab.git("remote", "add", "origin", str(tmp_path / "r.git"))
    measure(thread_lab)
    assert thread_lab.json("link", "P-001")["error"]["code"] == "link-not-on-remote"
    thread_lab.ok("sync")
    made = thread_lab.json("link", "P-001")["data"]
    assert (made["url"], made["text"]) == ("", f"commit {made['commit']}, demo/logbook.md")
    assert made["checked"] == "now"


def test_without_a_remote_the_text_is_that_of_this_machine(thread_lab: Lab) -> None:
    measure(thread_lab)
    made = thread_lab.json("link")["data"]
    assert (
        made["url"] == ""
        and made["remote"] == ""
        and thread_lab.git("show", f"{made['commit']}:{made['path']}")
    )


def test_a_server_that_is_gone_is_said(thread_lab: Lab, remote: str, server: SmartHttp) -> None:
    allow(thread_lab)
    measure(thread_lab)
    thread_lab.ok("sync")
    server.close()
    assert thread_lab.json("link", "P-001")["error"]["code"] == "remote-unreachable"
    assert thread_lab.json("link", "P-001", "--offline")["ok"]
