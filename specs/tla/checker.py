"""Runs tla-checker, a model checker for TLA+ from npm that needs node and no Java."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from attrs import frozen

VERSION: Final = "0.9.0"
"""The version of tla-checker whose verdicts are relied upon."""

LONGEST_S: Final = 300.0
"""How long one check, or the installation, may take, in seconds."""


class CheckerError(Exception):
    """The checker cannot be had, or could not read the spec; the message says why."""


@frozen
class Verdict:
    """What the checker said of a spec.

    Attributes:
        states: how many distinct states it visited.
        broken: the invariant or property that does not hold; empty: all hold.
        trace: the states that lead there, each as text, the initial one first.
        loop: of a property, the states that follow for ever after; the last of them is the last of `trace`.
    """

    states: int
    broken: str = ""
    trace: tuple[str, ...] = ()
    loop: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Everything in the configuration holds."""
        return not self.broken


def missing() -> str | None:
    """Why the checker cannot run here, None: it can."""
    absent = [program for program in ("node", "npm") if shutil.which(program) is None]
    return f"tla-checker needs {' and '.join(absent)}" if absent else None


def install(folder: Path) -> Path:
    """The checker's package below a folder, installed there with npm unless it is there already.

    Raises:
        CheckerError: npm failed.
    """
    package = folder / "node_modules" / "tla-checker"
    if not (package / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"tla-checker@{VERSION}"])
    return package


def check(spec: str, configuration: str, package: Path) -> Verdict:
    """Check a spec.

    Args:
        spec: the text of the module.
        configuration: the text of the ``.cfg`` file.
        package: where `install` put the checker.

    Raises:
        CheckerError: the checker failed, or cannot read the spec.
    """
    said = _verdict(spec, configuration, package)
    states: int = said["states_explored"]
    match said["error_type"]:
        case None:
            return Verdict(states)
        case "InvariantViolation":
            number = int(re.findall(r"\d+", said["error_message"])[0])
            return Verdict(states, named(configuration, "INVARIANT")[number], _states(said["trace"][-1]))
        case "LivenessViolation":
            prefix, cycle = (_states(piece) for piece in said["trace"])
            name = _guilty(spec, configuration, package)
            return Verdict(states, name, prefix, (*cycle[1:], cycle[0]))
    raise CheckerError(f"tla-checker: {said['error_type']}: {said['error_message']}")


def named(configuration: str, keyword: str) -> tuple[str, ...]:
    """The names after a keyword in a configuration, one a line."""
    return tuple(re.findall(rf"^{keyword} (\w+)$", configuration, re.MULTILINE))


def without(configuration: str, names: Iterable[str]) -> str:
    """The configuration without some invariants and properties."""
    gone = set(names)
    return "\n".join(line for line in configuration.splitlines() if line.rpartition(" ")[2] not in gone)


def _guilty(spec: str, configuration: str, package: Path) -> str:
    """Which property is violated; the checker shows its formula only."""
    properties = named(configuration, "PROPERTY")
    if len(properties) == 1:
        return properties[0]
    for name in properties:
        alone = without(configuration, (*(set(properties) - {name}), *named(configuration, "INVARIANT")))
        if _verdict(spec, alone, package)["error_type"] == "LivenessViolation":
            return name
    return "several properties together"


def _verdict(spec: str, configuration: str, package: Path) -> dict[str, Any]:
    script = files(__package__).joinpath("check.mjs")
    with tempfile.TemporaryDirectory() as folder, as_file(script) as runner:
        module, config = Path(folder, "Session.tla"), Path(folder, "Session.cfg")
        module.write_text(spec, encoding="utf-8")
        config.write_text(configuration, encoding="utf-8")
        said: dict[str, Any] = json.loads(_run(["node", str(runner), str(package), str(module), str(config)]))
        return said


def _states(piece: str) -> tuple[str, ...]:
    """The states of one piece of a trace."""
    found = re.split(r"^State \d+.*\n", piece, flags=re.MULTILINE)
    return tuple(state.rstrip() for state in found if state.strip())


def _run(command: list[str]) -> str:
    try:
        ran = subprocess.run(  # noqa: S603 - the command is ours, the paths are the caller's
            command, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CheckerError(f"{command[0]}: {error}") from error
    if ran.returncode != 0:
        raise CheckerError(f"{' '.join(command[:2])} failed: {ran.stderr.strip() or ran.stdout.strip()}")
    return ran.stdout
