import { type FailureCode, isFailure, RoomserverError } from '@roomserver/types'

/** An error as it goes over the wire. */
export interface ErrorForm {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where our own client finds the code and details of a failure; Dendrite's clients do not look at it. */
export const FAILURE_HEADER = 'roomserver-failure'

/** Longest failure that is put in a header, in bytes; longer ones are told by their text alone. */
const MAX_FAILURE_BYTES = 8_192

/** A request that cannot be understood, in the reference's form. */
export function badRequest(message: string): ErrorForm {
  return { status: 400, body: JSON.stringify({ message }), headers: {} }
}

/** A handler's failure in the reference's form: 500 with the name of a Go error type. */
export function failureForm(error: RoomserverError): ErrorForm {
  const status = statusOf(error.code)
  const body = status === 400 ? { message: error.message } : { Type: goTypeOf(error), Message: error.message }
  return {
    status,
    body: JSON.stringify(body),
    headers: { ...failureHeader(error), ...retryAfter(error) },
  }
}

/** The status of the answer to an operation that failed so. */
export function answerStatus(error: unknown): number {
  return isFailure(error) ? statusOf(error.code) : 500
}

/** Says that there is too much of something. */
export function overloaded(what: string): ErrorForm {
  const details = { what, retryAfterMs: 1_000 }
  return failureForm(new RoomserverError('OVERLOADED', details, `too many ${what} at once; try again later`))
}

/** What is said of a failure that should not have happened: where to look. Its own text stays in the log. */
export function unexpectedForm(requestId: string): ErrorForm {
  const Message = `internal error, see the room server's log for request ${requestId}`
  return { status: 500, body: JSON.stringify({ Type: '*errors.errorString', Message }), headers: {} }
}

/** The reference tells failures that pass on another one by the name of their type. */
function goTypeOf({ cause }: RoomserverError): string {
  return cause === undefined ? '*errors.errorString' : '*fmt.wrapError'
}

function statusOf(code: FailureCode): number {
  if (code === 'BAD_REQUEST') return 400
  if (code === 'OUTPUTS_TRIMMED') return 410
  if (code === 'OUTPUTS_POSITION_UNKNOWN') return 409
  if (code === 'OVERLOADED' || code === 'SHUTTING_DOWN' || code === 'STORE_UNAVAILABLE') return 503
  return 500
}

function retryAfter(error: RoomserverError): Readonly<Record<string, string>> {
  if (isFailure(error, 'OVERLOADED')) {
    return { 'retry-after': String(Math.max(1, Math.ceil(error.details.retryAfterMs / 1_000))) }
  }
  return statusOf(error.code) === 503 ? { 'retry-after': '1' } : {}
}

function failureHeader({ code, details }: RoomserverError): Readonly<Record<string, string>> {
  const text = asciiJson({ code, details })
  return text.length <= MAX_FAILURE_BYTES ? { [FAILURE_HEADER]: text } : {}
}

/** JSON with everything beyond ASCII escaped, so that it can stand in a header. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
