"""The file is found where people put it, and what was named is never passed over."""

from pathlib import Path

import pytest

from detent.adapters.settings import find


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty folder to stand in, and an empty configuration folder."""
    here, home = tmp_path / "here", tmp_path / "config"
    here.mkdir()
    (home / "detent").mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setattr("detent.adapters.settings.places.user_config_path", lambda name: home / name)
    return here, home / "detent"


@pytest.mark.usefixtures("folders")
def test_no_file_anywhere_is_none():
    assert find(environ={}) is None


def test_the_users_configuration_folder_comes_last(folders):
    here, home = folders
    (home / "detent.toml").touch()
    assert find(environ={}) == home / "detent.toml"
    (here / "detent.toml").touch()
    assert find(environ={}) == Path("detent.toml")


def test_the_variable_comes_before_the_folders_and_the_argument_before_the_variable(folders):
    here, _ = folders
    (here / "detent.toml").touch()
    environ = {"DETENT_CONFIG": "of-the-variable.toml"}
    assert find(environ=environ) == Path("of-the-variable.toml")
    assert find("of-the-argument.toml", environ=environ) == Path("of-the-argument.toml")


def test_an_empty_variable_names_nothing(folders):
    here, _ = folders
    (here / "detent.toml").touch()
    assert find(environ={"DETENT_CONFIG": ""}) == Path("detent.toml")


def test_a_path_in_the_home_folder_is_found_there():
    assert find("~/x.toml", environ={}) == Path.home() / "x.toml"
