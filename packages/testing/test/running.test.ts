import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const RUNNING = pathToFileURL(join(import.meta.dirname, '../src/servers/running.ts')).href

/** A process that starts another one and says its number. */
const PARENT = `
  const { spawn } = process.getBuiltinModule('node:child_process')
  const { endWithUs } = await import(process.argv[1])
  const child = spawn('sleep', ['600'])
  endWithUs(child, 'SIGKILL')
  console.log(child.pid)
`

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('leaves nothing behind at %s', async (signal) => {
  const parent = spawn(process.execPath, [
    '--conditions=@roomserver/source',
    '--input-type=module',
    '-e',
    PARENT,
    RUNNING,
  ])
  const [text] = (await once(parent.stdout, 'data')) as [Buffer]
  const child = Number(text.toString())
  expect(isAlive(child)).toBe(true)
  parent.kill(signal)
  expect(await once(parent, 'exit')).toEqual([null, signal])
  await expect.poll(() => isAlive(child)).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
