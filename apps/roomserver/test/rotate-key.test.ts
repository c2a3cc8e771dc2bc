import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSigningKey } from '@roomserver/engine'
import { expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { configFile, folder, Program, run } from './program.ts'

it('makes a new key in a configuration, and keeps the old one as it was', async () => {
  const place = folder()
  const file = configFile(place, {
    room_server: { database: { connection_string: `file:${join(place, 'rooms.db')}` } },
  })
  writeFileSync(file, `# what people wrote\n${readFileSync(file, 'utf8')}`)
  {
    await using program = await Program.serving(['--config', file])
    expect((await run('key', 'rotate', '--config', file)).errors).toContain('is using it')
    await program.stop()
  }
  const before = loadConfig(file, {})
  const { status, text, errors } = await run('key', 'rotate', '--config', file)
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  const after = loadConfig(file, {})
  expect(after.signingKey.keyId).not.toBe(before.signingKey.keyId)
  expect(after.oldKeys).toMatchObject([{ keyId: before.signingKey.keyId, seed: before.signingKey.seed }])
  expect(after.oldKeys[0]?.expiredAtMs).toBeGreaterThan(1_700_000_000_000)
  expect(text).toContain(`"${before.signingKey.keyId}":{"expired_ts":`)
  expect(readFileSync(file, 'utf8')).toContain('# what people wrote')
  expect(statSync(after.keyFile ?? '').mode & 0o777).toBe(0o600)
  // Once more: both old keys are kept, and file names do not grow.
  expect((await run('key', 'rotate', '--config', file)).status).toBe(0)
  const last = loadConfig(file, {})
  expect(last.oldKeys.map(({ keyId }) => keyId)).toEqual([before.signingKey.keyId, after.signingKey.keyId])
  expect(last.keyFile).toMatch(/key-[0-9a-f]{6}\.pem$/)
  await using program = await Program.serving(['--config', file])
  expect((await program.post('queryRoomVersionCapabilities', {})) as object).toHaveProperty('default')
})

it('makes a new key in the folder of an embedded server', async () => {
  const data = folder()
  const serve = () => Program.serving(['--data', data, '--listen', '127.0.0.1:0'])
  {
    await using program = await serve()
    await program.stop()
  }
  const before = readSigningKey(join(data, 'signing-key.pem'))
  expect((await run('key', 'rotate', '--data', data)).status).toBe(0)
  const after = readSigningKey(join(data, 'signing-key.pem'))
  expect(after.keyId).not.toBe(before.keyId)
  const kept = readdirSync(data).filter((name) => name.includes('expired'))
  expect(kept.map((name) => readSigningKey(join(data, name)))).toEqual([before])
  await using program = await serve()
  expect(program.url).not.toBe('')
})

it('makes a key for a configuration, and overwrites none', async () => {
  const file = join(folder(), 'matrix_key.pem')
  expect((await run('key', 'create', file)).status).toBe(0)
  expect(readSigningKey(file).keyId).toMatch(/^ed25519:/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await run('key', 'create', file)).errors).toBe(
    `roomserver: ${file} already exists; keys are not overwritten\n`,
  )
})
