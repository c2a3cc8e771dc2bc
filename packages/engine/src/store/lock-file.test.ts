import { mkdirSync, mkdtempSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithUs } from '@roomserver/testing'
import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { lockFile } from './lock-file.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'lock-'))

const refusal = (path: string): unknown => {
  try {
    lockFile(path)
  } catch (error) {
    return isFailure(error, 'STORE_UNAVAILABLE') ? error.message : error
  }
  return 'taken'
}

it('is for one holder, and free again afterwards', () => {
  const file = join(folder(), 'rooms.db')
  {
    using lock = lockFile(file)
    expect(lock).toBeDefined()
    expect(refusal(file)).toBe(
      `the database can be used by one process only: process ${process.pid} is using it (${file}.lock)`,
    )
  }
  expect(existsSync(`${file}.lock`)).toBe(false)
  lockFile(file)[Symbol.dispose]()
})

it('holds through symbolic links to the file and to its folder', () => {
  const place = folder()
  const file = join(place, 'rooms.db')
  const links = folder()
  symlinkSync(file, join(links, 'link.db'))
  symlinkSync(place, join(links, 'folder'))
  using lock = lockFile(file)
  expect(lock).toBeDefined()
  expect(refusal(join(links, 'link.db'))).toContain('is using it')
  expect(refusal(join(links, 'folder', 'rooms.db'))).toContain('is using it')
})

it('blames no other process for what keeps the file from being locked', () => {
  const file = join(folder(), 'rooms.db')
  writeFileSync(`${file}.guard`, 'something else '.repeat(100))
  expect(refusal(file)).toBe(`the database cannot be locked: ${file}.guard: file is not a database`)
  const other = join(folder(), 'rooms.db')
  mkdirSync(`${other}.guard`)
  expect(refusal(other)).toBe(`the database cannot be locked: ${other}.guard: unable to open database file`)
})

// In containers both have the number 1; the number proves nothing, the lock of the operating system does.
it('does not go by the number of a process', () => {
  const file = join(folder(), 'rooms.db')
  writeFileSync(`${file}.lock`, `${process.ppid}\n`)
  lockFile(file)[Symbol.dispose]()
})

it('is free when its process was killed', async () => {
  const file = join(folder(), 'rooms.db')
  const source = `import { lockFile } from ${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))}
    globalThis.lock = lockFile(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000)`
  const other = spawn(
    process.execPath,
    ['--conditions=@roomserver/source', '--input-type=module', '-e', source],
    {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  endWithUs(other, 'SIGKILL')
  await once(other.stdout, 'data')
  expect(refusal(file)).toContain(`process ${other.pid} is using it`)
  other.kill('SIGKILL')
  await once(other, 'exit')
  lockFile(file)[Symbol.dispose]()
})

it('makes a database that only its owner may read', () => {
  const file = join(folder(), 'rooms.db')
  using lock = lockFile(file)
  expect(lock).toBeDefined()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(refusal(join(folder(), 'nowhere', 'rooms.db'))).toContain('for the database; create it first')
})
