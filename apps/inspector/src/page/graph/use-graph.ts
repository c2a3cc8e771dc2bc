import type { EventSummary, InspectEventsResponse, InspectionApi } from '@roomserver/api'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Evaluation, Inspected } from '../app/inspection-context.ts'
import { messageOf } from '../app/use-loaded.ts'
import { newestFirst } from './order.ts'

/** As much of a graph as has been loaded. */
export interface LoadedGraph {
  /** Successors first. */
  readonly events: readonly EventSummary[]
  readonly isLoading: boolean
  /** Whether there is more behind the last event. */
  readonly hasMore: boolean
  readonly failure: string | undefined
  /** Loads again what could not be loaded; nothing does by itself. */
  readonly retry: () => void
  /** Whether more is only loaded when somebody asks for it. */
  readonly isPaused: boolean
  /**
   * Loads the next page; tells whether it does.
   *
   * @param isAsked - whether somebody went on to the end, or the list is merely not full
   */
  readonly loadMore: (isAsked: boolean) => boolean
}

/** Events of one page: enough for the first picture, and more where somebody asks for more. */
const FIRST_PAGE = 200
const LATER_PAGES = 1_000

/** So many events are loaded to fill the list, few at a time: folded runs leave it short however many there are. */
const ENOUGH = 400

/** How often verdicts are filled in while a file is evaluated. */
const EVERY_MS = 1_000

/** Arrivals of one page: as many as may be asked for. */
const MOST_ARRIVALS = 500

interface Held {
  readonly events: readonly EventSummary[]
  /** Where the walk back over prev events goes on; `undefined`: not begun. */
  readonly next: readonly string[] | undefined
  /** The event before whose arrival the list of arrivals goes on; empty: it is over; `undefined`: it begins with the latest. */
  readonly arrivals: string | undefined
  /** Rejected and soft-failed events whose depth the way back has not come to. */
  readonly waiting: readonly EventSummary[]
  readonly failure: string | undefined
}

const NOTHING: Held = { events: [], next: undefined, arrivals: undefined, waiting: [], failure: undefined }

/**
 * Loads the graph of a room page by page, back from its extremities. Events that nothing accepted builds on are on no way
 * back from there; so rejected and soft-failed events come from the list of arrivals, which is loaded alongside.
 *
 * @param around - start with the events around this one instead; `undefined`: from the extremities
 */
export function useGraph(
  { api, evaluation }: Pick<Inspected, 'api' | 'evaluation'>,
  room_id: string,
  around: string | undefined,
): LoadedGraph {
  const [held, setHeld] = useState(NOTHING)
  const [isLoading, setLoading] = useState(true)
  const turn = useRef(0)
  const known = useRef(new Set<string>())

  const load = useCallback(
    (from: readonly string[], direction: string, before: Held) => {
      const own = ++turn.current
      setLoading(true)
      const limit = before.events.length < ENOUGH ? FIRST_PAGE : LATER_PAGES
      const graph = api.graph({ room_id, from, direction, limit })
      // The graph of a file that is being evaluated begins with whatever nothing builds on, accepted or not.
      const hasBeside = before.arrivals !== '' && evaluation?.isEvaluated() !== false
      // Arrivals around an event are those before it, which has to be there.
      const hasStart = async (): Promise<boolean> =>
        direction === 'back' || (await graph).events.some((event) => isStored(event, from))
      const arrivals = async (): Promise<Arrivals> =>
        hasBeside && (await hasStart()) ? await arrivalsOf(api, room_id, before.arrivals) : NO_ARRIVALS
      Promise.all([graph, arrivals()]).then(
        ([{ events, next }, arrived]) => {
          if (own !== turn.current) return
          const { due, waiting } = besideOf([...before.waiting, ...arrived.events], events, next)
          const fresh = [...events, ...due].filter(({ event_id }) => {
            const isFresh = !known.current.has(event_id)
            known.current.add(event_id)
            return isFresh
          })
          const ordered = newestFirst(evaluation === undefined ? fresh : fresh.map(evaluation.now))
          setHeld((now) => ({
            events: [...now.events, ...ordered],
            next,
            arrivals: arrived.next,
            waiting,
            failure: undefined,
          }))
          setLoading(false)
        },
        (error: unknown) => {
          if (own !== turn.current) return
          setHeld((now) => ({ ...now, failure: messageOf(error) }))
          setLoading(false)
        },
      )
    },
    [api, evaluation, room_id],
  )

  const begin = useCallback(() => {
    if (around === undefined) load([], 'back', NOTHING)
    else load([around], 'around', { ...NOTHING, arrivals: around })
  }, [load, around])

  useEffect(() => {
    known.current = new Set()
    setHeld(NOTHING)
    begin()
    return () => {
      turn.current++
    }
  }, [begin])

  useEffect(() => {
    if (evaluation === undefined) return
    let isOver = false
    const update = (): void => setHeld((now) => evaluated(now, evaluation))
    const timer = setInterval(update, EVERY_MS)
    void evaluation.ended.then(() => {
      clearInterval(timer)
      if (!isOver) update()
    })
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [evaluation])

  const { events, failure, next } = held
  const hasMore = next !== undefined && next.length > 0
  const isEnough = events.length >= ENOUGH
  const loadMore = useCallback(
    (isAsked: boolean): boolean => {
      if (isLoading || next === undefined || next.length === 0) return false
      if ((isEnough || failure !== undefined) && !isAsked) return false
      load(next, 'back', held)
      return true
    },
    [load, isLoading, held],
  )
  const retry = (): void => (next === undefined ? begin() : load(next, 'back', held))
  return { events, isLoading, hasMore, failure, retry, isPaused: hasMore && isEnough && !isLoading, loadMore }
}

/** Which of some events beside the way back are to be shown with a page of it: those that it has come to. */
function besideOf(
  beside: readonly EventSummary[],
  page: readonly EventSummary[],
  next: readonly string[],
): { readonly due: readonly EventSummary[]; readonly waiting: readonly EventSummary[] } {
  const depths = page.filter(({ status }) => status !== 'missing').map(({ depth }) => depth)
  const lowest = next.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...depths)
  return {
    due: beside.filter(({ depth }) => depth >= lowest),
    waiting: beside.filter(({ depth }) => depth < lowest),
  }
}

/** What is held, with the verdicts that there are now. */
function evaluated(held: Held, { now }: Evaluation): Held {
  const events = held.events.map(now)
  return events.every((event, at) => event === held.events[at]) ? held : { ...held, events }
}

type Arrivals = Pick<InspectEventsResponse, 'events' | 'next'>

const NO_ARRIVALS: Arrivals = { events: [], next: '' }

function isStored({ event_id, status }: EventSummary, among: readonly string[]): boolean {
  return status !== 'missing' && among.includes(event_id)
}

/** The page of arrivals before that of an event. */
function arrivalsOf(api: InspectionApi, room_id: string, cursor = ''): Promise<Arrivals> {
  return api.events({
    room_id,
    search: '',
    type: '',
    sender: '',
    status: 'rejected,soft-failed',
    cursor,
    limit: MOST_ARRIVALS,
  })
}
