------------------------------ MODULE Session ------------------------------
\* One session of Detent with everything around it that may go wrong.
\*
\* What an event does to the session is generated from the table that runs
\* (python -m detent.specs.tla writes it anew).
\* Everything else is written by hand and on its own: models that fail, the
\* walk of a turn, the user, the operator, the reconciler, restarts, what is
\* fair, and what is promised. One turn is in flight at a time. Time is left
\* out: a rest may end at any moment. Notices are left out. Any model that was
\* not yet tried may be the next of a walk, so that every order of a chain is
\* covered, but what serves comes first unless it rests.

EXTENDS Naturals, FiniteSets

CONSTANTS Models,    \* the models of the chain, "m1", "m2", ...
          Pinnable   \* those of them that the user may pin

None == "none"

\* generated from the session table: begin

\* There is a pin.
IsPinned(s, e) == s.pin # None

\* The pinned model serves.
ServesPin(s, e) == s.serving = s.pin

\* The pin's provider has gone from the configuration.
PinVanished(s, e) == ~e.pin_known /\ ~s.suspended

\* The pin's provider is configured again.
PinReturned(s, e) == e.pin_known /\ s.suspended

\* No turn is in flight.
IsIdle(s, e) == s.turns = {}

\* The desired primary is another than the adopted one.
PrimaryChanged(s, e) == s.adopted # e.primary

\* The desired configuration is another than the adopted one.
RevisionChanged(s, e) == s.revision # e.revision

\* Home's rest is over, and this call would be its probe.
HomeIsDue(s, e) == e.home_due

\* Home may be called now.
HomeIsFree(s, e) == e.home_free

\* The turn that tried home is in flight no more.
ProberIsGone(s, e) == s.prober \notin s.turns

\* The session uses another model than the one this is about.
ServesAnother(s, e) == s.serving # e.model

\* The turn is the one that tries home.
Probes(s, e) == s.prober = e.turn

\* The adopted primary serves.
ServesAdopted(s, e) == s.serving = s.adopted

\* The turn ended with nobody left to call.
WasExhausted(s, e) == e.outcome = "exhausted"

\* The user was told, and has had no answer since.
KnowsAlready(s, e) == s.told_exhausted

\* The turn that tried home died with its process.
ProberIsLost(s, e) == s.prober \in e.lost

OnPin(s, e) ==
  \* the user chose a model
  [s EXCEPT !.state = "user_pinned", !.pin = e.model, !.serving = e.model, !.suspended = FALSE,
            !.epoch = s.epoch + 1, !.prober = None]

OnUnpin(s, e) ==
  \* the user let go: the desired primary serves
  IF s.state = "user_pinned"
    THEN [s EXCEPT !.state = "primary", !.pin = None, !.suspended = FALSE, !.epoch = s.epoch + 1,
                   !.prober = None, !.serving = e.primary, !.adopted = e.primary,
                   !.revision = e.revision]
  \* the user let go: home is the desired primary, once it is well
  ELSE IF s.state = "failover_active" /\ IsPinned(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.pin = None, !.suspended = FALSE,
                   !.epoch = s.epoch + 1, !.prober = None]
  \* the user let go of what serves: the desired primary serves
  ELSE IF s.state = "cooldown_probe" /\ ServesPin(s, e)
    THEN [s EXCEPT !.state = "primary", !.pin = None, !.suspended = FALSE, !.epoch = s.epoch + 1,
                   !.prober = None, !.serving = e.primary, !.adopted = e.primary,
                   !.revision = e.revision]
  \* the user let go: the fallback goes on until home is well
  ELSE IF s.state = "cooldown_probe" /\ IsPinned(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.pin = None, !.suspended = FALSE,
                   !.epoch = s.epoch + 1, !.prober = None]
  \* there is no pin
  ELSE IF s.state \in {"primary", "failover_active", "cooldown_probe"}
    THEN s
  ELSE s

