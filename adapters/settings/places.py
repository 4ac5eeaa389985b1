"""Where ``detent.toml`` is looked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from platformdirs import user_config_path

FILE_NAME: Final = "detent.toml"
VARIABLE: Final = "DETENT_CONFIG"


def find(argument: str | Path | None = None, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file to load: the argument, else ``$DETENT_CONFIG``, ``./detent.toml``, the user's configuration folder.

    A file that was named is returned whether it exists or not, so that `load` complains of it instead of another
    file being used in silence.

    Args:
        argument: what ``--config`` said, if anything.
        environ: the environment; the process's own by default.

    Returns:
        the path, None: nothing was named and no file stands where one is looked for.
    """
    named = argument or (os.environ if environ is None else environ).get(VARIABLE)
    if named:
        return Path(named).expanduser()
    places = (Path(FILE_NAME), user_config_path("detent") / FILE_NAME)
    return next((place for place in places if place.is_file()), None)
