import { isFailure } from '@roomserver/types'
import { defineRoomVersion, derive, v12 } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { openEngine } from '../src/index.ts'

const [ALICE, BOB] = ['@alice:example.org', '@bob:example.org'] as const
const options = { serverName: 'example.org', store: ':memory:', maintenance: false } as const

const codeOf = (failing: Promise<unknown>): Promise<unknown> =>
  failing.then(
    () => 'no failure',
    (error: unknown) => (isFailure(error) ? [error.code, error.details] : error),
  )

describe('a room version of one’s own', () => {
  const mine = derive(v12, 'org.example.quiet', {
    stability: 'unstable',
    auth: { knocking: false, knockRestrictedJoins: false },
  })

  it('is announced, and rooms of it are like any', async () => {
    await using engine = await openEngine({ ...options, roomVersions: [defineRoomVersion(mine)] })
    const { available } = await engine.operations.queryRoomVersionCapabilities({})
    expect(available.get('org.example.quiet')).toBe('unstable')
    const room = await engine.createRoom(ALICE, { version: 'org.example.quiet', preset: 'public_chat' })
    await engine.join(room, BOB)
    await engine.send(room, BOB, 'm.room.message', { body: 'hello' })
    expect((await engine.messages(room, { limit: 1 })).events[0]).toMatchObject({
      content: { body: 'hello' },
    })
    expect((await engine.stateEvent(room, 'm.room.create'))?.content).toMatchObject({
      room_version: 'org.example.quiet',
    })
  })

  it('is refused when it cannot be', async () => {
    const opening = openEngine({ ...options, roomVersions: [{ ...mine, eventId: 'domain' }] })
    expect(await codeOf(opening)).toMatchObject(['INVALID_ARGUMENT', { argument: 'rules.eventId' }])
  })
})

describe('a check before acceptance', () => {
  const acceptance = {
    check: ({ event }: { readonly event: { readonly content: object } }) =>
      JSON.stringify(event.content).includes('spam')
        ? ({ accepted: false, reason: 'looks like spam' } as const)
        : ({ accepted: true } as const),
    whenUnavailable: 'refuse',
  } as const

  it('keeps out what it does not want, and says why', async () => {
    await using engine = await openEngine({ ...options, acceptance })
    const room = await engine.createRoom(ALICE)
    expect(await codeOf(engine.send(room, ALICE, 'm.room.message', { body: 'spam' }))).toMatchObject([
      'NOT_ALLOWED',
      { rule: 'acceptance', reason: 'looks like spam' },
    ])
    expect(await codeOf(engine.createRoom(ALICE, { name: 'spam' }))).toMatchObject(['NOT_ALLOWED', {}])
    await engine.send(room, ALICE, 'm.room.message', { body: 'tea' })
  })

  it('has to say what becomes of events while it is not available', async () => {
    const opening = openEngine({ ...options, acceptance: { check: acceptance.check } as never })
    expect(await codeOf(opening)).toMatchObject([
      'INVALID_ARGUMENT',
      { argument: 'acceptance.whenUnavailable' },
    ])
  })
})
