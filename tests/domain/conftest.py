"""Every test here fails if it shows a key. Some run in another time zone."""

from lab.simulation.tripwire import no_key_is_ever_shown
from tests.support.time_zones import machine_in_another_zone

__all__ = ["machine_in_another_zone", "no_key_is_ever_shown"]
