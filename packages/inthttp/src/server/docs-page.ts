import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

/** Makes a page that people can read of the OpenAPI document. It needs no script and nothing from other hosts. */
export function docsPage(document: JsonObject): string {
  const info = objectAt(document, 'info')
  const schemas = objectAt(objectAt(document, 'components'), 'schemas')
  const operations = Object.entries(objectAt(document, 'paths')).flatMap(([path, item]) =>
    Object.entries(asObject(item)).map(([method, about]) => ({ path, method, about: asObject(about) })),
  )
  const contents = operations
    .map(
      ({ path, about }) =>
        `<li><a href="#${escape(textAt(about, 'operationId'))}">${escape(shortName(path))}</a></li>`,
    )
    .join('')
  const sections = operations.map((operation) => operationSection(operation, schemas)).join('')
  const others = Object.entries(schemas)
    .filter(([name]) => !/(?:Request|Response)$/.test(name))
    .map(([name, schema]) => `<h3 id="${escape(name)}">${escape(name)}</h3>${schemaTable(asObject(schema))}`)
    .join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(textAt(info, 'title'))}</title><style>${STYLE}</style></head>
<body><nav><ul>${contents}</ul></nav><main>
<h1>${escape(textAt(info, 'title'))}</h1><p>${prose(textAt(info, 'description'))}</p>
<p>Operations are a POST each. The same as OpenAPI 3.1: <a href="openapi.json">openapi.json</a></p>
${callingSection(operations)}${sections}<h2>Shapes</h2>${others}</main></body></html>
`
}

interface DescribedOperation {
  readonly path: string
  readonly method: string
  readonly about: JsonObject
}

/** A path as it is listed: without what most have in common. */
function shortName(path: string): string {
  return path.replace(/^\/api\/(?:roomserver\/)?/, '')
}

/** How operations are called, and how they fail. */
function callingSection(operations: readonly DescribedOperation[]): string {
  const first = operations.find(({ method }) => method === 'post')
  if (first === undefined) return ''
  const failures = Object.entries(objectAt(first.about, 'responses')).filter(([status]) => status !== '200')
  const rows = [
    ...failures.map(([status, failure]) => [status, textAt(asObject(failure), 'description')] as const),
    ['401', 'The server wants a token, and the request has none.'] as const,
    ['421', 'The server is not known by the name in the header Host.'] as const,
  ]
  return `<h2>Calling</h2><p>With <code>ROOMSERVER_TOKEN</code> set, of server and caller alike, every call below
<code>/api</code> needs <code>-H "Authorization: Bearer $ROOMSERVER_TOKEN"</code>.</p>
<pre>${escape(curl(first))}</pre>
<h3>Failures</h3><table>${rows
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([status, text]) => `<tr><td><code>${status}</code></td><td>${prose(text)}</td></tr>`)
    .join('')}</table>
<p>The header <code>roomserver-failure</code> has the code of a failure and its details, as JSON. Some operations answer
200 and say in <code>ErrMsg</code> or <code>Error</code> that they failed.</p>
`
}

/** A command line that can be tried as it is. */
function curl({ path, method }: DescribedOperation, sample = '{}'): string {
  const body = method === 'post' ? ` -d '${sample}'` : ''
  return `curl -s localhost:7770${path}${body}`
}

const SAMPLES: Readonly<Record<string, string>> = {
  room_id: '!room:example.org',
  RoomID: '!room:example.org',
  user_id: '@user:example.org',
  UserID: '@user:example.org',
  alias: '#alias:example.org',
}

/** A request with what most requests are about; members that are left out are zero. */
function sampleOf(schema: JsonObject): string {
  const names = Object.keys(objectAt(schema, 'properties')).filter((name) => Object.hasOwn(SAMPLES, name))
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, SAMPLES[name] ?? ''])))
}

function operationSection(operation: DescribedOperation, schemas: JsonObject): string {
  const { path, method, about } = operation
  const request = objectAt(schemas, componentOf(objectAt(about, 'requestBody')))
  const answer = objectAt(schemas, componentOf(objectAt(objectAt(about, 'responses'), '200')))
  const shapes =
    method === 'post'
      ? `<h4>Request</h4>${schemaTable(request)}<h4>Answer</h4>${schemaTable(answer)}`
      : answersTable(about)
  return `<section id="${escape(textAt(about, 'operationId'))}"><h2>${escape(shortName(path))}</h2>
