"""A secret is shown by nothing: no repr, no error, no report; and none is taken from the file unasked."""

import json
import traceback
from io import StringIO

import attrs
import pytest
from rich.console import Console

from detent.adapters.settings import MissingSecretError, SettingsError, check, load, render
from detent.adapters.settings.secret import looks_secret
from detent.fsm.plain import to_plain

KEY = "sk-do-not-show-me-4711"
CHAIN = '[chains.default]\nprimary = "openai/gpt-5"\n'
EVERYWHERE = {
    "key": f'key = "{KEY}"',
    "key of a credential": f'credentials = {{ work = {{ key = "{KEY}" }} }}',
    "credential itself": f'credentials = {{ work = "{KEY}" }}',
    "credentials": f'credentials = ["{KEY}"]',
    "name of a file": f'key_file = "{KEY}"',
    "file of a credential": f'credentials = {{ work = {{ file = "{KEY}" }} }}',
    "file of a header": f'headers_file = {{ X-Pass = "{KEY}" }}',
    "files of headers": f'headers_file = "{KEY}"',
    "list of files": f'key_file = ["{KEY}"]',
    "name of a variable": f'key_env = "{KEY}"',
    "variable of a credential": f'credentials = {{ work = {{ env = "{KEY}" }} }}',
    "header": f'headers = {{ Authorization = "Bearer {KEY}" }}',
    "header of another name": f'headers = {{ X-Team = "{KEY}" }}',
    "headers": f'headers = "{KEY}"',
    "variable of a header": f'headers_env = {{ X-Pass = "{KEY}" }}',
    "body": f'extra_body = {{ deep = {{ list = ["{KEY}"] }} }}',
    "body by name": 'extra_body = { password = "sk-do-not-show-me-4711" }',
    "query of the address": f'base_url = "https://host.example/v1?key={KEY}"',
    "user of the address": f'base_url = "https://me:{KEY}@host.example/v1"',
    "unknown key": f'api_key = "{KEY}"',
    "name of a key": f'{KEY} = "x"',
    "wire format": f'api = "{KEY}"',
    "list for a text": f'api = ["{KEY}"]',
    "syntax": f"key = {KEY}",
}


def shown(value: object) -> str:
    return repr(value) + str(value)


