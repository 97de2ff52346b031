"""The function app. It registers the triggers of `shared/triggers` and does nothing else."""

import azure.functions as func

from shared.triggers import event_grid, http, timer_and_queue

app = func.FunctionApp()
for trigger in (timer_and_queue, http, event_grid):
    app.register_functions(trigger.blueprint)
