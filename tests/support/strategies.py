"""Hypothesis strategies for marks, publications, observations, targets and requests, including impossible ones."""

from datetime import timedelta

from hypothesis import strategies as st

from lab.simulation.builders import ENDPOINT, KEY1, KEY2, a_target, an_account_id, mark
from lab.simulation.dates import START, days, hours, minutes
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Adopt, Cadence, Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.readiness import Readiness, Stage, Verdict, unknown
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    LeakedKey,
    LeakRequest,
    Requester,
    RotateRequest,
)
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.domain.window import Window

letters = st.sampled_from("ABCD")
fingerprints = st.builds(mark, letters)
any_fingerprint = st.text("0123456789abcdef", min_size=16, max_size=16).map(Fingerprint)
slots = st.sampled_from(list(KeySlot))
moments = st.integers(-80 * 24, 80 * 24).map(lambda hour: START + hours(hour))
exact_moments = st.integers(0, 4_000_000_000_000_000).map(
    lambda micros: START.replace(year=1995) + timedelta(microseconds=micros)
)
leads = st.one_of(st.none(), st.sampled_from([days(14), days(7), days(1), hours(5)]))
told_deadlines = st.builds(ToldDeadline, moments, leads)
carried_over = st.builds(CarriedOver, st.sampled_from(Happened), slots, any_fingerprint, moments)


def told(told_deadline=told_deadlines, carried=carried_over):
    maybe = st.one_of(st.none(), told_deadline)
    return st.builds(
        Told,
        origin=st.booleans(),
        key_auth_off=st.booleans(),
        rotation=maybe,
        retirement=maybe,
        sunset=maybe,
        ends=st.integers(0, 99),
        carried_over=st.lists(carried, max_size=8, unique_by=lambda one: (one.happened, one.slot, one.value)).map(
            tuple
        ),
    )


@st.composite
def some_marks(draw: st.DrawFn) -> Marks:
    previous = draw(st.one_of(st.none(), fingerprints))
    return Marks(
        live=draw(fingerprints),
        origin=draw(st.sampled_from(Origin)),
        since=draw(moments),
        previous=previous,
        until=draw(moments) if previous else None,
        leaked=draw(st.booleans()) if previous else False,
        spare=draw(st.one_of(st.none(), fingerprints)),
        rotated=draw(st.one_of(st.none(), moments)),
        resumed=draw(st.booleans()),
        requester=Requester(draw(st.sampled_from([None, "r-1", "r-2"]))),
        told=draw(told()),
    )


@st.composite
def publications(draw: st.DrawFn) -> Publication:
    marks = draw(st.one_of(st.none(), some_marks()))
    state = draw(st.sampled_from([SecretState.ACTIVE] * 6 + [SecretState.DISABLED, SecretState.DELETED]))
    value = marks.live if marks and draw(st.booleans()) else draw(fingerprints)
    return Publication(
        version="v1",
        state=state,
        created=marks.since if marks else draw(moments),
        value=value if state is SecretState.ACTIVE else None,
        slot=draw(st.sampled_from([None, KEY1, KEY2])),
        provider=draw(st.sampled_from([str(an_account_id())] * 4 + [None, str(an_account_id("another"))])),
        marks=marks,
        endpoint=ENDPOINT,
        others={f"tag{number}": "x" for number in range(draw(st.integers(0, 5)))},
    )


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    publication = draw(st.one_of(st.none(), publications(), publications(), publications()))
    key_auth = draw(st.sampled_from([True] * 7 + [False]))
    one, other = draw(st.permutations("ABCD"))[:2]
    keys = {KEY1: mark(one), KEY2: mark(other)} if key_auth else {}
    return Observation(
        key_auth,
        keys,
        publication,
        ENDPOINT,
        draw(st.sampled_from([None, READY, USED, UNTOLD])),
        takes_identity=draw(st.sampled_from([True, True, True, False])),
        withdrawn=draw(st.sampled_from([0, 0, 1])),
    )


READY = Readiness(Verdict.READY, Stage.READY, "ready")
USED = Readiness(Verdict.USED, Stage.MOVING, "used by 2 callers")
UNTOLD = unknown("nothing was logged", "see the log")


windows = st.sampled_from([None, None, Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin")])
cadences = st.builds(
    Cadence,
    period=st.sampled_from([days(30), days(7), days(90)]),
    overlap=st.sampled_from([days(1), days(3)]),
    warnings=st.sampled_from([(days(14), days(7), days(1)), (days(1),), ()]),
    notice=st.sampled_from([days(1), days(2), hours(1)]),
    window=windows,
)
targets = st.builds(
    lambda cadence, adopt, sunset: Target(**{**vars(a_target()), "cadence": cadence, "adopt": adopt, "sunset": sunset}),
    cadences,
    st.sampled_from(Adopt),
    st.one_of(st.none(), moments),
)
request_ids = st.sampled_from([None, "r-1", "r-3"])
deployments = st.builds(AwaitedDeployment, st.sampled_from(["prod", "test"]), deployed=st.none() | moments)
requests = st.one_of(
    st.none(),
    st.builds(RotateRequest, id=request_ids),
    st.builds(
        LeakRequest,
        key=st.sampled_from(LeakedKey),
        wait=st.sampled_from([minutes(0), minutes(5)]),
        id=request_ids,
    ),
    st.builds(ArmRequest, deployment=deployments, id=request_ids),
    st.builds(DisarmRequest, id=request_ids),
    st.builds(DeploymentRequest, deployment=deployments, id=request_ids),
)
