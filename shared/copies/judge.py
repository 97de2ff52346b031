"""What happens to a copy at the next end of its key."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.copies.addresses import version_mark
from shared.copies.kinds import Copied, CopyFate
from shared.copies.sought import Sought
from shared.copies.traces import KeyPlace, Trace
from shared.domain.relative import exact

ANOTHER = "another"
PUBLIC = "https://management.azure.com"  # the address of Azure Resource Manager in the public cloud
_OFF_ALREADY = "the account accepts no keys any more"
_OFF = f"{_OFF_ALREADY}, so whoever uses it fails already"
_NAMES_TWO = (
    "its address and its resource id name different accounts, as after a move to another resource group. Open the "
    "connection and see which one it uses"
)


def judged(place: KeyPlace, trace: Trace, sought: Sought, manager: str = PUBLIC) -> Copied:
    """Return what a trace is and what happens to it, for the account that it belongs to.

    manager: The address of Azure Resource Manager in this cloud, for the command that refreshes a reference.

    A reference that pins a version breaks with the key of that version. One without a version follows. A stored key
    breaks at an end, and nobody can tell which of the two keys it is. What is not certain is unknown: whether it stores
    a key, or whose.
    """
    found = _judged(place, trace, sought)
    return replace(found, commands=tuple(one.replace("{manager}", manager.rstrip("/")) for one in found.commands))


def _judged(place: KeyPlace, trace: Trace, sought: Sought) -> Copied:
    if trace.label and trace.account and _names_another(trace, sought):
        return _copied(place, trace, CopyFate.UNKNOWN, f"{_start(trace)} or of another one: {_NAMES_TWO}")
    if not sought.key_auth:
        if not trace.certain:
            says = f"{_start(trace)}; Azure does not show it. If it stores one, it fails now: {_OFF_ALREADY}"
            return _copied(place, trace, CopyFate.UNKNOWN, says)
        return _copied(place, trace, CopyFate.BREAKS, f"{_start(trace)}: {_OFF}")
    if not trace.secret:
        return _of_stored(place, trace, sought)
    return _of_pinned(place, trace, sought) if trace.version else _of_following(place, trace, sought)


def _names_another(trace: Trace, sought: Sought) -> bool:
    other_host = bool(sought.label) and trace.label != sought.label
    return other_host or trace.account != str(sought.account).lower()


def _start(trace: Trace) -> str:
    if not trace.secret:
        return f"{trace.what} {'stores' if trace.certain else 'may store'} a key of the account"
    return f"{trace.what} {'pins a version of' if trace.version else 'refers to'} the secret"


def _of_stored(place: KeyPlace, trace: Trace, sought: Sought) -> Copied:
    ends = sought.ends
    when = f"on {exact(ends.next)}" if ends.next else "at the next end of that key; no date is known"
    if ends.previous and ends.live:
        when += f", or on {exact(max(ends.live, ends.previous))} if it is the other key"
    if not trace.certain:
        says = f"{_start(trace)}; Azure does not show it. A stored key stops working {when}"
        return _copied(place, trace, CopyFate.UNKNOWN, says)
    says = f"{_start(trace)}, and nobody can tell which of the two. It stops working {when}"
    return _copied(place, trace, CopyFate.BREAKS, says, ends.next)


def _of_pinned(place: KeyPlace, trace: Trace, sought: Sought) -> Copied:
    ends, when = sought.ends, sought.ends.of_version(trace.version)
    if ends.is_live(trace.version):
        says = f"It is the latest one, {ends.live_version}, and it never gets another. Its key ends"
        says += f" on {exact(when)}" if when else " with the overlap after the next rotation; no date is known"
    elif ends.previous is not None:
        says = f"It is an earlier one: its key has ended, or ends on {exact(ends.previous)} if it is the one before"
    elif ends.live_version:
        says = "It is an earlier one: its key has ended, unless the same key was published again"
    else:
        says = "It never gets another one, and stops working when the key of that version ends; no date is known"
    return _copied(place, trace, CopyFate.BREAKS, f"{_start(trace)}. {says}", when, ends.live_version)


def _of_following(place: KeyPlace, trace: Trace, sought: Sought) -> Copied:
    if trace.trouble:
        says = f"{_start(trace)}, but could not fetch it ({trace.trouble}): it holds an older key, or none"
        return _copied(place, trace, CopyFate.UNKNOWN, says, refresh=True)
    says = f"{_start(trace)} without a version, and follows it {place.within}"
    behind = bool(trace.active and sought.ends.live_version and not sought.ends.is_live(trace.active))
    says += ". It still uses an older version" if behind else ""
    return _copied(place, trace, CopyFate.FOLLOWS, says, refresh=behind)


def _copied(
    place: KeyPlace,
    trace: Trace,
    fate: CopyFate,
    says: str,
    when: datetime | None = None,
    live_version: str = "",
    *,
    refresh: bool = False,
) -> Copied:
    command = place.refresh.format(manager="{manager}", resource=trace.resource, name=trace.name) if refresh else ""
    pinned = live_version if trace.version == version_mark(live_version) else ANOTHER
    return Copied(
        place=place.word,
        resource=trace.resource,
        name=trace.name,
        fate=fate,
        says=" ".join(part for part in (f"{says}.", trace.note) if part),
        move=f"{place.move}.",
        version=pinned if trace.version else "",
        when=when,
        commands=(command,) if command else (),
    )
