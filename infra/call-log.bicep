// Sends the log of calls of one account to a workspace, from which readiness tells who still uses keys. A deployment of its
// own, in the account's resource group (docs/deploy.md, Let accounts log their calls). policies/call-log.bicep does it for
// every account of a subscription.

@description('The account.')
param accountName string

@description('Resource id of the Log Analytics workspace, also one in another subscription.')
param workspaceId string

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' existing = {
  name: accountName
}

resource callLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'key-rotation-calls'
  scope: account
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'RequestResponse'
        enabled: true
      }
    ]
  }
}
