"""Two function apps in one file, which the worker refuses."""

import azure.functions as func

first = func.FunctionApp()
second = func.FunctionApp()
