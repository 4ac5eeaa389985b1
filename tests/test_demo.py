"""The demo, over real sockets."""

from __future__ import annotations

from click.testing import CliRunner

from detent.adapters.cli import main


def test_the_demo_survives_its_outage_and_says_what_it_saw() -> None:
    ran = CliRunner().invoke(main, ["demo"])
    assert ran.exit_code == 0, ran.output
    said = ran.output
    assert "notice failover: serving beta/large, wanted alpha/large; alpha/large is rate limited" in said
    assert "reconcile is blocked in failover_active: a failover is live" in said
    assert "cooldown_probe -> failover_active: home did not answer" in said
    assert "notice pinned: serving beta/small" in said
    assert "notice recovered: serving alpha/large" in said
    assert said.endswith("The session survived the outage and is home again.\n")
