import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { stableText } from './compare.ts'
import { type KnownEvent, type KnownEvents, referencesOf } from './known-events.ts'
import type { RecordedTruth } from './recorded-truth.ts'
import type { RecordedCall, RecordedLine } from './recording.ts'
import { recordedKeys, StandInKeys } from './stand-in-keys.ts'

/** What the federation component answers. */
export interface Answer {
  readonly status: number
  readonly body: JsonValue
}

/** The part of a recording that tells of one moment: from the line that is replayed to the end of what it brought about. */
interface Moment {
  readonly from: number
  readonly until: number
}

/**
 * Everything that a recording holds of what the federation component answered, by what was asked. It answers as other
 * servers would have at the moment that is replayed: with no event that the recorded server came to know later, and
 * with a failure where the recorded calls failed.
 */
export class Archive {
  readonly keys: StandInKeys
  readonly #truth: RecordedTruth
  readonly #events: KnownEvents
  readonly #heldKeys: ReadonlyMap<string, JsonValue>
  readonly #calls: readonly RecordedCall[]
  readonly #byRequest = new Map<string, RecordedCall[]>()
  readonly #byMeaning = new Map<string, RecordedCall[]>()
  readonly #used = new Set<RecordedCall>()
  #moment: Moment = { from: 0, until: Number.POSITIVE_INFINITY }

  constructor(lines: readonly RecordedLine[], truth: RecordedTruth) {
    this.#truth = truth
    this.#events = truth.events
    this.#heldKeys = recordedKeys(lines)
    this.keys = new StandInKeys(this.#events, this.#heldKeys)
    this.#calls = lines.filter((line) => line.kind === 'federation')
    for (const call of this.#calls) {
      append(this.#byRequest, requestOf(call.path, call.request), call)
      append(this.#byMeaning, meaningOf(call.path, call.request), call)
    }
  }

  /** Says which moment is replayed: what is answered from now on belongs to it. */
  setMoment(from: number, until: number): void {
    this.#moment = { from, until }
  }

  /** The answer to a call; `undefined` where the recording does not hold what it asks for. */
  async answer(path: string, request: JsonValue): Promise<Answer | undefined> {
    const answer = this.#recorded(path, request)
    return answer && { ...answer, body: await this.#signed(answer.body) }
  }

  #recorded(path: string, request: JsonValue): Answer | undefined {
    if (isJsonObject(request) && path.endsWith('/queryPublicKey')) return this.#publicKeys(request)
    const same = this.#pick(this.#byRequest.get(requestOf(path, request)) ?? [])
    if (same !== undefined) return same
    if (!isJsonObject(request)) return undefined
    const similar = this.#pick(this.#byMeaning.get(meaningOf(path, request)) ?? [])
    if (similar !== undefined) return similar
    return this.#failure(path, request) ?? this.#composed(path, request)
  }

  /** Of several recorded answers to one call: the next of this moment, else the last before it. */
  #pick(calls: readonly RecordedCall[]): Answer | undefined {
    const { from, until } = this.#moment
    const now = calls.filter(({ step }) => step >= from && step <= until)
    const picked =
      now.find((call) => !this.#used.has(call)) ??
      now.at(-1) ??
      calls.findLast(({ step, status }) => step < from && status === 200) ??
      calls.find(({ step, path }) => step > until && !FETCHES.test(path))
    if (picked === undefined) return undefined
    this.#used.add(picked)
    return { status: picked.status, body: picked.response }
  }

  /** Where all calls of this kind failed at the moment, so does this one. */
  #failure(path: string, request: JsonObject): Answer | undefined {
    const { from, until } = this.#moment
    const room = roomOf(request)
    const alike = this.#calls.filter(
      (call) =>
        call.step >= from && call.step <= until && call.path === path && roomOf(call.request) === room,
    )
    const [first] = alike
    if (first === undefined || alike.some(({ status }) => status === 200)) return undefined
    return { status: first.status, body: first.response }
  }

  #composed(path: string, request: JsonObject): Answer | undefined {
    switch (path.slice(path.lastIndexOf('/') + 1)) {
      case 'getEvent':
        return this.#singleEvent(request)
      case 'lookupMissingEvents':
        return this.#missingEvents(request)
      case 'getEventAuth':
        return this.#authChain(textOf(request['EventID']))
      case 'lookupStateIDs':
        return this.#stateIds(request)
      case 'lookupState':
        return this.#state(request)
      default:
        return undefined
    }
  }