OnReset(s, e) ==
  \* a fresh start, and the pin is dropped
  IF IsPinned(s, e)
    THEN [s EXCEPT !.state = "primary", !.pin = None, !.suspended = FALSE, !.epoch = s.epoch + 1,
                   !.prober = None, !.serving = e.primary, !.adopted = e.primary,
                   !.revision = e.revision, !.told_exhausted = FALSE]
  \* a fresh start
  ELSE [s EXCEPT !.state = "primary", !.pin = None, !.suspended = FALSE, !.epoch = s.epoch + 1,
                 !.prober = None, !.serving = e.primary, !.adopted = e.primary,
                 !.revision = e.revision, !.told_exhausted = FALSE]

OnPublished(s, e) ==
  \* the pin's provider has gone: the pin is kept and passed over
  IF PinVanished(s, e)
    THEN [s EXCEPT !.suspended = TRUE]
  \* the pin's provider is back
  ELSE IF PinReturned(s, e)
    THEN [s EXCEPT !.suspended = FALSE]
  \* the session will see the configuration when its next turn plans
  ELSE s

OnReconcile(s, e) ==
  \* a failover is live: what serves was chosen because home failed
  IF s.state \in {"failover_active", "cooldown_probe"}
    THEN s
  \* the desired primary is adopted
  ELSE IF s.state = "primary" /\ IsIdle(s, e) /\ PrimaryChanged(s, e)
    THEN [s EXCEPT !.serving = e.primary, !.adopted = e.primary, !.revision = e.revision]
  \* the desired configuration is adopted underneath the pin
  ELSE IF s.state = "user_pinned" /\ IsIdle(s, e) /\ RevisionChanged(s, e)
    THEN [s EXCEPT !.adopted = e.primary, !.revision = e.revision]
  \* the desired chain is adopted
  ELSE IF s.state = "primary" /\ IsIdle(s, e) /\ RevisionChanged(s, e)
    THEN [s EXCEPT !.adopted = e.primary, !.revision = e.revision]
  \* the session agrees with its configuration
  ELSE IF s.state \in {"primary", "user_pinned"} /\ IsIdle(s, e)
    THEN s
  \* a turn is in flight: it keeps the plan it began with
  ELSE IF s.state \in {"primary", "user_pinned"}
    THEN s
  ELSE s

OnPlanned(s, e) ==
  \* a turn plans from the new primary, which is thereby adopted
  IF s.state = "primary" /\ PrimaryChanged(s, e)
    THEN [s EXCEPT !.serving = e.primary, !.adopted = e.primary, !.revision = e.revision]
  \* a turn plans from the new chain, which is thereby adopted
  ELSE IF s.state = "primary" /\ RevisionChanged(s, e)
    THEN [s EXCEPT !.adopted = e.primary, !.revision = e.revision]
  \* a turn plans from the desired chain
  ELSE s

OnTurnStarted(s, e) ==
  \* what serves has rested: this turn is its probe
  IF s.state \in {"primary", "user_pinned"} /\ HomeIsDue(s, e)
    THEN [s EXCEPT !.state = "cooldown_probe", !.turns = s.turns \cup {e.turn}, !.prober = e.turn]
  \* home may be called again: this turn tries it once
  ELSE IF s.state = "failover_active" /\ HomeIsFree(s, e)
    THEN [s EXCEPT !.state = "cooldown_probe", !.turns = s.turns \cup {e.turn}, !.prober = e.turn]
  \* the turn that tried home is gone: this one tries it
  ELSE IF s.state = "cooldown_probe" /\ ProberIsGone(s, e) /\ HomeIsFree(s, e)
    THEN [s EXCEPT !.state = "cooldown_probe", !.turns = s.turns \cup {e.turn}, !.prober = e.turn]
  \* the turn that tried home is gone
  ELSE IF s.state = "cooldown_probe" /\ ProberIsGone(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.turns = s.turns \cup {e.turn}, !.prober = None]
  \* the turn goes on with what serves
  ELSE [s EXCEPT !.turns = s.turns \cup {e.turn}]

OnFailedOver(s, e) ==
  \* what serves cannot be called: a fallback serves
  IF s.state \in {"primary", "user_pinned"} /\ ServesAnother(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.serving = e.model]
  \* what serves cannot be called: the next fallback serves
  ELSE IF s.state \in {"failover_active", "cooldown_probe"} /\ ServesAnother(s, e)
    THEN [s EXCEPT !.serving = e.model]
  \* another turn has already brought the session here
  ELSE s

