"""The Autobahn suite's chapters 1 to 7, 9 and 10, case by case, against the codec behind a peer that echoes."""

import pytest

from tests.realtime import autobahn, autobahn_utf8
from tests.realtime.autobahn import Case, closing
from tests.realtime.wire import Echo, answers

CASES = {**autobahn.CASES, **autobahn_utf8.CASES}
CASES_OF_THE_SUITE = {
    "1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20,
    "6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8,
    "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
    "7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
    "9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1,
}
"""How many cases its sections have, numbered from 1."""


def test_every_case_of_the_suite_is_here_by_its_number():
    assert set(CASES) == {f"{section}.{each + 1}" for section, count in CASES_OF_THE_SUITE.items() for each in range(count)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_suite_hears_what_it_expects(case: Case):
    echo, sent, ended_in = Echo(), b"", None
    for number, chunk in enumerate(case.chunks()):
        sent += echo.receive(chunk)
        if ended_in is None and not echo.open:
            ended_in = number
    if case.ends_in is not None:
        assert ended_in == case.ends_in
    expected = case.answers
    if echo.open:
        (chunk,) = Case((closing(1000),), []).chunks()
        sent, expected = sent + echo.receive(chunk), [*expected, ("close", 1000)]
    assert answers(sent) == expected
    assert not echo.open
