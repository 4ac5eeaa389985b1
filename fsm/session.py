"""The session machine: which model a session uses, and everything that may change it.

The law: nothing moves the selection except a row of the table below. Providers' outcomes, the user's hand, published
configurations, the reconciliation loop and restarts all arrive here as events; what has no row does nothing, and the
decision log says so.

Intent and mode are two things. ``pin`` holds what the user wants and is written by the user's events alone; ``serving``
holds what is used now and is written by failover, probe, recovery, pin, unpin, reset and adoption. *Home* is derived:
the pin if there is one, else the desired primary. Reconciliation compares the two and is therefore the one event that
could undo a failover (OpenClaw #57471, #58308, #59213): it is blocked while the failover is live, and between nobody's
turns elsewhere. A change it may not make is never lost, for turns plan from the desired chain.

Which credential a model is called with is no part of the selection: ``kept`` changes no state and makes no notice. It
is remembered for each model by itself, because what is lost with a change of credential is the provider's prompt cache,
and that belongs to one model and one organisation: a limit that drives one model to the second key says nothing of
where another model's cache lies. Of turns that run at the same time the one that is answered last wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, frozen

from .engine import Table
from .rows import Row, block, stale

PRIMARY: Final = "primary"
FAILOVER_ACTIVE: Final = "failover_active"
USER_PINNED: Final = "user_pinned"
COOLDOWN_PROBE: Final = "cooldown_probe"

STATES: Final = {
    PRIMARY: "the desired primary serves",
    FAILOVER_ACTIVE: "a fallback serves, across turns, until home is proved well",
    USER_PINNED: "the user's choice serves",
    COOLDOWN_PROBE: "one turn tries home once; the others go on with what serves",
}


@define(eq=False)
class Session:
    """A conversation whose selection lives long.

    Attributes:
        id: the session's name.
        serving: the model it uses now.
        adopted: the primary it has adopted.
        revision: the revision of the configuration it has adopted.
        state: one of `STATES`.
        pin: the model the user chose, None: none.
        strict: the pin excludes the chain; None: as the policy says.
        licence: the pin was just made: one immediate attempt, even while the model cools.
        suspended: the pin's provider is not configured at present.
        epoch: grows whenever the user or a recovery takes the selection; a turn that began under another epoch moves
            the session no more.
        turns: the ids of the turns in flight.
        prober: the id of the turn that tries home, in ``cooldown_probe``.
        told: the model that the user believes to serve: what the last notice named.
        told_exhausted: the user was told that the chain is exhausted and has had no answer since.
        chain: the name of the chain it walks.
        kept: the candidate that answered last of each model with several credentials, as ``provider/model@credential``,
            in alphabetical order; turns begin with it while it is free.
        version: grows with every stored change.
    """

    id: str
    serving: str
    adopted: str
    revision: int = 0
    state: str = PRIMARY
    pin: str | None = None
    strict: bool | None = None
    licence: bool = False
    suspended: bool = False
    epoch: int = 0
    turns: tuple[str, ...] = ()
    prober: str | None = None
    told: str = ""
    told_exhausted: bool = False
    chain: str = "default"
    kept: tuple[str, ...] = ()
    version: int = 0

    def __copy__(self) -> Session:
        return Session(
            self.id,
            self.serving,
            self.adopted,
            self.revision,
            self.state,
            self.pin,
            self.strict,
            self.licence,
            self.suspended,
            self.epoch,
            self.turns,
            self.prober,
            self.told,
            self.told_exhausted,
            self.chain,
            self.kept,
            self.version,
        )


@frozen
class Desired:
    """The part of the published configuration that a session compares itself with.

    Attributes:
        primary: the desired primary.
        revision: its revision.
        pin_known: the pin's provider is configured (true where there is no pin).
    """

    primary: str
    revision: int
    pin_known: bool = True


@frozen
class Pin:
    """The user selects a model; ``strict`` excludes the chain, None leaves it to the policy."""

    model: str
    strict: bool | None = None


@frozen
class TurnStarted:
    """A turn begins and has looked at home.

    Attributes:
        turn: the turn's id.
        home_free: some candidate of home may be called now, and the request fits it.
        home_due: that call would be the probe of a scope whose rest is over.
    """

    turn: str
    home_free: bool
    home_due: bool


@frozen
class TurnEvent:
    """Something happened to a turn. ``model`` is the model it is about, where there is one."""

    turn: str
    model: str = ""


@frozen
class Answered:
    """A turn was answered.

    Attributes:
        turn: the turn's id.
        model: the model that answered.
        adopts: the primary and the revision that the turn had planned from.
        keeps: the credentials that the session keeps from now on, as `Session.kept` holds them.
    """

    turn: str
    model: str
    adopts: Desired
    keeps: tuple[str, ...] = ()


@frozen
class TurnEnded:
    """A turn ended; ``outcome`` is one of the turn machine's last states."""

    turn: str
    outcome: str


