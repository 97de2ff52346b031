// What people must hear of. Most alerts are a query over what the app logs; tests/infra compares their words with the
// app's own. Each window is at least twice as long as the pause between two evaluations, because logs arrive some
// minutes late. The last alert is about deliveries of Event Grid, which only its metrics show.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('The workspace that is asked.')
param workspaceId string

@description('Mail address; empty for none.')
param alertEmail string

@description('Topics whose failed deliveries are reported, each with a name and its resource id.')
param topics array

var actionGroupIds = empty(alertEmail) ? [] : [
  people.id
]
var groupsToTell = [for id in actionGroupIds: {
  actionGroupId: id
}]
var rules = [
  {
    name: 'overdue'
    says: 'A target is overdue: something was due, and for hours it could not be done.'
    severity: 1
    query: loadTextContent('queries/overdue.kql')
    window: 'P1D'
    every: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'no-tick'
    says: 'No tick for an hour: nothing is watched.'
    severity: 1
    query: loadTextContent('queries/no-tick.kql')
    window: 'PT1H'
    every: 'PT15M'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'settings'
    says: 'Settings are invalid, so the app does nothing at all. The log names each of them.'
    severity: 1
    query: loadTextContent('queries/settings.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'to-do'
    says: 'Something needs a person, for hours. The line "status" in the log, and the status page, say what.'
    severity: 2
    query: loadTextContent('queries/to-do.kql')
    window: 'P1D'
    every: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'unseen'
    says: 'Something cannot be looked at or enrolled, for hours: nobody watches it.'
    severity: 1
    query: loadTextContent('queries/unseen.kql')
    window: 'P1D'
    every: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'turn-failed'
    says: 'A turn failed. It is tried again; the reason is in the log.'
    severity: 3
    query: loadTextContent('queries/turn-failed.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'poison'
    says: 'A turn was given up after three tries.'
    severity: 2
    query: loadTextContent('queries/poison.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'brake'
    says: 'The brake is on: so many accounts failed in one tick that the others are left alone.'
    severity: 1
    query: loadTextContent('queries/brake.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'owed'
    says: 'Announcements are owed: Event Grid does not accept them, and deadlines move.'
    severity: 2
    query: loadTextContent('queries/owed.kql')
    window: 'PT1H'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'leak-declared'
    says: 'Somebody declared a leak: a key ends as soon as its consumers can bear.'
    severity: 2
    query: loadTextContent('queries/leak-declared.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'forced-early'
    says: 'A previous key was ended before its overlap was over, because somebody asked for it.'
    severity: 2
    query: loadTextContent('queries/forced-early.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'drift'
    says: 'A key was regenerated, or its secret overwritten, by somebody else. The app published a key that works.'
    severity: 2
    query: loadTextContent('queries/drift.kql')
    window: 'PT30M'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'refused'
    says: 'A caller was refused again and again.'
    severity: 2
    query: loadTextContent('queries/refused.kql')
    window: 'PT1H'
    every: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'keyrotation'
    enabled: true
    emailReceivers: [
      {
        name: 'mail'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: 'key-rotation-${rule.name}-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Key rotation: ${rule.name}'
    description: '${rule.says} What to do: docs/runbook.md, Alert: ${rule.name}.'
    enabled: true
    severity: rule.severity
    scopes: [
      workspaceId
    ]
    evaluationFrequency: rule.every
    windowSize: rule.window
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: rule.operator
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: actionGroupIds
    }
  }
}]

// An answer of 401, 403 or 404 is not tried again, so one failed attempt can be a lost event.
resource undelivered 'Microsoft.Insights/metricAlerts@2018-03-01' = [for topic in topics: {
  name: 'key-rotation-undelivered-${topic.name}-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid could not deliver events (${topic.name}). What to do: docs/runbook.md, Alert: undelivered.'
    enabled: true
    severity: 2
    scopes: [
      topic.id
    ]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'undelivered'
          metricName: 'DeliveryAttemptFailCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: groupsToTell
  }
}]
