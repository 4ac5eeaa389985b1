"""What ``detent config check`` finds: mistakes, warnings, and each chain as sessions will walk it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from rich.console import Group
from rich.table import Table
from rich.text import Text

from detent.fsm.chain import Candidate, Config
from detent.fsm.plain import to_plain

from .key_file import FromFile
from .provider import Provider, without_secrets
from .reading import examine
from .secret import FromEnvironment, MissingSecretError, Source
from .settings import Settings


@frozen
class ResolvedCandidate:
    """One line of a chain, in the order of the walk.

    Attributes:
        model: the model reference.
        credential: the name of the credential, empty where it has none.
        base_url: where calls go, without its query.
        key: where the key is: ``$NAME``, the path of its file, ``file`` for ``detent.toml`` itself, or ``none``.
        key_found: the key is there to be read, and may be; true where none is wanted.
        window: the context window in tokens, None: not stated.
    """

    model: str
    credential: str
    base_url: str
    key: str
    key_found: bool
    window: int | None


@frozen
class Report:
    """What was found in a file.

    Attributes:
        path: the file.
        problems: the mistakes; with any of them the file cannot be used.
        warnings: what is odd; variables that are unset here and files that cannot be used here among it, for a
            service may run elsewhere.
        chains: the candidates of each chain in order; empty if there are mistakes.
        settings: what was read, None if there are mistakes.
    """

    path: Path
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    chains: Mapping[str, tuple[ResolvedCandidate, ...]]
    settings: Settings | None

    @property
    def ok(self) -> bool:
        """The file can be used."""
        return not self.problems

    def plain(self) -> dict[str, Any]:
        """The report as plain data, without secrets, for ``--json``."""
        policies = {} if self.settings is None else self.settings.configs
        journal = None if self.settings is None else self.settings.journal
        return {
            "file": str(self.path),
            "ok": self.ok,
            "problems": list(self.problems),
            "warnings": list(self.warnings),
            "chains": {
                name: {
                    "candidates": [asdict(candidate) for candidate in candidates],
                    "policy": to_plain(policies[name].policy),
                }
                for name, candidates in self.chains.items()
            },
            "journal": None if journal is None else {**asdict(journal), "path": str(journal.path)},
        }


def check(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Report:
    """Look a file over; nothing is raised for what is wrong in it.

    Args:
        path: the file.
        environ: the environment in which keys are looked for, never shown; the process's own by default.
    """
    path = Path(path)
    environ = os.environ if environ is None else environ
    settings, problems = examine(path)
    if settings is None:
        return Report(path, problems.wrong, tuple(problems.warnings), {}, None)
    chains = {name: _resolved(config, settings, environ) for name, config in settings.configs.items()}
    missing = (*_unset(settings, environ), *_closed(settings, environ))
    return Report(path, (), settings.warnings + missing, chains, settings)


def render(report: Report) -> Group:
    """The report for people, to be printed on a rich console."""
    parts: list[Text | Table] = []
    for title, lines, style in (("mistake", report.problems, "red"), ("warning", report.warnings, "yellow")):
        parts += [Text.assemble((title, style), f": {line}") for line in lines]
    for name, candidates in report.chains.items():
        table = Table(title=Text(f"chain {name}"), title_justify="left", box=None, pad_edge=False)
        for column in ("", "candidate", "key", "window", "address"):
            table.add_column(column, overflow="fold", no_wrap=column == "candidate")
        for number, c in enumerate(candidates, 1):
            lack = "unset" if c.key.startswith("$") else "unusable"
            key = Text(c.key) if c.key_found else Text(f"{c.key} ({lack})", "yellow")
            window = "" if c.window is None else f"{c.window:,}"
            label = Candidate(c.model, c.credential).label
            table.add_row(str(number), Text(label), key, window, Text(c.base_url))
        parts.append(table)
    if report.settings is not None and report.settings.journal is not None:
        journal = report.settings.journal
        says = f"put aside at {journal.max_bytes:,} bytes, {journal.keep} files more kept"
        parts.append(Text(f"journal {journal.path}, {says}"))
    verdict = "can be used" if report.ok else "cannot be used"
    parts.append(Text(f"{report.path} {verdict}", "green" if report.ok else "red"))
    return Group(*parts)


def _resolved(config: Config, settings: Settings, environ: Mapping[str, str]) -> tuple[ResolvedCandidate, ...]:
    found = []
    for model in config.chain.models:
        for candidate in config.candidates(model):
            provider = settings.providers[candidate.provider]
            key, there = _key(provider, candidate.credential, environ)
            window = config.windows.get(model)
            address = without_secrets(provider.base_url)
            found.append(ResolvedCandidate(model, candidate.credential, address, key, there, window))
    return tuple(found)


def _key(provider: Provider, credential: str, environ: Mapping[str, str]) -> tuple[str, bool]:
    source = provider.credentials[credential]
    if isinstance(source, FromEnvironment):
        return f"${source.variable}", bool(environ.get(source.variable, "").strip())
    if isinstance(source, FromFile):
        return source.place, not _fault(partial(provider.key, credential, environ))
    return ("none" if source is None else "file"), True


def _fault(read: Callable[[], object]) -> str:
    """Why a secret cannot be read, empty: it can."""
    try:
        read()
    except MissingSecretError as error:
        return str(error)
    return ""


def _closed(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the key files, in the words that a call would fail with."""
    for provider in settings.providers.values():
        reads: list[tuple[Source | None, Callable[[], object]]] = [
            *((source, partial(provider.key, name, environ)) for name, source in provider.credentials.items()),
            *((source, partial(provider.header, name, environ)) for name, source in provider.secret_headers.items()),
        ]
        yield from (fault for source, read in reads if isinstance(source, FromFile) and (fault := _fault(read)))


def _unset(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """The variables that are named and not set here, each with those who want it."""
    wanted: dict[str, list[str]] = {}
    for provider in settings.providers.values():
        for source in (*provider.credentials.values(), *provider.secret_headers.values()):
            if isinstance(source, FromEnvironment) and not environ.get(source.variable, "").strip():
                wanted.setdefault(source.variable, []).append(f"providers.{provider.name}")
    return [
        f"{', '.join(dict.fromkeys(who))}: environment variable {name} is not set here" for name, who in wanted.items()
    ]