@frozen
class Restored:
    """A process came back; ``lost`` are the ids of its turns that died with it."""

    lost: frozenset[str]


def is_idle(s: Session, _e: Desired) -> bool:
    """No turn is in flight."""
    return s.turns == ()


def primary_changed(s: Session, e: Desired) -> bool:
    """The desired primary is another than the adopted one."""
    return s.adopted != e.primary


def revision_changed(s: Session, e: Desired) -> bool:
    """The desired configuration is another than the adopted one."""
    return s.revision != e.revision


def home_is_free(_s: Session, e: TurnStarted) -> bool:
    """Home may be called now."""
    return e.home_free


def home_is_due(_s: Session, e: TurnStarted) -> bool:
    """Home's rest is over, and this call would be its probe."""
    return e.home_due


def prober_is_gone(s: Session, _e: TurnStarted) -> bool:
    """The turn that tried home is in flight no more."""
    return s.prober not in s.turns


def probes(s: Session, e: TurnEvent | Answered) -> bool:
    """The turn is the one that tries home."""
    return s.prober == e.turn


def serves_another(s: Session, e: TurnEvent) -> bool:
    """The session uses another model than the one this is about."""
    return s.serving != e.model


def is_pinned(s: Session, _e: Any) -> bool:
    """There is a pin."""
    return s.pin is not None


def serves_pin(s: Session, _e: Any) -> bool:
    """The pinned model serves."""
    return s.serving == s.pin


def serves_adopted(s: Session, _e: Any) -> bool:
    """The adopted primary serves."""
    return s.serving == s.adopted


def pin_vanished(s: Session, e: Desired) -> bool:
    """The pin's provider has gone from the configuration."""
    return not e.pin_known and not s.suspended


def pin_returned(s: Session, e: Desired) -> bool:
    """The pin's provider is configured again."""
    return e.pin_known and s.suspended


def choose(s: Session, e: Pin) -> Mapping[str, Any]:
    """Keep the choice, serve it, and license one immediate attempt."""
    return {
        "pin": e.model,
        "strict": e.strict,
        "serving": e.model,
        "told": e.model,
        "licence": True,
        "suspended": False,
        "epoch": s.epoch + 1,
        "prober": None,
    }


def let_go(s: Session, _e: Desired) -> Mapping[str, Any]:
    """Drop the choice; the notice of it names what serves."""
    return {
        "pin": None,
        "told": s.serving,
        "strict": None,
        "licence": False,
        "suspended": False,
        "epoch": s.epoch + 1,
        "prober": None,
    }


def adopt(_s: Session, e: Desired) -> Mapping[str, Any]:
    """Take over the desired configuration, without touching what serves."""
    return {"adopted": e.primary, "revision": e.revision}


def serve_primary(_s: Session, e: Desired) -> Mapping[str, Any]:
    """Use the desired primary."""
    return {"serving": e.primary, "told": e.primary}


def start_afresh(_s: Session, _e: Desired) -> Mapping[str, Any]:
    """Forget what a fresh session would not know."""
    return {"told_exhausted": False, "kept": ()}


def enter(s: Session, e: TurnStarted) -> Mapping[str, Any]:
    """Count the turn in, and use the licence up."""
    return {"turns": (*s.turns, e.turn), "licence": False}


def try_home(_s: Session, e: TurnStarted | TurnEvent) -> Mapping[str, Any]:
    """This turn is the one that tries home."""
    return {"prober": e.turn}


def stop_trying(_s: Session, _e: Any) -> Mapping[str, Any]:
    """Nobody tries home."""
    return {"prober": None}


def serve(_s: Session, e: TurnEvent) -> Mapping[str, Any]:
    """Use the model that the turn goes on with."""
    return {"serving": e.model}


