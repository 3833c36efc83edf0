"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.out_path import write_out, write_whole


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path):
    path = tmp_path / "new" / "kept.json"
    write_whole(str(path), b"one")
    write_whole(str(path), b"two")
    assert path.read_bytes() == b"two" and os.listdir(path.parent) == ["kept.json"]


def test_nothing_is_left_where_it_cannot_be_written(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_whole(str(tmp_path / "taken"), b"one")
    assert os.listdir(tmp_path) == ["taken"]


def context(tmp_path) -> Any:
    root = tmp_path / "git-directory"
    root.mkdir(exist_ok=True)
    return SimpleNamespace(cwd=str(tmp_path), root=str(root))


def test_a_named_file_goes_where_the_user_stands(tmp_path):
    assert write_out(context(tmp_path), "a.md", "é\udcff\n", "leadline report") == str(
        tmp_path / "a.md"
    )
    assert (tmp_path / "a.md").read_bytes() == "é?\n".encode()


def test_a_folder_is_made_for_a_place_of_ours_alone(tmp_path):
    with pytest.raises(LeadlineError) as error:
        write_out(context(tmp_path), "no/a.md", "x", "leadline report")
    assert error.value.code == "no-folder" and not (tmp_path / "no").exists()
    write_out(context(tmp_path), "no/a.md", "x", "leadline report", own=True)
    assert (tmp_path / "no" / "a.md").read_text() == "x"


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeadlineError, match="Not a directory"):
        write_out(context(tmp_path), "file/a.md", "x", "leadline report")
