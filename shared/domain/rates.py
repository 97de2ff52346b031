"""How often scheduled turns may call what Azure limits, for each subscription and each vault."""

from __future__ import annotations

from dataclasses import dataclass

ARM_WRITES = 10  # a second, for each subscription and identity (docs/facts.md, Keys)
SECRET_CREATIONS = 30  # a second and vault: 300 in ten seconds (docs/facts.md, Vault)


@dataclass(frozen=True)
class Rates:
    """The rates that an app counts on. The defaults are Azure's published ones.

    arm_writes: Writes of Azure Resource Manager a second, in each subscription. Its bucket holds what comes in within
        20 seconds, as Azure's does.
    secret_creations: New versions of secrets a second, in each vault.
    """

    arm_writes: int = ARM_WRITES
    secret_creations: int = SECRET_CREATIONS
