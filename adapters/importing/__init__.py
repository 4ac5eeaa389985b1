"""Coming from elsewhere: a ``detent.toml`` from the configuration of another program.

`read_openclaw` and `read_litellm` make a `Draft`; its `text` is the file, headed by whatever has no counterpart. Keys
are never copied: where the other file names an environment variable, that is kept; where it holds the key itself, a
variable is named that is to hold it.
"""

from .draft import Draft, ImportingError
from .litellm import read_litellm
from .openclaw import read_openclaw

__all__ = ["Draft", "ImportingError", "read_litellm", "read_openclaw"]
