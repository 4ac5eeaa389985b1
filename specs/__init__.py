"""What is promised, and how it is proved on the shipped tables and step functions.

``scenarios`` holds stories in TOML, run against the real controller by ``detent scenario``: the five that began this
project, and the fine print of the selection rules, one story a rule. Files named ``bad-…`` must fail.

`properties` is every promise with its predicate, `worlds` the small worlds in which they are checked, `explorer` the
exhaustive search, `check` the same on a user's own chain, `story` and `scenario_file` tell a counterexample,
`witnesses` has the shortest run into every cell of the tables, and `mutation` shows that the checks can fail.
"""

from .check import Report, check
from .environment import Environment
from .explorer import Counterexample, Exploration, explore
from .promise import Property, Unstated
from .properties import PROPERTIES
from .scenario_file import NotTellableError, scenario
from .story import told
from .unstated import UNSTATED
from .witnesses import Witness, shortest, transcript
from .worlds import standard, thorough

__all__ = [
    "PROPERTIES",
    "UNSTATED",
    "Counterexample",
    "Environment",
    "Exploration",
    "NotTellableError",
    "Property",
    "Report",
    "Unstated",
    "Witness",
    "check",
    "explore",
    "scenario",
    "shortest",
    "standard",
    "thorough",
    "told",
    "transcript",
]
