"""The notes of standing orders: a trial or a hold, one note for each account, in the app's own storage.

Such a note is the only witness of an open trial. So one that is there and cannot be read is an error, and not absent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.domain.errors import LeaseLost, PersonMustLook, RotationError
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId, Target
from shared.domain.orders import EndedBy, Hold, Orders, Stop, Trial
from shared.domain.told import ToldDeadline
from shared.ports import Notes

ORDERS = "notes/orders/"


@dataclass
class KeptOrders:
    """The orders about one account, as a turn reads and writes them.

    notes: Where they are kept.
    target: The target. A note names it, so that a trial ends although the account is not enrolled any more.
    current: The orders as they were read or written last. None before they were read.
    tag: The tag of the note that holds them. None if there is none, or before it was read.
    """

    notes: Notes
    target: Target
    current: Orders | None = field(default=None)
    tag: str | None = field(default=None, repr=False)

    async def read(self) -> Orders:
        """Return the orders. They are read once: only the holder of the lease changes them. Raises what the storage
        raises."""
        if self.current is None:
            found = await self.notes.read_tagged(orders_name(self.target.account))
            text, self.tag = found or (None, None)
            self.current = Orders() if text is None else read_orders(text, self.target.account)
        return self.current

    async def write(self, orders: Orders) -> None:
        """Write the orders in place of those that were read.

        Raises what the storage raises; then the earlier ones may still hold. Raises LeaseLost if somebody else has
        written since: a late write must not hide that a trial has begun.
        """
        await self.read()
        name, text = orders_name(self.target.account), orders_text(self.target, orders)
        tag = await self.notes.replace(name, text, self.tag)
        if tag is None:
            found = await self.notes.read_tagged(name)
            if found is None or found[0] != text:
                raise LeaseLost(self.target.name, "another turn has written its standing orders meanwhile.")
            tag = found[1]  # this write arrived, and its answer was lost
        self.current, self.tag = orders, tag


async def orders_of(notes: Notes, account: AccountId) -> Orders:
    """Return the orders about an account. Raises what the storage raises, and PersonMustLook for a damaged note."""
    text = await notes.read(orders_name(account))
    return read_orders(text, account) if text is not None else Orders()


async def all_orders(notes: Notes) -> tuple[dict[str, Orders], list[RotationError]]:
    """Return the orders about every account that has ever had any, by its id in lower case, and an error for each note
    that cannot be read. It costs a listing and a read for each note. Raises what the storage raises."""
    found: dict[str, Orders] = {}
    problems: list[RotationError] = []
    for name, text in await notes.under(ORDERS):
        try:
            account = AccountId.parse(str(json.loads(text)["account"]))
            found[str(account).casefold()] = read_orders(text, account)
        except (ValueError, TypeError, KeyError) as problem:
            problems.append(_unreadable(name, name, type(problem).__name__))
        except PersonMustLook as problem:
            problems.append(problem)
    return found, problems


async def ordered_target(notes: Notes, account: AccountId) -> Target | None:
    """Return the target of a note of orders, with its names alone: enough to end a trial. None without a note.

    Raises what the storage raises, and PersonMustLook for a damaged note.
    """
    text = await notes.read(orders_name(account))
    if text is None:
        return None
    read_orders(text, account)
    data = json.loads(text)["target"]
    return Target(str(data["name"]), account, str(data["vault"]), str(data["secret"]), publishes=False)


def orders_name(account: AccountId) -> str:
    """Return the name of an account's note."""
    return ORDERS + hashlib.sha256(str(account).casefold().encode()).hexdigest()


def orders_text(target: Target, orders: Orders) -> str:
    """Return the orders about a target as the text of a note."""
    account, about = str(target.account), {"name": target.name, "vault": target.vault_url, "secret": target.secret}
    trial = _trial_data(orders.trial) if orders.trial else None
    hold = (
        {**vars(orders.hold), "until": _text(orders.hold.until), "since": _text(orders.hold.since)}
        if orders.hold
        else None
    )
    known = list(orders.known)
    return json.dumps({"account": account, "target": about, "trial": trial, "hold": hold, "known": known})


def read_orders(text: str, account: AccountId) -> Orders:
    """Read what `orders_text` wrote. Raises PersonMustLook for any other text: it may hold an open trial."""
    try:
        data = json.loads(text)
        about = AccountId.parse(str(data["account"]))
        names = [str(data["target"][name]) for name in ("name", "vault", "secret")]
        trial = _trial(data["trial"]) if data["trial"] else None
        orders = Orders(trial, _hold(data["hold"]) if data["hold"] else None, tuple(map(str, data["known"])))
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise _unreadable(str(account), orders_name(account), type(problem).__name__) from None
    if not account.same_as(str(about)) or not all(names):
        raise _unreadable(str(account), orders_name(account), f"it is about {about}")
    return orders


def _unreadable(thing: str, name: str, why: str) -> PersonMustLook:
    what = f"the note of standing orders {name} cannot be read ({why})."
    step = "if keys are off, switch them on by hand; then delete that blob in the app's storage"
    return PersonMustLook(thing, what, step)


def _trial_data(trial: Trial) -> dict[str, Any]:
    stop = trial.stop
    return {
        "id": trial.id,
        "by": trial.by,
        "why": trial.why,
        "starts": _text(trial.starts),
        "length": trial.length.total_seconds(),
        "despite": list(trial.despite),
        "told": trial.told.text() if trial.told else None,
        "begun": _text(trial.begun),
        "off": _text(trial.off),
        "toldStart": trial.told_start,
        "stop": _stop_data(stop) if stop else None,
        "leaked": sorted(trial.leaked),
        "tried": _text(trial.tried),
        "ended": _text(trial.ended),
        "endedBy": trial.ended_by,
        "refused": trial.refused,
        "proven": trial.proven,
    }


def _stop_data(stop: Stop) -> dict[str, Any]:
    return {"by": stop.by, "why": stop.why, "at": _text(stop.at), "despiteLeak": stop.despite_leak}


def _stop(data: Mapping[str, Any]) -> Stop:
    at = datetime.fromisoformat(data["at"])
    return Stop(str(data["by"]), str(data["why"]), at, data["despiteLeak"] is True)


def _trial(data: Mapping[str, Any]) -> Trial:
    stop, starts = data["stop"], _moment(data["starts"])
    if starts is None:
        raise ValueError("a trial has no start")
    return Trial(
        id=str(data["id"]),
        by=str(data["by"]),
        why=str(data["why"]),
        starts=starts,
        length=timedelta(seconds=float(data["length"])),
        despite=tuple(map(str, data["despite"])),
        told=ToldDeadline.read(data["told"]) if data["told"] else None,
        begun=_moment(data["begun"]),
        off=_moment(data["off"]),
        told_start=data["toldStart"] is True,
        stop=_stop(stop) if stop else None,
        leaked=frozenset(map(Fingerprint, data["leaked"])),
        tried=_moment(data["tried"]),
        ended=_moment(data["ended"]),
        ended_by=EndedBy(data["endedBy"]) if data["endedBy"] else None,
        refused=int(data["refused"]) if data["refused"] is not None else None,
        proven=data["proven"] is True,
    )


def _hold_data(hold: Hold) -> dict[str, Any]:
    return {"until": _text(hold.until), "reason": hold.reason, "by": hold.by, "since": _text(hold.since), "id": hold.id}


def _hold(data: Mapping[str, Any]) -> Hold:
    until, since = datetime.fromisoformat(data["until"]), datetime.fromisoformat(data["since"])
    return Hold(until, str(data["reason"]), str(data["by"]), since, str(data["id"]))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
