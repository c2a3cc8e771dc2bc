import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

/** Makes a page that people can read of the OpenAPI document. It needs no script and nothing from other hosts. */
export function docsPage(document: JsonObject): string {
  const info = objectAt(document, 'info')
  const schemas = objectAt(objectAt(document, 'components'), 'schemas')
  const operations = Object.entries(objectAt(document, 'paths')).map(([path, item]) => {
    return { path, post: objectAt(asObject(item), 'post') }
  })
  const contents = operations
    .map(
      ({ post }) =>
        `<li><a href="#${escape(textAt(post, 'operationId'))}">${escape(textAt(post, 'operationId'))}</a></li>`,
    )
    .join('')
  const sections = operations.map(({ path, post }) => operationSection(path, post, schemas)).join('')
  const others = Object.entries(schemas)
    .filter(([name]) => !/(?:Request|Response)$/.test(name))
    .map(([name, schema]) => `<h3 id="${escape(name)}">${escape(name)}</h3>${schemaTable(asObject(schema))}`)
    .join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(textAt(info, 'title'))}</title><style>${STYLE}</style></head>
<body><nav><ul>${contents}</ul></nav><main>
<h1>${escape(textAt(info, 'title'))}</h1><p>${prose(textAt(info, 'description'))}</p>
<p>Every operation is a POST. The same as OpenAPI 3.1: <a href="openapi.json">openapi.json</a></p>
${sections}<h2>Shapes</h2>${others}</main></body></html>
`
}

function operationSection(path: string, post: JsonObject, schemas: JsonObject): string {
  const request = componentOf(objectAt(post, 'requestBody'))
  const answer = componentOf(objectAt(objectAt(post, 'responses'), '200'))
  return `<section id="${escape(textAt(post, 'operationId'))}"><h2>${escape(textAt(post, 'operationId'))}</h2>
<p><code>POST ${escape(path)}</code></p><p>${prose(textAt(post, 'summary'))} ${prose(textAt(post, 'description'))}</p>
<h4>Request</h4>${schemaTable(objectAt(schemas, request))}<h4>Answer</h4>${schemaTable(objectAt(schemas, answer))}</section>
`
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
code{font:.9em ui-monospace,monospace;background:#8882;padding:0 .2em;border-radius:.2em}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto}}`
