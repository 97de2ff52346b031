// The operation GET /ask of one API, with the policy beside this file: it makes a POST of the GET, and the gateway calls
// the model with its own identity. Give that identity the role with samples/grants/openai_user.bicep.

targetScope = 'resourceGroup'

@description('Name of the API Management service. It needs a system-assigned identity and a domain of its own.')
param serviceName string

@description('Name of the API whose backend is https://<account>.openai.azure.com/openai/v1.')
param apiName string

@description('Tenant whose people may ask.')
param tenantId string = tenant().tenantId

@description('Application id URI of the app registration: the address of the gateway, such as https://models.example.com.')
param audience string

@description('Deployment of the model that is asked.')
param deployment string

var values = [
  { name: 'caller-tenant', value: tenantId }
  { name: 'caller-audience', value: audience }
  { name: 'model-deployment', value: deployment }
]

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' existing = {
  parent: service
  name: apiName
}

resource namedValues 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = [for one in values: {
  parent: service
  name: one.name
  properties: {
    displayName: one.name
    value: one.value
  }
}]

resource ask 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = {
  parent: api
  name: 'ask'
  properties: {
    displayName: 'Ask a model'
    method: 'GET'
    urlTemplate: '/ask'
    request: {
      queryParameters: [
        {
          name: 'question'
          type: 'string'
          required: true
        }
      ]
    }
  }
}

resource policy 'Microsoft.ApiManagement/service/apis/operations/policies@2024-05-01' = {
  parent: ask
  name: 'policy'
  properties: {
    format: 'xml' // as the file is: quotes in expressions are written as entities
    value: loadTextContent('policy.xml')
  }
  dependsOn: [
    namedValues
  ]
}
