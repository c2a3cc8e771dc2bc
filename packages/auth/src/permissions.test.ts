import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member, setting } from '../test/room.ts'
import { checkPlanned, permissionsOf } from './permissions.ts'
import { authStateOf } from './state.ts'

const [ALICE, MOD, BOB, EVE] = ['@alice:a.test', '@mod:a.test', '@bob:b.test', '@eve:e.test'] as const

const stateOf = (version: string) =>
  authStateOf([
    createEvent(version),
    setting(version, 'm.room.power_levels', {
      users: version === '12' ? { [MOD]: 50 } : { [ALICE]: 100, [MOD]: 50 },
    }),
    setting(version, 'm.room.join_rules', { join_rule: 'invite' }),
    ...[ALICE, MOD, BOB].map((user) => member(version, user, 'join')),
  ])

describe.each(['1', '8', '10', '12'])('permissionsOf, version %s', (version) => {
  const state = stateOf(version)
  const message = (sender: string) => makeEvent(version, { sender })
  const [alice, mod, bob, eve] = [ALICE, MOD, BOB, EVE].map((user) => permissionsOf(user, state)) as [
    ReturnType<typeof permissionsOf>,
    ReturnType<typeof permissionsOf>,
    ReturnType<typeof permissionsOf>,
    ReturnType<typeof permissionsOf>,
  ]

  it('sending', () => {
    expect(bob.send('m.room.message').allowed).toBe(true)
    expect(bob.sendState('m.room.topic', '').allowed).toBe(false)
    expect(mod.sendState('m.room.topic', '', { topic: 'Tea' }).allowed).toBe(true)
    expect(eve.send('m.room.message')).toMatchObject({
      allowed: false,
      reason: `${EVE} is not joined (membership: none)`,
    })
  })

  it('acting on others', () => {
    expect([mod.kick(BOB), mod.ban(EVE), alice.kick(MOD)].map(({ allowed }) => allowed)).toEqual([
      true,
      true,
      true,
    ])
    expect([bob.kick(MOD), mod.kick(ALICE), eve.ban(BOB)].map(({ allowed }) => allowed)).toEqual([
      false,
      false,
      false,
    ])
    expect([bob.invite(EVE).allowed, bob.invite(MOD).allowed, eve.invite(EVE).allowed]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('coming and going', () => {
    expect([eve.join().allowed, bob.leave().allowed, eve.leave().allowed]).toEqual([false, true, false])
  })

  it('redacting: one’s own, or with the level for it what others sent', () => {
    expect(bob.redact(message(BOB)).allowed).toBe(true)
    expect(mod.redact(message(ALICE)).allowed).toBe(true)
    expect(eve.redact(message(EVE)).allowed).toBe(false)
    // Of the same server: servers apply such a redaction, and ask more of their own users.
    expect(bob.redact(message('@other:b.test'))).toMatchObject({ allowed: false })
    expect(bob.redact(message(ALICE))).toMatchObject({ allowed: false })
  })
})

it('allows a creator to join first of all', () => {
  const state = authStateOf([createEvent('10')])
  expect(permissionsOf(ALICE, state).join().allowed).toBe(true)
  expect(permissionsOf(BOB, state).join().allowed).toBe(false)
})

it('says what changes of power levels it would allow', () => {
  const planned = (sender: string, users: object) =>
    checkPlanned({ type: 'm.room.power_levels', sender, stateKey: '', content: { users } }, stateOf('10'))
  expect(planned(ALICE, { [ALICE]: 100, [MOD]: 50, [BOB]: 50 }).allowed).toBe(true)
  expect(planned(MOD, { [ALICE]: 100, [MOD]: 50, [BOB]: 60 }).allowed).toBe(false)
})

// Entries of other rooms would answer for somebody else. That they are passed over silently is worse than no answer.
it('allows nothing on a state with an entry of another room or version, and names the entry', () => {
  const own = [createEvent('10'), member('10', ALICE, 'join')]
  const foreign = [
    makeEvent('10', { type: 'm.room.power_levels', key: '', room: '!other:a.test' }),
    makeEvent('9', { type: 'm.room.power_levels', key: '' }),
  ]
  for (const entry of foreign) {
    const state = authStateOf(own)
    const mixed = {
      get: (type: string, key: string) => (type === entry.type ? entry : state.get(type, key)),
    }
    expect(permissionsOf(ALICE, mixed).send('m.room.message')).toMatchObject({
      allowed: false,
      reason: expect.stringContaining(`${entry.eventId} of type m.room.power_levels in the state is of room`),
    })
  }
})
