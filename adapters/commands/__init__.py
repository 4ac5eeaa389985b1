"""The commands of ``detent``, one file a group; `detent.adapters.cli` puts them together."""
