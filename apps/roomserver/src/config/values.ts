import { isServerName } from '@roomserver/types'
import * as z from 'zod'
import { parseDuration, parseSize } from './units.ts'

/** Builders for the values that the sections have in common. Each error says what was expected. */

/** A schema whose every failure reads "expected …". */
export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected })

export const flag = z.boolean({ error: 'true or false' })

/** `10000` → `10,000`; formats of languages take longer to load than the whole configuration. */
const grouped = (number: number) => String(number).replace(/\B(?=(?:\d{3})+$)/g, ',')

/** A whole number within bounds, both included. */
export function wholeNumber(least: number, most: number) {
  const error = `a whole number from ${grouped(least)} to ${grouped(most)}`
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error })
}

const milliseconds = z.number({ error: 'a duration such as 30s, 10m or 168h' })

/** Timers and Node's own limits count whole milliseconds; what is shorter must not become 0, which often means "off". */
const asDuration = (value: unknown) => {
  const wanted = typeof value === 'string' ? parseDuration(value) : undefined
  return wanted === undefined ? undefined : Math.ceil(wanted)
}

/** A duration in Go's notation, as milliseconds. */
export const duration = z.preprocess(asDuration, milliseconds)

/** Node's timers count milliseconds in 31 bits; a longer one ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A duration that something is timed with. */
export const timer = z.preprocess(
  asDuration,
  milliseconds.max(LONGEST_TIMER_MS, { error: 'a duration of at most 596h' }),
)

const asSize = (value: unknown) =>
  typeof value === 'number' ? value : typeof value === 'string' ? parseSize(value) : undefined

/** A size in bytes, or with kb, mb, gb or tb behind it. */
export const size = z.preprocess(
  asSize,
  z
    .number({ error: 'a size such as 128mb or 1gb' })
    .int({ error: 'a size such as 128mb or 1gb' })
    .positive({ error: 'a size such as 128mb or 1gb, above 0' }),
)

/** A size of something that is of no use with less than a KiB: a number without a unit was meant to be of another one. */
export const usefulSize = size.refine((bytes) => bytes >= 1024, {
  error: 'a size such as 128mb or 1gb, at least 1kb',
})

export const serverName = z
  .string({ error: 'a server name such as example.org or localhost:8448' })
  .refine(isServerName, { error: 'a server name such as example.org or localhost:8448' })

/** An address of an internal API: `http://` or `https://`, a host, a port. */
export const address = z
  .string({ error: 'an address such as http://localhost:7770' })
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
    error: 'an address such as http://localhost:7770',
  })

const HOST_NAME = 'the name of a host, without scheme and port'

/** Names as a `Host` header has them, without the port. */
export const hostNames = z.array(
  z.string({ error: HOST_NAME }).regex(/^[A-Za-z0-9._-]+$/, { error: HOST_NAME }),
  { error: 'a list of names of hosts' },
)

/** An address to listen on, or of a component that is called. The program has no TLS: `https://` would promise what is not there. */
export const plainAddress = address.refine((value) => !/^https:/i.test(value), {
  error: 'an address such as http://localhost:7770; TLS is left to a proxy',
})

/** An object of which every member is ours: an unknown one is an error. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: (issue) => sectionError(issue, Object.keys(shape)) })
}

/** An object that other components share: what they read passes by unread. */
export function sharedSection<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.looseObject(shape, { error: (issue) => sectionError(issue, Object.keys(shape)) })
}

function sectionError(issue: { readonly code?: string | undefined }, keys: readonly string[]): string {
  const known = keys.join(', ')
  return issue.code === 'unrecognized_keys' ? `one of ${known}` : `a section with ${known}`
}
