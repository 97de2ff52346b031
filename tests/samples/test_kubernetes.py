"""The Kubernetes files in samples/ fit the schemas of Kubernetes and of both operators, and do what they say."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.samples.bicep_choices import CHOICES
from tests.samples.kubernetes_objects import FILES, Json, kind_of, objects, objects_in, schemas

SCHEMAS = schemas()
KEYLESS, MOUNTED, EXTERNAL, ROLE = FILES
LABEL, CLIENT = "azure.workload.identity/use", "azure.workload.identity/client-id"


def problems(one: Json) -> list[str]:
    """Return what does not fit the schema of an object."""
    found = Draft202012Validator(SCHEMAS[kind_of(one)]).iter_errors(one)
    return [f"{error.json_path}: {error.message}" for error in found]


def only(path: Path, kind: str) -> Json:
    """Return the one object of a kind in a file."""
    (one,) = [one for one in objects_in(path) if one["kind"] == kind]
    return one


@pytest.mark.parametrize("one", list(objects()), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_an_object_fits_its_schema(one: Json) -> None:
    assert problems(one) == []


def test_every_kubernetes_file_is_checked() -> None:
    folders = ("no_key/aks", "key_from_vault/aks", "listener")
    found = {path for folder in folders for path in (FILES[0].parents[2] / folder).glob("*.yaml")}
    assert found == set(FILES)


def test_only_kinds_that_the_samples_use_are_recorded() -> None:
    assert {kind_of(one) for one in objects()} == SCHEMAS.keys()


PLANTED = [
    (KEYLESS, "Deployment", ("spec", "template", "spec", "serviceAccount_name"), "x"),
    (MOUNTED, "SecretProviderClass", ("spec", "provider"), 1),
    (MOUNTED, "Deployment", ("spec", "template", "spec", "volumes", 0, "csi", "class"), "x"),
    (EXTERNAL, "SecretStore", ("spec", "provider", "azurekv", "authType"), "WorkloadIdentities"),
    (EXTERNAL, "ExternalSecret", ("spec", "refreshPolicy"), "Often"),
    (EXTERNAL, "ExternalSecret", ("spec", "refresh"), "5m"),
    (ROLE, "Role", ("rules", 0, "verbs"), "patch"),
]


@pytest.mark.parametrize(("path", "kind", "at", "wrong"), PLANTED)
def test_a_planted_mistake_is_found(path: Path, kind: str, at: tuple[str | int, ...], wrong: object) -> None:
    one = copy.deepcopy(only(path, kind))
    inner = one
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = wrong
    assert problems(one)


@pytest.mark.parametrize("path", [KEYLESS, MOUNTED])
def test_a_pod_with_workload_identity_has_the_label_and_an_account_that_names_the_identity(path: Path) -> None:
    pod = only(path, "Deployment")["spec"]["template"]
    account = only(path, "ServiceAccount")
    assert pod["metadata"]["labels"][LABEL] == "true"
    assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert account["metadata"]["annotations"][CLIENT]


@pytest.mark.parametrize("path", [KEYLESS, MOUNTED, EXTERNAL])
def test_the_federation_of_the_sample_is_for_this_service_account(path: Path) -> None:
    meta = only(path, "ServiceAccount")["metadata"]
    subject = f"system:serviceaccount:{meta['namespace']}:{meta['name']}"
    assert CHOICES["grants/federated_identity.bicep"]["subject"] == subject


def test_a_workload_without_a_key_has_no_secret() -> None:
    text = KEYLESS.read_text()
    assert "SecretProviderClass" not in text
    assert "secretKeyRef" not in text
    assert "API_KEY" not in text


def test_the_driver_mounts_the_secret_that_the_class_names_without_a_version() -> None:
    provider = only(MOUNTED, "SecretProviderClass")
    (wanted,) = [yaml.safe_load(one) for one in yaml.safe_load(provider["spec"]["parameters"]["objects"])["array"]]
    assert wanted == {"objectName": "chat-key", "objectType": "secret", "objectVersion": ""}
    identity = only(MOUNTED, "ServiceAccount")["metadata"]["annotations"][CLIENT]
    assert provider["spec"]["parameters"]["clientID"] == identity
    pod = only(MOUNTED, "Deployment")["spec"]["template"]["spec"]
    assert pod["volumes"][0]["csi"]["volumeAttributes"]["secretProviderClass"] == provider["metadata"]["name"]
    _reads_the_file(pod, wanted["objectName"])


def test_the_operator_reads_the_secret_again_and_the_pod_reads_it_from_a_file() -> None:
    secret, store = only(EXTERNAL, "ExternalSecret")["spec"], only(EXTERNAL, "SecretStore")
    assert secret["refreshPolicy"] == "Periodic"
    assert secret["refreshInterval"] not in ("0", "0s")
    assert secret["secretStoreRef"] == {"kind": "SecretStore", "name": store["metadata"]["name"]}
    assert store["spec"]["provider"]["azurekv"]["authType"] == "WorkloadIdentity"
    account = only(EXTERNAL, "ServiceAccount")["metadata"]["name"]
    assert store["spec"]["provider"]["azurekv"]["serviceAccountRef"] == {"name": account}
    pod = only(EXTERNAL, "Deployment")["spec"]["template"]["spec"]
    assert pod["volumes"][0]["secret"]["secretName"] == secret["target"]["name"]
    _reads_the_file(pod, secret["data"][0]["secretKey"])


def _reads_the_file(pod: Json, name: str) -> None:
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    assert mount["name"] == pod["volumes"][0]["name"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables["AZURE_OPENAI_API_KEY_FILE"] == f"{mount['mountPath']}/{name}"
    assert "AZURE_OPENAI_API_KEY" not in variables


def test_the_listener_may_patch_one_deployment_and_nothing_else() -> None:
    (rule,) = only(ROLE, "Role")["rules"]
    assert rule == {
        "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["chat-app"], "verbs": ["patch"],
    }  # fmt: skip
    binding = only(ROLE, "RoleBinding")
    assert binding["roleRef"]["name"] == only(ROLE, "Role")["metadata"]["name"]
