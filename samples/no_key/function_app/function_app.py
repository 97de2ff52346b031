"""A function app that calls a model without a key. Copy this folder; main.bicep beside this file makes all it needs.

    curl -d '{"question": "Which model are you?"}' "https://<app>.azurewebsites.net/api/ask?code=<function key>"

Settings, all written by main.bicep and none of them secret:
    AZURE_CLIENT_ID          The client id of the app's user-assigned identity.
    AZURE_OPENAI_ENDPOINT    The account's own address.
    AZURE_OPENAI_DEPLOYMENT  The name of the deployment.
    AZURE_OPENAI_SCOPE       What the token is for. Default https://cognitiveservices.azure.com/.default.

Take a key that is left over out of the settings (AZURE_OPENAI_API_KEY, OPENAI_API_KEY). This app does not read it.

The function key in the address only guards this sample from strangers. Use App Service authentication for people.
"""

from __future__ import annotations

import json
import os
from functools import cache

import azure.functions as func
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential, get_bearer_token_provider
from openai import OpenAI, OpenAIError

SCOPE = "https://cognitiveservices.azure.com/.default"
app = func.FunctionApp()


@cache
def client() -> OpenAI:
    """Return the client, one for each process. It asks for a token before a request; the provider renews it in time."""
    identity = os.environ.get("AZURE_CLIENT_ID")  # on your own machine it is not set: your own sign-in is used
    credential = ManagedIdentityCredential(client_id=identity) if identity else DefaultAzureCredential()
    token = get_bearer_token_provider(credential, os.environ.get("AZURE_OPENAI_SCOPE", SCOPE))
    return OpenAI(base_url=f"{os.environ['AZURE_OPENAI_ENDPOINT'].rstrip('/')}/openai/v1/", api_key=token)


@app.route(route="ask", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
def ask(req: func.HttpRequest) -> func.HttpResponse:
    """Answer a question: 200 with the answer, 400 without a question, 502 if the model cannot be called."""
    try:
        question = str(req.get_json()["question"])
    except (ValueError, KeyError, TypeError):
        return func.HttpResponse('Send {"question": "..."}.', status_code=400)
    try:
        said = client().chat.completions.create(
            model=os.environ["AZURE_OPENAI_DEPLOYMENT"], messages=[{"role": "user", "content": question}]
        )
    except OpenAIError as error:  # its text names the identity and the missing right; run samples/doctor here
        return func.HttpResponse(f"{type(error).__name__}: {error}", status_code=502)
    return func.HttpResponse(json.dumps({"answer": said.choices[0].message.content}), mimetype="application/json")
