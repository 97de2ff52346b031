#!/bin/sh
# Lets people and programs sign in to the app of this azd environment with Microsoft Entra ID.
#
#   sh infra/sign-in.sh                        makes the app registration, or brings it up to date; then `azd provision`
#   sh infra/sign-in.sh allow <object id>      gives a person, group or program the role Rotation.Reader
#   sh infra/sign-in.sh allow <object id> Rotation.Operator
#   sh infra/sign-in.sh allow <object id> Rotation.Auditor       for who looks up who can read the keys
#   sh infra/sign-in.sh allow <object id> Rotation.Deployer      for a pipeline that only reports deployments
#   sh infra/sign-in.sh remove                 undoes all of it; then `azd provision`
#
# It needs az and azd, both signed in, and may run any number of times. It makes no secret: the app only checks tokens
# that callers bring. The registration's name holds the environment and the subscription, because the Azure CLI changes a
# registration that has the name of a new one.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
graph=https://graph.microsoft.com/v1.0

say() { printf '%s\n' "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# azd prints its complaint about a missing value to where the value would be.
kept() { kept_value=$(azd env get-value "$1" 2>/dev/null) && printf '%s' "$kept_value" || :; }

find_names() {
  environment=$(kept AZURE_ENV_NAME)
  subscription=$(kept AZURE_SUBSCRIPTION_ID)
  [ -n "$environment" ] || fail "There is no azd environment here. Run azd env new <name>, or azd env select <name>."
  [ -n "$subscription" ] || fail "The subscription is not known yet. Run azd up first."
  name="Key rotation ($environment, $(printf '%.8s' "$subscription"))"
  app=$(kept ROTATION_AUTH_CLIENT_ID)
}

# An empty answer means that there is none; az itself fails if it cannot ask.
registered() { az ad app list --app-id "$app" --query "[].id" --output tsv; }

need_registration() {
  [ -n "$app" ] || fail "ROTATION_AUTH_CLIENT_ID is not set: run sh infra/sign-in.sh first."
  principal=$(az ad sp show --id "$app" --query id --output tsv)
}

make_registration() {
  if [ -z "$app" ]; then
    same=$(az ad app list --filter "displayName eq '$name'" --query "[].appId" --output tsv)
    [ -z "$same" ] || fail "There is an app registration '$name' that this environment does not know: $same.
If it is this environment's, run azd env set ROTATION_AUTH_CLIENT_ID <that id>, and this script again."
    app=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
    azd env set ROTATION_AUTH_CLIENT_ID "$app"
    say "Made the app registration '$name', $app."
  else
    there=$(registered)
    [ -n "$there" ] || fail "ROTATION_AUTH_CLIENT_ID names $app, which is no app registration of this tenant.
Sign in to its tenant (az login --tenant <tenant>), or forget it (sh infra/sign-in.sh remove), and run this again."
  fi
  az ad app update --id "$app" --identifier-uris "api://$app" --app-roles @"$here/app-roles.json"
  # The scope first, because a client can be authorized for a scope only if it exists.
  for part in app-api app-clients; do
    az rest --method PATCH --url "$graph/applications(appId='$app')" --body @"$here/$part.json"
  done
}

# Only who has a role gets a token at all.
make_principal() {
  az ad sp show --id "$app" --output none 2>/dev/null || az ad sp create --id "$app" --output none
  az ad sp update --id "$app" --set appRoleAssignmentRequired=true
  principal=$(az ad sp show --id "$app" --query id --output tsv)
}

let_browsers_in() {
  url=$(kept ROTATION_URL)
  if [ -z "$url" ]; then
    say "The app has no address yet. Run azd up, and then this script again: browsers cannot sign in before."
    return
  fi
  az ad app update --id "$app" --enable-id-token-issuance true \
    --web-redirect-uris "${url%/api}/.auth/login/aad/callback"
}

allow() {
  role=$(az ad sp show --id "$app" --query "appRoles[?value=='$2'].id" --output tsv)
  [ -n "$role" ] || fail "The app registration has no role '$2'. The roles are Rotation.Reader, Rotation.Operator,
Rotation.Auditor and Rotation.Deployer; sh infra/sign-in.sh brings an older registration up to date."
  held=$(az rest --method GET --url "$graph/servicePrincipals/$principal/appRoleAssignedTo" \
    --query "value[?principalId=='$1' && appRoleId=='$role'].id" --output tsv)
  if [ -z "$held" ]; then
    az rest --method POST --url "$graph/servicePrincipals/$principal/appRoleAssignedTo" --output none \
      --body "{\"principalId\": \"$1\", \"resourceId\": \"$principal\", \"appRoleId\": \"$role\"}"
  fi
  say "$1 has the role $2."
}

allow_whoever_runs_this() {
  if person=$(az ad signed-in-user show --query id --output tsv 2>/dev/null); then
    allow "$person" Rotation.Reader
    allow "$person" Rotation.Operator
  else
    say "No person is signed in to az. Give somebody a role: sh infra/sign-in.sh allow <object id> Rotation.Operator"
  fi
}

remove() {
  if [ -z "$app" ]; then
    say "ROTATION_AUTH_CLIENT_ID is not set: there is nothing to remove."
    return
  fi
  there=$(registered)
  [ -z "$there" ] || az ad app delete --id "$app"
  azd env set ROTATION_AUTH_CLIENT_ID ""
  say "The app registration $app is gone. Run azd provision: then function keys open the app again."
}

find_names
case "${1:-make}" in
  make)
    make_registration
    make_principal
    let_browsers_in
    allow_whoever_runs_this
    say "Callers sign in after the next azd provision. A token: az account get-access-token --scope api://$app/.default"
    ;;
  allow)
    [ -n "${2:-}" ] || fail "Say who: sh infra/sign-in.sh allow <object id> [Rotation.Reader, Rotation.Operator, Rotation.Auditor or Rotation.Deployer]"
    need_registration
    allow "$2" "${3:-Rotation.Reader}"
    ;;
  remove) remove ;;
  *) fail "Say nothing, or allow, or remove. The first lines of infra/sign-in.sh explain them." ;;
esac
