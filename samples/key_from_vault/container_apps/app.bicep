// A container app whose secret is the published key, by an address without a version. Container Apps reads it again
// within 30 minutes and restarts the revision that uses it as a variable.

targetScope = 'resourceGroup'

@description('Name of the container app.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Resource id of the environment that the app runs in.')
param environmentId string

@description('Image, with its registry and its tag.')
param image string

@description('Address of the Azure OpenAI account, such as https://my-account.openai.azure.com/.')
param endpoint string

@description('Deployment of the model that the app calls.')
param deployment string

@description('Name of the vault that the key is published in.')
param vaultName string

@description('Resource group of the vault.')
param vaultResourceGroup string = resourceGroup().name

@description('Name of the secret.')
param secretName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}'
  location: location
}

module grant '../../grants/read_secret.bicep' = {
  name: 'read-secret-${name}'
  scope: resourceGroup(vaultResourceGroup)
  params: {
    vaultName: vaultName
    secretName: secretName
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
    configuration: {
      secrets: [
        {
          name: 'openai-key'
          keyVaultUrl: grant.outputs.secretUri // no version: a pinned one never moves
          identity: identity.id
        }
      ]
    }
    template: {
      containers: [
        {
          name: name
          image: image
          env: [
            {
              name: 'AZURE_OPENAI_ENDPOINT'
              value: endpoint
            }
            {
              name: 'AZURE_OPENAI_DEPLOYMENT'
              value: deployment
            }
            {
              name: 'AZURE_OPENAI_API_KEY'
              secretRef: 'openai-key'
            }
          ]
        }
      ]
      scale: {
        minReplicas: 2 // while one replica restarts with the new key, the other answers
        maxReplicas: 10
      }
    }
  }
}
