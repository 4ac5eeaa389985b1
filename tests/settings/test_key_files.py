"""Keys in files: which files are trusted, what they may hold, and that a changed one counts at once."""

import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from detent.adapters.settings import FromFile, MissingSecretError, check, load, render

CHAIN = '[chains.default]\nprimary = "openai/gpt-5"\n'
needs_modes = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system's files have no modes")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return keep(tmp_path / "work.key", "key-of-work\n")


def keep(file: Path, text: str | bytes, mode: int = 0o600, age_s: float = 3600) -> Path:
    """A key file, last changed a while ago."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    then = file.stat().st_mtime - age_s
    os.utime(file, (then, then))
    return file


def read(source: FromFile) -> str:
    return source.read({}, "provider 'openai'")


def refusal(source: FromFile) -> str:
    with pytest.raises(MissingSecretError) as caught:
        read(source)
    return str(caught.value)


def test_a_key_a_credential_and_a_header_may_each_come_from_a_file(write, tmp_path, key):
    keep(tmp_path / "gate", "Basic abc def")
    settings = load(write(CHAIN + '[providers.openai]\nkey_file = "work.key"\nheaders_file = { X-Gate = "gate" }\n'))
    endpoint = settings.endpoint("openai", environ={})
    assert (endpoint.key, endpoint.headers) == ("key-of-work", {"X-Gate": "Basic abc def"})
    keep(tmp_path / "spare.key", "key-of-spare")
    credentials = f'work = {{ file = "{key}" }}, spare = {{ file = "spare.key" }}, other = {{ env = "O" }}'
    settings = load(write(CHAIN + f"[providers.openai]\ncredentials = {{ {credentials} }}\n"))
    assert settings.configs["default"].credentials == {"openai": ("work", "spare", "other")}
    keys = [settings.endpoint("openai", name, environ={"O": "o"}).key for name in ("work", "spare", "other")]
    assert keys == ["key-of-work", "key-of-spare", "o"]


def test_a_relative_path_begins_at_the_configuration_and_not_at_the_process(write, key, tmp_path, monkeypatch):
    path = write(CHAIN + '[providers.openai]\nkey_file = "work.key"\n')
    monkeypatch.chdir(tmp_path)
    settings = load(path.name)
    monkeypatch.chdir("/")
    assert settings.endpoint("openai", environ={}).key == "key-of-work"


def test_a_tilde_is_the_users_home(write, key, monkeypatch):
    monkeypatch.setenv("HOME", str(key.parent))
    monkeypatch.setenv("USERPROFILE", str(key.parent))
    settings = load(write(CHAIN + '[providers.openai]\nkey_file = "~/work.key"\n'))
    assert settings.endpoint("openai", environ={}).key == "key-of-work"


@pytest.mark.parametrize(
    "content",
    [b"key-of-work", b"key-of-work\n", b"key-of-work\r\n", b"\xef\xbb\xbfkey-of-work\r\n", b"\n  key-of-work \n\n"],
)
def test_line_ends_and_byte_order_marks_are_no_part_of_a_key(key, content):
    assert read(FromFile(keep(key, content))) == "key-of-work"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; write the key alone into it"),
        (b" \n", "is empty; write the key alone into it"),
        (b"one\ntwo\n", "holds more than one line, or a character that is not ASCII; write the key alone into it"),
        (
            "schlüssel".encode(),
            "holds more than one line, or a character that is not ASCII; write the key alone into it",
        ),
        (b"\xff\xfek\x00", "is no text in UTF-8; write the key alone into it"),
        (b"k" * 16_385, "is larger than 16384 bytes; write the key alone into it"),
    ],
    ids=["nothing", "white space", "two lines", "letters beyond ASCII", "UTF-16", "too much"],
)
def test_a_file_that_holds_no_key_is_told(key, content, says):
    assert refusal(FromFile(keep(key, content))) == f"provider 'openai': key file {key} {says}"


def test_a_file_that_is_not_there_is_told(tmp_path):
    path = tmp_path / "none.key"
    says = "cannot be read: No such file or directory; write the key alone into it"
    assert refusal(FromFile(path)) == f"provider 'openai': key file {path} {says}"


def test_a_key_with_a_space_is_told_with_its_file(write, key):
    keep(key, "Bearer something")
    settings = load(write(CHAIN + '[providers.openai]\nkey_file = "work.key"\n'))
    with pytest.raises(MissingSecretError) as caught:
        settings.endpoint("openai", environ={})
    says = f"provider 'openai': the key from {key} holds a space; set it to the key alone"
    assert str(caught.value) == says
    assert check(settings.path, environ={}).warnings == (says,)


@needs_modes
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_is_its_owners_alone_is_trusted(key, mode):
    key.chmod(mode)
    assert read(FromFile(key)) == "key-of-work"


@needs_modes
@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (0o640, "can be read by its group (mode 0640)"),
        (0o644, "can be read by everybody (mode 0644)"),
        (0o604, "can be read by everybody (mode 0604)"),
    ],
)
def test_a_file_that_others_may_read_is_refused_unless_that_is_allowed(key, mode, says):
    key.chmod(mode)
    assert refusal(FromFile(key)) == (
        f"provider 'openai': key file {key} {says}; run: chmod 600 {key}, or, where a container runtime mounts it so, "
        "write allow_readable_key_files = true at the top of detent.toml"
    )
    assert read(FromFile(key, readable=True)) == "key-of-work"


@needs_modes
@pytest.mark.parametrize("readable", [False, True])
@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (0o620, "can be written by its group (mode 0620)"),
        (0o602, "can be written by everybody (mode 0602)"),
        (0o666, "can be written by everybody (mode 0666)"),
    ],
)
def test_a_file_that_others_may_write_is_refused_whatever_is_allowed(key, mode, says, readable):
    key.chmod(mode)
    source = FromFile(key, readable=readable)
    assert refusal(source) == f"provider 'openai': key file {key} {says}; run: chmod 600 {key}"


@needs_modes
def test_the_switch_at_the_top_of_the_configuration_allows_mounted_secrets(write, key):
    key.chmod(0o444)
    table = '[providers.openai]\nkey_file = "work.key"\n'
    assert load(write("allow_readable_key_files = true\n" + CHAIN + table)).endpoint("openai", environ={}).key
    with pytest.raises(MissingSecretError, match="allow_readable_key_files = true"):
        load(write("allow_readable_key_files = false\n" + CHAIN + table)).endpoint("openai", environ={})


@needs_modes
def test_a_file_of_another_user_is_refused_and_one_of_roots_is_not(key, monkeypatch):
    me, owner = os.geteuid(), key.stat().st_uid
    if me == 0:
        os.chown(key, 4711, -1)
        owner = 4711
    else:
        me += 1
    monkeypatch.setattr(os, "geteuid", lambda: me)
    says = f"belongs to user {owner}, who may change it; run: chown {me} {key}"
    assert refusal(FromFile(key)) == f"provider 'openai': key file {key} {says}"
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    assert read(FromFile(key)) == "key-of-work"
    if owner == 4711:
        os.chown(key, 0, -1)
        assert read(FromFile(key)) == "key-of-work"


@needs_modes
def test_a_folder_where_everybody_may_put_another_file_is_refused_but_for_one_like_tmp(key):
    folder = key.parent
    folder.chmod(0o777)
    assert refusal(FromFile(key)) == (
        f"provider 'openai': key file {key} lies in {folder}, where everybody can put another in its place "
        f"(mode 0777); run: chmod o-w {folder}"
    )
    folder.chmod(0o1777)
    assert read(FromFile(key)) == "key-of-work"


@needs_modes
def test_a_path_with_a_space_is_quoted_in_the_command_that_mends_it(tmp_path):
    file = keep(tmp_path / "my key", "k", 0o666)
    assert refusal(FromFile(file)).endswith(f"; run: chmod 600 '{file}'")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    says = "is no regular file; name a file that holds the key alone"
    assert refusal(FromFile(pipe)) == f"provider 'openai': key file {pipe} {says}"
    says = "cannot be read: Is a directory; write the key alone into it"
    assert refusal(FromFile(tmp_path)) == f"provider 'openai': key file {tmp_path} {says}"


@needs_modes
def test_a_link_is_followed_and_what_it_leads_to_is_what_counts(tmp_path):
    """The way in which Kubernetes mounts secrets: a link to a link to a folder that is swapped as a whole."""
    for version in ("1", "2"):
        (tmp_path / f"..{version}").mkdir()
        keep(tmp_path / f"..{version}" / "key", f"key-{version}")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "key").symlink_to("..data/key")
    source = FromFile(tmp_path / "key")
    assert read(source) == "key-1"
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert read(source) == "key-2"
    (tmp_path / "..2" / "key").chmod(0o644)
    assert "can be read by everybody" in refusal(source)
    (tmp_path / "..2" / "key").chmod(0o600)
    (tmp_path / "..2").chmod(0o777)
    assert f"lies in {tmp_path / '..2'}" in refusal(source)


def test_a_file_that_is_replaced_or_written_again_counts_at_once(key, tmp_path):
    source = FromFile(key)
    assert read(source) == "key-of-work"
    keep(tmp_path / "new", "key-of-rest\n").rename(key)
    assert read(source) == "key-of-rest"
    keep(key, "key-of-play\n")
    assert read(source) == "key-of-play"
    key.unlink()
    assert "No such file" in refusal(source)
    keep(key, "key-of-work\n")
    assert read(source) == "key-of-work"


def test_a_file_that_was_just_written_is_read_each_time_for_its_times_may_not_show_a_change(key, monkeypatch):
    before = key.stat()
    source = FromFile(key)
    assert read(source) == "key-of-work"
    frozen = os.stat_result((*before[:10],), {n: getattr(before, n) for n in dir(before) if n.startswith("st_")})
    monkeypatch.setattr(os, "stat", lambda *_a, **_k: frozen)
    key.write_text("key-of-rest\n")
    assert read(source) == "key-of-rest"


def test_a_file_that_has_not_changed_is_not_opened_again(key, monkeypatch):
    source = FromFile(key)
    monkeypatch.setattr("detent.adapters.settings.key_file._SETTLED_NS", -1)
    read(source)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("the file was opened again"))
    assert read(source) == "key-of-work"


@needs_modes
def test_a_closed_file_that_is_opened_to_others_later_is_refused(key, monkeypatch):
    monkeypatch.setattr("detent.adapters.settings.key_file._SETTLED_NS", -1)
    source = FromFile(key)
    read(source)
    key.chmod(0o644)
    assert "can be read by everybody" in refusal(source)


def test_on_a_system_without_modes_the_content_alone_is_checked(key, monkeypatch):
    key.chmod(0o666)
    monkeypatch.setattr("detent.adapters.settings.key_file._HAS_MODES", False)
    assert read(FromFile(key)) == "key-of-work"


@needs_modes
def test_config_check_tells_what_is_wrong_with_key_files(write, key, tmp_path):
    key.chmod(0o644)
    path = write(
        CHAIN + "[providers.openai]\n"
        'credentials = { work = { file = "work.key" }, spare = { file = "none.key" } }\n'
        'headers_file = { X-Gate = "gate" }\n'
    )
    keep(tmp_path / "gate", "")
    report = check(path, environ={})
    assert report.ok
    assert report.warnings == (
        f"provider 'openai', credential 'work': key file {key} can be read by everybody (mode 0644); run: chmod 600 "
        f"{key}, or, where a container runtime mounts it so, write allow_readable_key_files = true at the top of "
        "detent.toml",
        f"provider 'openai', credential 'spare': key file {tmp_path / 'none.key'} cannot be read: No such file or "
        "directory; write the key alone into it",
        f"provider 'openai', header 'X-Gate': key file {tmp_path / 'gate'} is empty; write the key alone into it",
    )
    found = [(c["key"], c["key_found"]) for c in report.plain()["chains"]["default"]["candidates"]]
    assert found == [(str(key), False), (str(tmp_path / "none.key"), False)]
    out = StringIO()
    Console(width=400, file=out).print(render(report))
    assert f"{key} (unusable)" in out.getvalue()
    key.chmod(0o600)
    assert check(path, environ={}).plain()["chains"]["default"]["candidates"][0]["key_found"]
