// Checks the queries of infra/ and of the app with Kusto's own language service, against the columns that Azure Monitor
// documents for their tables. Needs Node with @kusto/language-service-next; `make check-infra` installs it and runs this.
//
//     node check_kql.cjs <folder of node_modules> <infra folder>

const fs = require('fs')
const path = require('path')

const [modules, infra] = process.argv.slice(2)
const service = path.join(modules, '@kusto', 'language-service-next')
require(path.join(service, 'bridge.min.js'))
require(path.join(service, 'Kusto.Language.Bridge.min.js'))

const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language

const COMMON = 'TimeGenerated: datetime, OperationId: string, OperationName: string, Properties: dynamic, AppRoleName: string'
const TABLES = {
  AppTraces: `(${COMMON}, Message: string, SeverityLevel: int)`,
  AppRequests: `(${COMMON}, Name: string, Success: bool, ResultCode: string, DurationMs: real)`,
  AppExceptions: `(${COMMON}, OuterMessage: string, InnermostMessage: string, ProblemId: string, SeverityLevel: int)`,
  AzureDiagnostics:
    '(TimeGenerated: datetime, ResourceProvider: string, OperationName: string, CorrelationId: string, CallerIPAddress: string, ' +
    'Category: string, properties_s: string, TenantId: string, _ResourceId: string)'
}

const tables = Object.entries(TABLES).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, null))
const database = new Symbols.DatabaseSymbol.ctor('logs', tables)
const globals = GlobalState.Default.WithDatabase(database)

function queries () {
  const folder = path.join(infra, 'queries')
  const found = fs.readdirSync(folder).map(name => [name, fs.readFileSync(path.join(folder, name), 'utf8')])
  const items = JSON.parse(fs.readFileSync(path.join(infra, 'workbook.json'), 'utf8')).items
  found.push(['log_query.py', appQuery('')], ['log_query.py, of one account', appQuery('\n| where _ResourceId =~ "an account"')])
  found.push(['log_query.py, of a part', appQuery('\n| where hash(tolower(_ResourceId), 8) == 3')])
  return [...found, ...items.filter(one => one.type === 3).map(one => [one.name, one.content.query])]
}

// The query of the app itself: how accounts were called. Its text is a Python format, filled in here.
function appQuery (which) {
  const module = path.join(infra, '..', 'shared', 'adapters', 'log_query.py')
  const values = { seconds: '3024000', which, longest: '200', most: '20' }
  const text = fs.readFileSync(module, 'utf8').match(/_QUERY = """([^]*?)"""/)[1]
  return text.replace(/\{\{\}\}|\{(\w+)\}/g, (found, name) => name ? values[name] : '{}')
}

function problems (query) {
  const diagnostics = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics()
  return Array.from({ length: diagnostics.Count }, (_, n) => diagnostics.getItem(n)).map(one => one.Message)
}

// What the app reads from the answer to its query, as Kusto's language service concludes it from the text.
const ANSWER =
  'account:string, since:datetime, until:datetime, workspaces:dynamic, days:dynamic, callers:dynamic, different:long, ' +
  'identities:dynamic, last_key:datetime, last_identity:datetime, unclear:long'

function answerColumns () {
  const columns = KustoCode.ParseAndAnalyze(appQuery(''), globals).ResultType.Columns
  return Array.from({ length: columns.Count }, (_, n) => columns.getItem(n)).map(one => `${one.Name}:${one.Type.Name}`)
}

let wrong = 0
if (answerColumns().join(', ') !== ANSWER) { console.error(`log_query.py answers ${answerColumns().join(', ')}`); wrong++ }
const planted = problems('AppTraces | where Mesage has "x" and')
if (planted.length < 2) { console.error('the check does not find a planted mistake'); wrong++ }
for (const [name, query] of queries()) {
  for (const one of problems(query)) { console.error(`${name}: ${one}`); wrong++ }
}
console.log(`${queries().length} queries, ${wrong} problems`)
process.exit(wrong ? 1 : 0)
