// Where logs go: a workspace, and Application Insights that takes them from Entra identities only.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('How many days logs are kept.')
param retentionDays int

@description('How many days the lines about who did what are kept.')
param trailRetentionDays int

// Where these lines are: of the app, of the vault, of the app's storage, of the topic, and of the platform's sign-in. A
// table has one retention for all its rows, so other lines in it stay as long. Azure makes these tables with the
// workspace; here they only get their retention.
var trailTables = [
  'AppTraces'
  'AppExceptions'
  'AzureDiagnostics'
  'StorageBlobLogs'
  'StorageQueueLogs'
  'AegDataPlaneRequests'
  'AppServiceAuthenticationLogs'
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-${token}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

// One after the other: each of them changes the workspace.
@batchSize(1)
resource tables 'Microsoft.OperationalInsights/workspaces/tables@2023-09-01' = [for name in trailTables: {
  parent: workspace
  name: name
  properties: {
    retentionInDays: trailRetentionDays
    totalRetentionInDays: trailRetentionDays
  }
}]

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

output workspaceId string = workspace.id
output insightsName string = insights.name
