"""The function app: its triggers, by kind of door. Who are you, what do you want, here is the answer."""

import azure.functions as func

from doors import clockwork, notices, people

app = func.FunctionApp()
for door in (clockwork, people, notices):
    app.register_functions(door.blueprint)
