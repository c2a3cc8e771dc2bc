import { isJsonObject } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { type KnownEvent, type KnownEvents, referencesOf } from './known-events.ts'
import type { RecordedLine } from './recording.ts'

/** The states before events that other servers gave the recorded one. */
export class GivenStates {
  readonly #events: KnownEvents
  readonly #given = new Map<string, { readonly step: number; readonly ids: readonly string[] }[]>()

  constructor(lines: readonly RecordedLine[], events: KnownEvents) {
    this.#events = events
    for (const line of lines) {
      if (line.kind !== 'federation' || line.status !== 200) continue
      const { request, response } = line
      if (!/\/lookupState(IDs)?$/.test(line.path) || !isJsonObject(request) || !isJsonObject(response))
        continue
      const pdus = response['pdus']
      const ids = pdus === undefined ? referencesOf(response['pdu_ids']) : events.idsIn(pdus)
      const key = `${textOf(request['RoomID'])} ${textOf(request['EventID'])}`
      this.#given.set(key, [...(this.#given.get(key) ?? []), { step: line.step, ids }])
    }
  }

  /**
   * The state before an event; `undefined` where nobody gave it, or not all of its events.
   *
   * @param until - a step; what was given later is not known
   */
  before(roomId: string, eventId: string, until: number): readonly KnownEvent[] | undefined {
    const given = this.#given.get(`${roomId} ${eventId}`)?.findLast(({ step }) => step <= until)
    const events = (given?.ids ?? []).map((id) => this.#events.get(id, until))
    const known = events.filter((event) => event !== undefined)
    return given === undefined || known.length < events.length ? undefined : known
  }
}
