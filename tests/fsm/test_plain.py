"""Values become plain data and come back the same; what is wrong with plain data is told whole."""

import json

import attrs
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.fsm import core
from detent.fsm.chain import Candidate, Chain, Config, Limits, Policy
from detent.fsm.cooldown import Cooldown, Lifted, Renewed
from detent.fsm.decision import Decision, Notice, Outcome
from detent.fsm.errors import BadDataError
from detent.fsm.plain import from_plain, to_plain
from detent.fsm.reasons import REASONS, RULINGS, Failure, Ruling
from detent.fsm.session import Pin, Session
from detent.fsm.strict import EVENTS
from detent.fsm.turn_events import Fate

WORD = st.text(max_size=8)
NAME = st.text("abcdefgz0189-.é", min_size=1, max_size=6)
REFERENCE = st.builds("{}/{}".format, NAME, NAME)
COUNT = st.integers(0, 2**53)
FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
SECONDS = st.floats(0, 1e12) | COUNT
ABOVE_ZERO = st.floats(0, 1e12, exclude_min=True)
REASON = st.sampled_from(REASONS)
SCOPE = st.sampled_from(("model", "credential", "credential_model", "endpoint"))

CANDIDATES = st.builds(Candidate, REFERENCE, WORD)
CHAINS = st.builds(Chain, REFERENCE, st.lists(REFERENCE, max_size=4).map(tuple))
POLICIES = st.builds(
    Policy,
    retries=COUNT,
    on_all_cooling=st.sampled_from(("last_resort", "fail_fast")),
    stream=st.sampled_from(("live", "buffered")),
    **{a.name: SECONDS for a in attrs.fields(Policy) if a.name.endswith("_s") and a.default is not None},
    **{a.name: st.none() | ABOVE_ZERO for a in attrs.fields(Policy) if a.default is None},
    **{a.name: st.booleans() for a in attrs.fields(Policy) if a.default is False},
)
CONFIGS = st.builds(
    Config,
    CHAINS,
    POLICIES,
    COUNT,
    st.dictionaries(REFERENCE, COUNT, max_size=3),
    st.dictionaries(NAME, st.lists(WORD, max_size=3).map(tuple), max_size=3),
    st.none() | st.frozensets(NAME, max_size=3),
    st.frozensets(NAME, max_size=3),
    limits=st.dictionaries(REFERENCE, st.builds(Limits, *[st.none() | ABOVE_ZERO] * 4), max_size=3),
)
FAILURES = st.builds(
    Failure, REASON, st.none() | SCOPE, st.none() | FINITE, WORD, WORD, st.none() | st.integers(100, 599)
)
FATES = st.builds(Fate, CANDIDATES, st.booleans(), WORD, WORD)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(("answered", "exhausted", "surfaced", "aborted", "interrupted")),
    *[WORD] * 5,
    st.none() | FAILURES,
    st.lists(FATES, max_size=3).map(tuple),
    COUNT,
    st.none() | FINITE,
)
NOTICES = st.builds(Notice, st.sampled_from(("failover", "recovered", "exhausted")), *[WORD] * 4, FINITE)
SESSIONS = st.builds(
    Session,
    id=WORD,
    serving=WORD,
    adopted=WORD,
    revision=COUNT,
    state=WORD,
    pin=st.none() | REFERENCE,
    strict=st.none() | st.booleans(),
    licence=st.booleans(),
    epoch=COUNT,
    turns=st.lists(WORD, max_size=3).map(tuple),
    prober=st.none() | WORD,
    kept=st.lists(WORD, max_size=2).map(tuple),
)
COOLDOWNS = st.builds(
    Cooldown, key=WORD, until=FINITE, strikes=COUNT, hard=st.booleans(), last_resort_at=st.none() | FINITE
)
EVENT_VALUES = st.none() | st.one_of(
    st.builds(Pin, REFERENCE, st.none() | st.booleans()),
    st.builds(Lifted, FINITE, st.frozensets(WORD, max_size=3)),
    *[st.from_type(EVENTS[name]) for name in ("TurnStarted", "TurnEvent", "Answered", "Restored", "OfAttempt", "Cut")],
    st.builds(Renewed, FINITE),
)
DECISIONS = st.builds(
    Decision,
    FINITE,
    *[WORD] * 6,
    st.sampled_from(("move", "blocked", "stale")),
    *[WORD] * 4,
    data=EVENT_VALUES,
)
VALUES = st.one_of(
    CANDIDATES,
    CHAINS,
    POLICIES,
    CONFIGS,
    FAILURES,
    st.sampled_from(list(RULINGS.values())),
    FATES,
    OUTCOMES,
    NOTICES,
    SESSIONS,
    COOLDOWNS,
    DECISIONS,
)


