// The app's right to count calls with a key in each workspace that accounts log to, wherever it is.

targetScope = 'subscription'

@description('What makes names unique.')
param token string

@description('Resource ids of the workspaces.')
param workspaceIds array

@description('The app.')
param principalId string

@description('Name (a GUID) of the role that counts calls.')
param counterRoleName string

resource workspaces 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = [for id in workspaceIds: {
  name: last(split(id, '/'))
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
}]

module grants 'logs.bicep' = [for id in workspaceIds: {
  name: 'grant-logs-${token}-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    principalId: principalId
    workspaceName: last(split(id, '/'))
    counterRoleName: counterRoleName
  }
}]

// The ids (GUIDs) by which the query service knows the workspaces.
output ids array = [for (id, place) in workspaceIds: workspaces[place].properties.customerId]
