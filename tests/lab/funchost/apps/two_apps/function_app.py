"""An app with two FunctionApp objects, which the worker refuses."""

import azure.functions as func

first = func.FunctionApp()
second = func.FunctionApp()
