"""Calls to providers: one HTTP shell, a small format for each vendor, requests rendered from one form to another."""

from .http import HttpWire, Limits
from .rendering import FORMATS, afresh, fields_for

__all__ = ["FORMATS", "HttpWire", "Limits", "afresh", "fields_for"]
