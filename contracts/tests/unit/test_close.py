from __future__ import annotations

import pytest

from contracts.close import CloseCode, Reconnect, reconnect_after

# docs/protocol.md, "Close codes", written out once more on purpose
TABLE = {
    Reconnect.NEVER: {1000},
    Reconnect.PLANNED: {4001, 1012, 1001},
    Reconnect.BACK_OFF: {1006, 1011, 1013, 4008, 4029},
    Reconnect.NOT_UNCHANGED: {1008, 1009, 4400, 4401, 4403, 4409, 4410, 4411},
}


def test_every_code_has_its_row_of_the_protocols_table() -> None:
    assert {int(code) for code in CloseCode} == set().union(*TABLE.values())
    for verdict, codes in TABLE.items():
        assert {code for code in CloseCode if reconnect_after(code) is verdict} == codes


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (1005, Reconnect.BACK_OFF),
        (1015, Reconnect.BACK_OFF),
        (3000, Reconnect.BACK_OFF),
        (4399, Reconnect.BACK_OFF),
        (4404, Reconnect.NOT_UNCHANGED),
        (4499, Reconnect.NOT_UNCHANGED),
        (4500, Reconnect.BACK_OFF),
    ],
)
def test_a_code_that_the_table_does_not_list(code: int, verdict: Reconnect) -> None:
    assert reconnect_after(code) is verdict
