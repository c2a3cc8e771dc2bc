import { StreamedList, type StreamedPart } from '@roomserver/api'
import { type EventNid, type EventText, NO_NID, type RoomRecord } from '@roomserver/types'
import { damaged } from '../../view/damaged.ts'
import type { QueryContext } from '../context.ts'
import { pastCache } from '../past-cache.ts'
import { pageParts } from './page-parts.ts'
import { nidsOfPage, type PageRange, type Sequence } from './sequence.ts'
import type { Shown } from './shown-state.ts'
import { gathered } from './gathered.ts'
import { bytesOfPage, sliceOfPage, type TextPage, type WriteEvent, writePage } from './text-page.ts'

type Context = Pick<QueryContext, 'store' | 'cache' | 'gone'>

/** How events are written. */
export interface Form {
  readonly name: string
  readonly write: WriteEvent
}

const utf8 = new TextEncoder()

/**
 * Events of a room, written as a JSON list page by page, as it is sent; `null` where there are none, as the reference
 * writes it. Pages are kept up to a share of the cache; pages beyond that are read again each time, and held no longer
 * than it takes to send it.
 */
export function streamedEvents(context: Context, room: RoomRecord, shown: Shown, form: Form): StreamedList {
  return new StreamedList(() => gathered(listParts(context, room, shown, form)))
}

function* listParts(
  context: Context,
  room: RoomRecord,
  shown: Shown,
  form: Form,
): Generator<StreamedPart, void, void> {
  const pages = new StreamedPages(context, room, form)
  let isFirst = true
  for (const part of pageParts(shown, (sequence, range) => pages.page(sequence, range))) {
    if (part instanceof Promise) {
      yield part
      continue
    }
    const slice = sliceOfPage(part.page, part.from, part.to)
    if (slice.length === 0) continue
    if (isFirst) yield utf8.encode('[')
    yield isFirst ? slice.subarray(1) : slice
    isFirst = false
  }
  yield utf8.encode(isFirst ? 'null' : ']')
}

/** The pages of one answer, each asked for once. */
class StreamedPages {
  readonly #context: Context
  readonly #room: RoomRecord
  readonly #form: Form
  #bytesLeft: number

  constructor(context: Context, room: RoomRecord, form: Form) {
    this.#context = context
    this.#room = room
    this.#form = form
    this.#bytesLeft = context.cache.pages.maxAnswerBytes
  }

  /** A page that was kept, or is written now. @throws {RoomserverError} STORE_DAMAGED when an event does not exist */
  *page(sequence: Sequence, range: PageRange): Generator<Promise<void>, TextPage, void> {
    const { pages } = this.#context.cache
    const name = `${this.#form.name} ${sequence.name} ${range.from} ${range.to}`
    const kept = pages.get<TextPage>(this.#room.nid, name)
    const rewritten = pages.rewrittenOf(this.#room.nid)
    const page = kept ?? writePage(yield* this.#texts(nidsOfPage(sequence, range)), this.#form.write)
    const bytes = bytesOfPage(page)
    this.#bytesLeft -= bytes
    if (kept === undefined && this.#bytesLeft >= 0) pages.put(name, page, bytes, rewritten)
    return page
  }

  *#texts(nids: readonly EventNid[]): Generator<Promise<void>, readonly (EventText | undefined)[], void> {
    const { store, cache } = this.#context
    let texts: ReadonlyMap<EventNid, EventText> = new Map()
    yield pastCache(cache, nids, (missing) => store.eventTexts(missing)).then((found) => {
      texts = found
    })
    return nids.map((nid) => {
      if (nid === NO_NID) return undefined
      const text = texts.get(nid) ?? damaged('a referenced event is not stored')
      return text.roomNid === this.#room.nid ? text : undefined
    })
  }
}
