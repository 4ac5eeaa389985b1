"""Who is let in."""

import asyncio

import aiohttp
import pytest
from click.testing import CliRunner

from detent.adapters.cli import main
from detent.adapters.gateway import Gateway
from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import Slow
from detent.adapters.settings import SettingsError, load
from detent.fsm.errors import BadDataError

from .conftest import ASKED, CHAIN

KEY = new_key()
KEYS = f'{CHAIN}\n[gateway.keys.laptop]\nsha256 = "{digest_of(KEY)}"\n'


async def status(scene, headers=None, path="/chat/completions"):
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{scene.base_url}{path}", json=ASKED) as reply,
    ):
        return reply.status, await reply.json()


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
def test_a_known_key_is_let_in_by_the_header_of_either_vendor(played, headers):
    assert played(lambda scene: status(scene, headers), KEYS)[0] == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer dt-other"}, {"Authorization": KEY}])
def test_an_unknown_key_is_a_401_that_does_not_repeat_it(played, headers):
    code, body = played(lambda scene: status(scene, headers), KEYS)
    assert code == 401
    assert "dt-" not in str(body)


def test_a_key_without_the_scope_is_a_403_that_names_both(played):
    code, body = played(lambda scene: status(scene, {"x-api-key": KEY}), f'{KEYS}scopes = ["admin"]\n')
    assert code == 403
    assert "'laptop'" in body["error"]["message"]
    assert "'call'" in body["error"]["message"]


def test_another_sites_page_in_a_browser_is_turned_away(played):
    async def story(scene):
        assert (await status(scene, {"Origin": "https://evil.example"}))[0] == 403
        assert (await status(scene, {"Origin": scene.gateway.address}))[0] == 200

    played(story)


def test_a_name_that_was_made_to_point_here_is_turned_away(played):
    assert played(lambda scene: status(scene, {"Host": "evil.example"}))[0] == 403


def test_a_gateway_without_keys_listens_on_this_machine_alone(tmp_path):
    everywhere = "192.0.2.1"
    file = tmp_path / "detent.toml"
    local = '[chains.default]\nprimary = "ollama/qwen3"\n'
    file.write_text(f'{local}[gateway]\nhost = "{everywhere}"\n')
    with pytest.raises(SettingsError, match=r"gateway\.host.*add a key"):
        load(file)
    file.write_text(local)
    with pytest.raises(BadDataError, match="add a key"):
        Gateway(load(file), host=everywhere)


def test_more_turns_than_there_may_be_are_turned_away_with_a_time_to_come_back(played):
    async def story(scene):
        scene.alpha.behave(Slow(0.2))
        said = await asyncio.gather(*(status(scene) for _ in range(3)))
        assert sorted(code for code, _ in said) == [200, 503, 503]
        assert (await status(scene))[0] == 200

    played(story, CHAIN + "max_turns = 1\n")


def test_a_body_that_is_too_long_is_a_413(played):
    code, body = played(lambda scene: status(scene), CHAIN + "max_body_bytes = 20\n")
    assert code == 413
    assert "max_body_bytes" in body["error"]["message"]


def test_a_key_is_made_with_the_lines_that_let_it_in(tmp_path):
    said = CliRunner().invoke(main, ["key", "ops", "--admin"]).output
    key = said.splitlines()[0].rpartition(" ")[2]
    assert digest_of(key) in said
    lines = said.partition("\n\n")[2]
    file = tmp_path / "detent.toml"
    file.write_text(f'[chains.default]\nprimary = "ollama/qwen3"\n{lines}')
    assert load(file).gateway.keys["ops"].scopes == ("call", "admin")
