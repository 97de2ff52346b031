// An app in App Service or Functions that calls a model without a key: an identity of its own, the role on one account,
// and settings that name the account. There is nothing secret in it.

targetScope = 'resourceGroup'

@description('Name of the app.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Resource id of the App Service plan that the app runs in.')
param planId string

@description('A web app or a function app, both on Linux.')
@allowed(['app,linux', 'functionapp,linux'])
param kind string = 'app,linux'

@description('Language and version.')
param runtime string = 'PYTHON|3.13'

@description('Name of the Azure OpenAI account.')
param accountName string

@description('Resource group of the account.')
param accountResourceGroup string = resourceGroup().name

@description('Deployment of the model that the app calls.')
param deployment string

@description('Further settings, each with name and value. A function app needs those of its storage here.')
param settings array = []

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
    siteConfig: {
      linuxFxVersion: runtime
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: concat([
        {
          name: 'AZURE_CLIENT_ID' // which identity: DefaultAzureCredential reads it, ManagedIdentityCredential needs it as argument
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
      ], settings)
    }
  }
}

output principalId string = identity.properties.principalId
