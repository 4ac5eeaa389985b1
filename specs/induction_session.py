"""What is proved of the session table, and what is assumed of the events that it gets."""

from __future__ import annotations

from typing import Any, Final

from detent.fsm.session import Answered, Desired, Pin, Session, TurnEnded, TurnEvent, TurnStarted

from .induction_promises import Contract, Invariant, Promises, StepRule

SESSION_WRITERS: Final = ("pin", "unpin", "reset", "reconcile", "planned", "failed_over", "answered")
"""The only events that may change what a session serves."""

HANDS: Final = ("pin", "unpin", "reset")
"""The user's own events."""


def primary_serves_what_it_adopted(s: Session) -> bool:
    """In ``primary`` there is no pin, and the adopted primary serves."""
    return s.state != "primary" or (s.pin is None and s.serving == s.adopted)


def something_serves(s: Session) -> bool:
    """There is always a model that serves, and a primary that was adopted."""
    return s.serving is not None and s.adopted is not None


def user_pinned_serves_the_pin(s: Session) -> bool:
    """In ``user_pinned`` the pin serves."""
    return s.state != "user_pinned" or s.serving == s.pin


def a_probe_has_its_turn(s: Session) -> bool:
    """The session is in ``cooldown_probe`` exactly while some turn is the one that tries home."""
    return (s.state == "cooldown_probe") == (s.prober is not None)


def what_is_said_of_a_pin_needs_one(s: Session) -> bool:
    """Strictness, a licence and a suspension belong to a pin and go with it."""
    return s.pin is not None or (s.strict is None and not s.licence and not s.suspended)


def configuration_leaves_a_live_failover(s: Session, _e: Desired, after: Session) -> bool:
    """Neither reconciliation nor a published configuration moves a session in failover or probe."""
    return s.state not in ("failover_active", "cooldown_probe") or (
        after.serving == s.serving and after.state == s.state and after.adopted == s.adopted
    )


def a_turn_in_flight_keeps_its_plan(s: Session, _e: Desired, after: Session) -> bool:
    """Reconciliation adopts nothing while a turn is in flight."""
    return s.turns == () or (after.serving == s.serving and after.adopted == s.adopted and after.revision == s.revision)


def only_the_user_writes_the_pin(s: Session, _e: Any, after: Session) -> bool:
    """The pin changes by pin, unpin and reset alone."""
    return after.pin == s.pin


def serving_has_its_writers(s: Session, _e: Any, after: Session) -> bool:
    """What serves changes by the hand, failover, recovery and adoption alone."""
    return after.serving == s.serving


def adoption_has_its_writers(s: Session, _e: Any, after: Session) -> bool:
    """A configuration is adopted by unpin, reset, reconciliation, a turn's plan and a recovery alone."""
    return after.adopted == s.adopted and after.revision == s.revision


def a_new_pin_is_a_new_epoch(s: Session, _e: Any, after: Session) -> bool:
    """Epochs never fall, and a change of pin begins one, so that older turns move the session no more."""
    return after.epoch >= s.epoch and (after.pin == s.pin or after.epoch > s.epoch)


def turns_come_and_go_by_their_own_events(s: Session, _e: Any, after: Session) -> bool:
    """Turns are counted in and out by their start, their end and a restart alone."""
    return after.turns == s.turns


def an_ended_turn_is_gone(_s: Session, e: TurnEnded, after: Session) -> bool:
    """A turn that ended is in flight no more."""
    return e.turn not in after.turns


def an_answer_ends_the_probe(s: Session, e: Answered, after: Session) -> bool:
    """The prober's answer brings the session home, onto the model that answered and the plan that it came from."""
    return s.prober != e.turn or (
        after.state == ("primary" if s.pin is None else "user_pinned")
        and after.serving == e.model
        and after.told == e.model
        and after.prober is None
        and after.epoch > s.epoch
        and after.adopted == e.adopts.primary
        and after.revision == e.adopts.revision
    )


def others_answers_move_nothing(s: Session, e: Answered, after: Session) -> bool:
    """An answer to any other turn changes neither the state nor what serves."""
    return s.prober == e.turn or (after.serving == s.serving and after.state == s.state)


def others_failures_end_no_probe(s: Session, e: TurnEvent, after: Session) -> bool:
    """A turn that does not try home cannot end the probe."""
    return s.prober == e.turn or (after.prober == s.prober and after.state == s.state)


