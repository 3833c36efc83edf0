"""What is posted links to what can be opened: the program, an emulator, and a git remote that asks
for a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadline.adapters.forges.github.client import Client
from leadline.adapters.forges.github.issues import GitHubForge
from tests.conftest import Lab
from tests.github.conftest import Proxy
from tests.github.smart_http import SmartHttp
from tests.github.test_smart_http import RECORDS, allow, measure

TOKEN = {"GH_TOKEN": "tok_owner"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmartHttp]:
    made = SmartHttp(tmp_path / "srv")
    yield made
    made.close()


@pytest.fixture
def on_github(lab: Lab, server: SmartHttp, proxy: Proxy) -> Lab:
    """Thread ``demo-N`` (the emulator outlives a test) on the emulator, with a remote that holds
    main."""
    lab.env |= TOKEN
    lab.git("remote", "add", "origin", server.make("octocat/lab"))
    allow(lab)
    lab.git("push", "-q", "origin", "main")
    lab.ok("init", "--forge", "github", "--api-url", proxy.url)
    lab.ok(
        "start",
        f"demo-{proxy.port}",
        "--prefix",
        "P",
        "--no-branch",
        "--success",
        "time_ms:ms:lower",
    )
    measure(lab)
    return lab


def comments(lab: Lab, proxy: Proxy) -> list[str]:
    forge = GitHubForge(Client(proxy.url, lambda: "tok_owner", timeout_s=5.0), "octocat/lab", "")
    return [c.text for c in forge.issue(str(lab.json("issue")["data"]["number"])).comments]


def links(lab: Lab, text: str) -> list[tuple[str, str]]:
    base = re.escape(lab.git("remote", "get-url", "origin").removesuffix(".git"))
    return re.findall(rf"{base}/blob/([0-9a-f]{{40}})/([^)#\s]+)", text)


def test_the_links_of_an_update_are_on_the_remote_when_it_is_posted(
    on_github: Lab, proxy: Proxy
) -> None:
    made = on_github.json("update", "--change", "one run")
    assert made["data"]["posted"], made
    [text] = comments(on_github, proxy)
    found = links(on_github, text)
    assert found
    head = on_github.git("ls-remote", "origin", f"refs/heads/{RECORDS}").split()[0]
    for commit, path in found:
        on_github.git("merge-base", "--is-ancestor", commit, head)
        assert on_github.git("cat-file", "-t", f"{commit}:{path}") == "blob"


def test_while_the_remote_is_away_the_update_waits_and_is_posted_once_later(
    on_github: Lab, proxy: Proxy, server: SmartHttp, tmp_path: Path
) -> None:
    on_github.git("config", "http.proxy", "http://127.0.0.1:1")
    done = on_github.run("update", "--change", "one run", "--json")
    assert '"posted": false' in done.stdout and comments(on_github, proxy) == []
    on_github.git("config", "--unset", "http.proxy")
    on_github.ok("sync")
    on_github.ok("issue", "sync")
    on_github.ok("issue", "sync")
    assert len(comments(on_github, proxy)) == 1 and links(on_github, comments(on_github, proxy)[0])


def test_who_may_not_push_posts_without_links_which_are_completed_later(
    on_github: Lab, proxy: Proxy
) -> None:
    """A token that may write issues alone is a common one."""
    on_github.git("config", "credential.helper", "")
    done = on_github.json("update", "--change", "one run")["data"]
    assert done["posted"] and any("without links" in said for said in done["issue"]["warnings"])
    [text] = comments(on_github, proxy)
    assert not links(on_github, text) and "logbook" in text
    on_github.ok("issue", "sync")
    assert comments(on_github, proxy) == [text]
    allow(on_github)
    on_github.ok("sync")
    on_github.ok("issue", "sync")
    [whole] = comments(on_github, proxy)
    assert links(on_github, whole)
    assert on_github.json("issue", "sync")["data"]["done"] == []
    assert comments(on_github, proxy) == [whole]


def test_a_remote_that_lost_the_commit_holds_the_post_back(
    on_github: Lab, proxy: Proxy, server: SmartHttp
) -> None:
    """Whatever the text says: a commit of this repository that is not there is no address."""
    from leadline.core.errors import LeadlineError

    on_github.ok("sync")
    commit = on_github.git("commit-tree", "-m", "never pushed", "HEAD^{tree}")
    forge = open_forge(on_github)
    base = on_github.git("remote", "get-url", "origin").removesuffix(".git")
    number = str(on_github.json("issue")["data"]["number"])
    for text, code in (
        (f"see {base}/blob/{commit}/code.py", "link-not-on-remote"),
        (f"see {base}/tree/{commit}", "link-not-on-remote"),
        (f"see {base}/blob/main/code.py", "link-moves"),
        (f"see {base}/blob/{on_github.git('rev-parse', 'HEAD')}/gone.py", "link-without-file"),
        (f"see {base}/blob/{'ab' * 20}/code.py", "link-without-file"),
    ):
        with pytest.raises(LeadlineError) as caught:
            forge.comment(number, text, code)
        assert (caught.value.code, caught.value.next) == (code, ["leadline sync"])
    assert comments(on_github, proxy) == []
    there = on_github.git("rev-parse", "origin/main")
    forge.comment(number, f"see {base}/blob/{there}/code.py", "good")
    assert len(comments(on_github, proxy)) == 1


def open_forge(lab: Lab):
    """The forge as the program wires it, in this process."""
    import os

    from leadline.bootstrap import open_context

    os.environ |= {k: lab.env[k] for k in ("GH_TOKEN", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
    context = open_context(str(lab.repo))
    return context.forge_for(context.topic())


@pytest.fixture(autouse=True)
def environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
