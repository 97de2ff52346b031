// An identity of Azure for a program outside Azure, or in Kubernetes: Entra gives its tokens to whoever shows a token of
// the issuer with exactly this subject. Nothing secret is stored on either side.

targetScope = 'resourceGroup'

@description('Name of the identity.')
param name string

@description('Region.')
param location string = resourceGroup().location

@description('Who vouches for the program, such as the OIDC issuer of an AKS cluster. Copy it letter by letter.')
param issuer string

@description('How the issuer calls the program, such as system:serviceaccount:<namespace>:<service account>.')
param subject string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
}

resource trust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2024-11-30' = {
  parent: identity
  name: 'program'
  properties: {
    issuer: issuer
    subject: subject
    audiences: ['api://AzureADTokenExchange']
  }
}

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
