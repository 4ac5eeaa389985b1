"""Writes the generated part of ``Session.tla`` anew: ``python -m detent.specs.tla``."""

from pathlib import Path

from .module import generate

if __name__ == "__main__":
    Path(__file__).with_name("Session.tla").write_text(generate(), encoding="utf-8")
