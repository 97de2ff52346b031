// Key regenerations anywhere in a subscription, delivered to the app. The topic must be in the subscription it
// speaks of, hence a resource group of its own there.

targetScope = 'subscription'

@description('The deployment.')
param environmentName string

@description('Region of the resource group.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('Resource id of the function app.')
param functionAppId string

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}-events'
  location: location
  tags: tags
}

module accounts 'accounts.bicep' = {
  name: 'door-accounts'
  scope: group
  params: {
    token: token
    tags: tags
    functionAppId: functionAppId
  }
}
