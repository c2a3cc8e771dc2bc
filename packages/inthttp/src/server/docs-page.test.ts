import { openApiDocument } from '@roomserver/api'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { docsPage } from './docs-page.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const json = (name: string) => ({ content: { 'application/json': { schema: ref(name) } } })

const DOCUMENT: JsonObject = {
  info: { title: 'Cats & <dogs>', description: 'Below `/api/"x"`.' },
  paths: {
    '/api/roomserver/queryCat': {
      post: {
        operationId: 'queryCat',
        summary: 'Gives a cat.',
        description: 'With `<name>`.',
        requestBody: json('CatRequest'),
        responses: {
          '200': { description: 'The answer.', ...json('CatResponse') },
          '500': { description: 'It failed.' },
          '400': { description: 'No `cat`.' },
        },
      },
    },
    '/api/admin/feed': {
      post: { operationId: 'feed', requestBody: json('FeedRequest'), responses: { '200': json('Fed') } },
    },
    '/healthz': {
      get: {
        operationId: 'health',
        summary: 'Whether it lives.',
        responses: { '200': { description: 'It does.' }, '503': { description: 'It does `not`.' } },
      },
    },
  },
  components: {
    schemas: {
      CatRequest: {
        description: 'Which `cat`.',
        properties: {
          room_id: { type: 'string', description: 'A <room>.' },
          other: { type: ['integer', 'null'] },
          UserID: { description: 'Not a type.' },
        },
      },
      CatResponse: {
        properties: {
          cat: ref('Cat'),
          cats: { type: 'array', items: ref('Cat') },
          lists: { type: ['array', 'null'], items: { type: 'string' } },
          either: { anyOf: [ref('Cat'), { type: 'null' }] },
          byName: { type: 'object', additionalProperties: { type: 'boolean' } },
          open: { type: 'object', additionalProperties: true },
        },
      },
      FeedRequest: { type: 'object', properties: {} },
      Fed: { type: 'object', description: 'Nothing.' },
      Cat: { description: 'An animal.', properties: { name: { type: 'string' } } },
      RequestOfCats: {},
    },
  },
}

it('says all of a document: how to call, each operation with its members, and the shapes', () => {
  const [, body = ''] = /<body>(.*)<\/body>/s.exec(docsPage(DOCUMENT)) ?? []
  expect(body.replaceAll('<tr>', '\n<tr>').replaceAll('<li>', '\n<li>')).toMatchInlineSnapshot(`
    "<nav><ul>
    <li><a href="#queryCat">queryCat</a></li>
    <li><a href="#feed">admin/feed</a></li>
    <li><a href="#health">/healthz</a></li></ul></nav><main>
    <h1>Cats &amp; &lt;dogs&gt;</h1><p>Below <code>/api/&quot;x&quot;</code>.</p>
    <p>Operations are a POST each. The same as OpenAPI 3.1: <a href="openapi.json">openapi.json</a></p>
    <h2>Calling</h2><p>With <code>ROOMSERVER_TOKEN</code> set, of server and caller alike, every call below
    <code>/api</code> needs <code>-H "Authorization: Bearer $ROOMSERVER_TOKEN"</code>.</p>
    <pre>curl -s localhost:7770/api/roomserver/queryCat -d '{}'</pre>
    <h3>Failures</h3><table>
    <tr><td><code>400</code></td><td>No <code>cat</code>.</td></tr>
    <tr><td><code>401</code></td><td>The server wants a token, and the request has none.</td></tr>
    <tr><td><code>421</code></td><td>The server is not known by the name in the header Host.</td></tr>
    <tr><td><code>500</code></td><td>It failed.</td></tr></table>
    <p>The header <code>roomserver-failure</code> has the code of a failure and its details, as JSON. Some operations answer
    200 and say in <code>ErrMsg</code> or <code>Error</code> that they failed.</p>
    <section id="queryCat"><h2>queryCat</h2>
    <p><code>POST /api/roomserver/queryCat</code></p><p>Gives a cat. With <code>&lt;name&gt;</code>.</p>
    <pre>curl -s localhost:7770/api/roomserver/queryCat -d '{&quot;room_id&quot;:&quot;!room:example.org&quot;,&quot;UserID&quot;:&quot;@user:example.org&quot;}'</pre><h4>Request</h4><p>Which <code>cat</code>.</p><table>
    <tr><td><code>room_id</code></td><td>string</td><td>A &lt;room&gt;.</td></tr>
    <tr><td><code>other</code></td><td>integer or null</td><td></td></tr>
    <tr><td><code>UserID</code></td><td>anything</td><td>Not a type.</td></tr></table><h4>Answer</h4><table>
    <tr><td><code>cat</code></td><td><a href="#Cat">Cat</a></td><td></td></tr>
    <tr><td><code>cats</code></td><td>list of <a href="#Cat">Cat</a></td><td></td></tr>
    <tr><td><code>lists</code></td><td>list of string or null</td><td></td></tr>
    <tr><td><code>either</code></td><td><a href="#Cat">Cat</a> or null</td><td></td></tr>
    <tr><td><code>byName</code></td><td>object of boolean</td><td></td></tr>
    <tr><td><code>open</code></td><td>object</td><td></td></tr></table></section>
    <section id="feed"><h2>admin/feed</h2>
    <p><code>POST /api/admin/feed</code></p><p> </p>
    <pre>curl -s localhost:7770/api/admin/feed -d '{}'</pre><h4>Request</h4><p>object</p><h4>Answer</h4><p>Nothing.</p><p>object</p></section>
    <section id="health"><h2>/healthz</h2>
    <p><code>GET /healthz</code></p><p>Whether it lives. </p>
    <pre>curl -s localhost:7770/healthz</pre><table>
    <tr><td><code>200</code></td><td>It does.</td></tr>
    <tr><td><code>503</code></td><td>It does <code>not</code>.</td></tr></table></section>
    <h2>Shapes</h2><h3 id="Fed">Fed</h3><p>Nothing.</p><p>object</p><h3 id="Cat">Cat</h3><p>An animal.</p><table>
    <tr><td><code>name</code></td><td>string</td><td></td></tr></table><h3 id="RequestOfCats">RequestOfCats</h3><p>anything</p></main>"
  `)
})