OnHomeReached(s, e) ==
  \* the walk has come to home: this turn tries it once
  IF s.state = "failover_active"
    THEN [s EXCEPT !.state = "cooldown_probe", !.prober = e.turn]
  \* home is being tried or serves
  ELSE IF s.state \in {"primary", "user_pinned", "cooldown_probe"}
    THEN s
  ELSE s

OnProbeFailed(s, e) ==
  \* home did not answer: the fallback goes on
  IF s.state = "cooldown_probe" /\ Probes(s, e) /\ ServesAnother(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.prober = None]
  \* the pin did not answer, and nothing else serves yet
  ELSE IF s.state = "cooldown_probe" /\ Probes(s, e) /\ ServesPin(s, e)
    THEN [s EXCEPT !.state = "user_pinned", !.prober = None]
  \* the primary did not answer, and nothing else serves yet
  ELSE IF s.state = "cooldown_probe" /\ Probes(s, e) /\ ServesAdopted(s, e)
    THEN [s EXCEPT !.state = "primary", !.prober = None]
  \* what serves became home and did not answer as such
  ELSE IF s.state = "cooldown_probe" /\ Probes(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.prober = None]
  \* the turn no longer speaks for the session
  ELSE s

OnAnswered(s, e) ==
  \* the pin answered: the session is home
  IF s.state = "cooldown_probe" /\ Probes(s, e) /\ IsPinned(s, e)
    THEN [s EXCEPT !.state = "user_pinned", !.serving = e.model, !.prober = None,
                   !.epoch = s.epoch + 1, !.adopted = e.adopts.primary,
                   !.revision = e.adopts.revision, !.told_exhausted = FALSE]
  \* the primary answered: the session is home
  ELSE IF s.state = "cooldown_probe" /\ Probes(s, e)
    THEN [s EXCEPT !.state = "primary", !.serving = e.model, !.prober = None, !.epoch = s.epoch + 1,
                   !.adopted = e.adopts.primary, !.revision = e.adopts.revision,
                   !.told_exhausted = FALSE]
  \* the turn was answered
  ELSE [s EXCEPT !.told_exhausted = FALSE]

