import type { Logger } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { embeddedConfig } from '../config/embedded.ts'
import { warmUp } from './warm-up.ts'

type Line = readonly [level: string, fields: Readonly<Record<string, unknown>>, message: string]

async function linesOf(change: (config: Config) => Config, signal?: AbortSignal): Promise<readonly Line[]> {
  const lines: Line[] = []
  const send = (level: string) => (fields: object, message: string) => {
    lines.push([level, { ...fields }, message])
  }
  const log: Logger = { error: send('error'), warn: send('warn'), info: send('info'), debug: send('debug') }
  const place = { dataFolder: undefined, serverName: 'test', host: '127.0.0.1', port: 0 }
  await warmUp(change(embeddedConfig(place, {})), log, signal)
  return lines
}

const during = (warmUpMs: number) => (config: Config) => ({
  ...config,
  settings: { ...config.settings, warm_up: warmUpMs },
})

it('practises, and says for how long', async () => {
  const [line, ...others] = await linesOf(during(60_000))
  expect(others).toEqual([])
  expect(line).toEqual(['info', { rounds: 300, took_ms: expect.any(Number) as number }, 'warmed up'])
})

it('stops when its time is over, or nobody wants it any more', async () => {
  for (const lines of [await linesOf(during(1)), await linesOf(during(60_000), AbortSignal.abort())]) {
    expect(lines).toEqual([['info', { rounds: 0, took_ms: expect.any(Number) as number }, 'warmed up']])
  }
})

it('does nothing when told so, as without a configuration file', async () => {
  expect(await linesOf((config) => config)).toEqual([])
})

it('lets the program start when it fails', async () => {
  const url = 'postgresql://nobody@127.0.0.1:1/none'
  const database = { kind: 'postgres', url, maxConnections: 1, maxLifetimeSeconds: undefined } as const
  const lines = await linesOf((config) => ({ ...during(1_000)(config), database }))
  expect(lines.map(([level, , message]) => [level, message])).toEqual([
    ['warn', 'warm-up failed; starting without it'],
  ])
})