def a_pin_serves_at_once(_s: Session, e: Pin, after: Session) -> bool:
    """What the user pins serves, as strictly as was said, and one attempt on it is licensed."""
    return (
        after.state == "user_pinned"
        and after.pin == e.model
        and after.serving == e.model
        and after.told == e.model
        and after.strict == e.strict
        and after.licence
        and not after.suspended
    )


def letting_go_leaves_no_pin(_s: Session, _e: Desired, after: Session) -> bool:
    """After unpin and reset there is no pin."""
    return after.pin is None and after.state != "user_pinned"


def the_hand_takes_the_selection(s: Session, _e: Any, after: Session) -> bool:
    """A pin and a reset begin an epoch, so that turns in flight move the session no more."""
    return after.epoch > s.epoch


def letting_go_of_what_serves_is_home(s: Session, e: Desired, after: Session) -> bool:
    """Who lets go of the model that serves is on the desired primary, which is thereby adopted."""
    return (s.state != "user_pinned" and (s.state != "cooldown_probe" or s.pin is None or s.serving != s.pin)) or (
        after.state == "primary"
        and after.serving == e.primary
        and after.adopted == e.primary
        and after.revision == e.revision
        and after.told == e.primary
    )


def letting_go_of_another_keeps_the_fallback(s: Session, _e: Desired, after: Session) -> bool:
    """Who lets go while a fallback serves keeps the fallback, and is told so; home is tried by the next turn."""
    return (
        s.pin is None
        or s.state == "user_pinned"
        or (s.state == "cooldown_probe" and s.serving == s.pin)
        or (after.state == "failover_active" and after.serving == s.serving and after.told == s.serving)
    )


def without_a_pin_letting_go_changes_nothing(s: Session, _e: Desired, after: Session) -> bool:
    """Where there is no pin, there is nothing to let go of."""
    return s.pin is not None or (
        after.state == s.state
        and after.serving == s.serving
        and after.adopted == s.adopted
        and after.revision == s.revision
        and after.epoch == s.epoch
        and after.prober == s.prober
    )


def a_reset_is_a_fresh_start(_s: Session, e: Desired, after: Session) -> bool:
    """After a reset the desired primary serves and is adopted, and nothing is remembered of exhaustion."""
    return (
        after.state == "primary"
        and after.serving == e.primary
        and after.told == e.primary
        and after.adopted == e.primary
        and after.revision == e.revision
        and not after.told_exhausted
    )


def a_missing_provider_suspends_its_pin(_s: Session, e: Desired, after: Session) -> bool:
    """A pin is passed over exactly while its provider is not configured."""
    return after.suspended == (not e.pin_known)


def configuration_moves_no_state(s: Session, _e: Desired, after: Session) -> bool:
    """No configuration changes the state."""
    return after.state == s.state


def an_idle_session_agrees_with_its_configuration(s: Session, e: Desired, after: Session) -> bool:
    """Reconciliation adopts the desired configuration where no failover is live and no turn in flight."""
    return (
        s.state in ("failover_active", "cooldown_probe")
        or s.turns != ()
        or (after.adopted == e.primary and after.revision == e.revision)
        or (s.state == "user_pinned" and s.revision == e.revision)
    )


def a_plan_is_of_the_desired_configuration(s: Session, e: Desired, after: Session) -> bool:
    """A turn that plans in ``primary`` adopts what it plans from."""
    return s.state != "primary" or (after.adopted == e.primary and after.revision == e.revision)


def a_turn_that_began_is_counted(_s: Session, e: TurnStarted, after: Session) -> bool:
    """A turn that began is in flight."""
    return e.turn in after.turns


def a_licence_is_for_one_turn(_s: Session, _e: TurnStarted, after: Session) -> bool:
    """The turn that begins uses the licence up."""
    return not after.licence


def a_rested_home_is_probed(s: Session, e: TurnStarted, after: Session) -> bool:
    """When home's rest is over, the turn that begins is its probe, unless another is."""
    mine = after.prober == e.turn
    another = s.state == "cooldown_probe" and s.prober in s.turns and after.prober == s.prober
    rested = e.home_free and (e.home_due or s.state == "failover_active")
    return not rested or (after.state == "cooldown_probe" and (mine or another))


