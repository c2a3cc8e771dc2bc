import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { embeddedConfig } from './embedded.ts'

it('refuses a data folder that is a file, in one line', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'embedded-')), 'file')
  writeFileSync(file, '')
  const place = { dataFolder: file, serverName: 'localhost', host: '127.0.0.1', port: 0 }
  expect(() => embeddedConfig(place, {})).toThrow(
    '--data: expected a folder, or a path where one can be made',
  )
})
