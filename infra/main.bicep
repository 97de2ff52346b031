// Everything the key rotation app needs, from a subscription and nothing else. `azd up` deploys this file.
//
// One module for each concern. What the app may do stands in roles.json and nowhere else: the tests load the same
// file into the emulated Azure. Nothing here holds a secret, and no key of any service is read.

targetScope = 'subscription'

// --- where -----------------------------------------------------------------------------------------------------

@minLength(1)
@maxLength(64)
@description('A name for this deployment, of letters, digits, and _ . ( ) -. Resource groups and custom roles carry it.')
param environmentName string

@minLength(1)
@description('The region. Flex Consumption must offer Python 3.13 there.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

// --- what is rotated -------------------------------------------------------------------------------------------

@description('Subscription ids searched for tagged accounts, separated by commas. Empty: the subscription deployed to.')
param accountSubscriptions string = ''

@description('Search no subscription and receive rights on none: only the accounts in targets.json, each by itself.')
param onlyTargets bool = false

@description('Resource ids of further vaults that a tag or target may name, separated by commas.')
param moreVaults string = ''

@description('Templates of the names that tags may give secrets, such as {account}-key-2, separated by commas.')
param rotationSecrets string = ''

@description('When the last instance of a release before the seals ended. Empty: marks without a seal never count.')
param rotationSealedSince string = ''

@description('Whether the app may switch keys off at an announced sunset. Adds the right to write accounts.')
param allowSunset bool = false

@description('Resource ids of the Log Analytics workspaces that the accounts log their calls to, separated by commas. Empty: nobody counts who still uses keys.')
param logWorkspace string = ''

@description('Subscription ids in which the app may also see accounts that nobody enrolled, separated by commas. Empty: none.')
param readinessSubscriptions string = ''

@description('Subscription ids in which the app may see who can read keys, separated by commas. Empty: none.')
param readersSubscriptions string = ''

@description('Subscription ids in which the app may see where copies of keys lie, separated by commas. Empty: none.')
param copiesSubscriptions string = ''

// --- how it rotates; empty means the default of the app (local.settings.sample.json) ------------------------------

@allowed([
  'observe'
  'rotate'
])
@description('observe: plan, say what would be done, change nothing. rotate: do it.')
param rotationMode string = 'observe'

@description('When the app looks, as NCRONTAB with six fields, in UTC.')
param rotationSchedule string = ''

@description('ISO 8601: how long a key is live.')
param rotationPeriod string = ''

@description('ISO 8601: how long the previous key goes on working.')
param rotationOverlap string = ''

@description('ISO 8601: how long the slowest consumer takes to read the new secret.')
param rotationConsumerLag string = ''

@description('Separated by commas: the kinds of consumers of targets that list none, such as app-service-reference.')
param rotationConsumers string = ''

@description('ISO 8601, separated by commas: how long before a deadline it is announced.')
param rotationWarnings string = ''

@description('ISO 8601: the least notice before a retirement or a sunset.')
param rotationNotice string = ''

@description('true: no key ends on schedule before somebody is known to listen to the announcements.')
param rotationAnnounceNeedsListener string = ''

@description('Where people read docs/runbook.md: the page and the commands link to its entries.')
param rotationRunbookUrl string = ''

@description('When scheduled rotations may happen, for example: Mon-Fri 09:00-16:00 Europe/Berlin')
param rotationWindow string = ''

@description('ISO 8601: how often each account is looked at in full.')
param rotationLookEvery string = ''

@description('How many accounts may fail in one tick before the others are left alone.')
param rotationBrake string = ''

@description('How many writes of Azure Resource Manager a second the app counts on in each subscription, 1 to 10.')
param rotationArmWrites string = ''

@description('How many new secret versions a second the app counts on in each vault, 1 to 30.')
param rotationSecretCreations string = ''

@description('How many rotations and leaks of one account people may ask for in an hour.')
param rotationRequestsPerTarget string = ''

@description('The same of all accounts together.')
param rotationRequestsInAll string = ''

@description('ISO 8601: how far back calls with a key are counted before keys end, 7 days at least.')
param rotationLogLookBack string = ''

@description('JSON: the names of callers and the IP ranges that they call from.')
param rotationCallers string = ''

@description('Where audit and readiness look for accounts beside the subscriptions above: all, or names of management groups.')
param rotationAuditScope string = ''

@description('off, or otlp: send traces and metrics to the collector that the OTEL_ settings name.')
param rotationTelemetry string = ''

@description('Address of that collector, without the path: https://collector.example:4318')
param otlpEndpoint string = ''

@description('Proxy through which the app reaches Azure: http://<host>:<port>, without a password. Empty: none.')
param httpsProxy string = ''

@description('Hosts and domains that the app calls without that proxy, separated by commas.')
param noProxy string = ''

// --- who may call it, who is told ------------------------------------------------------------------------------

@description('Client id of the app registration that guards the HTTP doors. Empty: function keys alone guard them.')
param authClientId string = ''

@description('required: the app refuses every call if App Service authentication is off. optional: it then takes function keys. Empty: required where there is an app registration.')
param rotationSignIn string = ''

@description('Operators who may act on some accounts only: <object id>=<scope>, separated by commas; * for all others.')
param rotationOperatorScopes string = ''

@description('Deliver events of the vaults and of Azure Resource Manager to the app. Needs its functions: after the first deployment.')
param eventDoors bool = false

@description('Mail address for alerts. Empty: alerts fire and are seen in the portal only.')
param alertEmail string = ''

// --- what it runs on -------------------------------------------------------------------------------------------

@description('Put the app into a network of its own, and vault, storage and topic behind private endpoints there.')
param privateNetwork bool = false

@description('Recover the vault that a deployment of this name had before it was taken away. For one provisioning only.')
param recoverVault bool = false

@description('Address space of that network.')
param addressPrefix string = '10.80.0.0/24'

@description('The part of it that the app reaches out from: 64 addresses or more.')
param appPrefix string = '10.80.0.0/26'

@description('The part of it for private endpoints.')
param endpointPrefix string = '10.80.0.64/26'

@allowed([
  512
  2048
  4096
])
@description('Memory of an instance, in MB.')
param instanceMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
@description('The most instances at once.')
param maximumInstanceCount int = 40

@minValue(30)
@maxValue(730)
@description('How many days logs are kept.')
param logRetentionDays int = 90

@minValue(35)
@maxValue(730)
@description('How many days the lines about who did what are kept: those of the app, the vault, its storage, the topic and the sign-in, and the calls of accounts that log to this workspace.')
param trailRetentionDays int = 400

@description('Send the log that the platform keeps of the app to the workspace as well.')
param platformLog bool = true

// ---------------------------------------------------------------------------------------------------------------

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
// Elsewhere than in the one group that azd looks for by its tag.
var eventTags = {
  'rotation-deployment': environmentName
}
var here = subscription().subscriptionId
var targets = loadJsonContent('targets.json')
var searched = onlyTargets ? [] : split(replace(empty(accountSubscriptions) ? here : accountSubscriptions, ' ', ''), ',')
var vaultIds = empty(moreVaults) ? [] : split(replace(moreVaults, ' ', ''), ',')
var vaultUrls = [for id in vaultIds: 'https://${last(split(id, '/'))}${environment().suffixes.keyvaultDns}']
var workspaceIds = empty(logWorkspace) ? [] : split(replace(logWorkspace, ' ', ''), ',')
var readable = empty(readinessSubscriptions) ? [] : split(replace(readinessSubscriptions, ' ', ''), ',')
var holding = empty(copiesSubscriptions) ? [] : split(replace(copiesSubscriptions, ' ', ''), ',')
var auditable = empty(readersSubscriptions) ? [] : split(replace(readersSubscriptions, ' ', ''), ',')
var doorSubscriptions = eventDoors ? searched : []
var functionAppName = 'func-${token}'
// The name of a resource group must not end with a full stop.
var groupName = 'rg-${environmentName}${endsWith(environmentName, '.') ? '-' : ''}'
// In each searched subscription: the group and the topic for events of its accounts.
var eventGroupName = 'rg-${environmentName}-events'
var eventTopicName = 'evgs-${token}'
var accountTopics = contains(doorSubscriptions, here) ? [
  {
    name: 'accounts'
    id: resourceId(here, eventGroupName, 'Microsoft.EventGrid/systemTopics', eventTopicName)
  }
] : []

// The app reads an empty setting as its default. tests/infra compares these names with shared/settings/environment.py.
var rotationSettings = {
  ROTATION_SCHEDULE: rotationSchedule
  ROTATION_MODE: rotationMode
  ROTATION_TARGETS: string(targets)
  ROTATION_SUBSCRIPTIONS: join(searched, ',')
  ROTATION_VAULT_URL: vault.outputs.url
  ROTATION_VAULTS: join(vaultUrls, ',')
  ROTATION_SECRETS: rotationSecrets
  ROTATION_SEALED_SINCE: rotationSealedSince
  ROTATION_PERIOD: rotationPeriod
  ROTATION_OVERLAP: rotationOverlap
  ROTATION_CONSUMER_LAG: rotationConsumerLag
  ROTATION_CONSUMERS: rotationConsumers
  ROTATION_WARNINGS: rotationWarnings
  ROTATION_NOTICE: rotationNotice
  ROTATION_WINDOW: rotationWindow
  ROTATION_LOOK_EVERY: rotationLookEvery
  ROTATION_BRAKE: rotationBrake
  ROTATION_ARM_WRITES: rotationArmWrites
  ROTATION_SECRET_CREATIONS: rotationSecretCreations
  ROTATION_REQUESTS_PER_TARGET: rotationRequestsPerTarget
  ROTATION_REQUESTS_IN_ALL: rotationRequestsInAll
  ROTATION_TELEMETRY: rotationTelemetry
  ROTATION_LOG_WORKSPACE_ID: join(logGrants.outputs.ids, ',')
  ROTATION_LOG_LOOK_BACK: rotationLogLookBack
  ROTATION_CALLERS: rotationCallers
  ROTATION_AUDIT_SCOPE: rotationAuditScope
  ROTATION_SIGN_IN: !empty(rotationSignIn) || empty(authClientId) ? rotationSignIn : 'required'
  ROTATION_OPERATOR_SCOPES: rotationOperatorScopes
  ROTATION_ANNOUNCE_NEEDS_LISTENER: rotationAnnounceNeedsListener
  ROTATION_RUNBOOK_URL: rotationRunbookUrl
  EVENT_GRID_TOPIC_ENDPOINT: topic.outputs.endpoint
  EVENT_GRID_TOPIC_ID: topic.outputs.id
  AZURE_CLIENT_ID: identities.outputs.appClientId
  AZURE_RESOURCE_MANAGER_ENDPOINT: environment().resourceManager
  AZURE_LOG_ANALYTICS_ENDPOINT: environment().name == 'AzureUSGovernment' ? 'https://api.loganalytics.us' : ''
}
var collectorSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
}
var proxySettings = {
  HTTPS_PROXY: httpsProxy
  NO_PROXY: noProxy
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: tags
}

