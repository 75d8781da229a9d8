"""What failed is sent again by the daemon that runs, under the key that it had, to those who do not have it."""

from __future__ import annotations

import pytest
from house import MakeHouse, until
from servers import FaultServer, Reply
from town import Mailbox, keys_of


@pytest.mark.server
@pytest.mark.slow
async def test_a_running_daemon_sends_again_what_failed(
    server: FaultServer, new_house: MakeHouse, mailbox: Mailbox
) -> None:
    server.script("/hook", Reply(404), Reply(200))
    mailbox.answers = ["554 no"]
    house = new_house(channels={"webhook": {"url": "${HOOK}"}, "email": mailbox.options})
    await house.start()
    await house.stop()
    house.lay_out(["webhook", "email"], ["one"])
    await house.start()
    await until(lambda: house.count("outbox", "state = 'failed'") == 2, "both have failed")
    assert "could not be delivered" in str((await house.health())["problems"])
    out = await house.command("alerts", "resend", "--failed")
    assert sorted(out.split("\n")[:2]) == ["email: took it", "webhook: took it"]
    assert keys_of(server, "/hook") == ["one", "one"]
    assert [mail.count(b"X-Listener-Key: one") for mail in mailbox.mails] == [1]
    assert (await house.health())["problems"] == []
    assert "Nothing has failed." in await house.command("alerts", "resend", "--failed")
    await house.stop()
