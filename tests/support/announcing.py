"""A target, a moment and announcements that the tests of announcing share."""

from datetime import timedelta

from lab.simulation.builders import KEY1, KEY2, a_publication, a_target, an_observation, mark
from lab.simulation.dates import START, at, days
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.publication import SecretState

SECOND = timedelta(seconds=1)
TARGET, ENDING = a_target(), a_target(sunset=at(day=200))
UNTIL = START + days(3)  # when the previous key of `overlapping` ends
ENDED = Announcement(Kind.KEY_RETIRED, TARGET, KEY2, mark("B"))
ROTATED = Announcement(Kind.KEY_ROTATED, TARGET, KEY1, mark("A"), happened_at=START)
WITHDRAWN = a_publication(state=SecretState.DISABLED, value=None)
OFF = an_observation(WITHDRAWN, key_auth=False, keys={})
