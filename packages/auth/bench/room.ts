import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { eventIdOf, type Pdu, trustedPdu } from '@roomserver/events'
import { createEvent, makeEvent, member, rulesOf, setting } from '../test/room.ts'

/** The events of a room in their order. */
export function roomEvents(version: string): readonly Pdu[] {
  const folder = process.env['WORKLOADS']
  if (folder === undefined) return madeUp(version, 1_000)
  return ['room', 'msgs'].flatMap((what) =>
    fromFile(join(folder, `${what}-v${version}-1000.jsonl.gz`), version),
  )
}

function fromFile(file: string, version: string): Pdu[] {
  const rules = rulesOf(version)
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => trustedPdu(line, eventIdOf(line, rules), rules))
}

/** A public room of so many members, and two messages of each. */
function madeUp(version: string, members: number): readonly Pdu[] {
  const users = Array.from({ length: members }, (_, i) => `@user${i}:s${i % 24}.test`)
  const create = createEvent(version)
  const room = `!${create.eventId.slice(1)}`
  const base = [
    create,
    member(version, '@alice:a.test', 'join', { prev: [create.eventId] }),
    setting(version, 'm.room.power_levels', version === '12' ? {} : { users: { '@alice:a.test': 100 } }),
    setting(version, 'm.room.join_rules', { join_rule: 'public' }),
    ...users.map((user) => member(version, user, 'join')),
  ]
  const auth = base.slice(0, 3).map(({ eventId }) => eventId)
  const message = (sender: string) => makeEvent(version, { sender, auth, room, content: { body: 'hello' } })
  return [...base, ...users.map(message), ...users.map(message)]
}