def nobody_waits_for_a_prober_that_is_gone(_s: Session, _e: TurnStarted, after: Session) -> bool:
    """Where a turn has begun, the one that tries home is in flight."""
    return after.state != "cooldown_probe" or after.prober in after.turns


def a_failover_serves_its_fallback(_s: Session, e: TurnEvent, after: Session) -> bool:
    """After a failover the fallback serves."""
    return after.serving == e.model


def a_failed_probe_is_over(s: Session, e: TurnEvent, after: Session) -> bool:
    """Once the prober has failed, nobody tries home."""
    return s.prober != e.turn or after.prober is None


def an_answer_keeps_its_credential(_s: Session, e: Answered, after: Session) -> bool:
    """After an answer the session keeps what the turn had come to."""
    return after.kept == e.keeps


def a_fresh_start_keeps_no_credential(_s: Session, _e: Desired, after: Session) -> bool:
    """After a reset no credential is kept."""
    return after.kept == ()


def others_keep_the_credential(s: Session, _e: Any, after: Session) -> bool:
    """What is kept changes by answers and a reset alone."""
    return after.kept == s.kept


def a_failed_probe_leaves_what_serves(s: Session, e: TurnEvent, after: Session) -> bool:
    """After the prober has failed, the state says what serves: a fallback, the pin, or the adopted primary."""
    return (
        s.prober != e.turn
        or (s.serving != e.model and after.state == "failover_active")
        or (s.serving == e.model and s.serving == s.pin and after.state == "user_pinned")
        or (s.serving == e.model and s.pin is None and s.serving == s.adopted and after.state == "primary")
        or (s.serving == e.model and s.serving not in (s.pin, s.adopted) and after.state == "failover_active")
    )


def a_walk_that_comes_to_home_tries_it(s: Session, e: TurnEvent, after: Session) -> bool:
    """In a failover the turn whose walk comes to home is its probe."""
    return s.state != "failover_active" or (after.state == "cooldown_probe" and after.prober == e.turn)


def what_was_told_has_its_tellers(s: Session, _e: Any, after: Session) -> bool:
    """What the user believes to serve changes with a notice alone, and then to what serves."""
    return after.told == s.told or after.told == after.serving


def a_notice_names_what_serves(s: Session, _e: TurnEvent, after: Session) -> bool:
    """A notice with the end of a turn names what serves."""
    return after.told == s.serving


def a_session_that_adopts_tells_so(s: Session, _e: Desired, after: Session) -> bool:
    """A configuration that changes what serves is told."""
    return after.serving == s.serving or after.told == after.serving


def exhaustion_has_its_tellers(s: Session, _e: Any, after: Session) -> bool:
    """Whether the user was told of exhaustion changes by answers, ends and resets alone."""
    return after.told_exhausted == s.told_exhausted


def other_ends_tell_of_no_exhaustion(s: Session, e: TurnEnded, after: Session) -> bool:
    """A turn that ended otherwise leaves what was told of exhaustion as it was."""
    return e.outcome == "exhausted" or after.told_exhausted == s.told_exhausted


def epochs_have_their_causes(s: Session, _e: Any, after: Session) -> bool:
    """An epoch begins by the user's hand and by a recovery alone."""
    return after.epoch == s.epoch


def a_pins_terms_are_the_users(s: Session, _e: Any, after: Session) -> bool:
    """A pin's strictness changes by the user's hand alone, its licence also by the turn that uses it up."""
    return after.licence == s.licence and after.strict == s.strict


def an_answer_makes_exhaustion_news(_s: Session, _e: Answered, after: Session) -> bool:
    """After an answer the next exhaustion is told again."""
    return not after.told_exhausted


def exhaustion_is_told(_s: Session, e: TurnEnded, after: Session) -> bool:
    """A turn that ended exhausted was told."""
    return e.outcome != "exhausted" or after.told_exhausted


def an_unknown_pin_is_a_pin(s: Session, e: Desired) -> bool:
    """Where there is no pin, its provider is not missing."""
    return e.pin_known or s.pin is not None


def the_prober_is_answered_by_home(s: Session, e: Answered) -> bool:
    """The turn that tries home calls home alone: the pin, else the primary that it planned from."""
    return s.prober != e.turn or e.model == s.pin or (s.pin is None and e.model == e.adopts.primary)


