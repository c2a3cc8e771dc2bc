import { spawn, spawnSync, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { endWithUs, PROGRAM } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder } from './program.ts'

/** Starts the program with its outputs somewhere else. */
function start(args: readonly string[], stdio: StdioOptions) {
  const child = spawn(process.execPath, [...PROGRAM, ...args], { cwd: folder(), stdio })
  endWithUs(child, 'SIGKILL')
  const said = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  return { child, said, closed: once(child, 'close') }
}

it('ends without a word when nobody reads on, as in a pipe to head', async () => {
  const { child, closed, said } = start(['completion', 'bash'], ['ignore', 'pipe', 'pipe'])
  child.stdout?.destroy()
  expect(await closed).toEqual([0, null])
  expect(said.stderr).toBe('')
})

it('says that the disk is full where its output goes', async () => {
  const full = openSync('/dev/full', 'w')
  const { closed, said } = start(['completion', 'bash'], ['ignore', full, 'pipe'])
  closeSync(full)
  expect(await closed).toEqual([1, null])
  expect(said.stderr).toBe('roomserver: cannot write the output: the disk is full\n')
})

it('serves where its messages cannot be written', async () => {
  const full = openSync('/dev/full', 'w')
  const { child, closed, said } = start(['serve', '--listen', '127.0.0.1:0'], ['ignore', 'pipe', full])
  closeSync(full)
  await expect.poll(() => said.stdout).toContain('"listening"')
  const url = /"url":"([^"]+)"/.exec(said.stdout)?.[1]
  await expect.poll(async () => (await fetch(`${url ?? ''}/readyz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await closed).toEqual([0, null])
})

it.each([
  ['key create', ['key', 'create', 'matrix_key.pem']],
  ['a start', ['serve', '--data', '.']],
])('leaves no empty key behind where the disk is full: %s', (_what, args) => {
  const place = folder()
  // No file may grow, which a process that ignores the signal for it is told like a full disk.
  const limited = [
    '-c',
    'trap \'\' XFSZ; ulimit -f 0; exec "$@"',
    'sh',
    process.execPath,
    ...PROGRAM,
    ...args,
  ]
  const { status, stderr } = spawnSync('sh', limited, { cwd: place, encoding: 'utf8' })
  expect({ status, files: readdirSync(place) }).toEqual({ status: 1, files: [] })
  expect(stderr).toMatch(/^roomserver: EFBIG/)
})
