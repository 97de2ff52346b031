"""Every test here runs under the key tripwire."""

from tests.support.tripwire import no_key_is_ever_shown

__all__ = ["no_key_is_ever_shown"]
