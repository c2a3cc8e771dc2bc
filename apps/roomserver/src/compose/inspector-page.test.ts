import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { inspectorPage } from './inspector-page.ts'

function folderWith(files: Readonly<Record<string, string>>): URL {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return pathToFileURL(`${folder}/`)
}

it('serves the files of the page by their names, and nothing else that lies there', async () => {
  const folder = folderWith({ 'index.html': '<p>', 'page.js': '1', 'page.js.map': '{}', notes: '' })
  const page = await inspectorPage(silentLogger, folder)
  expect(page?.path).toBe('/inspect/')
  expect(new Set(page?.files.keys())).toEqual(new Set(['', 'page.js']))
  expect(page?.files.get('')?.contentType).toBe('text/html; charset=utf-8')
})

it('changes the tag of a file with its content', async () => {
  const [one, two] = await Promise.all(
    ['1', '2'].map((text) => inspectorPage(silentLogger, folderWith({ 'index.html': text }))),
  )
  expect(one?.files.get('')?.etag).not.toBe(two?.files.get('')?.etag)
})

it('says that a page was not built, and serves none', async () => {
  const said: string[] = []
  const log = { ...silentLogger, warn: (_fields: object, message: string) => void said.push(message) }
  expect(await inspectorPage(log, folderWith({}))).toBeUndefined()
  expect(said).toEqual(['the inspector has not been built and is not served; run pnpm build'])
})
