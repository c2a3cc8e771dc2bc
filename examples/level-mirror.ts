// A bridge that mirrors the power of users to roles of another network, kept as JSON.
import { type PowerContents, powersOf } from '@roomserver/auth'

/** A role for everybody who has a level of their own, and for creators, who stand above all levels. */
function rolesIn(room: PowerContents): Readonly<Record<string, string>> {
  const powers = powersOf(room)
  const users = [...powers.creators, ...powers.users.keys()]
  const roleOf = (user: string) => {
    if (powers.isCreator(user)) return 'owner'
    if (powers.highestGrant(user) !== undefined) return 'admin'
    const mayModerate = powers.levelOf(user) >= Math.max(powers.levelTo('kick'), powers.levelTo('redact'))
    return mayModerate ? 'moderator' : 'member'
  }
  return Object.fromEntries(users.map((user) => [user, roleOf(user)]))
}

const create = { sender: '@alice:example.org', content: { room_version: '12' } }
const powerLevels = {
  users: { '@bob:example.org': 100, '@carol:example.org': 50, '@dave:example.org': 10 },
  events: { 'm.room.power_levels': 100 },
}
console.log(JSON.stringify(rolesIn({ version: '12', create, powerLevels })))
