"""The mutants that no check kills, each with the reason why: mostly because it is the same machine, written otherwise.

A reason speaks for as long as its mutants survive; one that a check kills after all fails the run, as does a survivor
that is not in here. What was merely not killed is called that.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

_ANY: Final = "primary|failover_active|user_pinned|cooldown_probe"
_RESET: Final = f"session / reset: {_ANY} [is_pinned] -> primary"
_RESET_UNPINNED: Final = f"session / reset: {_ANY} -> primary"
_STARTED: Final = "turn / started: planned"
_FAILED: Final = "turn / failed: attempting"
_CLAIMED: Final = "cooldown / claimed"


@frozen
class Reason:
    """Why some mutants survive.

    Attributes:
        verdict: ``equivalent``: no event that the core can send makes a difference; ``other words``: the same is done,
            and a different sentence is on record; ``not killed``: there is a difference, and no check looks for it.
        because: the reason, in one sentence.
        mutants: the mutants' names.
    """

    verdict: Literal["equivalent", "other words", "not killed"]
    because: str
    mutants: tuple[str, ...]


REASONS: Final[tuple[Reason, ...]] = (
    Reason(
        "equivalent",
        "`serve_primary`, a later action of the same row, assigns `told` again.",
        (
            "session / unpin: user_pinned -> primary / let_go without told",
            "session / unpin: cooldown_probe [serves_pin] -> primary / let_go without told",
            f"{_RESET} / let_go without told",
            f"{_RESET_UNPINNED} / let_go without told",
        ),
    ),
    Reason(
        "equivalent",
        "Outside `cooldown_probe` nobody tries home (proved: a_probe_has_its_turn), so there is no prober to forget.",
        (
            "session / unpin: user_pinned -> primary / let_go without prober",
            "session / unpin: failover_active [is_pinned] -> failover_active / let_go without prober",
        ),
    ),
    Reason(
        "equivalent",
        "The row fires only where there is no pin, and then nothing is said of one (proved: "
        "what_is_said_of_a_pin_needs_one); it shares its action with the row for a pin.",
        tuple(f"{_RESET_UNPINNED} / let_go without {name}" for name in ("pin", "strict", "licence", "suspended")),
    ),
    Reason(
        "equivalent",
        "The guards of the two rows exclude each other: a provider cannot have gone and be back.",
        (
            f"session / published: {_ANY} [pin_vanished] -> stay / behind "
            f"'published: {_ANY} [pin_returned] -> stay'",
        ),
    ),
    Reason(
        "equivalent",
        "The row before it takes every change of the primary, so the primary is adopted already; the action is shared.",
        (
            "session / reconcile: primary [is_idle, revision_changed] -> stay / adopt without adopted",
            "session / planned: primary [revision_changed] -> stay / adopt without adopted",
        ),
    ),
    Reason(
        "equivalent",
        "A failed probe of a pinned session was of the pin (contract a_pinned_probe_is_of_the_pin), so what serves "
        "cannot be both the pin and another model than the one that failed.",
        (
            "session / probe_failed: cooldown_probe [probes, serves_another] -> failover_active / behind "
            "'probe_failed: cooldown_probe [probes, serves_pin] -> user_pinned'",
        ),
    ),
    Reason(
        "equivalent",
        "The core never sends this event here (`detent.specs.dead` says why, state by state), and a missing row would "
        "change as little as this one: it is kept for the sentence on record if the event ever comes.",
        (
            f"session / failed_over: {_ANY} -> stay / dropped",
            "session / home_reached: primary|user_pinned|cooldown_probe -> stay / dropped",
            f"session / probe_failed: {_ANY} -> stay / dropped",
            f"{_CLAIMED}: probing -> stay / dropped",
            f"{_CLAIMED}: cooling -> stay / dropped",
            f"{_CLAIMED}: available -> stay / dropped",
            "cooldown / released: available|cooling|probing -> stay / dropped",
            "cooldown / tapped: available -> stay / dropped",
        ),
    ),
    Reason(
        "equivalent",
        "A last resort is surveyed only where nobody is free (`core.start`), and never for a strict pin "
        "(`walk.last_resort`), so the guards of the two rows exclude each other.",
        (
            f"{_STARTED} [somebody_is_free] -> attempting / behind "
            "'started: planned [last_resort_is_open] -> attempting'",
            f"{_STARTED} [last_resort_is_open] -> attempting / behind 'started: planned [is_strict] -> surfaced'",
        ),
    ),
    Reason(
        "equivalent",
        "A turn that begins has made no tries yet; the action is shared with the rows that go on.",
        (f"{_STARTED} [somebody_is_free] -> attempting / call_next without tries",),
    ),
    Reason(
        "equivalent",
        "What another attempt has taken the place of comes from neither of two in flight, so the guards exclude each "
        "other.",
        (
            "turn / spoke_first: attempting [is_superseded] -> stay / behind "
            "'spoke_first: attempting [comes_from_beside] -> stay'",
            "turn / failed: attempting|streaming [is_superseded] -> stay / behind "
            "'failed: attempting [comes_from_beside] -> stay'",
        ),
    ),
    Reason(
        "equivalent",
        "Nobody is started beside the call of a strict pin (promise 26d), so the guards exclude each other.",
        (
            "turn / slow: attempting [somebody_is_beside] -> stay / behind "
            "'slow: attempting [is_strict] -> stay'",
        ),
    ),
    Reason(
        "other words",
        "Both rows leave the slow call alone; where the pin is strict and its other key has rested, either is the "
        "cause, and the first is told.",
        (
            "turn / slow: attempting [is_strict] -> stay / behind "
            "'slow: attempting [would_be_probe] -> stay'",
        ),
    ),
    Reason(
        "equivalent",
        "An attempt that somebody was started beside is not retried (promise 3c), so the guards exclude each other.",
        (
            "turn / failed: attempting [comes_from_beside] -> stay / behind "
            "'failed: attempting [retry_is_due, retry_must_wait] -> backing_off'",
        ),
    ),
    Reason(
        "equivalent",
        "No failure that ends the walk is ever retried (`reasons.RULINGS`), so the guards exclude each other.",
        (f"{_FAILED} [retry_is_due] -> attempting / behind 'failed: attempting [ends_the_walk] -> surfaced'",),
    ),
    Reason(
        "equivalent",
        "Where size alone hinders, the last failure was of size, not one that nobody knows: the guards exclude each "
        "other.",
        (
            f"{_FAILED} [only_size_hinders] -> surfaced / behind "
            "'failed: attempting [is_unknown_and_alone] -> surfaced'",
        ),
    ),
    Reason(
        "equivalent",
        "The turn is over, and nobody asks a finished turn what it condemned; the action is shared with the row that "
        "goes on.",
        tuple(f"{_FAILED} [{guard}] -> surfaced / note_failure without condemned"
              for guard in ("only_size_hinders", "is_unknown_and_alone")),
    ),
    Reason(
        "equivalent",
        "A failure that nobody knows says nothing of the prompt's size, so the need is what it was.",
        (f"{_FAILED} [is_unknown_and_alone] -> surfaced / note_failure without need",),
    ),
    Reason(
        "other words",
        "Both rows surface the failure and record the same; where the pin is strict and too small as well, either is "
        "the cause, and the first is told.",
        (
            f"{_STARTED} [is_strict] -> surfaced / behind 'started: planned [only_size_hinders] -> surfaced'",
            f"{_FAILED} [is_strict] -> surfaced / behind 'failed: attempting [only_size_hinders] -> surfaced'",
        ),
    ),
    Reason(
        "equivalent",
        "The guard says that the lease is this attempt's already; the action is shared with the row that lends it.",
        ("cooldown / extended: probing [holds_lease] -> stay / lend without holder",),
    ),
    Reason(
        "equivalent",
        "A scope that nobody probes has no holder and no lease (proved: a_lease_is_held_in_a_probe_alone, "
        "no_lease_outlives_its_probe); the action is shared with the row that ends a probe.",
        tuple(f"cooldown / lifted: cooling [may_be_mended] -> available / end without {name}"
              for name in ("holder", "lease_until")),
    ),
)  # fmt: skip
"""Every survivor, grouped by its reason."""
