import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { prepareSocketPath } from './socket-path.ts'

const folder = mkdtempSync(join(tmpdir(), 'socket-'))

it('removes the socket of a process that was killed, which kept every restart from listening', async () => {
  const path = join(folder, 'left.sock')
  const listen = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', listen])
  expect(existsSync(path)).toBe(true)
  await prepareSocketPath(path)
  expect(existsSync(path)).toBe(false)
})

it('leaves the socket of a process that listens', async () => {
  const path = join(folder, 'used.sock')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  await prepareSocketPath(path)
  expect(existsSync(path)).toBe(true)
  server.close()
})

it('names what is wrong with a path', async () => {
  await expect(prepareSocketPath(join(folder, 'r'.repeat(104)))).rejects.toThrow(
    'roomserver.unix_socket: expected a path of at most 103 bytes',
  )
  await expect(prepareSocketPath(join(folder, 'nowhere', 'r.sock'))).rejects.toThrow(
    `roomserver.unix_socket: expected a path in a folder that exists, not in ${join(folder, 'nowhere')}`,
  )
  writeFileSync(join(folder, 'file'), '')
  await expect(prepareSocketPath(join(folder, 'file'))).rejects.toThrow('is something else')
})
