"""Every test here runs under the key tripwire."""

from lab.simulation.tripwire import no_key_is_ever_shown

__all__ = ["no_key_is_ever_shown"]
