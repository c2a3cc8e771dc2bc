import { setTimeout as wait } from 'node:timers/promises'
import { Dice } from '@roomserver/testing'
import type { Step } from './page-visit.ts'

/** What people look at. */
export interface Sight {
  readonly url: string
  readonly steps: readonly Step[]
  /** The event that the steps are about; each person looks at another one of these each time. */
  readonly eventId: string
  readonly events: readonly string[]
}

/** People who look at the room until they are disposed of. */
export interface People extends AsyncDisposable {
  readonly actions: number
  /** By step, how long each took to be answered, in milliseconds. */
  readonly waits: ReadonlyMap<string, readonly number[]>
}

/**
 * Has people look at the room, each from step to step, a step every one to two seconds. What a step asks for is what the page
 * asked for in Chromium; a browser here would take the CPU time that is measured.
 */
export function startPeople(sight: Sight, count: number): People {
  const stop = new AbortController()
  const waits = new Map<string, number[]>()
  let actions = 0
  const look = async (number: number): Promise<void> => {
    const dice = new Dice(100 + number)
    for (let at = number * 3; !stop.signal.aborted; at++) {
      await wait(1_000 + dice.below(1_000), undefined, { signal: stop.signal }).catch(() => undefined)
      const step = sight.steps[at % sight.steps.length]
      if (step === undefined || stop.signal.aborted) break
      const began = performance.now()
      await take(sight, step, dice.pick(sight.events))
      waits.set(step.name, [...(waits.get(step.name) ?? []), performance.now() - began])
      actions++
    }
  }
  const looking = Promise.all(Array.from({ length: count }, (_, number) => look(number)))
  // It is told of when they are disposed of.
  looking.catch(() => undefined)
  return {
    waits,
    get actions() {
      return actions
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await looking
    },
  }
}

async function take({ eventId, url }: Sight, { name, requests }: Step, event: string): Promise<void> {
  const answers = requests.map(async ({ body, path }) => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', body: body.replaceAll(eventId, event) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${name}: ${path} ${answer.status} ${text.slice(0, 500)}`)
  })
  await Promise.all(answers)
}
