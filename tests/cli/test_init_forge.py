"""`leadline init` for a forge: settings that read back, a template that GitHub reads, no text of a
person replaced."""

from __future__ import annotations

import os

import pytest
import yaml

from tests.conftest import Lab

TEMPLATE = ".github/ISSUE_TEMPLATE/experiment.md"


def test_the_template_has_front_matter_and_the_sections(lab: Lab) -> None:
    lab.git("remote", "add", "origin", "git@github.com:o/r.git")
    made = lab.json("init", "--github", "--label", 'research: "deep"')
    assert made["data"]["forge"] == {
        "name": "github",
        "repository": "o/r",
        "web": "https://github.com/o/r",
        "from": "remote origin",
    }
    _, head, body = (lab.repo / TEMPLATE).read_text().split("---\n", 2)
    front = yaml.safe_load(head)
    assert (
        list(front) == ["name", "about", "title", "labels"]
        and front["labels"] == 'research: "deep"'
    )
    assert front["title"] == "Experiment: " and all(isinstance(v, str) for v in front.values())
    headings = [line.lstrip("# ") for line in body.split("\n") if line.startswith("#")]
    assert headings == ["Description", "Hypothesis or Goal", "Links", "Results"]
    assert lab.git("status", "--porcelain", "-uall") == f"?? {TEMPLATE}", (
        "written, not staged, not committed"
    )


def test_a_template_that_differs_is_kept(lab: Lab) -> None:
    lab.git("remote", "add", "origin", "git@github.com:o/r.git")
    lab.write(TEMPLATE, "mine\n")
    assert lab.json("init", "--github")["data"]["template"]["state"] == "kept"
    assert (lab.repo / TEMPLATE).read_text() == "mine\n"
    assert "differs and is kept" in lab.ok("init", "--github")
    assert lab.json("init", "--github", "--force")["data"]["template"]["state"] == "replaced"
    assert lab.json("init", "--github")["data"]["template"]["state"] == "unchanged"


def test_nothing_is_written_through_a_link(lab: Lab, tmp_path) -> None:
    lab.git("remote", "add", "origin", "git@github.com:o/r.git")
    (tmp_path / "outside").mkdir()
    os.symlink(tmp_path / "outside", lab.repo / ".github")
    assert lab.json("init", "--github")["error"]["code"] == "behind-a-link"
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize(
    ("remote", "repository", "web"),
    [
        ("git@github.com:o/r.git", "o/r", "https://github.com/o/r"),
        ("https://github.com/o/r", "o/r", "https://github.com/o/r"),
        ("https://github.com/o/r.git/", "o/r", "https://github.com/o/r"),
        ("ssh://git@ssh.github.com:443/o/r.git", "o/r", "https://github.com/o/r"),
        ("ssh://git@ghe.example.org:2222/o/r.git", "o/r", "https://ghe.example.org/o/r"),
        ("https://ghe.example.org:8443/o/r.git", "o/r", "https://ghe.example.org:8443/o/r"),
        ("http://localhost:3000/o/r.git", "o/r", "http://localhost:3000/o/r"),
    ],
)
def test_the_repository_is_that_of_the_remote(
    lab: Lab, remote: str, repository: str, web: str
) -> None:
    lab.git("remote", "add", "origin", remote)
    forge = lab.json("init", "--forge", "github")["data"]["forge"]
    assert (forge["repository"], forge["web"]) == (repository, web)


def test_settings_of_a_forge_read_back(lab: Lab) -> None:
    """`forge` and `forge.repository` side by side are no TOML unless they are quoted."""
    lab.ok("init", "--github", "--forge-repository", "o/r")
    lab.ok("init", "--api-url", "https://ghe.example.org/api/v3")
    assert (
        lab.json("init", "--web-url", "https://ghe.example.org")["data"]["forge"]["web"]
        == "https://ghe.example.org/o/r"
    )
    lab.write("leadline.toml", '[forge]\nname = "nowhere"\n')
    assert lab.json("init", "--pages", "none")["data"]["forge"]["name"] == "github", (
        "this machine's settings win"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--github",), "no-repository"),
        (("--forge", "nope"), "unknown-forge"),
        (("--github", "--forge", "local"), "two-forges"),
        (("--api-url", "ftp://x"), "bad-url"),
        (("--api-url", "https://ada:secret@ghe.example.org/api/v3"), "secret-in-name"),
        (("--pages", "wiki"), "bad-pages"),
        (
            ("--github", "--forge-repository", "o/r", "--api-url", "http://ghe.example.org/api/v3"),
            "token-in-clear",
        ),
        (("--github", "--forge-repository", "no slash"), "no-repository"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_saved(
    lab: Lab, words: tuple[str, ...], code: str
) -> None:
    done = lab.run("init", *words, "--json")
    assert f'"{code}"' in done.stdout and '"next": ["' in done.stdout and done.returncode
    assert (
        not (lab.repo / ".git" / "leadline" / "config.toml").exists()
        and not (lab.repo / TEMPLATE).exists()
    )
    assert lab.run("status").returncode, "and what was there before still answers"


def test_the_next_command_keeps_what_was_typed(lab: Lab) -> None:
    words = ("init", "--github", "--api-url", "http://127.0.0.1:9/api/v3")
    error = lab.json(*words)["error"]
    assert error["next"] == [
        "leadline init --github --api-url http://127.0.0.1:9/api/v3 --forge-repository OWNER/NAME"
    ]
    malformed = lab.json(*words, "--forge-repository", "owner")["error"]
    assert "'owner' is no repository" in malformed["what"] and "OWNER/NAME" in malformed["why"]
