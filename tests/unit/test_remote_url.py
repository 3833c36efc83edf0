"""What the URL of a git remote says about the pages of the repository."""

from __future__ import annotations

import pytest

from leadline.core.publish.remote_url import in_clear, parse


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("github.com:o/r", "https://github.com/o/r"),
        ("org-7@github.com:o/r.git", "https://github.com/o/r"),
        ("ssh://git@github.com/o/r.git", "https://github.com/o/r"),
        ("ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r"),
        ("ssh://git@ghe.example.org:2222/o/r.git", "https://ghe.example.org/o/r"),
        ("https://ghe.example.org:8443/o/r.git", "https://ghe.example.org:8443/o/r"),
        ("https://user:pw@ghe.example.org/o/r.git/", "https://ghe.example.org/o/r"),
        ("http://127.0.0.1:3000/o/r.git", "http://127.0.0.1:3000/o/r"),
        ("https://[::1]:3000/o/r.git", "https://[::1]:3000/o/r"),
        ("git://example.org/o/r.git", "https://example.org/o/r"),
        ("git@gitlab.example.org:group/sub/r.git", "https://gitlab.example.org/group/sub/r"),
        ("git@work:o/r.git", ""),  # a name of the user's SSH settings
        ("ssh://work/o/r.git", ""),
    ],
)
def test_the_pages_of_a_remote(url: str, web: str) -> None:
    found = parse(url)
    assert found is not None and found.web == web


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/srv/git/r.git",
        "../r.git",
        "./a:b",
        "C:\\git\\r",
        "C:/git/r",
        "file:///srv/r.git",
        "https://x",
    ],
)
def test_a_path_has_no_pages(url: str | None) -> None:
    assert parse(url) is None


@pytest.mark.parametrize(
    "address",
    ["http://h.example", "HTTP://10.0.0.1:5000/x", "http://127.0.0.1.example", "http://[::2]"],
)
def test_what_is_sent_there_can_be_read_on_the_way(address: str) -> None:
    assert in_clear(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://h.example",
        "http://127.0.0.1:9",
        "http://localhost",
        "http://[::1]:80/x",
        "./folder",
        "",
    ],
)
def test_what_is_sent_there_is_safe_on_the_way(address: str) -> None:
    assert not in_clear(address)
