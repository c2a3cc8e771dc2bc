import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { embeddedConfig } from './embedded.ts'

// It announced 1 to 10 and created version 6, although it takes the place of nobody and the README says 1 to 12.
it('is a server of today, unlike one that takes the place of Dendrite', () => {
  const { settings } = embeddedConfig(
    { dataFolder: undefined, serverName: 'localhost', host: '127.0.0.1', port: 0 },
    {},
  )
  expect(settings.compatibility).toBe('current')
})

it('refuses a data folder that is a file, in one line', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'embedded-')), 'file')
  writeFileSync(file, '')
  const place = { dataFolder: file, serverName: 'localhost', host: '127.0.0.1', port: 0 }
  expect(() => embeddedConfig(place, {})).toThrow(
    '--data: expected a folder, or a path where one can be made',
  )
})

it('makes a signing key for a new folder, and refuses a store whose key is gone', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'embedded-'))
  const place = { dataFolder, serverName: 'localhost', host: '127.0.0.1', port: 0 }
  const { signingKey } = embeddedConfig(place, {})
  writeFileSync(join(dataFolder, 'roomserver.db'), '')
  expect(embeddedConfig(place, {}).signingKey).toEqual(signingKey)
  rmSync(join(dataFolder, 'signing-key.pem'))
  expect(() => embeddedConfig(place, {})).toThrow(
    `put the file back from a backup, or, if the key is lost, make a new one with: roomserver key create ${join(dataFolder, 'signing-key.pem')}`,
  )
  expect(existsSync(join(dataFolder, 'signing-key.pem'))).toBe(false)
})
