import { type EventNid, type EventRecord, type JsonObject, NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { versionIn } from './check-events.ts'

const REDACTION = 7 as EventNid

/** The create event of a room as it is stored. */
function create(content: JsonObject, kept: Partial<Pick<EventRecord, 'redactedBy' | 'authContent'>> = {}) {
  const event = { redactedBy: NO_NID as EventNid, ...kept } as EventRecord
  return { event, said: { type: 'm.room.create', content } }
}

it.each([
  ['what it says', create({ room_version: '9' }), '9'],
  ['version 1 where it says nothing', create({}), '1'],
  [
    'what the rules have kept of a redacted one',
    create({}, { redactedBy: REDACTION, authContent: '{"content":{"room_version":"5"}}' }),
    '5',
  ],
  ['nothing where a redaction took it away', create({}, { redactedBy: REDACTION }), undefined],
  [
    'nothing where it was not kept',
    create({}, { redactedBy: REDACTION, authContent: '{"content":{"creator":"@a:a"}}' }),
    undefined,
  ],
])('reads the version of a room from its create event: %s', (_what, event, version) => {
  expect(versionIn(event)).toBe(version)
})
