"""Everything that is promised and checked, in one place: number, sentence, incidents, predicate.

The predicates stand with their subject: `selection` (sessions), `walks` (turns), `rests` (cooldowns) and `liveness`.
Each is written from the design's sentences and from the outside; none asks the code that it checks. The promises
that cannot be said here are in `unstated`.
"""

from __future__ import annotations

from typing import Final

from . import liveness, rests, selection, walks
from .promise import Property, state, step

PROPERTIES: Final[tuple[Property, ...]] = (
    step(
        "1",
        "reconciliation and published configurations never change what a live failover, or a session with a "
        "turn in flight, is serving",
        "I02 I19",
        selection.reconcile_holds_still,
        "reconcile publish",
        selection.as_before,
    ),
    step(
        "2",
        "only pin, unpin, reset, failover, probe, recovery and adoption rows change what serves",
        "I02 I03",
        selection.serving_moves_by_rows,
        expect=selection.as_before,
    ),
    step(
        "2b",
        "a turn that ends elsewhere than its user believes makes exactly one notice",
        "I30",
        selection.change_is_told_once,
        "start succeed fail waited abort deadline",
        lambda _m: {"notices": ["failover"]},
    ),
    step(
        "6",
        "a pin leaves only by the user's hand",
        "I01 I03",
        selection.pin_is_the_users,
        "start succeed fail content waited abort deadline late reconcile publish restart die come_back wait",
        selection.pin_as_before,
    ),
    step(
        "6b", "the user's hand works in every state, at once", "I01 I35", selection.users_hand_works, "pin unpin reset"
    ),
    step(
        "10",
        "a restart resumes what was stored",
        "I18",
        selection.restart_goes_on,
        "restart come_back",
        selection.as_before,
    ),
    step(
        "13a",
        "a turn of an idle session calls home first as soon as home may be called",
        "I15",
        selection.free_home_is_tried,
        "start",
        selection.home_first,
    ),
    step(
        "13b",
        "a good probe brings the session home",
        "I15",
        selection.good_probe_is_home,
        "succeed",
        selection.home_first,
    ),
    step(
        "13c",
        "home is regained by evidence alone: its probe was answered, or the user said so",
        "I14",
        selection.home_by_evidence,
        expect=selection.as_before,
    ),
    step(
        "14a",
        "between turns, outside a failover, reconciliation adopts the desired configuration",
        "I19",
        selection.reconcile_adopts,
        "reconcile",
    ),
    step(
        "15",
        "a session is moved by its own events alone",
        "I17",
        selection.sessions_are_apart,
        "start succeed fail content waited abort deadline late pin unpin reset reconcile",
    ),
    step(
        "16",
        "a pin licenses one immediate call of the pinned model, even while it rests",
        "I11",
        selection.licence_is_honoured,
        "start",
    ),
    state(
        "17",
        "the state's name agrees with pin, adopted primary and what serves; a probe has a turn in flight",
        "I01",
        selection.state_says_what_serves,
    ),
    state("11a", "a session knows exactly its turns in flight", "I22", selection.turns_are_counted),
    step(
        "3",
        "no candidate is called again in a turn beyond its retry budget, and the walk never goes back",
        "I05 I26",
        walks.within_budget,
        walks.OUTCOMES,
    ),
    step(
        "3b",
        "probes, licensed calls and last resorts are never retried",
        "I12 I26",
        walks.probe_is_not_retried,
        walks.OUTCOMES,
    ),
    step(
        "4",
        "a turn ends exhausted only when every candidate was tried, or skipped with a reason on record",
        "I06",
        walks.exhaustion_is_honest,
        walks.OUTCOMES,
    ),
    step(
        "4b",
        "the reason for which a candidate is skipped is true at that instant",
        "I06 I07",
        walks.skips_are_sound,
        walks.OUTCOMES,
    ),
    step(
        "5",
        "a turn plans the whole desired chain in the promised order",
        "I05 I19 I20",
        walks.plan_is_promised,
        "start",
    ),
    step(
        "5b",
        "a turn keeps its plan and its configuration, and calls in the plan's order",
        "I05 I19 I21",
        walks.plan_is_kept,
        walks.OUTCOMES,
    ),
    step(
        "5c",
        "a failure that another model may mend never ends the turn early",
        "I06 I28",
        walks.walk_goes_on,
        "fail waited",
    ),
    step(
        "7c",
        "nobody is called while a scope of theirs rests, but for a last resort and a pin's licence",
        "I10 I26",
        walks.calls_are_permitted,
        "start fail waited",
    ),
    step(
        "18",
        "a last resort is made only by a turn that could call nobody, and never against a hard limit",
        "I11 I26",
        walks.last_resort_is_last,
        walks.OUTCOMES,
    ),
    step(
        "19",
        "nobody is called whose context window is known to be too small",
        "I29",
        walks.windows_are_respected,
        walks.OUTCOMES,
    ),
    step(
        "24",
        "a session goes on with the credential that last answered it, until it is reset; a policy may give that up",
        "I10",
        selection.credential_is_kept,
    ),
    step("9", "a superseded attempt changes nothing", "I13", walks.late_changes_nothing, "late"),
    step(
        "9b",
        "a turn that has its outcome changes nothing any more",
        "I13 I22",
        walks.finished_is_finished,
        walks.OUTCOMES,
    ),
    step(
        "11",
        "output is never sent twice: once content was shown, nobody else is called",
        "I22 I23",
        walks.shown_is_committed,
        walks.OUTCOMES,
    ),
    step(
        "11b", "one turn, one outcome, and until then something is under way", "I22", walks.one_outcome, walks.OUTCOMES
    ),
    step(
        "11c",
        "an answer is ascribed to the candidate that was called",
        "I21 I30",
        walks.answer_is_the_callees,
        "succeed",
    ),
    step(
        "12",
        "each call of a turn lowers a measure that cannot fall for ever, so every turn ends",
        "I05 I35",
        walks.measure_falls,
        "fail waited",
    ),
    step("20", "an abort ends its turn in every state, and no other", "I27", walks.abort_ends, "abort"),
    step("21", "a wait in place is bounded by the policy", "I25", walks.waits_are_bounded, walks.OUTCOMES),
    step(
        "22",
        "a refusal of the content is shown as such unless the policy routes it",
        "I32",
        walks.refusals_stay,
        "fail",
    ),
    step("23", "an exhausted turn says when it is worth coming back", "I38", walks.hint_is_honest, walks.OUTCOMES),
    step(
        "7",
        "a failure puts to rest the scope it condemns and nothing wider; a failure of the request, nothing",
        "I09 I08",
        rests.only_its_scope_rests,
        "fail",
    ),
    step(
        "7b",
        "an attempt whose budget is spent leaves the scope it condemns at rest",
        "I09",
        rests.spent_attempt_is_booked,
        "fail",
    ),
    step(
        "7d",
        "only a provider's outcome makes a scope rest longer",
        "I08 I03",
        rests.nothing_is_held_against,
        rests.NEUTRAL,
    ),
    step(
        "7e",
        "a success ends the rests of its own scopes and of no other",
        "I08 I09",
        rests.success_ends_its_own,
        "succeed",
    ),
    step("7f", "a good probe ends the rest for everybody", "I11 I12", rests.probe_ends_the_rest, "succeed"),
    step("7g", "a further failure never shortens a rest", "I16", rests.rests_do_not_shrink, "fail"),
    step(
        "7h",
        "publishing a configuration ends the rests it may have mended, and no others",
        "I10 I19",
        rests.config_lifts_its_own,
        "publish",
    ),
    step(
        "7j",
        "a changed key voids what was held against the old one, strikes included, and nothing else",
        "I10",
        rests.new_key_is_unburdened,
        "renew",
    ),
    step(
        "7k",
        "what an old key still has coming is not held against the new one",
        "I10 I13",
        rests.old_key_is_not_held_against_the_new,
        "fail",
    ),
    state("7i", "no rest and no lease outlives its cap", "I10 I11", rests.no_rest_is_for_ever),
    state(
        "8", "at most one probe of a scope is in flight, over all sessions and nodes", "I12", rests.one_probe_a_scope
    ),
    step(
        "8b",
        "the first call after a rest takes the lease, and takes it from nobody",
        "I12 I33",
        rests.probe_is_alone,
        "start fail waited",
    ),
    state(
        "8c",
        "a lease is given back with every outcome, or runs out with its process",
        "I12",
        rests.leases_are_given_back,
    ),
    Property(
        "12a",
        "every turn ends: no turn goes on for ever while its attempts have outcomes",
        ("I05", "I35"),
        "liveness",
        liveness.has_no_turn,
    ),
    Property(
        "13", "home healthy and turns arriving: the session is home again", ("I15", "I11"), "liveness", liveness.is_home
    ),
    Property(
        "14",
        "a desired configuration is adopted once the failover is over and a turn or the loop comes",
        ("I19",),
        "liveness",
        liveness.is_adopted,
    ),
)
"""Every checked promise."""
