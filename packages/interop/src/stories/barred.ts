import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

const OPEN = { allow: ['*'], deny: [], allow_ip_literals: true }

/** A server access control list that one side does not hear of. */
export const BARRED: readonly Scenario[] = [
  story('barred', ['1', '6', '10'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.set(alice, 'm.room.server_acl', { ...OPEN, deny: [xena.id.replace(/^[^:]*:|:\d+$/g, '')] })
    await room.send(alice, 2)
    await room.send(xena, 2)
    await room.topic(xena)
    await room.heal()
    await room.heard(xena, [alice], 4)
    await room.heard(alice, [xena], 4)
    await room.set(alice, 'm.room.server_acl', OPEN)
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('barred for a while', ['2', '9'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.set(alice, 'm.room.server_acl', { ...OPEN, deny: ['localhost'] })
    await room.topic(alice)
    await room.set(alice, 'm.room.server_acl', OPEN)
    await room.topic(xena)
    await room.heal()
    await room.heard(xena, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
]
