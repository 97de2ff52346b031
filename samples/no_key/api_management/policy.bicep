// Puts the policy beside this file onto one API. The gateway calls the models with its own identity; an api-key that a
// caller sends goes no further. Give that identity the role with samples/grants/openai_user.bicep.

targetScope = 'resourceGroup'

@description('Name of the API Management service. It needs a system-assigned identity.')
param serviceName string

@description('Name of the API whose backend is https://<account>.openai.azure.com/openai/v1.')
param apiName string

@description('Tenant whose programs may call the API.')
param tenantId string = tenant().tenantId

@description('Client id of the app registration that stands for this API, which callers ask a token for.')
param audience string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' existing = {
  parent: service
  name: apiName
}

resource tenantValue 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  parent: service
  name: 'caller-tenant'
  properties: {
    displayName: 'caller-tenant'
    value: tenantId
  }
}

resource audienceValue 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  parent: service
  name: 'caller-audience'
  properties: {
    displayName: 'caller-audience'
    value: audience
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
    tenantValue
    audienceValue
  ]
}