OnTurnEnded(s, e) ==
  \* exhausted, as the user knows already
  IF WasExhausted(s, e) /\ KnowsAlready(s, e)
    THEN [s EXCEPT !.turns = {turn \in s.turns : turn # e.turn}]
  \* exhausted: the user is told
  ELSE IF WasExhausted(s, e)
    THEN [s EXCEPT !.turns = {turn \in s.turns : turn # e.turn}, !.told_exhausted = TRUE]
  \* the turn is over
  ELSE [s EXCEPT !.turns = {turn \in s.turns : turn # e.turn}]

OnTold(s, e) ==
  \* a notice with the end of a turn named what serves
  s

OnRestored(s, e) ==
  \* the process died in the probe: what was stored goes on
  IF s.state = "cooldown_probe" /\ ProberIsLost(s, e)
    THEN [s EXCEPT !.state = "failover_active", !.turns = {turn \in s.turns : turn \notin e.lost},
                   !.prober = None]
  \* the process came back
  ELSE [s EXCEPT !.turns = {turn \in s.turns : turn \notin e.lost}]

\* generated from the session table: end

VARIABLES session,   \* the session
          desired,   \* the revision of the published configuration
          down,      \* the model whose calls fail, or None
          calm,      \* nothing is disturbed any more: see Calm
          turn,      \* the turn in flight
          broken     \* promises about single steps that were broken

vars == <<session, desired, down, calm, turn, broken>>

----------------------------------------------------------------------------
\* Words

Turn == "t"
NoTurn == [calls |-> None, tried |-> {}, plan |-> 0, attached |-> FALSE]
Idle == turn.calls = None

Revisions == {1, 2}
PrimaryOf(revision) == IF revision = 1 THEN "m1" ELSE "m2"
Desired(revision) == [primary |-> PrimaryOf(revision), revision |-> revision, pin_known |-> TRUE]

HomeOf(s, revision) == IF s.pin # None THEN s.pin ELSE PrimaryOf(revision)
Home == HomeOf(session, desired)
Live == {"failover_active", "cooldown_probe"}

Fresh == [state |-> "primary", serving |-> "m1", adopted |-> "m1", revision |-> 1, pin |-> None,
          suspended |-> FALSE, epoch |-> 0, turns |-> {}, prober |-> None, told_exhausted |-> FALSE]

\* Epochs only tell a turn whether it still speaks for the session (attached), so the number itself is forgotten.
Forget(s) == [s EXCEPT !.epoch = 0, !.told_exhausted = FALSE]

\* The session becomes s, by the hand of who.
Become(s, who) ==
  /\ session' = Forget(s)
  /\ broken' = broken
       \cup (IF who \in {"operator", "reconciler"} /\ session.state \in Live
                /\ (s.serving # session.serving \/ s.state # session.state)
             THEN {"the configuration moved a live failover"} ELSE {})
       \cup (IF who # "user" /\ s.pin # session.pin
             THEN {"the pin left without its user"} ELSE {})

\* The same, while a turn may be in flight.
BecomeUnder(s, who) ==
  /\ Become(s, who)
  /\ turn' = IF Idle THEN turn ELSE [turn EXCEPT !.attached = turn.attached /\ s.epoch = session.epoch]

----------------------------------------------------------------------------
\* What goes wrong, and who meddles, until the world is calm

Outage == /\ ~calm
          /\ \E m \in Models \cup {None} : m # down /\ down' = m
          /\ UNCHANGED <<session, desired, calm, turn, broken>>

Calm == /\ ~calm
        /\ calm' = TRUE
        /\ UNCHANGED <<session, desired, down, turn, broken>>

Publish == /\ ~calm
           /\ \E revision \in Revisions :
                /\ revision # desired
                /\ desired' = revision
                /\ BecomeUnder(OnPublished(session, Desired(revision)), "operator")
           /\ UNCHANGED <<down, calm>>

Pin == /\ ~calm
       /\ \E m \in Pinnable : BecomeUnder(OnPin(session, [model |-> m]), "user")
       /\ UNCHANGED <<desired, down, calm>>

Unpin == /\ ~calm
         /\ BecomeUnder(OnUnpin(session, Desired(desired)), "user")
         /\ UNCHANGED <<desired, down, calm>>

Reset == /\ ~calm
         /\ BecomeUnder(OnReset(session, Desired(desired)), "user")
         /\ UNCHANGED <<desired, down, calm>>

Restart == /\ ~calm
           /\ Become(OnRestored(session, [lost |-> session.turns]), "process")
           /\ turn' = NoTurn
           /\ UNCHANGED <<desired, down, calm>>

\* The reconciler visits at any moment, for ever.
Reconcile == /\ BecomeUnder(OnReconcile(session, Desired(desired)), "reconciler")
             /\ UNCHANGED <<desired, down, calm>>

----------------------------------------------------------------------------
\* A turn

\* What serves may be skipped because it rests, though not for ever: never when the world is calm.
MayRest == ~calm

\* What the session is told when its turn goes on with m.
Told(s, m, tried, plan, attached) ==
  IF s.prober = Turn THEN s
  ELSE IF attached /\ s.state = "failover_active" /\ m = HomeOf(s, plan)
    THEN OnHomeReached(s, [turn |-> Turn, model |-> m])
  ELSE IF m # s.serving /\ s.serving \in tried /\ (attached \/ s.serving = s.pin)
    THEN OnFailedOver(s, [turn |-> Turn, model |-> m])
  ELSE s

\* The walk goes on to a model that was neither tried nor rests.
GoOn(s, tried, resting, plan, attached) ==
  \E m \in Models \ (tried \cup resting) :
    LET passed == IF m # s.serving /\ s.serving \notin tried THEN {s.serving} ELSE {}
    IN /\ passed = {} \/ MayRest \/ s.serving \in resting
       /\ Become(Told(s, m, tried \cup passed, plan, attached), "turn")
       /\ turn' = [calls |-> m, tried |-> tried \cup passed, plan |-> plan, attached |-> attached]

EndTurn(s, outcome) ==
  /\ Become(OnTurnEnded(s, [turn |-> Turn, outcome |-> outcome]), "turn")
  /\ turn' = NoTurn

\* A turn begins; free: home may be called; due: that call would be the probe of a rest that is over.
Begin(free, due) ==
  /\ Idle
  /\ LET agrees == session.revision = desired /\ session.adopted = PrimaryOf(desired)
         planned == IF agrees THEN session ELSE OnPlanned(session, Desired(desired))
         goal == HomeOf(planned, desired)
         begun == OnTurnStarted(planned, [turn |-> Turn, home_free |-> free, home_due |-> due])
         \* A home that was left may rest for a while longer, but see Fairness.
     IN /\ free \/ MayRest \/ goal # session.serving
        /\ IF begun.prober = Turn
           THEN /\ Become(begun, "turn")
                /\ turn' = [calls |-> goal, tried |-> {}, plan |-> desired, attached |-> TRUE]
           ELSE GoOn(begun, {}, IF free THEN {} ELSE {goal}, desired, TRUE)
  /\ UNCHANGED <<desired, down, calm>>

BeginAtHomesProbe == Begin(TRUE, TRUE)
BeginWithHomeFree == Begin(TRUE, FALSE)
BeginWithHomeAtRest == Begin(FALSE, FALSE)
Start == BeginAtHomesProbe \/ BeginWithHomeFree \/ BeginWithHomeAtRest

Unprobed(s) == IF s.prober = Turn THEN OnProbeFailed(s, [turn |-> Turn, model |-> turn.calls]) ELSE s

Fail == /\ ~Idle /\ turn.calls = down
        /\ LET tried == turn.tried \cup {turn.calls}
               s == Unprobed(session)
           IN \/ GoOn(s, tried, {}, turn.plan, turn.attached)
              \/ (tried = Models \/ MayRest) /\ EndTurn(s, "exhausted")
        /\ UNCHANGED <<desired, down, calm>>

Answer == /\ ~Idle /\ turn.calls # down
          /\ LET answer == [turn |-> Turn, model |-> turn.calls, adopts |-> Desired(turn.plan)]
             IN EndTurn(OnAnswered(session, answer), "answered")
          /\ UNCHANGED <<desired, down, calm>>

Abort == /\ ~Idle /\ ~calm
         /\ EndTurn(Unprobed(session), "aborted")
         /\ UNCHANGED <<desired, down, calm>>

----------------------------------------------------------------------------
Init == /\ session = Fresh
        /\ desired = 1
        /\ down = None
        /\ calm = FALSE
        /\ turn = NoTurn
        /\ broken = {}

Next == \/ Outage \/ Calm \/ Publish \/ Pin \/ Unpin \/ Reset \/ Restart
        \/ Reconcile \/ Start \/ Fail \/ Answer \/ Abort

\* Calls come back, turns arrive, a rest ends at last, and the reconciler finds a moment between turns.
Fairness == /\ WF_vars(Fail \/ Answer)
            /\ WF_vars(Start)
            /\ SF_vars(BeginWithHomeFree)
            /\ SF_vars(Reconcile)

Spec == Init /\ [][Next]_vars /\ Fairness

----------------------------------------------------------------------------
\* What is promised at every moment

StateSaysWhatServes ==
  /\ (session.state = "primary") => (session.pin = None /\ session.serving = session.adopted)
  /\ (session.state = "user_pinned") => (session.serving = session.pin)
  /\ (session.state = "cooldown_probe") <=> (session.prober # None)

ConfigurationLeavesALiveFailover == "the configuration moved a live failover" \notin broken
ThePinIsTheUsers == "the pin left without its user" \notin broken
TurnsAreCounted == session.turns = IF Idle THEN {} ELSE {Turn}
NobodyIsCalledTwice == turn.calls \notin turn.tried

\* What is promised in the end

TurnEnds == (turn.calls # None) ~> (turn.calls = None)
HomeIsRegained == (calm /\ down # Home) ~> (session.serving = Home /\ session.state \notin Live)
PublishedIsAdopted == (calm /\ down # Home) ~> (session.revision = desired)

\* A model that stays down is left for good: no loop of failure and reconciliation.
FailoverHolds == <>[](~calm \/ session.serving # down)
=============================================================================
