// The app's right to count calls with a key, in the one table of one workspace that they are logged in.

@description('The app.')
param principalId string

@description('The workspace.')
param workspaceName string

@description('Name (a GUID) of the role that counts calls.')
param counterRoleName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource counter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, principalId, counterRoleName)
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', counterRoleName)
  }
}
