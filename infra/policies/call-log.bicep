// Sends the log of calls of every account of a subscription to a workspace, also of accounts that are made later, by one of
// Microsoft's own policies. A deployment of its own (docs/deploy.md, Let accounts log their calls). It adds a diagnostic
// setting with all categories of the log, because that definition offers no single one; ../call-log.bicep does, for one
// account.

targetScope = 'subscription'

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource ids of accounts or resource groups that the policy leaves alone.')
param notScopes array = []

@description('Region of the identity that the policy works with.')
param location string = deployment().location

var definitions = loadJsonContent('definitions.json')
var name = 'call-log'
var workspaceParts = split(workspaceId, '/')

resource callLog 'Microsoft.Authorization/policyAssignments@2025-01-01' = {
  name: name
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    displayName: 'Azure AI accounts log their calls to ${last(workspaceParts)}'
    description: 'Made by infra/policies of the key rotation app. See docs/deploy.md there.'
    policyDefinitionId: tenantResourceId('Microsoft.Authorization/policyDefinitions', definitions.callLog)
    enforcementMode: 'Default'
    notScopes: notScopes
    parameters: {
      categoryGroup: {
        value: 'allLogs'
      }
      diagnosticSettingName: {
        value: 'key-rotation-calls'
      }
      logAnalytics: {
        value: workspaceId
      }
    }
  }
}

// What Microsoft's definition asks for, for the identity of the policy alone.
resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, name, definitions.roles.logAnalyticsContributor)
  properties: {
    principalId: callLog.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', definitions.roles.logAnalyticsContributor)
  }
}

module onWorkspace 'call-log-workspace.bicep' = {
  name: 'call-log-${uniqueString(subscription().id, workspaceId)}'
  scope: resourceGroup(workspaceParts[2], workspaceParts[4])
  params: {
    principalId: callLog.identity.principalId
    workspaceName: last(workspaceParts)
    roleId: definitions.roles.logAnalyticsContributor
  }
}
