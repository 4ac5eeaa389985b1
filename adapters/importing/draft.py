"""A ``detent.toml`` in the making: what was found elsewhere, and what has no counterpart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from detent.adapters.settings import WELL_KNOWN
from detent.adapters.settings.provider import without_secrets
from detent.adapters.settings.secret import address_holds_secret, is_secret_header, looks_secret
from detent.fsm.chain import DEFAULT_CHAIN, checked_reference, provider_of
from detent.fsm.errors import BadReferenceError, DetentError

_NO_VARIABLE: Final = re.compile(r"[^A-Z0-9]+")


class ImportingError(DetentError):
    """A file that nothing can be made of; the message says why."""


@define
class Draft:
    """What a ``detent.toml`` is to say.

    Attributes:
        chains: the models of each chain, the primary first.
        policy: the keys of ``[policy]``.
        providers: the table of each provider.
        windows: the context window of a model, in tokens.
        aliases: further names for chains and models.
        notes: what has no counterpart, or wants a hand, one sentence each, with its place.
    """

    chains: dict[str, list[str]] = field(factory=dict)
    policy: dict[str, Any] = field(factory=dict)
    providers: dict[str, dict[str, Any]] = field(factory=dict)
    windows: dict[str, int] = field(factory=dict)
    aliases: dict[str, str] = field(factory=dict)
    notes: list[str] = field(factory=list)

    def note(self, place: str, says: str) -> None:
        """Something at a place of the other file is left out, or wants a hand; values are not quoted, keys may be."""
        sentence = f"{place}: {says}"
        if sentence not in self.notes:
            self.notes.append(sentence)

    def base_url(self, url: str, place: str) -> str:
        """An address without the secrets that it may hold."""
        if address_holds_secret(url):
            self.note(place, "holds a secret, which is not copied; put it into key_env or headers_env")
            return without_secrets(url)
        return url

    def variable_for(self, place: str, provider: str, credential: str = "") -> str:
        """The environment variable that is to hold a key which the other file holds itself."""
        known = WELL_KNOWN.get(provider)
        name = known.key_env if known is not None and known.key_env else f"{_capitals(provider)}_API_KEY"
        variable = f"{name}_{_capitals(credential)}" if credential else name
        self.note(place, f"holds a key itself, which is not copied; export {variable}")
        return variable

    def header(self, name: str, value: object, place: str) -> str | None:
        """A header's value, unless it is a secret."""
        if isinstance(value, str) and not is_secret_header(name) and not looks_secret(value):
            return value
        self.note(place, "may hold a secret, which is not copied; name its variable in headers_env")
        return None

    def complete(self) -> None:
        """Leave out what cannot be called.

        Raises:
            ImportingError: no chain is left.
        """
        for name, models in list(self.chains.items()):
            self.chains[name] = [model for model in dict.fromkeys(models) if self._can_be_called(model)]
            if not self.chains[name]:
                del self.chains[name]
                self.note(f"chain {name!r}", "none of its models can be called; it is left out")
        if not self.chains:
            raise ImportingError("no chain of models was found that Detent could call; see: " + "; ".join(self.notes))
        if DEFAULT_CHAIN not in self.chains:
            first = next(iter(self.chains))
            self.chains = {DEFAULT_CHAIN: self.chains[first], **self.chains}
            self.note(f"chain {first!r}", "is the first, and so the default chain as well")
        chained = {model for models in self.chains.values() for model in models}
        self.windows = {model: window for model, window in self.windows.items() if model in chained}

    def text(self, heading: str) -> str:
        """The file.

        Args:
            heading: its first line.
        """
        # Optional, as is all of the import: pip install 'detent[import]'.
        import tomli_w

        lines = [heading, *(["What has no counterpart, or wants a hand:"] if self.notes else [])]
        lines += [f"- {note}" for note in self.notes]
        tables: dict[str, Any] = {
            "chains": {
                name: {"primary": models[0], **({"fallbacks": models[1:]} if models[1:] else {})}
                for name, models in self.chains.items()
            },
            "policy": self.policy,
            "providers": {name: table for name, table in self.providers.items() if table},
            "models": {model: {"window": window} for model, window in self.windows.items()},
            "gateway": {"aliases": self.aliases} if self.aliases else {},
        }
        comments = "\n".join(f"# {_one_line(line)}" for line in lines)
        return f"{comments}\n\n{tomli_w.dumps({name: table for name, table in tables.items() if table})}"

    def _can_be_called(self, model: str) -> bool:
        try:
            provider = provider_of(checked_reference(model))
        except BadReferenceError as error:
            self.note(f"model {model!r}", f"{error}; it is left out")
            return False
        if provider in self.providers or provider in WELL_KNOWN:
            return True
        says = (
            f"its provider is not known here; it is left out. Add [providers.{provider}] with a base_url, and the model"
        )
        self.note(f"model {model!r}", says)
        return False


def table_at(data: object, *path: str) -> Mapping[str, Any]:
    """The table at a path; empty where there is none."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _capitals(name: str) -> str:
    return _NO_VARIABLE.sub("_", name.upper()).strip("_")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
