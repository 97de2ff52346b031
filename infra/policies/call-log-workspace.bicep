// The policy's right to name one workspace as the place that logs go to, which may be in another subscription.

@description('The identity of the policy.')
param principalId string

@description('The workspace.')
param workspaceName string

@description('Id (a GUID) of the built-in role that the policy asks for.')
param roleId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, principalId, roleId)
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  }
}
