"""The session in TLA+: ``Session.tla`` around transitions that come from the table, its checker, and its twin.

``generate`` writes the spec (`module`), ``check`` has it checked by the npm package tla-checker (`checker`), and
``Model`` is the same world in Python over the table itself (`model`).
"""

from .checker import CheckerError, Verdict, check, install, missing
from .model import Explored, Model
from .module import committed, generate

__all__ = ["CheckerError", "Explored", "Model", "Verdict", "check", "committed", "generate", "install", "missing"]