it('has no way of calling where nothing is called', () => {
  const page = docsPage({
    ...DOCUMENT,
    paths: { '/healthz': (DOCUMENT['paths'] as JsonObject)['/healthz'] ?? {} },
  })
  expect(page).not.toContain('Calling')
  expect(page).toContain('<title>Cats &amp; &lt;dogs&gt;</title>')
})

/** What people read of a page. */
const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

/** A text of the document, as it is read on the page. */
const plain = (value: JsonValue | undefined) => (typeof value === 'string' ? value.replaceAll('`', '') : '')

const at = (value: JsonValue | undefined, ...names: readonly string[]): JsonObject => {
  let found = value
  for (const name of names) found = isJsonObject(found) ? found[name] : undefined
  return isJsonObject(found) ? found : {}
}

describe('the page of our operations', () => {
  const document = openApiDocument()
  const page = docsPage(document)
  const schemas = at(document, 'components', 'schemas')
  const componentOf = (body: JsonObject) => {
    const { $ref } = at(body, 'content', 'application/json', 'schema')
    return at(schemas, plain($ref).split('/').at(-1) ?? '')
  }
  const operations = Object.entries(at(document, 'paths')).flatMap(([path, item]) =>
    Object.entries(at(item)).map(([method, about]) => [path, method, at(about)] as const),
  )

  it.each(operations)(
    'says what %s does, with every member of its request and answer',
    (path, method, about) => {
      const [, section = ''] =
        new RegExp(`<section id="${plain(about['operationId'])}">(.*?)</section>`, 's').exec(page) ?? []
      const text = textOf(section)
      expect(text).toContain(`${method.toUpperCase()} ${path}`)
      expect(text).toContain(plain(about['summary']))
      expect(text).toContain(plain(about['description']))
      if (method === 'get') {
        for (const [status, answer] of Object.entries(at(about, 'responses')))
          expect(text).toContain(status + plain(at(answer)['description']))
        return
      }
      const rows = [...section.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
        [...row.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell = '']) => textOf(cell)),
      )
      const shapes = [componentOf(at(about, 'requestBody')), componentOf(at(about, 'responses', '200'))]
      const members = shapes.flatMap((shape) => Object.entries(at(shape, 'properties')))
      expect(rows.map(([name, , doc]) => [name, doc])).toEqual(
        members.map(([name, member]) => [name, plain(at(member)['description'])]),
      )
      expect(rows.filter(([, type]) => type === '')).toEqual([])
    },
  )

  it('lists every way in which a call can fail, by its status', () => {
    const [, failures = ''] = /<h3>Failures<\/h3><table>(.*?)<\/table>/s.exec(page) ?? []
    const statuses = [...failures.matchAll(/<code>(\d+)<\/code><\/td><td>(.+?)<\/td>/g)]
    expect(statuses.map(([, status]) => status)).toEqual(['400', '401', '408', '413', '421', '500', '503'])
  })
})
