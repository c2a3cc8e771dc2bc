import type { JsonObject } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RecordedTruth } from './recorded-truth.ts'
import type { RecordedLine } from './recording.ts'

const ROOM = '!room:a'

function event(_event_id: string): JsonObject {
  const json = { room_id: ROOM, type: 'm.room.message', sender: '@alice:a', content: {}, depth: 2 }
  return { ...json, _event_id, _room_version: '1', prev_events: [], auth_events: [], hashes: { sha256: 'x' } }
}

function answer(step: number, call: string, response: JsonObject): RecordedLine {
  const path = `/api/federationapi/client/${call}`
  return { kind: 'federation', step, path, status: 200, request: { RoomID: ROOM }, response }
}

it('tells what a backfill gave from what was given as missing, and both from what came by itself', () => {
  const input = { kind: 2, event: event('$came') }
  const truth = new RecordedTruth([
    { kind: 'input', step: 1, input },
    answer(2, 'lookupMissingEvents', { events: [event('$missing')] }),
    answer(3, 'backfill', { pdus: [event('$old')] }),
  ])
  const found = ['$came', '$missing', '$old'].map((id) => [truth.isFetched(id), truth.isBackfilled(id)])
  expect(found).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ])
})
