"""The triggers, one file for each kind of door: names, schedules, routes and who may call. Then one call inward.

Nothing of Azure and nothing of ours is imported until a trigger needs it, so that starting costs no more than the
Functions SDK itself.
"""

QUEUE = "key-rotation-turns"
STORAGE = "AzureWebJobsStorage"