module identities 'identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    retentionDays: logRetentionDays
    trailRetentionDays: trailRetentionDays
  }
}

module network 'network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    addressPrefix: addressPrefix
    appPrefix: appPrefix
    endpointPrefix: endpointPrefix
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    privateNetwork: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    privateNetwork: privateNetwork
    recover: recoverVault
    workspaceId: monitoring.outputs.workspaceId
  }
}

module topic 'topic.bicep' = {
  name: 'topic'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    privateNetwork: privateNetwork
    eventsIdentityId: identities.outputs.eventsId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module endpoints 'endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    subnetId: privateNetwork ? network!.outputs.endpointSubnetId : ''
    networkId: privateNetwork ? network!.outputs.networkId : ''
    vaultId: vault.outputs.id
    storageId: storage.outputs.id
    topicId: topic.outputs.id
  }
}

// --- rights ----------------------------------------------------------------------------------------------------

module roles 'roles.bicep' = {
  name: 'roles-${token}'
  params: {
    environmentName: environmentName
    token: token
    subscriptions: union(searched, readable, auditable, holding)
    vaultIds: vaultIds
    workspaceIds: workspaceIds
    targets: targets
  }
}

module ownGrants 'grants/own.bicep' = {
  name: 'grants'
  scope: group
  params: {
    appPrincipalId: identities.outputs.appPrincipalId
    eventsPrincipalId: identities.outputs.eventsPrincipalId
    storageName: storage.outputs.name
    topicName: topic.outputs.name
    insightsName: monitoring.outputs.insightsName
    listerRoleName: roles.outputs.containerLister
    readerRoleName: roles.outputs.announcementReader
  }
}

