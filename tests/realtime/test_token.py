"""A position in the feed: what it covers, and when nobody can resume from it."""

import pytest

from cogniflow.realtime.changes import Batch, Change
from cogniflow.realtime.ring import Ring
from cogniflow.realtime.token import BadToken, Token


def at(snapshot: str, digest: str = "0123456789ab") -> Token:
    return Token.parse(f"1.{digest}.{snapshot}")


def change(number: int, xid: int) -> Change:
    return Change(number, xid, "notes", "U", 1, [number], ["price"], None)


def test_a_token_says_which_transactions_its_holder_has_seen():
    token = at("10.20.10_15")
    assert [xid for xid in range(8, 23) if token.covers(xid)] == [8, 9, 11, 12, 13, 14, 16, 17, 18, 19]


def test_its_text_is_read_back_unchanged():
    for snapshot in ("5.5.", "10.20.10_15"):
        assert str(at(snapshot)) == f"1.0123456789ab.{snapshot}"


@pytest.mark.parametrize("text", ["", "x", "1", "1.0123456789ab.5.5", "2.0123456789ab.5.5.", "1.0123456789ab.9.5.",
                                  "1.short.5.5.",
                                  "1.0123456789ab.5.9.4", "1.0123456789ab.5.9.9", "1.0123456789ab.-5.5.", "1.0123456789ab.a.5.",
                                  f"1.0123456789ab.1.{2 ** 64}.", "1.0123456789ab.5.5." + "6" * 20_000, "1.0123456789ab.٥.5."])
def test_garbage_is_no_token(text):
    with pytest.raises(BadToken):
        Token.parse(text)


def test_a_token_of_another_life_or_from_the_future_or_too_old_is_refused():
    now = at("100.100.")
    assert at("50.50.", "ffffffffffff").refusal(now, 0) == "epoch"
    assert at("101.101.").refusal(now, 0) == "epoch"
    assert at("50.60.55").refusal(now, 50) == "retention"
    assert at("50.60.55").refusal(now, 49) is None


def test_one_token_includes_another_when_its_holder_has_seen_as_much():
    assert at("20.20.").includes(at("10.20.10"))
    assert not at("10.20.10").includes(at("20.20."))
    assert at("10.21.10").includes(at("10.20.10_11"))
    assert not at("12.21.12").includes(at("10.20.10"))
    assert not at("20.20.").includes(at("10.10.", "ffffffffffff"))


def test_the_ring_gives_exactly_what_a_token_does_not_cover():
    ring = Ring()
    ring.restart(at("10.10."))
    ring.append(Batch((change(1, 11),), at("10.12.10")))
    ring.append(Batch((change(2, 10), change(3, 12)), at("13.13.")))
    assert [each.id for each in ring.since(at("10.10.")).changes] == [1, 2, 3]
    assert [each.id for each in ring.since(at("10.12.10")).changes] == [2, 3]
    # a token no batch ended at: a REST read between two of them
    assert [each.id for each in ring.since(at("12.12.")).changes] == [3]
    assert ring.since(at("13.13.")).changes == ()


def test_the_ring_says_when_it_has_forgotten():
    ring = Ring(most_changes=2)
    ring.restart(at("10.10."))
    for xid in (10, 11, 12):
        ring.append(Batch((change(xid, xid),), at(f"{xid + 1}.{xid + 1}.")))
    assert ring.since(at("10.10.")) is None
    assert [each.id for each in ring.since(at("11.11.")).changes] == [11, 12]
    # what it forgot is still missing for whoever saw everything but that
    assert ring.since(at("10.13.10")) is None
