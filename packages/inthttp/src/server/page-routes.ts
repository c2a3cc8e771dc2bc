import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** A file of a web page. */
export interface PageFile {
  readonly contentType: string
  readonly body: Buffer
  /** Changes with the body; in quotes, as HTTP has it. */
  readonly etag: string
}

/** A web page of static files that is served beside the API. */
export interface ServedPage {
  /** Below which it is served, with a slash at both ends: `/inspect/`. */
  readonly path: string
  /** By their names below that; the one with the empty name is the page itself. */
  readonly files: ReadonlyMap<string, PageFile>
}

/** A page runs and loads nothing but its own files, asks nobody but this server, and is shown in no frame. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The routes of a page. They hold no secrets, so no token is asked for: the page asks for it and sends it to the API. */
export function pageRoutes({ files, path }: ServedPage): readonly string[] {
  return [path.slice(0, -1), ...Array.from(files.keys(), (name) => `${path}${name}`)]
}

/** Serves a page. Its files are few and are kept in memory. */
export function addPageRoutes(app: FastifyInstance, page: ServedPage): void {
  const { files, path } = page
  app.get(path.slice(0, -1), async (_request, reply) => reply.code(308).header('location', path).send(''))
  for (const [name, file] of files) {
    app.get(`${path}${name}`, async (request, reply) => sendFile(request, reply, file))
  }
}

function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { body, contentType, etag }: PageFile,
): FastifyReply {
  const answer = reply.headers(PAGE_HEADERS).headers({ etag, 'cache-control': 'no-cache' })
  if (headers['if-none-match'] === etag) return answer.code(304).send()
  return answer.type(contentType).send(body)
}
