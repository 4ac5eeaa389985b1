"""``detent.toml``: which providers there are, which chains sessions walk, and where the keys are found.

`load` reads a file or tells every mistake in it at once; `find` knows where the file is looked for; `check` and
`render` are what ``detent config check`` shows; `TEMPLATE` is what ``detent init`` writes. Secrets are read when an
endpoint is asked for (`Settings.endpoint`), and shown by nothing.
"""

from .journal import JournalSettings
from .key_file import FromFile
from .places import find
from .problems import SettingsError
from .provider import Provider, UnknownCredentialError
from .reading import load
from .report import Report, ResolvedCandidate, check, render
from .secret import FromEnvironment, MissingSecretError, Secret
from .settings import Settings
from .template import TEMPLATE
from .wellknown import WELL_KNOWN, WellKnown

__all__ = [
    "TEMPLATE",
    "WELL_KNOWN",
    "FromEnvironment",
    "FromFile",
    "JournalSettings",
    "MissingSecretError",
    "Provider",
    "Report",
    "ResolvedCandidate",
    "Secret",
    "Settings",
    "SettingsError",
    "UnknownCredentialError",
    "WellKnown",
    "check",
    "find",
    "load",
    "render",
]