def everything(error: BaseException) -> str:
    parts = [shown(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    others = (error.__cause__, error.__context__)
    parts += [shown(other) + repr(getattr(other, "__dict__", "")) for other in others]
    return "".join(parts)


def printed(report) -> str:
    out = StringIO()
    Console(width=200, file=out).print(render(report))
    return out.getvalue()


@pytest.mark.parametrize("line", EVERYWHERE.values(), ids=EVERYWHERE)
def test_a_key_in_the_file_is_refused_wherever_it_stands_and_never_quoted(write, line):
    path = write(f"{CHAIN}[providers.openai]\n{line}\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    report = check(path, environ={})
    for text in (everything(caught.value), shown(report), json.dumps(report.plain()), printed(report)):
        assert KEY not in text
        assert "do-not-show" not in text


@pytest.mark.parametrize("line", ['providers.openai = "hunter2"', '[providers]\nopenai = "hunter2"'])
def test_a_short_secret_in_the_place_of_a_table_is_not_quoted(write, line):
    with pytest.raises(SettingsError) as caught:
        load(write(line))
    assert "hunter2" not in everything(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'key = "hunter2"',
        'key_env = "hunter2!"',
        'credentials = "hunter2"',
        'credentials = { work = "hunter2" }',
        'headers = { api-key = "hunter2" }',
        'base_url = "https://host.example/v1?api_key=hunter2"',
    ],
)
def test_a_secret_that_looks_like_a_word_is_known_by_its_place(write, line):
    with pytest.raises(SettingsError) as caught:
        load(write(f"{CHAIN}[providers.openai]\n{line}\n"))
    assert "hunter2" not in everything(caught.value)


def test_a_refused_key_is_told_once_with_the_way_out(write):
    with pytest.raises(SettingsError) as caught:
        load(write(f'{CHAIN}[providers.openai]\nkey = "{KEY}"\n'))
    assert caught.value.problems == (
        "providers.openai.key: a key is written in the file; keep it in an environment variable and name that "
        'instead: key_env = "OPENAI_API_KEY", or write allow_keys_in_file = true at the top of the file',
    )


def test_a_refused_key_of_a_credential_is_told_with_its_own_way_out(write):
    with pytest.raises(SettingsError) as caught:
        load(write(f'{CHAIN}[providers.openai]\ncredentials = {{ openai = {{ key = "{KEY}" }} }}\n'))
    assert caught.value.problems == (
        "providers.openai.credentials.openai.key: a key is written in the file; keep it in an environment variable "
        'and name that instead: env = "OPENAI_API_KEY", or write allow_keys_in_file = true at the top of the file',
    )


def test_a_refused_header_is_told_with_the_way_out(write):
    with pytest.raises(SettingsError) as caught:
        load(write(f'{CHAIN}[providers.openai]\nheaders = {{ api-key = "{KEY}" }}\n'))
    assert caught.value.problems == (
        "providers.openai.headers.api-key: a secret is written in the file; keep it in an environment variable and "
        'name that instead: headers_env = { "api-key" = "OPENAI_API_KEY" }, or write allow_keys_in_file = true at '
        "the top of the file",
    )


def test_a_key_where_the_name_of_its_variable_belongs_is_told_so(write):
    with pytest.raises(SettingsError) as caught:
        load(write(f'{CHAIN}[providers.openai]\nkey_env = "{KEY}"\n'))
    assert caught.value.problems == (
        "providers.openai.key_env: is no name of an environment variable (not quoted, it may be a secret); write the "
        'name of the variable that holds the key, e.g. "OPENAI_API_KEY"',
    )


def test_keys_that_are_allowed_in_the_file_reach_the_endpoint_and_nothing_else(write):
    path = write(
        f"allow_keys_in_file = true\n{CHAIN}"
        f'[providers.openai]\nkey = "{KEY}"\nheaders = {{ X-Pass = "{KEY}", Authorization = "Bearer {KEY}" }}\n'
    )
    settings = load(path)
    endpoint = settings.endpoint("openai", environ={})
    assert endpoint.key == KEY
    assert endpoint.headers == {"X-Pass": KEY, "Authorization": f"Bearer {KEY}"}
    report = check(path, environ={})
    assert report.plain()["chains"]["default"]["candidates"][0]["key"] == "file"
    for value in (
        settings,
        endpoint,
        report,
        report.plain(),
        to_plain(settings.providers),
        attrs.asdict(settings),
    ):
        assert KEY not in shown(value)
    assert KEY not in printed(report)


def test_a_key_in_the_environment_is_shown_by_nothing(write, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    path = write(CHAIN)
    settings = load(path)
    endpoint = settings.endpoint("openai")
    assert endpoint.key == KEY
    report = check(path)
    texts = (shown(settings), shown(endpoint), shown(report), json.dumps(report.plain()), printed(report))
    assert not [text for text in texts if KEY in text]


def test_a_key_in_a_file_is_shown_by_nothing_also_after_it_was_read(write, tmp_path, monkeypatch):
    monkeypatch.setattr("detent.adapters.settings.key_file._SETTLED_NS", -1)  # it is kept in memory at once
    path = write(f'{CHAIN}[providers.openai]\nkey_file = "a.key"\nheaders_file = {{ X-Pass = "b.key" }}\n')
    for name in ("a.key", "b.key"):
        file = tmp_path / name
        file.write_text(KEY)
        file.chmod(0o600)
    settings = load(path)
    endpoint = settings.endpoint("openai", environ={})
    assert endpoint.key == KEY
    assert endpoint.headers == {"X-Pass": KEY}
    report = check(path, environ={})
    assert report.warnings == ()
    values = (settings, endpoint, report, report.plain(), to_plain(settings.providers), attrs.asdict(settings))
    for text in (*map(shown, values), json.dumps(report.plain()), printed(report)):
        assert KEY not in text
        assert str(hash(KEY)) not in text


@pytest.mark.parametrize("content", [f"{KEY} {KEY}", f"{KEY}\n{KEY}", f"{KEY}\u00e9", KEY * 2000])
def test_an_unusable_key_in_a_file_is_told_by_its_path_and_not_quoted(write, tmp_path, content):
    file = tmp_path / "a.key"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    path = write(f'{CHAIN}[providers.openai]\nkey_file = "a.key"\n')
    with pytest.raises(MissingSecretError, match=r"a\.key") as caught:
        load(path).endpoint("openai", environ={})
    report = check(path, environ={})
    for text in (everything(caught.value), shown(report), json.dumps(report.plain()), printed(report)):
        assert "do-not-show" not in text


@pytest.mark.parametrize("key", [f'"{KEY} {KEY}"', '""', "4711", f'"{KEY}\\n{KEY}"'])
def test_an_unusable_key_in_the_file_is_refused_even_where_keys_are_allowed(write, key):
    with pytest.raises(SettingsError) as caught:
        load(write(f"allow_keys_in_file = true\n{CHAIN}[providers.openai]\nkey = {key}\n"))
    assert caught.value.problems == (
        "providers.openai.key: is no key (not quoted, it may be a secret); write the key alone, as text",
    )


@pytest.mark.parametrize("value", [f"{KEY} {KEY}", f"{KEY}\n{KEY}", f"{KEY}\u00e9"])
def test_an_unusable_key_in_the_environment_is_told_by_its_variable_and_not_quoted(write, value):
    settings = load(write(CHAIN))
    with pytest.raises(MissingSecretError, match="OPENAI_API_KEY") as caught:
        settings.endpoint("openai", environ={"OPENAI_API_KEY": value})
    assert KEY not in everything(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdefgh1234",
        "gsk_abcdefgh12345678abcd",
        "Bearer sk-ant-api03-abcdefgh",
        "AIzaSyA1234567890abcdefghijk",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef.AbCdEf0123456789",
    ],
)
def test_what_has_the_form_of_a_key_looks_secret(text):
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "openai/gpt-5",
        "ollama/llama3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef",
        "OPENAI_API_KEY_2",
        "https://gateway.example/v1/0123456789abcdef0123456789abcdef/openai",
        "org-AbCdEfGh1234567890AbCdEf",
        "the models that answer questions about invoices",
        "a-long-name-of-a-chain-for-agents-number-2",
        "last_resort",
    ],
)
def test_what_people_write_in_a_configuration_looks_like_no_secret(text):
    assert not looks_secret(text)
