"""`leadline issue` on the local forge: kept current, a person's words kept, comments fixed in form
alone."""

from __future__ import annotations

from leadline.adapters.clock import SystemClock
from leadline.adapters.forges.local import LocalForge
from leadline.adapters.store.event_log import EventLog
from leadline.core.record.thread import Thread


def store_of(lab) -> EventLog:
    return EventLog(str(lab.repo / ".git" / "leadline"), "wtest", "Bob", SystemClock())


def thread_of(lab) -> Thread:
    return store_of(lab).thread("demo")


def forge_of(lab) -> LocalForge:
    """The forge as a person meets it: a page with an edit button."""
    return LocalForge(store_of(lab), "demo")


def measure(lab, value="3.5", *args) -> None:
    lab.ok("run", *args, "--", "echo", f'{{"time_ms": {value}}}')


def test_start_opens_it_and_what_is_shown_is_derived_now(thread_lab):
    first = thread_lab.json("issue")["data"]
    assert (first["state"], first["title"], first["labels"]) == (
        "open",
        "Experiment: demo",
        ["experiment"],
    )
    assert first["current"] and "find out" in first["body"] and "P-001" not in first["body"]
    measure(thread_lab)
    now = thread_lab.json("issue")
    assert "P-001" in now["data"]["body"] and "P-001" not in now["data"]["posted_body"]
    assert now["data"]["current"] is False and now["next"] == ["leadline issue sync"]
    assert "older than the records" in thread_lab.ok("issue")


def test_sync_posts_once_and_then_rests(thread_lab):
    measure(thread_lab)
    assert thread_lab.json("issue", "sync")["data"]["body"] == "posted"
    before = len(thread_of(thread_lab).records)
    assert thread_lab.json("issue", "sync")["data"]["body"] == "unchanged"
    assert len(thread_of(thread_lab).records) == before, "what is current costs no record"
    assert thread_lab.json("issue")["data"]["current"]


def test_sync_rests_however_much_later_it_is_called(thread_lab, tmp_path):
    """The body names the time of the last record, and posting is a record: that must not chase
    itself."""
    import os

    clock = tmp_path / "clock"
    clock.write_text("4000000000000")
    thread_lab.env["LEADLINE_CLOCK_FILE"] = str(clock)
    measure(thread_lab)
    for minutes in (3, 6, 9):
        clock.write_text(str(4000000000000 + minutes * 60_000))
        body = thread_lab.json("issue", "sync")["data"]["body"]
        assert body == ("posted" if minutes == 3 else "unchanged")
    assert os.path.exists(clock)


def test_what_people_write_around_the_block_is_never_touched(thread_lab):
    forge = forge_of(thread_lab)
    body = forge.issue("local").body
    forge.edit_issue("local", body=f"Ada: please look at fp8 too.\n\n{body}\nBob: agreed.\n")
    measure(thread_lab)
    thread_lab.ok("issue", "sync")
    posted = thread_lab.json("issue")["data"]["posted_body"]
    assert (
        posted.startswith("Ada: please look at fp8 too.\n\n<!-- leadline:begin")
        and "P-001" in posted
    )
    assert posted.endswith("Bob: agreed.\n")
    assert thread_lab.json("issue")["data"]["current"]


def test_an_edit_inside_the_block_is_kept_in_the_record_and_replaced(thread_lab):
    forge = forge_of(thread_lab)
    body = forge.issue("local").body
    forge.edit_issue("local", body=body.replace("find out", "find out EVERYTHING"))
    answer = thread_lab.json("issue", "sync")["data"]
    assert answer["person_edit"] is True and answer["body"] == "posted"
    shown = thread_lab.json("issue")["data"]
    assert "EVERYTHING" not in shown["posted_body"] and len(shown["person_edits"]) == 1
    assert "EVERYTHING" in shown["person_edits"][0]["text"]
    assert "a person's edit" in thread_lab.ok("issue")
    assert thread_lab.json("issue", "sync")["data"]["person_edit"] is False


def test_a_draft_is_posted_nowhere_until_it_is_opened(lab):
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--draft")
    assert lab.json("issue")["data"]["state"] == "draft"
    measure(lab)
    made = lab.json("update", "--change", "One run.")
    assert (
        made["ok"] and made["data"]["posted"] is False and made["next"] == ["leadline issue open"]
    )
    assert lab.json("issue", "sync")["data"]["body"] == "not posted"
    again = lab.json("issue", "open", "--draft")
    assert again["error"]["code"] == "issue-exists"
    opened = lab.json("issue", "open")["data"]
    assert (opened["state"], opened["comments"]) == ("open", ["c1"]), (
        "what was waiting is posted, in order"
    )
    assert "### One run\n" in lab.ok("issue", "comments")
    assert lab.json("issue", "open")["error"]["code"] == "issue-exists"


def test_a_format_fix_changes_the_form_and_keeps_the_old_text(thread_lab):
    forge = forge_of(thread_lab)
    forge.comment("local", "It takes 3.5 ms, see `#12`.\\nMore later.\\n", "person:1", "comment")
    wrong = thread_lab.run(
        "issue", "fix", "c1", "--text", "It takes 2.5 ms, see #12.\nMore later.", "--why", "format"
    )
    assert wrong.returncode == 5 and "3.5" in wrong.stderr and "2.5" in wrong.stderr
    unknown = thread_lab.run("issue", "fix", "c7", "--why", "format")
    assert unknown.returncode == 3 and "c1" in unknown.stderr
    fixed = thread_lab.json(
        "issue",
        "fix",
        "c1",
        "--text",
        "It takes **3.5 ms**, see #12.\n\nMore later.",
        "--why",
        "format",
    )
    assert fixed["data"]["changed"] is True
    [comment] = thread_lab.json("issue", "comments")["data"]
    assert comment["text"] == "It takes **3.5 ms**, see #12.\n\nMore later."
    assert (
        comment["edits"][0]["was"].startswith("It takes 3.5 ms, see `#12`.\\n")
        and comment["edits"][0]["why"] == "format"
    )


def test_without_a_text_the_safe_rewrites_are_made(thread_lab):
    forge_of(thread_lab).comment("local", "see `#12`  \nand `ls -l`", "person:1", "comment")
    assert (
        thread_lab.json("issue", "fix", "c1", "--why", "link")["data"]["text"]
        == "see #12\nand `ls -l`"
    )
    assert thread_lab.json("issue", "fix", "c1", "--why", "link")["data"]["changed"] is False


def test_hostile_text_cannot_move_the_terminal_or_end_the_block(thread_lab):
    thread_lab.ok(
        "note", "\x1b]0;title\x07<!-- leadline:end --> gone", "--negative", "invalid-test"
    )
    measure(thread_lab)
    thread_lab.ok("issue", "sync")
    assert "\x1b" not in thread_lab.ok("issue")
    shown = thread_lab.json("issue")["data"]
    assert shown["current"] and thread_lab.json("issue", "sync")["data"]["body"] == "unchanged"
    assert shown["posted_body"].count("<!-- leadline:end -->") == 1
