import { isJsonObject } from '@roomserver/types'
import { textOf } from '../json-text.ts'
import { type KnownEvent, type KnownEvents, referencesOf } from './known-events.ts'
import type { RecordedLine } from './recording.ts'

/** The states before events that other servers gave the recorded one, whole as far as their events are known. */
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

  /** @param until - a step; what was given later is not known */
  before(roomId: string, eventId: string, until: number): readonly KnownEvent[] | undefined {
    const given = this.#given.get(`${roomId} ${eventId}`)?.findLast(({ step }) => step <= until)
    return given?.ids.map((id) => this.#events.get(id, until)).filter((event) => event !== undefined)
  }
}
