"""What is looked for in all that is written: the secrets of an environment as it is at that moment."""

from __future__ import annotations

import pytest

from leadline.core.secrets import environment
from leadline.services.screening import Screen


def test_an_environment_is_looked_through_again_when_it_has_changed(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    real = environment.secret_values

    def secret_values(env: dict[str, str]) -> dict[str, str]:
        looked.append(len(env))
        return real(env)

    monkeypatch.setattr(environment, "secret_values", secret_values)
    environ = {"HOME": "/home/ada", "DB_PASSWORD": "hunter2-of-ada"}
    screen = Screen(str(tmp_path), environ, lambda text: None)
    for _ in range(3):
        assert screen.redactor().text("it is hunter2-of-ada") == "it is [redacted:env DB_PASSWORD]"
    assert looked == [2]
    environ["DB_PASSWORD"] = "another-of-ada-9"
    assert "another" not in screen.redactor().text("it is another-of-ada-9")
    assert screen.redactor().text("it is hunter2-of-ada") == "it is hunter2-of-ada"
    assert screen.redactor(environ={}).text("it is another-of-ada-9") == "it is another-of-ada-9"
    assert "another" not in screen.redactor().text("it is another-of-ada-9")
