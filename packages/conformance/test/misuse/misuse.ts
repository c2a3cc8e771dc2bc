import { isFailure, type RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'

/** Something that is called wrongly: what is wrong, the call, and what the failure names. */
export type Misuse = readonly [
  what: string,
  call: () => unknown,
  /** `code argument`, or `code rule` for malformed events. */
  failure: string,
]

/**
 * Every misuse is a failure with a code that names the argument. Those that the compiler sees are marked with
 * `@ts-expect-error`, so that it is tested as well that it does.
 */
export function refuses(misuses: readonly Misuse[]): void {
  it.each(misuses)('refuses %s', async (_what, call, failure) => {
    expect(await failureOf(call)).toBe(failure)
  })
}

async function failureOf(call: () => unknown): Promise<string> {
  try {
    return `gives ${JSON.stringify(await call())}`
  } catch (error) {
    if (!isFailure(error)) throw error
    return `${error.code} ${namedIn(error)}`.trim()
  }
}

function namedIn({ details }: RoomserverError): string {
  const names = Object.entries(details).filter(([name]) =>
    ['argument', 'rule', 'eventIds', 'version', 'feature'].includes(name),
  )
  return names.map(([, value]) => String(value)).join(' ')
}

/** A value as callers without types pass it. */
export function untyped(value: unknown): never {
  return value as never
}
