"""Microsoft's worker code finds exactly the documented functions, with exactly their triggers."""

import json
import subprocess
import sys

from lab.funchost.bindings import EventGridTrigger, HttpTrigger, QueueTrigger, TimerTrigger
from lab.funchost.host import FunctionHost
from tests.end_to_end.conftest import ROOT, a_host


def described(host: FunctionHost) -> dict[str, str]:
    found = {}
    for function in host.functions:
        match function.trigger:
            case TimerTrigger(schedule=schedule):
                found[function.name] = f"timer {schedule.text}"
            case QueueTrigger(queue=queue):
                found[function.name] = f"queue {queue}"
            case HttpTrigger(route=route, methods=methods, auth_level=level):
                asked = "any" if len(methods) == 7 else " ".join(sorted(methods))
                found[function.name] = f"{asked} {route.template} {level}".lower()
            case EventGridTrigger():
                found[function.name] = "event grid"
    return found


async def test_the_real_runtime_indexes_exactly_the_documented_functions(azure) -> None:
    async with a_host(azure, ROTATION_SCHEDULE="0 */10 * * * *") as host:
        assert described(host) == {
            "tick": "timer 0 */10 * * * *",
            "turn": "queue key-rotation-turns",
            "turn_poison": "queue key-rotation-turns-poison",
            "health": "any health anonymous",
            "targets": "any targets function",
            "target": "any targets/{name} function",
            "way_out_page": "any status/way-out function",
            "readers_page": "any status/readers function",
            "copies_page": "any status/copies function",
            "target_readiness": "any targets/{name}/readiness function",
            "readiness": "any readiness function",
            "target_readers": "any targets/{name}/readers function",
            "readers": "any readers function",
            "target_copies": "any targets/{name}/copies function",
            "copies": "any copies function",
            "target_page": "any status/targets/{name} function",
            "rotate": "any targets/{name}/rotate function",
            "leak": "any targets/{name}/leak function",
            "arm": "any targets/{name}/deployment function",
            "trial": "any targets/{name}/trial function",
            "hold": "any targets/{name}/hold function",
            "rotate_many": "any rotate function",
            "rotations": "any rotations function",
            "rotation": "any rotations/{id} function",
            "deployments": "any deployments function",
            "deadlines": "any deadlines function",
            "deadlines_ics": "any deadlines.ics function",
            "status": "any status function",
            "act_page": "any status/targets/{name}/{act} function",
            "openapi": "any openapi.json function",
            "on_vault_event": "event grid",
            "on_account_event": "event grid",
        }
        assert not [function.error for function in host.functions if function.error]


async def test_starting_the_app_runs_no_function(host: FunctionHost, azure) -> None:
    await host.idle()
    assert not host.activity.finished
    assert not [entry for entry in azure.world.journal.entries if entry.service in ("arm", "kv", "eg", "aoai")]


def test_starting_the_app_imports_no_more_than_the_functions_sdk_and_small_tables() -> None:
    script = (
        "import sys, azure.functions; before = set(sys.modules); import function_app; "
        "import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [
        "function_app", "shared", "shared.domain", "shared.domain.names", "shared.triggers",
        "shared.triggers.event_grid", "shared.triggers.http", "shared.triggers.timer_and_queue",
        "shared.web", "shared.web.routes", "shared.web.sign_in",
    ]  # fmt: skip
