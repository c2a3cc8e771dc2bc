import {
  type FailureCode,
  type Failures,
  isJsonObject,
  type JsonObject,
  RoomserverError,
} from '@roomserver/types'
import { FAILURE_HEADER } from '../server/error-form.ts'
import type { PeerAnswer } from './transport.ts'

/** Longest text of a peer that is repeated in an error of ours, in UTF-16 units. */
const MAX_REASON_LENGTH = 1_000

/** The failure that a peer's answer tells of: its own code where it is one of us, else that the component failed. */
export function failureOfAnswer(answer: PeerAnswer, component: string, operation: string): RoomserverError {
  const text = new TextDecoder().decode(answer.body.subarray(0, 4 * MAX_REASON_LENGTH))
  const reason = reasonOf(text).slice(0, MAX_REASON_LENGTH)
  const failure = failureInHeader(answer.headers[FAILURE_HEADER])
  if (failure !== undefined) {
    return new RoomserverError(failure.code, failure.details as unknown as Failures[FailureCode], reason)
  }
  if (answer.status === 400) {
    return new RoomserverError('BAD_REQUEST', { path: operation, expected: reason }, reason)
  }
  const message = `${component} answered ${operation} with status ${answer.status}: ${reason}`
  return new RoomserverError('COMPONENT_FAILED', { component, operation, reason }, message)
}

/** The sentence in an error body, in whichever of the components' forms. */
function reasonOf(text: string): string {
  const body = parsed(text)
  if (!isJsonObject(body)) return text.trim()
  for (const name of ['Message', 'message', 'Err']) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (typeof value === 'string') return value
  }
  return text.trim()
}

function failureInHeader(header: unknown): { code: FailureCode; details: JsonObject } | undefined {
  const failure = typeof header === 'string' ? parsed(header) : undefined
  if (!isJsonObject(failure)) return undefined
  const { code, details } = failure
  if (typeof code !== 'string' || !/^[A-Z_]{1,64}$/.test(code) || !isJsonObject(details)) return undefined
  return { code: code as FailureCode, details }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
