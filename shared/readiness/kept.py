"""The last survey of readiness as it is kept: one compressed blob in the app's storage.

It is for people. Nothing about a key is decided by it, and without it less is shown until the next check makes another.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.ports import Views
from shared.readiness.kinds import Survey
from shared.readiness.ports import LogSetting
from shared.turns.trouble import error_data, error_of

log = logging.getLogger(LOGGER)
FORM = 1  # of what is kept; what has another form counts as absent
MOST_AT_ONCE = 100_000  # bytes that are decoded in the event loop: about 200 accounts, some milliseconds
OLD = timedelta(days=1)  # from then on a check makes another survey


@dataclass(frozen=True)
class AskedSettings:
    """What is known of an account's diagnostic settings.

    at: When they were read, in UTC.
    found: The settings. None if they could not be read.
    """

    at: datetime
    found: tuple[LogSetting, ...] | None = None


@dataclass(frozen=True)
class KeptSurvey:
    """A survey, and what the next one goes on from.

    survey: What was found.
    asked: What is known of diagnostic settings, by the account's id in lower case.
    form: The form of what is kept.
    """

    survey: Survey
    asked: Mapping[str, AskedSettings] = field(default_factory=dict)
    form: int = FORM

    @property
    def without_log(self) -> frozenset[str]:
        """The ids of the accounts that send the log of their calls nowhere, in lower case, as far as it is known."""
        known = {id_: one.found for id_, one in self.asked.items() if one.found is not None}
        return frozenset(id_ for id_, found in known.items() if not any(one.has_request_log for one in found))


def packed_survey(kept: KeptSurvey) -> bytes:
    """Return it as the bytes of the blob."""
    import msgspec  # only a process that keeps or shows a survey needs it

    return zlib.compress(msgspec.json.encode(kept, enc_hook=_error_data), 1)


def read_survey(data: bytes) -> KeptSurvey | None:
    """Return the survey of these bytes. None if they cannot be read, such as those of another release."""
    import msgspec

    try:
        text = zlib.decompress(data)
        if msgspec.json.decode(text, type=_Form).form != FORM:
            return None
        return msgspec.json.decode(text, type=KeptSurvey, dec_hook=_error)
    except (zlib.error, ValueError, TypeError, RecursionError) as problem:
        log.warning("readiness: what was kept cannot be read and counts as absent: %s", type(problem).__name__)
        return None


async def load_survey(views: Views | None) -> tuple[KeptSurvey | None, str | None]:
    """Return the survey that is kept and the tag of its blob; None for what is not there.

    A process decodes the same bytes once. A large survey is decoded in a thread, so that turns go on meanwhile.

    Raises what the storage raises.
    """
    found = await views.read() if views else None
    if found is None:
        return None, None
    data, tag = found
    if len(data) <= MOST_AT_ONCE:
        return _Decoded.survey_of(data), tag
    return await asyncio.to_thread(_Decoded.survey_of, data), tag


class _Decoded:
    """The survey that this process decoded last.

    digest: Of its bytes. None before the first.
    kept: The survey. None if the bytes could not be read.
    lock: Held while one is decoded, so that others that wait for it do not decode it again.
    """

    digest: bytes | None = None
    kept: KeptSurvey | None = None
    lock = threading.Lock()

    @classmethod
    def survey_of(cls, data: bytes) -> KeptSurvey | None:
        """Return the survey of these bytes. None if they cannot be read."""
        digest = hashlib.blake2b(data).digest()
        with cls.lock:
            if cls.digest != digest:
                cls.kept, cls.digest = read_survey(data), digest
            return cls.kept


async def save_survey(views: Views | None, kept: KeptSurvey, tag: str | None) -> None:
    """Keep a survey in place of what has that tag. If another check has kept its own meanwhile, that one stays.

    Raises what the storage raises.
    """
    if views is not None and not await views.write(packed_survey(kept), tag):
        log.info("readiness: another check has kept its own survey meanwhile, which stays")


@dataclass(frozen=True)
class _Form:
    form: int


def _error_data(value: Any) -> Any:  # noqa: ANN401 - what msgspec does not know
    if isinstance(value, RotationError):
        return error_data(value)
    raise TypeError(f"{type(value).__name__} is not kept")


def _error(kind: type, data: Any) -> Any:  # noqa: ANN401 - JSON
    if kind is RotationError:
        return error_of(data)
    raise TypeError(f"{kind.__name__} is not kept")