module vaultGrant 'grants/vault.bicep' = {
  name: 'grant-vault'
  scope: group
  params: {
    principalId: identities.outputs.appPrincipalId
    vaultName: vault.outputs.name
    roleName: roles.outputs.keyPublisher
  }
}

module vaultGrants 'grants/vault.bicep' = [for id in vaultIds: {
  name: 'grant-${token}-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    principalId: identities.outputs.appPrincipalId
    vaultName: last(split(id, '/'))
    roleName: roles.outputs.keyPublisher
  }
}]

module logGrants 'grants/workspaces.bicep' = {
  name: 'grants-logs-${token}'
  params: {
    token: token
    workspaceIds: workspaceIds
    principalId: identities.outputs.appPrincipalId
    counterRoleName: roles.outputs.keyCallCounter
  }
}

module readinessGrants 'grants/readiness.bicep' = [for id in readable: {
  name: 'grant-reads-${token}-${uniqueString(id)}'
  scope: subscription(id)
  params: {
    principalId: identities.outputs.appPrincipalId
    roleName: roles.outputs.readinessReader
  }
}]

module readersGrants 'grants/readiness.bicep' = [for id in auditable: {
  name: 'grant-readers-${token}-${uniqueString(id)}'
  scope: subscription(id)
  params: {
    principalId: identities.outputs.appPrincipalId
    roleName: roles.outputs.readersReader
  }
}]