def a_pinned_probe_is_of_the_pin(s: Session, e: TurnEvent) -> bool:
    """A failed probe of a pinned session was of the pin."""
    return s.prober != e.turn or s.pin is None or e.model == s.pin


SESSION_PROMISES: Final = Promises(
    Session,
    tuple(
        map(
            Invariant,
            (
                something_serves,
                primary_serves_what_it_adopted,
                user_pinned_serves_the_pin,
                a_probe_has_its_turn,
                what_is_said_of_a_pin_needs_one,
            ),
        )
    ),
    (
        StepRule(configuration_leaves_a_live_failover, on=("reconcile", "published", "planned")),
        StepRule(a_turn_in_flight_keeps_its_plan, on=("reconcile",)),
        StepRule(only_the_user_writes_the_pin, but=HANDS),
        StepRule(serving_has_its_writers, but=SESSION_WRITERS),
        StepRule(adoption_has_its_writers, but=("unpin", "reset", "reconcile", "planned", "answered")),
        StepRule(a_new_pin_is_a_new_epoch),
        StepRule(turns_come_and_go_by_their_own_events, but=("turn_started", "turn_ended", "restored")),
        StepRule(an_ended_turn_is_gone, on=("turn_ended",)),
        StepRule(an_answer_ends_the_probe, on=("answered",)),
        StepRule(a_pin_serves_at_once, on=("pin",)),
        StepRule(letting_go_leaves_no_pin, on=("unpin", "reset")),
        StepRule(the_hand_takes_the_selection, on=("pin", "reset")),
        StepRule(letting_go_of_what_serves_is_home, on=("unpin",)),
        StepRule(letting_go_of_another_keeps_the_fallback, on=("unpin",)),
        StepRule(without_a_pin_letting_go_changes_nothing, on=("unpin",)),
        StepRule(a_reset_is_a_fresh_start, on=("reset",)),
        StepRule(a_missing_provider_suspends_its_pin, on=("published",)),
        StepRule(configuration_moves_no_state, on=("reconcile", "published", "planned")),
        StepRule(an_idle_session_agrees_with_its_configuration, on=("reconcile",)),
        StepRule(a_plan_is_of_the_desired_configuration, on=("planned",)),
        StepRule(a_turn_that_began_is_counted, on=("turn_started",)),
        StepRule(a_licence_is_for_one_turn, on=("turn_started",)),
        StepRule(a_rested_home_is_probed, on=("turn_started",)),
        StepRule(nobody_waits_for_a_prober_that_is_gone, on=("turn_started",)),
        StepRule(a_failover_serves_its_fallback, on=("failed_over",)),
        StepRule(a_failed_probe_is_over, on=("probe_failed",)),
        StepRule(an_answer_makes_exhaustion_news, on=("answered",)),
        StepRule(an_answer_keeps_its_credential, on=("answered",)),
        StepRule(a_fresh_start_keeps_no_credential, on=("reset",)),
        StepRule(others_keep_the_credential, but=("answered", "reset")),
        StepRule(a_failed_probe_leaves_what_serves, on=("probe_failed",)),
        StepRule(a_walk_that_comes_to_home_tries_it, on=("home_reached",)),
        StepRule(what_was_told_has_its_tellers),
        StepRule(a_notice_names_what_serves, on=("told",)),
        StepRule(a_session_that_adopts_tells_so, on=("reconcile", "planned")),
        StepRule(exhaustion_has_its_tellers, but=("answered", "turn_ended", "reset")),
        StepRule(other_ends_tell_of_no_exhaustion, on=("turn_ended",)),
        StepRule(epochs_have_their_causes, but=(*HANDS, "answered")),
        StepRule(a_pins_terms_are_the_users, but=(*HANDS, "turn_started")),
        StepRule(exhaustion_is_told, on=("turn_ended",)),
        StepRule(others_answers_move_nothing, on=("answered",)),
        StepRule(others_failures_end_no_probe, on=("probe_failed",)),
    ),
    (
        Contract(an_unknown_pin_is_a_pin, ("unpin", "reset", "published", "reconcile", "planned")),
        Contract(the_prober_is_answered_by_home, ("answered",)),
        Contract(a_pinned_probe_is_of_the_pin, ("probe_failed",)),
    ),
)
"""What is proved of the session table."""
