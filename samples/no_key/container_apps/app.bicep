// A container app that calls a model without a key: an identity of its own, the role on one account, and variables that
// name the account. There is nothing secret in it.

targetScope = 'resourceGroup'

@description('Name of the container app.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Resource id of the environment that the app runs in.')
param environmentId string

@description('Image, with its registry and its tag.')
param image string

@description('Name of the Azure OpenAI account.')
param accountName string

@description('Resource group of the account.')
param accountResourceGroup string = resourceGroup().name

@description('Deployment of the model that the app calls.')
param deployment string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}'
  location: location
}

module grant '../../grants/openai_user.bicep' = {
  name: 'call-models-${name}'
  scope: resourceGroup(accountResourceGroup)
  params: {
    accountName: accountName
    principalId: identity.properties.principalId
  }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environmentId
    template: {
      containers: [
        {
          name: name
          image: image
          env: [
            {
              name: 'AZURE_CLIENT_ID' // which identity
              value: identity.properties.clientId
            }
            {
              name: 'AZURE_OPENAI_ENDPOINT'
              value: grant.outputs.endpoint
            }
            {
              name: 'AZURE_OPENAI_DEPLOYMENT'
              value: deployment
            }
          ]
        }
      ]
    }
  }
}
