"""The dashboard: one page, its files, and what it asks for besides the admin API.

The page needs no build and no network but the gateway: its files lie in ``static``, and its policy allows nothing else.
"""

from .view import Dashboard

__all__ = ["Dashboard"]
