import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { endWithUs, findPostgres, freePort, startNats, startPostgres } from '@roomserver/testing'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
const SECTION = /^## From an empty machine to three processes\n(.*?)^## /ms.exec(PAGE)?.[1] ?? ''

/** What is to be pasted, but for the build, which has been made. */
const COMMANDS = [...SECTION.matchAll(/^```sh\n(.*?)^```$/gms)]
  .map(([, block = '']) => block)
  .filter((block) => !block.includes('pnpm'))

/** Ends what was started, however the commands end. */
const ENDING = `trap 'for n in 1 2 3; do kill -9 "$(cat "$DATA/rooms-$n.pid")" 2> /dev/null || true; done' EXIT`

async function paste(
  environment: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const script = join(environment['DATA'] ?? '', 'paste.sh')
  writeFileSync(script, [COMMANDS[0], ENDING, ...COMMANDS.slice(1)].join('\n'))
  const shell = spawn('bash', ['-euo', 'pipefail', script], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(shell, 'SIGTERM')
  let text = ''
  shell.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  shell.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [status] = (await once(shell, 'exit')) as [number]
  return { status, text }
}

// It starts the program some twenty times, one after the other.
it('leads to three processes, through an upgrade and a restore, by the commands as they are', {
  timeout: 360_000,
}, async () => {
  const programs = dirname(realpathSync(join(await findPostgres(), 'postgres')))
  expect(COMMANDS).toHaveLength(6)
  // PostgreSQL as it is fetched for tests has no command line programs; there only the page itself can be looked at.
  if (!existsSync(join(programs, 'pg_restore'))) return
  await using postgres = await startPostgres()
  await using nats = await startNats()
  const url = new URL(postgres.url)
  const { status, text } = await paste({
    PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    NATS: nats.url,
    DATA: mkdtempSync(join(tmpdir(), 'roomserver-page-')),
    PORT: String(await freePort()),
    WARM_UP: '0s',
    DRAIN: '100ms',
  })
  expect(text).toContain('new key   ed25519:')
  expect(text.split('{"RoomIDs":["!first:example.org"]}'), text).toHaveLength(3)
  expect(text).toContain('warning: nobody consumes the stream DendriteOutputRoomEvent [no-consumers]')
  expect(text).toContain('nothing to do')
  expect(text).toContain('1 rooms checked, 0 findings')
  expect(status).toBe(0)
})
