"""Scenarios: stories in TOML that run against the real controller, with scripted providers and virtual time."""

from .reader import ScenarioError
from .runner import Result, run_file
from .story import Story, load

__all__ = ["Result", "ScenarioError", "Story", "load", "run_file"]