<p><code>${method.toUpperCase()} ${escape(path)}</code></p><p>${prose(textAt(about, 'summary'))} ${prose(textAt(about, 'description'))}</p>
<pre>${escape(curl(operation, sampleOf(request)))}</pre>${shapes}</section>
`
}

/** What is answered with which status, where the answer has a form that is not ours. */
function answersTable(about: JsonObject): string {
  const rows = Object.entries(objectAt(about, 'responses')).map(
    ([status, answer]) =>
      `<tr><td><code>${status}</code></td><td>${prose(textAt(asObject(answer), 'description'))}</td></tr>`,
  )
  return `<table>${rows.join('')}</table>`
}

/** The component that the JSON body of a request or response is. */
function componentOf(holder: JsonObject): string {
  const media = objectAt(objectAt(holder, 'content'), 'application/json')
  return textAt(objectAt(media, 'schema'), '$ref').split('/').at(-1) ?? ''
}

function schemaTable(schema: JsonObject): string {
  const members = Object.entries(objectAt(schema, 'properties'))
  const about = textAt(schema, 'description')
  const intro = about === '' ? '' : `<p>${prose(about)}</p>`
  if (members.length === 0) return `${intro}<p>${typeOf(schema)}</p>`
  const rows = members.map(([name, member]) => {
    const { description } = asObject(member)
    const doc = typeof description === 'string' ? prose(description) : ''
    return `<tr><td><code>${escape(name)}</code></td><td>${typeOf(member)}</td><td>${doc}</td></tr>`
  })
  return `${intro}<table>${rows.join('')}</table>`
}

/** A schema in a few words. */
function typeOf(schema: JsonValue | undefined): string {
  const { $ref, anyOf, type, items, additionalProperties } = asObject(schema)
  if (typeof $ref === 'string') {
    const name = escape($ref.split('/').at(-1) ?? '')
    return `<a href="#${name}">${name}</a>`
  }
  if (Array.isArray(anyOf)) return anyOf.map(typeOf).join(' or ')
  const names = [type].flat().filter((name) => typeof name === 'string')
  if (names.includes('array')) {
    return `list of ${typeOf(items)}${names.includes('null') ? ' or null' : ''}`
  }
  if (isJsonObject(additionalProperties)) return `object of ${typeOf(additionalProperties)}`
  return names.length > 0 ? escape(names.join(' or ')) : 'anything'
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function objectAt(object: JsonObject, name: string): JsonObject {
  return Object.hasOwn(object, name) ? asObject(object[name]) : {}
}

function textAt(object: JsonObject, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : ''
}

/** Text for a page, with what stands between backticks as code. */
function prose(text: string): string {
  return escape(text).replace(/`([^`]*)`/g, '<code>$1</code>')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;font-size:.85rem;border-right:1px solid #8884}
nav ul{list-style:none;padding:1rem;margin:0}nav a{text-decoration:none}
main{padding:1rem 2rem;max-width:60rem}section{border-top:1px solid #8884;margin-top:2rem}
table{border-collapse:collapse;width:100%}td{border:1px solid #8884;padding:.25rem .5rem;vertical-align:top}
pre{font:.9em ui-monospace,monospace;background:#8882;padding:.5em;overflow:auto}
code{font:.9em ui-monospace,monospace;background:#8882;padding:0 .2em;border-radius:.2em}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto}}`
