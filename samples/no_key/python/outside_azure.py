"""A consumer without a key that runs outside Azure: in another cloud, in Kubernetes, on a build machine. Read chat.py
first.

    python outside_azure.py https://my-account.openai.azure.com gpt-4o

Two ways, the first one found is taken:

1. Federation. The platform gives the program a short-lived token of its own in a file, and Entra ID takes that token
   in the place of a secret. Nothing is stored, so nothing can leak. AZURE_FEDERATED_TOKEN_FILE names the file; the
   platform writes it anew before it ends, and it is read anew. Kubernetes with workload identity sets this variable,
   AZURE_CLIENT_ID and AZURE_TENANT_ID by itself. Elsewhere make a federated credential on the app registration, or on
   a user-assigned identity, with the issuer, the subject and the audience of the platform's token:

       az identity federated-credential create --resource-group <group> --identity-name <identity> --name <name> \\
         --issuer <issuer> --subject <subject> --audiences api://AzureADTokenExchange

2. As the last resort a service principal with a certificate. AZURE_CLIENT_CERTIFICATE_PATH names the file with the
   certificate and its private key (RSA). It can leak and it ends on a date, so somebody must renew it. A secret
   (AZURE_CLIENT_SECRET) is worse and is not taken here: a text that can be copied, opens the account from anywhere
   and ends on a date is a key again, only under another name.

Give the service principal the role Cognitive Services OpenAI User on the one account, and nothing else. Contributor
is wrong twice: it does not let it call a model, and it lets it list and regenerate keys, and delete the account.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import CertificateCredential, WorkloadIdentityCredential, get_bearer_token_provider
from openai import OpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"


def credential(**options: Any) -> TokenCredential:  # noqa: ANN401 - of the credential
    """Return the credential for what is set up here. Raises SystemExit if nothing is."""
    if "AZURE_FEDERATED_TOKEN_FILE" in os.environ:
        return WorkloadIdentityCredential(**options)
    if "AZURE_CLIENT_CERTIFICATE_PATH" in os.environ:
        tenant, client = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"]
        return CertificateCredential(tenant, client, os.environ["AZURE_CLIENT_CERTIFICATE_PATH"], **options)
    raise SystemExit("Set AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and AZURE_TENANT_ID; see the top of this file.")


def main(arguments: list[str], **options: Any) -> int:  # noqa: ANN401
    """Ask the model one question, print the answer and return 0.

    arguments: The account's endpoint and the name of a deployment.
    options: Further arguments of the credential.
    """
    endpoint, model = arguments
    token = get_bearer_token_provider(credential(**options), os.environ.get("AZURE_OPENAI_SCOPE", SCOPE))
    with OpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", api_key=token) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Which model are you?"}]
        )
    print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
