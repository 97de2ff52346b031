// A first step, while the gateway still needs a key: a named value that follows the published secret, and the policy
// that sends it. The next step is samples/no_key/api_management, which needs neither.

targetScope = 'resourceGroup'

@description('Name of the API Management service. It needs a system-assigned identity.')
param serviceName string

@description('Name of the API whose backend is https://<account>.openai.azure.com/openai/deployments.')
param apiName string

@description('Name of the vault that the key is published in.')
param vaultName string

@description('Resource group of the vault.')
param vaultResourceGroup string = resourceGroup().name

@description('Name of the secret.')
param secretName string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' existing = {
  parent: service
  name: apiName
}

module grant '../../grants/read_secret.bicep' = {
  name: 'read-secret-${serviceName}'
  scope: resourceGroup(vaultResourceGroup)
  params: {
    vaultName: vaultName
    secretName: secretName
    principalId: service.identity.principalId
  }
}

resource key 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  parent: service
  name: 'azure-openai-key'
  properties: {
    displayName: 'azure-openai-key'
    secret: true // otherwise everybody who may list named values sees it
    keyVault: {
      secretIdentifier: grant.outputs.secretUri // no version: a pinned one never moves
    }
  }
}

resource policy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: api
  name: 'policy'
  properties: {
    format: 'xml' // as the file is: quotes in expressions are written as entities
    value: loadTextContent('policy.xml')
  }
  dependsOn: [
    key
  ]
}