def problems(cls: type, data: object, **where: str) -> tuple[str, ...]:
    with pytest.raises(BadDataError) as caught:
        from_plain(cls, data, **where)
    return caught.value.problems


@settings(deadline=None)
@given(VALUES)
def test_a_value_comes_back_exactly_after_a_journey_through_json(value):
    plain = to_plain(value)
    again = from_plain(type(value), json.loads(json.dumps(plain, allow_nan=False)))
    # Sessions and cooldowns are equal to themselves alone, so their fields are compared.
    assert attrs.asdict(again) == attrs.asdict(value)
    assert type(again) is type(value)
    assert repr(again) == repr(value) or isinstance(value, (Config, Decision))
    assert json.dumps(to_plain(again)) == json.dumps(plain)


@settings(deadline=None)
@given(VALUES)
def test_plain_data_holds_nothing_but_what_json_has(value):
    def look(plain):
        assert type(plain) in (dict, list, str, int, float, bool, type(None))
        for inner in plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ():
            look(inner)

    look(to_plain(value))


def test_what_no_argument_sets_is_left_out():
    config = Config(Chain.of("a/b"))
    config.candidates("a/b")
    assert "_memo" not in to_plain(config)
    assert "memo" not in to_plain(config)
    assert "ruling" not in to_plain(Failure("timeout"))
    assert from_plain(Failure, {"reason": "timeout"}).ruling == RULINGS["timeout"]


def test_frozensets_are_sorted_lists_and_tuples_are_lists():
    config = Config(Chain.of("a/b", "c/d"), providers=frozenset("zab"), credentials={"a": ("x", "w")})
    plain = to_plain(config)
    assert plain["providers"] == ["a", "b", "z"]
    assert plain["chain"]["fallbacks"] == ["c/d"]
    assert plain["credentials"] == {"a": ["x", "w"]}


def test_what_is_left_out_has_its_default():
    assert from_plain(Config, {"chain": {"primary": "a/b"}}) == Config(Chain.of("a/b"))


def test_a_whole_number_is_a_fine_float_and_stays_as_it_was_written():
    assert to_plain(from_plain(Policy, {"cooldown_s": 60}))["cooldown_s"] == 60
    assert isinstance(from_plain(Policy, {"cooldown_s": 60}).cooldown_s, int)


def test_the_whole_log_of_a_turn_can_be_read_again():
    config = Config(Chain.of("a/one", "b/two"))
    session = core.fresh("s", config)
    begun = core.start(session, config, {}, 1.0, core.Request("t"))
    failed = core.failed(begun.session, begun.turn, begun.cooldowns, 2.0, 1, Failure("auth", wait_s=3))
    for decision in begun.decisions + failed.decisions:
        assert from_plain(Decision, json.loads(json.dumps(to_plain(decision)))) == decision


def test_every_event_that_a_decision_may_carry_is_known_by_its_name():
    decision = Decision(0.0, "session", "s", "s", "", "e", "", "move", "", "", "")
    assert to_plain(evolve(decision, data=Pin("a/b")))["data"] == {
        "type": "Pin",
        "model": "a/b",
        "strict": None,
    }
    with pytest.raises(BadDataError) as caught:
        to_plain(evolve(decision, data={"model": "a/b"}))
    assert caught.value.problems[0].startswith("data: is a dict, must be one of Desired, Pin,")


