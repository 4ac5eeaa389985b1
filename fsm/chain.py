"""What a session may use: model references, candidates, chains, policies, and the configuration they form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final, Literal

from attrs import Attribute, asdict, evolve, field, frozen

from .errors import BadChainError, BadPolicyError, BadReferenceError

DEFAULT_CHAIN: Final = "default"
"""The name of the chain that sessions begin on."""

OnAllCooling = Literal["last_resort", "fail_fast"]
Stream = Literal["live", "buffered"]


def checked_reference(text: object) -> str:
    """A model reference ``provider/model``, as it was given.

    The provider is what stands before the first slash: ``nvidia/moonshotai/kimi-k2.6`` is of provider ``nvidia``.

    Raises:
        BadReferenceError: it is no text, has no slash, an empty half, or white space in it.
    """
    if not isinstance(text, str):
        raise BadReferenceError(f"model reference {text!r} is no text; write it as 'provider/model'")
    provider, slash, model = text.partition("/")
    if not slash or not provider or not model or text.split() != [text]:
        raise BadReferenceError(f"model reference {text!r} is not of the form 'provider/model', e.g. 'openai/gpt-5'")
    return text


def provider_of(model: str) -> str:
    """The provider of a model reference: what stands before its first slash."""
    return model.partition("/")[0]


def endpoint_scope(model: str) -> str:
    """The key of the scope that covers a model's whole provider endpoint."""
    return f"endpoint {provider_of(model)}"


def credential_scope(provider: str, credential: str) -> str:
    """The key of the scope that covers a credential with every model of its provider."""
    return f"credential {provider}@{credential}"


def is_of_credential(key: str, provider: str, credential: str) -> bool:
    """The scope is that credential's, with every model or with one. Models may hold an ``@``, credentials do not."""
    if key == credential_scope(provider, credential):
        return True
    return key.startswith(f"credential_model {provider}/") and key.rpartition("@")[2] == credential


@frozen(slots=False)
class Candidate:
    """A model of the chain with one credential of its provider: what one attempt calls.

    Attributes:
        model: the model reference.
        credential: the name (never the secret) of the credential; empty where the provider has one unnamed.
    """

    model: str
    credential: str = ""

    @property
    def provider(self) -> str:
        """The provider's name."""
        return provider_of(self.model)

    @property
    def label(self) -> str:
        """``provider/model``, with ``@credential`` where the credential has a name."""
        return f"{self.model}@{self.credential}" if self.credential else self.model

    def scope(self, kind: str) -> str:
        """The key of the scope of that kind which covers this candidate."""
        return self.scopes[_SCOPE_ORDER[kind]]

    @cached_property
    def scopes(self) -> tuple[str, str, str, str]:
        """The keys of the four scopes that cover this candidate, widest first."""
        return (
            endpoint_scope(self.model),
            credential_scope(self.provider, self.credential),
            f"model {self.model}",
            f"credential_model {self.model}@{self.credential}",
        )


_SCOPE_ORDER: Final = {"endpoint": 0, "credential": 1, "model": 2, "credential_model": 3}


def _dedup(models: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(models))


