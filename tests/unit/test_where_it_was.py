"""What is proposed is proposed for the thread and the folder that were named."""

from __future__ import annotations

from leadline.cli.answer import Given


def test_a_start_names_its_own_thread() -> None:
    given = Given()
    given.begin(["due", "--thread", "nope", "-C", "a folder"])
    assert given.where_it_was(["leadline start nope", "leadline sync", "git init"]) == [
        "leadline -C 'a folder' start nope",
        "leadline -C 'a folder' --thread nope sync",
        "git init",
    ]