def come_home(s: Session, e: Answered) -> Mapping[str, Any]:
    """Home answered: use it, and take over the configuration that the turn had planned from."""
    return {
        "serving": e.model,
        "told": e.model,
        "prober": None,
        "epoch": s.epoch + 1,
        "adopted": e.adopts.primary,
        "revision": e.adopts.revision,
    }


def hear_answer(_s: Session, _e: Answered) -> Mapping[str, Any]:
    """The user has had an answer: the next exhaustion is news again."""
    return {"told_exhausted": False}


def keep_credential(_s: Session, e: Answered) -> Mapping[str, Any]:
    """The next turn begins with the credential that answered."""
    return {"kept": e.keeps}


def know_server(s: Session, _e: TurnEvent) -> Mapping[str, Any]:
    """The user knows what serves: a notice named it."""
    return {"told": s.serving}


def leave(s: Session, e: TurnEnded) -> Mapping[str, Any]:
    """Count the turn out."""
    return {"turns": tuple(turn for turn in s.turns if turn != e.turn)}


def tell_exhausted(_s: Session, _e: TurnEnded) -> Mapping[str, Any]:
    """The user is told that the chain is exhausted."""
    return {"told_exhausted": True}


def forget_turns(s: Session, e: Restored) -> Mapping[str, Any]:
    """The turns that died with their process are in flight no more."""
    return {"turns": tuple(turn for turn in s.turns if turn not in e.lost)}


def was_exhausted(_s: Session, e: TurnEnded) -> bool:
    """The turn ended with nobody left to call."""
    return e.outcome == "exhausted"


def knows_already(s: Session, _e: TurnEnded) -> bool:
    """The user was told, and has had no answer since."""
    return s.told_exhausted


def prober_is_lost(s: Session, e: Restored) -> bool:
    """The turn that tried home died with its process."""
    return s.prober in e.lost


def suspend(_s: Session, _e: Desired) -> Mapping[str, Any]:
    """Keep the pin, but pass it over."""
    return {"suspended": True}


def resume(_s: Session, _e: Desired) -> Mapping[str, Any]:
    """The pin works again."""
    return {"suspended": False}


AUTOMATIC = (PRIMARY, FAILOVER_ACTIVE, COOLDOWN_PROBE)
SETTLED = (PRIMARY, USER_PINNED)
LIVE = (FAILOVER_ACTIVE, COOLDOWN_PROBE)
ALL = (PRIMARY, FAILOVER_ACTIVE, USER_PINNED, COOLDOWN_PROBE)

