"""Defences between the feed and what a person looks at."""

from tests.mutations.mutation import Mutation

QUEUE, AUDIENCE = "cogniflow/realtime/subscriber.py", "cogniflow/realtime/audience.py"
HUB, PEER, HANDOVER = "cogniflow/realtime/hub.py", "cogniflow/realtime/peer.py", "cogniflow/realtime/handover.py"
ANSWERING = "cogniflow/realtime/answering.py"
PAGE = "cogniflow/web/shell/static/live.js"
KEPT, SINCE = "cogniflow/records/kept.py", "sql/functions/011_changed_since.sql"

AT_THE_CLIENTS = (
    # the queue of one client
    Mutation("a backlog keeps the first prev", QUEUE, "Move.past(steps[0].prev, steps[-1].k,",
             "Move.past(steps[-1].prev, steps[-1].k,",
             "realtime/test_slow_client::a backlog is merged and keeps the first prev and the last k"),
    Mutation("a backlog keeps the last k", QUEUE, "Move.past(steps[0].prev, steps[-1].k,", "Move.past(steps[0].prev, steps[0].k,",
             "realtime/test_slow_client::a backlog is merged and keeps the first prev and the last k"),
    Mutation("who does not read is closed", QUEUE, "if self._bytes > MOST_WAITING or len(self.waiting) > 4 * MOST_FRAMES:",
             "if False:", "realtime/test_slow_client::what cannot be merged away ends in 4008"),
    Mutation("no frame is longer than 256 kilobytes", QUEUE, "if len(encoded) > MOST_EVENT_BYTES:", "if False:",
             "realtime/test_slow_client::a frame longer than 256 kilobytes says only which tables changed"),
    Mutation("only the newest result of a panel waits", QUEUE, "if not (isinstance(each, Shown) and each.topic == snap.topic)]",
             "]", "realtime/test_slow_client::only the newest result of a panel waits"),
    Mutation("a caller whose time is over is closed", QUEUE, "if time.time() >= self._expires_at:", "if False:",
             "realtime/test_rights::a caller whose time is over is closed at the next tick"),
    Mutation("idle clients hear heartbeats", AUDIENCE, "                each.beat(k", "                each.k or each.beat(k",
             "realtime/test_conversation::an idle client hears a heartbeat that moves its token"),
    Mutation("a change says where this client stood before", AUDIENCE, "Move.past(prev, k, events, encoded)",
             "Move.past(k, k, events, encoded)", "realtime/test_conversation::every frame goes on where the one before ended"),
    # the hub
    Mutation("a client that was woken may be woken again", HUB, "        peer.is_woken = False\n", "",
             "realtime/test_hub::many messages at once are answered in order and others meanwhile"),
    Mutation("the hub that was woken may be woken again", HUB,
             "        # after the pipe is empty: whoever has something from here on rings again\n"
             "        self._is_awake = False\n", "",
             "realtime/test_hub::many messages at once are answered in order and others meanwhile"),
    Mutation("what a socket does not take is kept", HUB, "peer.unsent = memoryview(data)[sent:]",
             "peer.unsent = memoryview(data)[sent + 1:]",
             "realtime/test_hub::twenty megabytes arrive byte exact at a slow reader"),
    Mutation("a client that does not read delays nobody", PEER, "self.connection.setblocking(False)",
             "self.connection.setblocking(True)",
             "realtime/test_hub::at the end everyone hears bye and 1012 even beside one who does not read"),
    Mutation("a client that takes nothing is left", HUB, "now - peer.blocked_since > VANISHED_AFTER", "False",
             "web/test_socket::a client that takes nothing for long is left"),
    Mutation("pongs that nobody reads are not kept", PEER, "if len(self.answers) < MOST_PONGS else", "if True else",
             "realtime/test_hub::a flood of pings that nobody reads the answers of is not kept"),
    Mutation("when there is no room the newest is sent away", HUB, "if len(self._peers) > self._room:", "if False:",
             "realtime/test_hub::when there is no room for more sockets the newest is sent away and comes back"),
    Mutation("who says close is told close", HUB, "                    peer.subscriber.close(code, reason)\n", "",
             "realtime/test_hub::the close frame of the client comes back and then the end"),
    Mutation("who has gone is not answered", ANSWERING, "if peer.is_gone:", "if False:",
             "realtime/test_hub::whoever has gone is not answered and keeps nobody waiting"),
    Mutation("a failing answer ends one socket only", ANSWERING, '            peer.subscriber.close(FAILED, "internal error")',
             "            raise", "realtime/test_hub::an answer that fails ends one socket with 1011 and no other"),
    Mutation("what was handed over before the end is taken", HANDOVER, "while accepting or self._messages:", "while accepting:",
             "realtime/test_handover::what was half said at the end is heard out"),
    Mutation("of what is handed over at once one socket is kept", HANDOVER, "                os.close(number)",
             "                pass",
             "realtime/test_handover::of what is handed over at once only one socket is kept open"),
    Mutation("nonsense at the door ends nobody's service", HANDOVER, "except Exception:  # one that",
             "except KeyError:  # one that", "realtime/test_handover::nonsense at the door ends nobody elses service"),
    # the page
    Mutation("a gap in the chain of tokens is noticed", PAGE,
             "if (expected !== null && m.prev !== undefined && m.prev !== expected) return reconnect();", "",
             "journeys/test_connection::a message lost on the way is noticed by the next and comes again"),
    Mutation("a page comes back by its token", PAGE, "return received ? { ...message, token: received } : message;",
             "return message;", "journeys/test_connection::a page that was cut off comes back by its token"),
    Mutation("the page says that the database is away", PAGE, 'setState(m.away ? "stale" : "live");', 'setState("live");',
             "journeys/test_connection::the pill says so when the server is there and its database is not"),
    # what a process keeps
    Mutation("what is kept is of no use once its tables have changed", KEPT,
             "*(self._changed.get(each, 0) for each in entry.tables)", "0",
             "web/test_api_kept_rights::what another process has taken away is not given once it was acknowledged"),
    Mutation("what is kept is of no use where nobody can tell what has changed", KEPT, "self._oldest = self._looks", "pass",
             "web/test_api_kept_pages::another life of the server begins with nothing kept"),
    Mutation("a look sees what was open at the one before", SINCE, "where xid = any(open_then)", "where false",
             "web/test_api_kept_pages::what was open when a page was read makes it read again once it is committed"),
    Mutation("a right that has run out is not kept", "cogniflow/web/auth.py", " and not entry.value.has_ended()", "",
             "web/test_api_kept_rights::a token ends at its time though nothing changes"),
)
