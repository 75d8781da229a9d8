"""Who still waits for an answer: not who was answered, not what the desk has solved, not what was taken back."""

from __future__ import annotations

from pathlib import Path

from storage import unanswered
from storage.calendar import Window
from storage.mention import Brand, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

ALL = Window(0, 10_000)


def test_the_longest_waiting_first_without_what_is_over(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "listener.db")
    forum = Source("forum", "hackernews", 0)
    store.register([Brand("Acme", own=True)], [forum])
    posts = [
        KeptPost(f"q{n}", f"question {n}", 1_000 * n, 9_000, mentions=(Mention("Acme"),)) for n in range(1, 7)
    ]
    store.commit(Kept(forum, posts))
    with store.writing() as db:
        for number in range(1, 7):
            db.run(
                """INSERT INTO waits (post_id, brand_id, started, source_id, conversation, live, first, seconds)
                VALUES (?, 1, ?, 1, ?, 1, 1, ?)""",
                (number, 1_000 * number, f"q{number}", 60 if number == 2 else None),
            )
        db.run("UPDATE posts SET erased_at = 9000, text = '' WHERE id = 3")
        for case, kinds in ((4, ("open", "solve")), (5, ("open", "solve", "reopen"))):
            db.run("INSERT INTO cases (id, brand_id, post_id) VALUES (?, 1, ?)", (case, case))
            for kind in kinds:
                db.run("INSERT INTO case_events (case_id, kind, at) VALUES (?, ?, 9000)", (case, kind))
    found, total = unanswered.longest(store, "Acme", ALL, 2)
    assert ([one.post for one in found], total) == ([1, 5], 3)
    assert unanswered.longest(store, "Acme", Window(0, 1_000), 2) == ([], 0)
    store.close()