module copiesGrants 'grants/readiness.bicep' = [for id in holding: {
  name: 'grant-copies-${token}-${uniqueString(id)}'
  scope: subscription(id)
  params: {
    principalId: identities.outputs.appPrincipalId
    roleName: roles.outputs.copiesReader
  }
}]

module subscriptionGrants 'grants/subscription.bicep' = [for id in searched: {
  name: 'grant-${token}-${uniqueString(id)}'
  scope: subscription(id)
  params: {
    principalId: identities.outputs.appPrincipalId
    rotatorRoleName: roles.outputs.keyRotator
    switchRoleName: roles.outputs.keyAuthSwitch
    trialRoleName: roles.outputs.trialReader
    allowSunset: allowSunset
  }
}]

module targetGrants 'grants/targets.bicep' = {
  name: 'grants-targets-${token}'
  params: {
    token: token
    targets: targets
    principalId: identities.outputs.appPrincipalId
    rotatorRoleName: roles.outputs.keyRotator
    switchRoleName: roles.outputs.keyAuthSwitch
    trialRoleName: roles.outputs.trialReader
    allowSunset: allowSunset
  }
}

// --- the app ---------------------------------------------------------------------------------------------------

module app 'app.bicep' = {
  name: 'app'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    name: functionAppName
    identityId: identities.outputs.appId
    identityClientId: identities.outputs.appClientId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
    workspaceId: platformLog ? monitoring.outputs.workspaceId : ''
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    authClientId: authClientId
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(rotationSettings, collectorSettings, proxySettings)
  }
  dependsOn: [
    ownGrants
    vaultGrant
    endpoints
  ]
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    workspaceId: monitoring.outputs.workspaceId
    alertEmail: alertEmail
    topics: concat([
      {
        name: 'announcements'
        id: topic.outputs.id
      }
    ], eventDoors ? [
      {
        name: 'vault'
        id: vaultDoor!.outputs.topicId
      }
    ] : [], accountTopics)
  }
  dependsOn: [
    accountDoors
  ]
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    workspaceId: monitoring.outputs.workspaceId
  }
}

// --- events that come in ---------------------------------------------------------------------------------------

module vaultDoor 'events/vault.bicep' = if (eventDoors) {
  name: 'door-vault'
  scope: group
  params: {
    location: location
    tags: tags
    vaultName: vault.outputs.name
    eventsIdentityId: identities.outputs.eventsId
    functionAppId: app.outputs.id
    storageId: storage.outputs.id
    deadLetterContainer: storage.outputs.deadLetterContainer
  }
  dependsOn: [
    ownGrants
  ]
}

module accountDoors 'events/subscription.bicep' = [for id in doorSubscriptions: {
  name: 'door-${token}-${uniqueString(id)}'
  scope: subscription(id)
  params: {
    groupName: eventGroupName
    topicName: eventTopicName
    location: location
    tags: eventTags
    functionAppId: app.outputs.id
  }
}]

// --- what azd and people need to know afterwards ---------------------------------------------------------------

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output ROTATION_URL string = app.outputs.url
output ROTATION_VAULT_URL string = vault.outputs.url
output ROTATION_TOPIC_ID string = topic.outputs.id
output ROTATION_IDENTITY_CLIENT_ID string = identities.outputs.appClientId
output ROTATION_IDENTITY_PRINCIPAL_ID string = identities.outputs.appPrincipalId
output ROTATION_WORKSPACE_ID string = monitoring.outputs.workspaceId
