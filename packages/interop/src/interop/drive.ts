import { createHmac } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'

/** A user logged in on a homeserver. */
export interface ClientUser {
  readonly id: string
  readonly token: string
  readonly baseUrl: string
}

/** One call of a drive and its outcome, with everything that differs from run to run replaced by labels. */
export interface Observation {
  readonly step: string
  readonly status: number
  /** `errcode` of a refused call, or the shape the step is about. */
  readonly meaning: JsonValue
}

/**
 * A person at the client API: makes calls, waits for what they bring about, and notes down status and meaning such
 * that two drives of two servers can be held side by side.
 */
export class Drive {
  readonly observations: Observation[] = []
  readonly #labels = new Map<string, string>()
  #transaction = 0

  /** Names an ID that differs from run to run. */
  label(id: string, name: string): void {
    if (id !== '') this.#labels.set(id, name)
  }

  /** Calls the client API and notes the outcome. `meaning` picks what matters of a successful answer; nothing by default. */
  async call(
    step: string,
    user: ClientUser,
    method: string,
    path: string,
    body?: JsonObject,
    meaning: (answer: JsonObject) => JsonValue = () => null,
  ): Promise<JsonObject> {
    const { status, answer } = await request(user, method, path, body)
    const what = status === 200 ? meaning(answer) : (answer['errcode'] ?? null)
    this.note(step, status, what)
    return answer
  }

  /** Notes something seen, such as the state of a room, in labels. */
  note(step: string, status: number, meaning: JsonValue): void {
    this.observations.push({ step, status, meaning: this.#relabel(meaning) })
  }

  /** A transaction ID that was not used before. */
  transaction(): string {
    this.#transaction++
    return `interop${process.pid}x${this.#transaction}`
  }

  #relabel(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.#relabelText(value)
    if (Array.isArray(value)) return value.map((item) => this.#relabel(item))
    if (!isJsonObject(value)) return value
    if (Array.isArray(value['bag'])) return this.#relabelBag(value['bag'])
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.#relabelText(name), this.#relabel(item ?? null)]),
    )
  }

  #relabelBag(items: readonly JsonValue[]): JsonValue {
    const texts = items.map((item) => JSON.stringify(this.#relabel(item)))
    return texts.toSorted()
  }

  #relabelText(text: string): string {
    return this.#labels.get(text) ?? (EVENT_ID.test(text) ? '$some event' : text)
  }
}

/** An event ID that no step named. */
const EVENT_ID = /^\$(?:[\w+/-]{43}|\w+:.+)$/

/** A list whose order means nothing: it is noted in an order that is the same in every run. */
export function bagOf(items: readonly JsonValue[]): JsonValue {
  return { bag: items }
}

/** One call, not noted. */
export async function request(
  user: { readonly baseUrl: string; readonly token?: string },
  method: string,
  path: string,
  body?: JsonObject,
): Promise<{ readonly status: number; readonly answer: JsonObject }> {
  const response = await fetch(user.baseUrl + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    signal: AbortSignal.timeout(60_000),
  })
  const answer: unknown = await response.json().catch(() => ({}))
  return { status: response.status, answer: isJsonObject(answer) ? answer : {} }
}

/** Registers a user; every run starts on empty homeservers, so names are free. */
export async function register(baseUrl: string, name: string): Promise<ClientUser> {
  const first = { username: name, password: 'interop-password', auth: { type: 'm.login.dummy' } }
  const { status, answer } = await request({ baseUrl }, 'POST', '/_matrix/client/r0/register', first)
  if (status !== 200) throw new Error(`register ${name}: ${status} ${JSON.stringify(answer)}`)
  return { id: textOf(answer['user_id']), token: textOf(answer['access_token']), baseUrl }
}

/** Registers an administrator, by the secret that homeservers of a drive are configured with. */
export async function registerAdmin(baseUrl: string, name: string): Promise<ClientUser> {
  const path = '/_synapse/admin/v1/register'
  const nonce = textOf((await request({ baseUrl }, 'GET', path)).answer['nonce'])
  const password = 'interop-password'
  const mac = createHmac('sha1', 'interop').update([nonce, name, password, 'admin'].join('\0')).digest('hex')
  const { status, answer } = await request({ baseUrl }, 'POST', path, {
    nonce,
    username: name,
    password,
    admin: true,
    mac,
  })
  if (status !== 200) throw new Error(`register ${name}: ${status} ${JSON.stringify(answer)}`)
  return { id: textOf(answer['user_id']), token: textOf(answer['access_token']), baseUrl }
}

/** Asks again until `done`, for what other components bring about a little later. Returns the last answer either way. */
export async function eventually<T>(
  ask: () => Promise<T>,
  done: (value: T) => boolean,
  seconds = 10,
): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await ask()
    if (done(value) || Date.now() > end) return value
    await new Promise((wake) => setTimeout(wake, 100))
  }
}
