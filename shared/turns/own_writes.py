"""What a turn has written itself, for as long as Azure still shows what was there before.

Azure can answer a read with what it held a little earlier. A turn that took such an answer for news would repair its
own work: it would publish once more, or end a key twice. So an observation that is older than what this turn wrote is
made again, for at most a minute, and after that what the writes themselves answered counts (P13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.publication import Publication
from shared.turns.observe import ObservedKeys

# Between two reads; a minute in all. No delay is documented; people report seconds.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30))


@dataclass
class OwnWrites:
    """What this turn has written.

    publication: The secret as the last write left it. None before the first one.
    shown: The publications that the vault has shown to this turn.
    before: Those that were there before the last write.
    keys: Both keys as the last regeneration answered them. Empty before the first one.
    ended: The values that this turn has regenerated.
    keys_off: Whether this turn switched keys off.
    keys_on: Whether this turn switched keys on.
    last: When the last write was made, in UTC. None before the first one.
    """

    publication: Publication | None = None
    shown: list[Publication | None] = field(default_factory=list)
    before: list[Publication | None] = field(default_factory=list)
    keys: Mapping[KeySlot, ApiKey] = field(default_factory=dict)
    ended: set[Fingerprint] = field(default_factory=set)
    keys_off: bool = False
    keys_on: bool = False
    last: datetime | None = None

    def published(self, publication: Publication, now: datetime) -> None:
        """Note what the secret is after a write. Whatever was shown before that is old by now."""
        self.before = [*self.shown, self.publication] if self.publication else list(self.shown)
        self.publication, self.last = publication, now

    def regenerated(self, ended: Fingerprint, keys: Mapping[KeySlot, ApiKey], now: datetime) -> None:
        """Note that a value was regenerated, and which keys the account has now."""
        self.ended.add(ended)
        self.keys, self.last = keys, now

    def switched_off(self, now: datetime) -> None:
        """Note that keys were switched off."""
        self.keys_off, self.keys_on, self.last = True, False, now

    def switched_on(self, now: datetime) -> None:
        """Note that keys were switched on."""
        self.keys_off, self.keys_on, self.last = False, True, now

    def are_newer_than(self, observed: ObservedKeys) -> bool:
        """Return whether the observation shows something that this turn has replaced."""
        self._remember(observed)
        return self._secret_is_old(observed) or self._keys_are_old(observed)

    def added_to(self, observed: ObservedKeys) -> ObservedKeys:
        """Return the observation with what this turn wrote in place of what is older."""
        self._remember(observed)
        seen, keys = observed.seen, observed.keys
        if self._secret_is_old(observed):
            seen = replace(seen, publication=self.publication)
        if self._keys_are_old(observed) and not (self.keys_on and not self.keys):
            keys = {} if self.keys_off else dict(self.keys)
            marks = {slot: key.fingerprint for slot, key in keys.items()}
            seen = replace(seen, key_auth=not self.keys_off, keys=marks)
        return ObservedKeys(seen, keys)

    def _remember(self, observed: ObservedKeys) -> None:
        if observed.seen.publication not in self.shown:
            self.shown.append(observed.seen.publication)

    def _secret_is_old(self, observed: ObservedKeys) -> bool:
        shown = observed.seen.publication
        return self.publication is not None and shown != self.publication and shown in self.before

    def _keys_are_old(self, observed: ObservedKeys) -> bool:
        if self.keys_off:
            return observed.seen.key_auth
        if self.keys_on and not observed.seen.key_auth:
            return True
        return any(mark in self.ended for mark in observed.seen.keys.values())
