// A connection of a Foundry project to an Azure OpenAI account, without a copy of its key: the project's identity calls.
// Give that identity the role with samples/grants/openai_user.bicep. Delete the connection that holds a key afterwards.

targetScope = 'resourceGroup'

@description('Name of the Foundry resource.')
param foundryName string

@description('Name of the project.')
param projectName string

@description('Name of the connection.')
param connectionName string

@description('Resource id of the Azure OpenAI account.')
param accountId string

@description('Address of the Azure OpenAI account, such as https://my-account.openai.azure.com/.')
param endpoint string

resource foundry 'Microsoft.CognitiveServices/accounts@2026-03-01' existing = {
  name: foundryName
}

resource project 'Microsoft.CognitiveServices/accounts/projects@2026-03-01' existing = {
  parent: foundry
  name: projectName
}

resource connection 'Microsoft.CognitiveServices/accounts/projects/connections@2026-03-01' = {
  parent: project
  name: connectionName
  properties: {
    category: 'AzureOpenAI'
    authType: 'AAD' // ApiKey and AccountKey would store a copy that no rotation reaches
    target: endpoint
    metadata: {
      ApiType: 'Azure'
      ResourceId: accountId
    }
  }
}

output principalId string = project.identity.principalId