def test_every_mistake_is_told_each_with_its_path():
    data = {
        "chain": {"primary": "x", "fallbacks": ["a/b", "c", 5], "fallback": []},
        "policy": {"retries": "many", "cooldown_s": True, "idle_s": "5", "backoff_s": -1, "pin_strict": 1},
        "windows": {"openai/gpt-5.1": 1.0},
        "credentials": {"openai": "work"},
        "providers": "openai",
        "revision": True,
    }
    reference = 'must be a model reference "provider/model", e.g. "openai/gpt-5"'
    assert set(problems(Config, data)) == {
        'chain.fallback: is unknown (known are primary, fallbacks); did you mean "fallbacks"?',
        f'chain.primary: is "x", {reference}',
        f'chain.fallbacks[1]: is "c", {reference}',
        f"chain.fallbacks[2]: is 5, {reference}",
        'policy.retries: is "many", must be a whole number',
        "policy.cooldown_s: is true, must be a number",
        'policy.idle_s: is "5", must be a number',
        "policy.backoff_s: is -1, must be a number of at least 0",
        "policy.pin_strict: is 1, must be true or false",
        'windows."openai/gpt-5.1": is 1.0, must be a whole number',
        'credentials.openai: is "work", must be a list',
        'providers: is "openai", must be a list',
        "revision: is true, must be a whole number",
    }


@pytest.mark.parametrize(
    ("cls", "data", "expected"),
    [
        (Config, {}, "chain: is missing, must be a table"),
        (Candidate, 5, "candidate: is 5, must be a table"),
        (Candidate, {"model": None}, "model: is null, must be text"),
        (Candidate, {}, "model: is missing, must be text"),
        (Candidate, {"model": "a/b", "key": 1}, "key: is unknown (known are model, credential)"),
        (Policy, {"idle_s": float("inf")}, "idle_s: is Infinity, must be a finite number"),
        (Policy, {"idle_s": float("nan")}, "idle_s: is NaN, must be a finite number"),
        (
            Policy,
            {"idle_s": 10**400},
            "idle_s: is 100000000000000000000000000000000000000000000000000000000..., must be a finite number",
        ),
        (Policy, {"turn_deadline_s": "5"}, 'turn_deadline_s: is "5", must be a number'),
        (Policy, {"retries": 1.0}, "retries: is 1.0, must be a whole number"),
        (Outcome, {"kind": "answerd", "session": "s", "turn": "t"},
         'kind: is "answerd", must be one of "answered", "exhausted", "surfaced", "aborted", "interrupted"; '
         'did you mean "answered"?'),
        (Fate, {"candidate": {"model": 1}, "called": False, "why": "x"}, "candidate.model: is 1, must be text"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_there_and_what_must_be(cls, data, expected):
    assert problems(cls, data) == (expected,)


def test_an_event_that_nobody_knows_is_a_mistake():
    plain = to_plain(Decision(0.0, "session", "s", "s", "", "e", "", "move", "", "", ""))
    assert problems(Decision, {**plain, "data": 5}) == ("data: is 5, must be an event, or null",)
    (problem,) = problems(Decision, {**plain, "data": {"type": "Pinn"}})
    assert problem.startswith('data.type: is "Pinn", must be one of Desired, Pin,')
    assert problems(Decision, {**plain, "data": {"type": "Pin", "model": 5}}) == ("data.model: is 5, must be text",)


def test_paths_begin_where_the_data_stands():
    assert problems(Policy, {"retries": "x"}, at="chains.a.policy") == (
        'chains.a.policy.retries: is "x", must be a whole number',
    )
    assert problems(Policy, 5, at="chains.a.policy") == ("chains.a.policy: is 5, must be a table",)


def test_a_number_that_json_does_not_have_is_refused_before_it_is_stored():
    with pytest.raises(BadDataError) as caught:
        to_plain(Config(Chain.of("a/b"), Policy(cooldown_cap_s=float("inf"))))
    assert caught.value.problems == ("policy.cooldown_cap_s: is Infinity, must be a finite number",)


def test_a_ruling_is_read_back_too():
    assert from_plain(Ruling, to_plain(RULINGS["auth"])) == RULINGS["auth"]


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | FINITE | WORD, lambda x: st.lists(x) | st.dictionaries(WORD, x)))
def test_no_data_whatever_raises_anything_but_bad_data(data):
    for cls in (Config, Session, Decision, Outcome):
        assert problems(cls, data)
