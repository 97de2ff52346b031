// The function app on Flex Consumption, as one user-assigned identity everywhere: for the package, the host's
// storage, the logs, and Azure. The runtime is named here and not in settings, as Flex Consumption asks.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('Name of the function app.')
param name string

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('The storage account of the host.')
param storageName string

@description('Application Insights.')
param insightsName string

@description('The workspace that the platform\'s own log of the app goes to; empty for none.')
param workspaceId string

@description('Subnet the app reaches out from; empty for none.')
param subnetId string

@description('Client id of the app registration that guards the HTTP doors; empty for none.')
param authClientId string

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('The most instances at once.')
param maximumInstanceCount int

@description('The app\'s own settings.')
param settings object

var hostSettings = {
  AzureWebJobsStorage__accountName: storage.name
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}
var packages = loadJsonContent('storage.json').packageContainer
var authenticationOff = {
  platform: {
    enabled: false
  }
}
// One action for the whole app: a browser that is not signed in is led to the sign-in and back to the page that it asked
// for, and any other caller gets 401 (docs/facts.md, Authentication). Open are two paths: health says nothing but that the app
// runs, and Event Grid calls with a system key of its own. It calls /runtime/webhooks/EventGrid, and no page says whether
// letters of another case are the same path here.
var authenticationOn = {
  platform: {
    enabled: true
  }
  globalValidation: {
    requireAuthentication: true
    unauthenticatedClientAction: 'RedirectToLoginPage'
    redirectToProvider: 'azureactivedirectory'
    excludedPaths: [
      '/api/health'
      '/runtime/webhooks/EventGrid'
      '/runtime/webhooks/eventgrid'
    ]
  }
  identityProviders: {
    azureActiveDirectory: {
      enabled: true
      registration: {
        clientId: authClientId
        openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
      }
      validation: {
        allowedAudiences: [
          authClientId
          'api://${authClientId}'
        ]
      }
    }
  }
  login: {
    tokenStore: {
      enabled: false
    }
  }
  httpSettings: {
    requireHttps: true
  }
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'rotation'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packages}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    // Flex Consumption refuses many properties here: tests/infra/data/flex_refused.json lists them.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
    }
  }
}

// The children of the site follow each other, because Azure answers 409 where two of them are written at the same time.
resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(hostSettings, settings)
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
  dependsOn: [
    appSettings
  ]
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
  dependsOn: [
    noFtpPassword
  ]
}

// Written in both cases, so that an emptied client id switches it off again.
resource authentication 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: empty(authClientId) ? authenticationOff : authenticationOn
  dependsOn: [
    noScmPassword
  ]
}

// What the platform says of the app, beside what the app says of itself: whom it let in, and what the host did.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(workspaceId)) {
  name: 'audit'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
      {
        category: 'AppServiceAuthenticationLogs'
        enabled: true
      }
    ]
  }
}

output id string = app.id
output name string = app.name
output url string = 'https://${app.properties.defaultHostName}/api'
