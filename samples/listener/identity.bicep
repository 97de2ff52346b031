// The identity of the listener, which is the application team's and not the rotation's, with what it needs to wake
// programs: for each app and each named value one role of two actions, on that one thing.

targetScope = 'resourceGroup'

@description('Name of the identity.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Apps with Key Vault references, each with name and resourceGroup.')
param sites array = []

@description('Named values of API Management, each with service, name and resourceGroup.')
param namedValues array = []

@description('Vault with the secret that is the address of the channel.')
param vaultName string

@description('Resource group of that vault.')
param vaultResourceGroup string = resourceGroup().name

@description('Name of that secret.')
param webhookSecret string = 'team-webhook'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
}

module webhook '../grants/read_secret.bicep' = {
  name: 'read-webhook-${name}'
  scope: resourceGroup(vaultResourceGroup)
  params: {
    vaultName: vaultName
    secretName: webhookSecret
    principalId: identity.properties.principalId
  }
}

module wakeSites 'wake_site.bicep' = [for site in sites: {
  name: 'wake-${site.name}'
  scope: resourceGroup(site.resourceGroup)
  params: {
    siteName: site.name
    principalId: identity.properties.principalId
  }
}]

module wakeNamedValues 'wake_named_value.bicep' = [for value in namedValues: {
  name: 'wake-${value.service}-${value.name}'
  scope: resourceGroup(value.resourceGroup)
  params: {
    serviceName: value.service
    namedValueName: value.name
    principalId: identity.properties.principalId
  }
}]

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
output webhookSetting string = '@Microsoft.KeyVault(SecretUri=${webhook.outputs.secretUri}/)'
