"""Addresses that name nothing are absent, whatever stands in them: no database is asked what it can't be asked.

Threat B23.
"""

import pytest
import world
from signing_in import sign_in

NOTHING = (
    "/en/winners/99999999999999999999999/small-business-champions", "/en/winners/9999999999/x", "/en/winners/2024/%00",
    "/en/calls/%00", "/en/calls/%00/result", "/en/calls/a/result/%00", "/calls/%00/result.json", "/logos/%00.png",
    "/en/calls/%ED%A0%80", "/en/links/confirm/%00", "/en/invitations/%00",
)  # fmt: skip


@pytest.mark.parametrize("address", NOTHING)
def test_an_address_of_nothing_is_absent(client, address):
    assert client.get(address).status_code == 404


def test_odd_values_break_no_page_of_staff(client):
    sign_in(client, world.person(is_administrator=True, is_convenor=True))
    for address, status in (
        ("/en/people?search=%00a", 200), ("/en/desk/%00", 404), ("/en/calls/%00/start", 404),
        ("/en/my-work/past-edition?kind=%00&year=2024", 200),
        ("/en/my-work/past-edition?kind=x&year=99999999999999999999999", 200),
    ):  # fmt: skip
        assert client.get(address).status_code == status, address
