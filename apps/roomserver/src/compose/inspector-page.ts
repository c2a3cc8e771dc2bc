import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { INSPECTOR_FOLDER } from '@roomserver/inspector'
import type { PageFile, ServedPage } from '@roomserver/inthttp'
import type { Logger } from '@roomserver/types'

/** Where the inspector is served. */
export const INSPECTOR_PATH = '/inspect/'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The inspector as built, to be served; `undefined` where it has not been built, as during development. */
export async function inspectorPage(log: Logger, folder = INSPECTOR_FOLDER): Promise<ServedPage | undefined> {
  const names = await readdir(folder).catch(() => [])
  const files = new Map<string, PageFile>()
  for (const name of names) {
    const contentType = CONTENT_TYPES[extname(name)]
    if (contentType === undefined) continue
    const body = await readFile(new URL(name, folder))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    files.set(name === 'index.html' ? '' : name, { contentType, body, etag })
  }
  if (files.has('')) return { path: INSPECTOR_PATH, files }
  log.warn({ folder: folder.href }, 'the inspector has not been built and is not served; run pnpm build')
  return undefined
}
