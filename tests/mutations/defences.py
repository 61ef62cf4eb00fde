"""Every defence of the feed, in the order in which a change meets them."""

from tests.mutations.at_the_clients import AT_THE_CLIENTS
from tests.mutations.at_the_door import AT_THE_DOOR
from tests.mutations.in_the_database import IN_THE_DATABASE
from tests.mutations.in_the_feed import IN_THE_FEED

DEFENCES = (*IN_THE_DATABASE, *IN_THE_FEED, *AT_THE_CLIENTS, *AT_THE_DOOR)
