import { RoomserverError } from '@roomserver/types'
import { setTimeout as delay } from 'node:timers/promises'
import { encode, filled, OutputEvent, OutputNewPeek } from '@roomserver/api'
import { expect, it } from 'vitest'
import {
  type FollowedOutput,
  type FollowOptions,
  followOutputs,
  type LoggedOutput,
  type OutputSource,
  serveRoomserver,
} from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'

function output(position: number): LoggedOutput {
  const peek = filled(OutputNewPeek, { RoomID: `!${position}` })
  const payload = encode(OutputEvent, filled(OutputEvent, { type: 'new_peek', new_peek: peek }))
  return { position, id: `!r/${position}`, roomId: '!r', payload }
}

function logOf(outputs: readonly LoggedOutput[]): OutputSource {
  return {
    check: async (after) => {
      const first = outputs[0]?.position ?? 1
      if (after + 1 < first) throw new RoomserverError('OUTPUTS_TRIMMED', { after, first }, 'deleted')
    },
    follow: async function* (after, signal) {
      for (let position = after; !signal.aborted; await delay(5)) {
        for (const next of outputs.filter((candidate) => candidate.position > position)) {
          yield next
          position = next.position
        }
      }
    },
  }
}

async function first(count: number, url: string, options: FollowOptions = {}): Promise<FollowedOutput[]> {
  const stop = new AbortController()
  const found: FollowedOutput[] = []
  for await (const followed of followOutputs(url, { ...options, signal: stop.signal })) {
    if (found.push(followed) === count) stop.abort()
  }
  return found
}

it('gives outputs in order, and goes on when the server was started anew', async () => {
  const log = [output(1), output(2), output(3)]
  const { api } = fakeRoomserver()
  let server = await serveRoomserver(api, { listen: { port: 0 }, outputs: logOf(log), token: 'secret' })
  const port = Number(new URL(server.address).port)
  const following = first(4, server.address, { after: 1, token: 'secret' })
  await delay(100)
  await server.close()
  log.push(output(4), output(5))
  server = await serveRoomserver(api, { listen: { port }, outputs: logOf(log), token: 'secret' })
  const found = await following
  expect(found.map(({ position }) => position)).toEqual([2, 3, 4, 5])
  expect(found.map(({ output: { new_peek: peek } }) => peek?.RoomID)).toEqual(['!2', '!3', '!4', '!5'])
  await server.close()
})

it.each([
  ['where there is no log', undefined, {}, 'status 404'],
  ['without the token', [output(1)], { token: 'wrong' }, 'status 401'],
  ['when outputs were dropped', [output(9)], { after: 3, token: 'secret' }, 'have been deleted'],
  [
    'when an output is none',
    [{ ...output(1), payload: '{"type":5}' }],
    { token: 'secret' },
    'could not decode',
  ],
])('fails %s', async (_why, log, options, words) => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    listen: { port: 0 },
    outputs: log === undefined ? undefined : logOf(log),
    token: log === undefined ? undefined : 'secret',
  })
  await expect(first(1, server.address, options)).rejects.toThrow(words)
})