def _references(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(checked_reference(name) for name in names)


@frozen
class Chain:
    """A primary and its ordered fallbacks; a model that stands twice counts once, at its first place.

    Attributes:
        primary: the model a session uses when all is well and nobody pinned another.
        fallbacks: what serves while the primary cannot, in order.

    Raises:
        BadReferenceError: an entry is no model reference.
    """

    primary: str = field(converter=checked_reference)
    fallbacks: tuple[str, ...] = field(default=(), converter=_references)

    @property
    def models(self) -> tuple[str, ...]:
        """Every model of the chain, in order, each once."""
        return _dedup((self.primary, *self.fallbacks))

    @classmethod
    def of(cls, *models: str) -> Chain:
        """A chain of these models, the first being the primary.

        Raises:
            BadChainError: no model was named.
        """
        if not models:
            raise BadChainError("the chain [] is empty; name a primary, e.g. Chain.of('openai/gpt-5')")
        return cls(models[0], models[1:])


def _not_negative(_policy: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise BadPolicyError(f"{attribute.name} is {value!r}, but must be a number of at least 0")


def _not_negative_or_none(policy: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _not_negative(policy, attribute, value)


def _above_zero_or_none(_owner: object, attribute: Attribute[Any], value: object) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and value > 0):  # type: ignore[operator]
        raise BadPolicyError(f"{attribute.name} is {value!r}, but must be a number above 0, or left out")


def _whole(_policy: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadPolicyError(f"{attribute.name} is {value!r}, but must be a whole number of at least 0")


def _on_all_cooling(_policy: object, attribute: Attribute[Any], value: object) -> None:
    if value not in ("last_resort", "fail_fast"):
        raise BadPolicyError(f"{attribute.name} is {value!r}, but must be 'last_resort' or 'fail_fast'")


def _stream(_policy: object, attribute: Attribute[Any], value: object) -> None:
    if value not in ("live", "buffered"):
        raise BadPolicyError(f"{attribute.name} is {value!r}, but must be 'live' or 'buffered'")


@frozen
class Policy:
    """How a chain is walked. Times are in seconds.

    Attributes:
        retries: tries of the same candidate after the first one; a probe never retries.
        backoff_s: the wait before the first retry where the server stated none; it doubles up to
            ``backoff_cap_s`` and is jittered by the caller's dice.
        backoff_cap_s: the longest such wait.
        cooldown_s: base of a soft cooldown; doubles with each further strike.
        cooldown_cap_s: its cap.
        hard_cooldown_s: base of a hard cooldown (spent quota, bad credential, unknown model).
        hard_cap_s: its cap.
        strike_window_s: strikes are forgotten after so long without a failure, not by one success.
        turn_deadline_s: the longest a turn may take, None: as long as its attempts.
        connect_s: the longest a connection may take, None: as the provider's address says.
        first_token_s: the longest wait for the first content of an attempt.
        idle_s: the longest gap between two pieces of content.
        attempt_s: the longest an attempt may take to its whole answer, None: as long as content keeps coming.
        hedge_after_s: an attempt without content for so long gets the next candidate started beside it; the first
            of the two to have content answers, and the other is called off and not blamed. None: never.
        max_wait_s: the longest a turn waits in place because a server said so, each wait by itself.
        on_all_cooling: ``last_resort``: one attempt on the softly cooling candidate that is due soonest;
            ``fail_fast``: the turn ends at once with the time.
        last_resort_gap_s: at most one last resort in so long per scope.
        pin_strict: pins made without saying so are strict: the chain is not used while pinned.
        keep_credential: a session goes on with the credential that last answered it, while that one is free; false:
            every turn tries the credentials of a model in their order.
        content_filter_fails_over: a refusal of the content goes on to the next model, for this turn.
        stream: ``live``: content reaches the client as it comes, and after the first of it there is no other
            candidate; ``buffered``: answers are delivered whole or not at all, and fail over at any point.

    Raises:
        BadPolicyError: a value is negative, or of the wrong type.
    """

    retries: int = field(default=1, validator=_whole)
    backoff_s: float = field(default=0.5, validator=_not_negative)
    backoff_cap_s: float = field(default=8.0, validator=_not_negative)
    cooldown_s: float = field(default=60.0, validator=_not_negative)
    cooldown_cap_s: float = field(default=3600.0, validator=_not_negative)
    hard_cooldown_s: float = field(default=900.0, validator=_not_negative)
    hard_cap_s: float = field(default=86400.0, validator=_not_negative)
    strike_window_s: float = field(default=600.0, validator=_not_negative)
    turn_deadline_s: float | None = field(default=None, validator=_not_negative_or_none)
    connect_s: float | None = field(default=None, validator=_above_zero_or_none)
    first_token_s: float = field(default=60.0, validator=_not_negative)
    idle_s: float = field(default=60.0, validator=_not_negative)
    attempt_s: float | None = field(default=None, validator=_above_zero_or_none)
    hedge_after_s: float | None = field(default=None, validator=_not_negative_or_none)
    max_wait_s: float = field(default=5.0, validator=_not_negative)
    on_all_cooling: OnAllCooling = field(default="last_resort", validator=_on_all_cooling)
    last_resort_gap_s: float = field(default=30.0, validator=_not_negative)
    pin_strict: bool = False
    keep_credential: bool = True
    content_filter_fails_over: bool = False
    stream: Stream = field(default="live", validator=_stream)

    @property
    def lease_s(self) -> float:
        """How long a probe's lease lives without a sign of life: longer than the probe's own limits."""
        return self.first_token_s + self.idle_s + 30.0


@frozen
class Limits:
    """How long attempts at one model may take, in seconds, where it differs from its chain: None is as the policy says.

    Attributes:
        connect_s: the longest a connection may take.
        first_token_s: the longest wait for the first content.
        idle_s: the longest gap between two pieces of content.
        attempt_s: the longest an attempt may take to its whole answer.

    Raises:
        BadPolicyError: a value is not above 0, or no number.
    """

    connect_s: float | None = field(default=None, validator=_above_zero_or_none)
    first_token_s: float | None = field(default=None, validator=_above_zero_or_none)
    idle_s: float | None = field(default=None, validator=_above_zero_or_none)
    attempt_s: float | None = field(default=None, validator=_above_zero_or_none)

    def over(self, policy: Policy) -> Policy:
        """The policy with these limits in place of its own."""
        return evolve(policy, **{name: value for name, value in asdict(self).items() if value is not None})


@frozen
class Config:
    """One configuration of one chain, whole: what a turn plans from and keeps to its end.

    Attributes:
        chain: the chain.
        policy: how it is walked.
        revision: the number under which it was published; later is larger.
        windows: model reference to context window, in tokens; a model not named fits everything.
        credentials: provider to the names of its credentials, tried in that order; not named: one unnamed.
        providers: the providers that are configured; None: any.
        retired: providers that an earlier configuration knew and this one does not.
        aggregators: providers that sell many providers' models: a spent quota there condemns one model only.
        limits: model reference to the limits in which it differs from the policy.
    """

    chain: Chain
    policy: Policy = Policy()
    revision: int = 0
    windows: Mapping[str, int] = field(factory=dict)
    credentials: Mapping[str, tuple[str, ...]] = field(factory=dict)
    providers: frozenset[str] | None = None
    retired: frozenset[str] = frozenset()
    aggregators: frozenset[str] = frozenset()
    limits: Mapping[str, Limits] = field(factory=dict)
    _memo: dict[object, tuple[Candidate, ...]] = field(init=False, factory=dict, eq=False, repr=False)

    def knows(self, model: str) -> bool:
        """Whether the model's provider is configured."""
        provider = provider_of(model)
        return provider not in self.retired and (self.providers is None or provider in self.providers)

    def policy_of(self, model: str) -> Policy:
        """The policy for attempts at a model: the chain's, with the model's own limits."""
        own = self.limits.get(model)
        return self.policy if own is None else own.over(self.policy)

    def candidates(self, model: str, kept: tuple[str, ...] = ()) -> tuple[Candidate, ...]:
        """The model with each of its provider's credentials: the one that a session keeps first, else in their order.

        Args:
            model: the model.
            kept: what the session keeps, as `Session.kept` holds it; what is configured no longer counts for nothing.
        """
        found = self._memo.get(model)
        if found is None:
            names = self.credentials.get(provider_of(model)) or ("",)
            found = self._memo[model] = tuple(Candidate(model, name) for name in names)
        if not kept or len(found) == 1 or not self.policy.keep_credential:
            return found
        return tuple(sorted(found, key=lambda candidate: candidate.label not in kept))

    def kept_after(self, kept: tuple[str, ...], answered: Candidate) -> tuple[str, ...]:
        """What a session keeps once a candidate has answered it: one credential for each model that has several.

        Args:
            kept: what it kept before.
            answered: the candidate.
        """
        if not self.policy.keep_credential or len(self.candidates(answered.model)) == 1 or answered.label in kept:
            return kept
        others = (label for label in kept if label.rpartition("@")[0] != answered.model)
        return tuple(sorted((*others, answered.label)))

    def walk(
        self, pin: str | None, serving: str, strict: bool, probe: Candidate | None, kept: tuple[str, ...] = ()
    ) -> tuple[Candidate, ...]:
        """Every candidate of a turn in the promised order: serving first, then pin, primary, fallbacks.

        All credentials of a model come before the next model, the one that the session keeps before the others. When
        home is probed from a fallback, the probed candidate stands first and home's other credentials last. A strict
        pin walks alone. Models that the configuration no longer names are not in the walk.

        Args:
            pin: the user's pin, if any.
            serving: the model the session uses now.
            strict: only the pin may be called.
            probe: the candidate of home to try first, where home is another model than ``serving``.
            kept: the credentials that the session keeps.
        """
        if kept:
            # Sessions differ in what they keep: to remember a walk for each would grow without end.
            return self._walk(pin, serving, strict, probe, kept)
        key = (pin, serving, strict, probe)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._walk(pin, serving, strict, probe, kept)
        return found

    def _walk(
        self, pin: str | None, serving: str, strict: bool, probe: Candidate | None, kept: tuple[str, ...]
    ) -> tuple[Candidate, ...]:
        if pin is not None and strict:
            return self.candidates(pin, kept)
        chosen = () if pin is None else (pin,)
        allowed = _dedup((*chosen, *self.chain.models))
        if serving in allowed:
            allowed = _dedup((serving, *allowed))
        if probe is None:
            return tuple(c for model in allowed for c in self.candidates(model, kept))
        rest = tuple(c for model in allowed if model != probe.model for c in self.candidates(model, kept))
        return (probe, *rest, *(c for c in self.candidates(probe.model, kept) if c != probe))

    def led_by(self, model: str) -> Config:
        """This configuration for a session that asks for a model by name: that one first, then the chain.

        Raises:
            BadReferenceError: it is no model reference.
        """
        return evolve(self, chain=Chain(model, self.chain.models))

    def next(self, chain: Chain | None = None, policy: Policy | None = None) -> Config:
        """This configuration with another chain or policy, under the next revision."""
        return evolve(self, chain=chain or self.chain, policy=policy or self.policy, revision=self.revision + 1)