  #publicKeys(request: JsonObject): Answer {
    const requests = request['requests']
    const wanted = isJsonObject(requests) ? Object.keys(requests) : []
    const found = wanted.flatMap((name) => {
      const key = this.#heldKeys.get(name) ?? this.keys.publicKey(name)
      return key === undefined ? [] : [[name, key] as const]
    })
    return { status: 200, body: { results: Object.fromEntries(found) } }
  }

  #event(id: string): KnownEvent | undefined {
    return this.#events.get(id, this.#moment.until)
  }

  #singleEvent(request: JsonObject): Answer | undefined {
    const event = this.#event(textOf(request['EventID']))
    return (
      event && {
        status: 200,
        body: { origin: textOf(request['S']), origin_server_ts: 0, pdus: [event.json] },
      }
    )
  }

  /** Walks back from the latest events to the earliest, breadth first, as far as the events are known. */
  #missingEvents(request: JsonObject): Answer | undefined {
    const missing = request['Missing']
    if (!isJsonObject(missing)) return undefined
    const earliest = new Set(referencesOf(missing['earliest_events']))
    const limit = typeof missing['limit'] === 'number' ? missing['limit'] : 0
    const found = new Map<string, KnownEvent>()
    let layer = referencesOf(missing['latest_events'])
    while (layer.length > 0 && found.size < limit) {
      const past = layer.flatMap((id) => referencesOf(this.#event(id)?.json['prev_events']))
      layer = [...new Set(past)].filter((id) => !found.has(id) && !earliest.has(id))
      for (const id of layer) {
        const event = this.#event(id)
        if (event !== undefined && found.size < limit) found.set(id, event)
      }
    }
    return { status: 200, body: { events: [...found.values()].map(({ json }) => json) } }
  }

  #authChain(id: string): Answer | undefined {
    const event = this.#event(id)
    return event && { status: 200, body: { auth_chain: this.#chainOf([event]).map(({ json }) => json) } }
  }

  /** The events that these reference, and so on. */
  #chainOf(events: readonly KnownEvent[]): readonly KnownEvent[] {
    const chain = new Set<KnownEvent>()
    const add = (event: KnownEvent) => {
      for (const id of referencesOf(event.json['auth_events'])) {
        const referenced = this.#event(id)
        if (referenced !== undefined) chain.add(referenced)
      }
    }
    for (const event of events) add(event)
    for (const event of chain) add(event)
    return [...chain]
  }

  #stateIds(request: JsonObject): Answer | undefined {
    const state = this.#stateBefore(roomOf(request), textOf(request['EventID']))
    if (state === undefined) return undefined
    const chain = this.#chainOf(state)
    const body = { pdu_ids: state.map(({ id }) => id), auth_chain_ids: chain.map(({ id }) => id) }
    return { status: 200, body }
  }

  #state(request: JsonObject): Answer | undefined {
    const state = this.#stateBefore(roomOf(request), textOf(request['EventID']))
    if (state === undefined) return undefined
    const body = {
      pdus: state.map(({ json }) => json),
      auth_chain: this.#chainOf(state).map(({ json }) => json),
    }
    return { status: 200, body }
  }

  #stateBefore(room: string, id: string): readonly KnownEvent[] | undefined {
    const state = this.#truth.givenBefore(room, id, this.#moment.until)
    const events = [...(state?.values() ?? [])].map((pdu) => this.#event(pdu.eventId))
    const known = events.filter((event) => event !== undefined)
    return state === undefined || known.length < events.length ? undefined : known
  }

  /** An answer with its events signed as they are handed out. */
  async #signed(value: JsonValue): Promise<JsonValue> {
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.#signed(item)))
    if (!isJsonObject(value)) return value
    const event = this.#events.of(value)
    if (event !== undefined) return this.keys.sign({ ...event, json: value })
    const members = Object.entries(value).map(
      async ([name, member]) => [name, await this.#signed(member ?? null)] as const,
    )
    return Object.fromEntries(await Promise.all(members))
  }
}

/** Calls that fetch the past of rooms; what they are answered depends on when they are made. */
const FETCHES = /\/client\//

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  map.set(key, [...(map.get(key) ?? []), item])
}

function requestOf(path: string, request: JsonValue): string {
  return `${path} ${stableText(request)}`
}

/** Calls about the same events are the same whichever server, limit or order they name. */
function meaningOf(path: string, request: JsonValue): string {
  if (!isJsonObject(request)) return requestOf(path, request)
  const missing = request['Missing']
  const latest = isJsonObject(missing) ? missing['latest_events'] : undefined
  const several = request['EventIDs'] ?? latest
  const about =
    request['EventID'] ?? (several && referencesOf(several).toSorted()) ?? request['user_id'] ?? null
  const room = path.endsWith('/getEvent') ? null : (request['RoomID'] ?? request['room_id'] ?? null)
  return `${path} ${stableText(room)} ${stableText(about)}`
}

function roomOf(request: JsonValue): string {
  return isJsonObject(request) ? textOf(request['RoomID'] ?? request['room_id']) : ''
}
