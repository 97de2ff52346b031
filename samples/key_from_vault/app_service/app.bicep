// An app in App Service or Functions whose setting refers to the published key, without a version. The app reads the
// setting as if the key stood there. The identity may read this one secret.

targetScope = 'resourceGroup'

@description('Name of the app.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Resource id of the App Service plan that the app runs in. Not Flex Consumption if a firewall protects the vault.')
param planId string

@description('A web app or a function app, both on Linux.')
@allowed(['app,linux', 'functionapp,linux'])
param kind string = 'app,linux'

@description('Language and version.')
param runtime string = 'PYTHON|3.13'

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

@description('Further settings, each with name and value. A function app needs those of its storage here.')
param settings array = []

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

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  kind: kind
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: planId
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id // without it, App Service looks for a system-assigned identity
    siteConfig: {
      linuxFxVersion: runtime
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: concat([
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
          value: '@Microsoft.KeyVault(SecretUri=${grant.outputs.secretUri}/)' // no version: a pinned one never moves
        }
      ], settings)
    }
  }
}
