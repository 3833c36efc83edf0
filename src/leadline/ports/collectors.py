"""Who looks at the machine before and after a run, and reads what the run left behind."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.typed import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from leadline.core.extract.gather import Extraction
    from leadline.core.extract.spec import ExtractionSpec
    from leadline.core.record.run import MetricDef
    from leadline.ports.extractor import RunFiles


class Collectors(Protocol):
    """Facts about the machine, the command's interpreter and the environment; unknown is None,
    never guessed."""

    def environment(self, env: Mapping[str, str], allow: list[str]) -> dict[str, Any]: ...

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> dict[str, Any]: ...

    def hardware(self) -> dict[str, Any]: ...

    def devices(self, env: Mapping[str, str]) -> dict[str, Any]: ...

    def preflight(self, env: Mapping[str, str] | None = None) -> dict[str, Any]: ...

    def after_run(
        self, before: dict[str, Any], contention: dict[str, Any], wall_s: float | None
    ) -> dict[str, Any]: ...

    def prepare(self) -> None:
        """Load what ``extract`` and ``after_run`` need. Called while a command runs, so that its
        end waits for less."""
        ...

    def extract(
        self, specs: list[ExtractionSpec], files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction: ...
