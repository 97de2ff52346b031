"""Every test here fails if any text shows a key."""

from lab.simulation.tripwire import no_key_is_ever_shown

__all__ = ["no_key_is_ever_shown"]
