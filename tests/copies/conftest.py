"""Every test here fails if it shows a key."""

from lab.simulation.tripwire import no_key_is_ever_shown

__all__ = ["no_key_is_ever_shown"]