# fmt: off
SESSION: Final[Table[Session]] = Table(
    "session",
    STATES,
    (
        # The user's hand
        Row("pin", ALL, USER_PINNED, "the user chose a model", (), (choose,), "pinned"),
        Row("unpin", USER_PINNED, PRIMARY, "the user let go: the desired primary serves",
            (), (let_go, serve_primary, adopt), "unpinned"),
        Row("unpin", FAILOVER_ACTIVE, FAILOVER_ACTIVE, "the user let go: home is the desired primary, once it is well",
            (is_pinned,), (let_go,), "unpinned"),
        Row("unpin", COOLDOWN_PROBE, PRIMARY, "the user let go of what serves: the desired primary serves",
            (serves_pin,), (let_go, serve_primary, adopt), "unpinned"),
        Row("unpin", COOLDOWN_PROBE, FAILOVER_ACTIVE, "the user let go: the fallback goes on until home is well",
            (is_pinned,), (let_go,), "unpinned"),
        Row("unpin", (PRIMARY, *LIVE), None, "there is no pin"),
        Row("reset", ALL, PRIMARY, "a fresh start, and the pin is dropped",
            (is_pinned,), (let_go, serve_primary, adopt, start_afresh), "unpinned"),
        Row("reset", ALL, PRIMARY, "a fresh start", (), (let_go, serve_primary, adopt, start_afresh)),
        # Configuration
        Row("published", ALL, None, "the pin's provider has gone: the pin is kept and passed over",
            (pin_vanished,), (suspend,), "pin_suspended"),
        Row("published", ALL, None, "the pin's provider is back", (pin_returned,), (resume,)),
        Row("published", ALL, None, "the session will see the configuration when its next turn plans"),
        block("reconcile", LIVE, "a failover is live: what serves was chosen because home failed"),
        Row("reconcile", PRIMARY, None, "the desired primary is adopted",
            (is_idle, primary_changed), (serve_primary, adopt), "adopted"),
        Row("reconcile", USER_PINNED, None, "the desired configuration is adopted underneath the pin",
            (is_idle, revision_changed), (adopt,)),
        Row("reconcile", PRIMARY, None, "the desired chain is adopted", (is_idle, revision_changed), (adopt,)),
        Row("reconcile", SETTLED, None, "the session agrees with its configuration", (is_idle,)),
        block("reconcile", SETTLED, "a turn is in flight: it keeps the plan it began with"),
        Row("planned", PRIMARY, None, "a turn plans from the new primary, which is thereby adopted",
            (primary_changed,), (serve_primary, adopt), "adopted"),
        Row("planned", PRIMARY, None, "a turn plans from the new chain, which is thereby adopted",
            (revision_changed,), (adopt,)),
        Row("planned", ALL, None, "a turn plans from the desired chain"),
        # A turn begins
        Row("turn_started", SETTLED, COOLDOWN_PROBE, "what serves has rested: this turn is its probe",
            (home_is_due,), (enter, try_home)),
        Row("turn_started", FAILOVER_ACTIVE, COOLDOWN_PROBE, "home may be called again: this turn tries it once",
            (home_is_free,), (enter, try_home)),
        Row("turn_started", COOLDOWN_PROBE, COOLDOWN_PROBE, "the turn that tried home is gone: this one tries it",
            (prober_is_gone, home_is_free), (enter, try_home)),
        Row("turn_started", COOLDOWN_PROBE, FAILOVER_ACTIVE, "the turn that tried home is gone",
            (prober_is_gone,), (enter, stop_trying)),
        Row("turn_started", ALL, None, "the turn goes on with what serves", (), (enter,)),
        # Failover, probe, recovery
        Row("failed_over", SETTLED, FAILOVER_ACTIVE, "what serves cannot be called: a fallback serves",
            (serves_another,), (serve,)),
        Row("failed_over", LIVE, None, "what serves cannot be called: the next fallback serves",
            (serves_another,), (serve,)),
        Row("failed_over", ALL, None, "another turn has already brought the session here"),
        Row("home_reached", FAILOVER_ACTIVE, COOLDOWN_PROBE, "the walk has come to home: this turn tries it once",
            (), (try_home,)),
        Row("home_reached", (*SETTLED, COOLDOWN_PROBE), None, "home is being tried or serves"),
        Row("probe_failed", COOLDOWN_PROBE, FAILOVER_ACTIVE, "home did not answer: the fallback goes on",
            (probes, serves_another), (stop_trying,)),
        Row("probe_failed", COOLDOWN_PROBE, USER_PINNED, "the pin did not answer, and nothing else serves yet",
            (probes, serves_pin), (stop_trying,)),
        Row("probe_failed", COOLDOWN_PROBE, PRIMARY, "the primary did not answer, and nothing else serves yet",
            (probes, serves_adopted), (stop_trying,)),
        Row("probe_failed", COOLDOWN_PROBE, FAILOVER_ACTIVE, "what serves became home and did not answer as such",
            (probes,), (stop_trying,)),
        stale("probe_failed", ALL, "the turn no longer speaks for the session"),
        Row("answered", COOLDOWN_PROBE, USER_PINNED, "the pin answered: the session is home",
            (probes, is_pinned), (come_home, hear_answer, keep_credential)),
        Row("answered", COOLDOWN_PROBE, PRIMARY, "the primary answered: the session is home",
            (probes,), (come_home, hear_answer, keep_credential)),
        Row("answered", ALL, None, "the turn was answered", (), (hear_answer, keep_credential)),
        # A turn ends
        Row("turn_ended", ALL, None, "exhausted, as the user knows already", (was_exhausted, knows_already), (leave,)),
        Row("turn_ended", ALL, None, "exhausted: the user is told", (was_exhausted,), (leave, tell_exhausted),
            "exhausted"),
        Row("turn_ended", ALL, None, "the turn is over", (), (leave,)),
        Row("told", ALL, None, "a notice with the end of a turn named what serves", (), (know_server,)),
        # Restart
        Row("restored", COOLDOWN_PROBE, FAILOVER_ACTIVE, "the process died in the probe: what was stored goes on",
            (prober_is_lost,), (forget_turns, stop_trying)),
        Row("restored", ALL, None, "the process came back", (), (forget_turns,)),
    ),
)
# fmt: on
"""The session machine."""
