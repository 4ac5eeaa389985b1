"""Which chain a request's ``model`` means."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from detent.fsm.chain import DEFAULT_CHAIN, Config, checked_reference
from detent.fsm.errors import BadReferenceError
from detent.fsm.mistakes import suggestion

from .trouble import RefusedError


@frozen
class Names:
    """The names that clients may ask for.

    Attributes:
        configs: the published configuration of each chain, by its name.
        aliases: further names, each for a chain or a model.
    """

    configs: Mapping[str, Config]
    aliases: Mapping[str, str] = field(factory=dict)

    def chain_of(self, model: str) -> str:
        """The chain that a name means: a chain's name, or a model reference, which leads the default chain.

        A model's bare name, as clients have it built in (``gpt-5``), means the model of the chains that is so named.

        Args:
            model: what the request names; empty: the default chain.

        Raises:
            RefusedError: nothing is so named; the message lists what is.
        """
        name = self.aliases.get(model, model) or DEFAULT_CHAIN
        if name in self.configs:
            return name
        default = self.configs[DEFAULT_CHAIN]
        bare = next((known for known in self._models if known.partition("/")[2] == name), None)
        reference = bare or name
        try:
            known = default.knows(checked_reference(reference))
        except BadReferenceError:
            known = False
        if not known:
            everything = [*self.configs, *self.aliases, *self._models]
            names = ", ".join(map(repr, everything))
            says = f"nothing is named {model!r}; ask for {names}{suggestion(model, everything)}"
            raise RefusedError(404, "model_not_found", says)
        return DEFAULT_CHAIN if reference == default.chain.primary else reference

    @property
    def listed(self) -> tuple[str, ...]:
        """Every name that may be asked for: chains, aliases, models."""
        return tuple(dict.fromkeys((*self.configs, *self.aliases, *self._models)))

    @property
    def _models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(model for config in self.configs.values() for model in config.chain.models))
