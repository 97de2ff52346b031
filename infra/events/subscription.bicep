// Key regenerations anywhere in a subscription, delivered to the app. The topic must be in the subscription it
// speaks of, hence a resource group of its own there.

targetScope = 'subscription'

@description('Name of the resource group.')
param groupName string

@description('Name of the system topic.')
param topicName string

@description('Region of the resource group.')
param location string

@description('Tags for every resource.')
param tags object

@description('Resource id of the function app.')
param functionAppId string

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: tags
}

module accounts 'accounts.bicep' = {
  name: 'door-accounts'
  scope: group
  params: {
    topicName: topicName
    tags: tags
    functionAppId: functionAppId
  }
}
