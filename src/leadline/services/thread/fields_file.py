"""A file of fields that a person wrote: TOML, YAML, JSON, or Markdown whose headings are the
fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leadline.core.errors import not_found, usage
from leadline.services.structured_file import structured


def read_fields(
    path: str, what: str, verb: str, from_markdown: Callable[[str], Mapping[str, object]]
) -> Mapping[str, object]:
    """The fields in ``path``. Raises LeadlineError: not_found ``no-<what>-file``, usage
    ``bad-<what>-file``."""
    help_command = f"leadline {verb} --help"
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise not_found(
            f"no-{what}-file", f"cannot read {path}: {error}", do=help_command
        ) from None
    try:
        if path.endswith((".md", ".markdown")):
            data: object = from_markdown(text)
        else:
            data = structured(text, path)
    except Exception as error:
        raise usage(
            f"bad-{what}-file", f"{path} cannot be read: {error}", do=help_command
        ) from None
    if not isinstance(data, dict):
        raise usage(f"bad-{what}-file", f"{path} holds no fields", do=help_command)
    return data
