import { expect, it } from 'vitest'
import { checkRules, requireRoomVersion, roomVersionOf, rulesArgument } from './require-room-version.ts'
import { v1, v10, v12 } from './rules.ts'

/** An argument as callers without types pass it. */
const untyped = (value: unknown): never => value as never

const failure = (code: string, details: object) => expect.objectContaining({ code, details }) as Error

it('gives the rules of a version by its name, and of a room by its create event', () => {
  expect(requireRoomVersion('10')).toBe(v10)
  expect(roomVersionOf({ content: { room_version: '12' } })).toBe(v12)
  expect(roomVersionOf({ type: 'm.room.create', content: { room_version: '10' } })).toBe(v10)
  expect(roomVersionOf({ type: 'm.room.create', content: {} })).toBe(v1)
  // What every object inherits is not a member of the content.
  expect(roomVersionOf({ content: Object.create({ room_version: '12' }) as object })).toBe(v1)
})

it.each<readonly [string, () => unknown, string, object]>([
  [
    'a version that is not known',
    () => requireRoomVersion('99'),
    'UNSUPPORTED_ROOM_VERSION',
    { version: '99' },
  ],
  [
    'a number',
    () => requireRoomVersion(untyped(10)),
    'INVALID_ARGUMENT',
    { argument: 'version', expected: 'the name of a room version, such as "10"' },
  ],
  [
    'a create event with a version that is not known',
    () => roomVersionOf({ content: { room_version: '99' } }),
    'UNSUPPORTED_ROOM_VERSION',
    { version: '99' },
  ],
  [
    'a create event whose version is null',
    () => roomVersionOf({ content: { room_version: null } }),
    'UNSUPPORTED_ROOM_VERSION',
    { version: 'null' },
  ],
  ...[undefined, null, {}, { content: 'x' }, { content: [] }].map(
    (create) =>
      [
        `${JSON.stringify(create)} as a create event`,
        () => roomVersionOf(untyped(create)),
        'INVALID_ARGUMENT',
        { argument: 'create', expected: 'an m.room.create event with its content' },
      ] as const,
  ),
  [
    'another event',
    () => roomVersionOf({ type: 'm.room.topic', content: {} }),
    'INVALID_ARGUMENT',
    { argument: 'create', expected: 'an m.room.create event, not m.room.topic' },
  ],
])('refuses %s', (_what, call, code, details) => {
  expect(call).toThrow(failure(code, details))
})

it('takes rules or their name as an argument, and nothing else', () => {
  expect(rulesArgument('rules', '12')).toBe(v12)
  expect(rulesArgument('rules', v1)).toBe(v1)
  expect(() => rulesArgument('rules', '99')).toThrow(failure('UNSUPPORTED_ROOM_VERSION', { version: '99' }))
  const expected = 'the rules of a room version, as roomVersion(version) gives them'
  for (const value of [undefined, null, 12, {}, { auth: v1.auth }, { redaction: v1.redaction }])
    for (const call of [
      () => rulesArgument('mine', untyped(value)),
      () => checkRules('mine', untyped(value)),
    ])
      expect(call).toThrow(failure('INVALID_ARGUMENT', { argument: 'mine', expected }))
})
