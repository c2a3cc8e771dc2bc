import type { Clock } from '@roomserver/types'
import type { Dice } from '@roomserver/testing'
import type { Figures } from './figures.ts'
import type { Trouble } from './trouble.ts'

/** An event on its way to another server, as a transaction of one. */
export interface Message {
  readonly from: string
  readonly to: string
  readonly roomVersion: string
  /** The event in the federation format. */
  readonly json: string
}

interface OnItsWay extends Message {
  readonly at: number
  /** Breaks ties: of messages for the same moment the one sent first. */
  readonly number: number
}

const START = 1_700_000_000_000
const MAX_DELAY_MS = 4000
const RETRY_MS = 5000
/** How much later a message comes a second time, at the most. */
const REPEATED_AFTER_MS = 20_000

/** The links between servers, and the time. A message is delayed, lost, repeated, or kept back while its link is cut. */
export class Network implements Clock {
  readonly #figures: Figures
  readonly #trouble: Trouble
  #now = START
  #sent = 0
  #isHealed = false
  #waiting: OnItsWay[] = []
  /** Which side of the cut a server is on. */
  #sides = new Map<string, number>()

  constructor(figures: Figures, trouble: Trouble) {
    this.#figures = figures
    this.#trouble = trouble
  }

  now(): number {
    return this.#now
  }

  pass(ms: number): void {
    this.#now += ms
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  cut(servers: readonly string[], dice: Dice): void {
    this.#sides = new Map(servers.map((server) => [server, dice.below(2)]))
    this.#figures.partitions++
  }

  /** From now on nobody reaches a server. */
  part(server: string): void {
    this.#sides = new Map([[server, 1]])
  }

  heal(): void {
    this.#sides.clear()
  }

  /** From now on nothing is lost. */
  healForGood(): void {
    this.heal()
    this.#isHealed = true
  }

  isConnected(a: string, b: string): boolean {
    return this.#sides.get(a) === this.#sides.get(b)
  }

  send(message: Message, dice: Dice): void {
    this.#figures.sent++
    if (!this.#isHealed && dice.chance(this.#trouble.lost)) {
      this.#figures.lost++
      return
    }
    const delay = dice.below(dice.chance(70) ? 50 : MAX_DELAY_MS)
    this.#push(message, delay)
    if (this.#isHealed || !dice.chance(this.#trouble.repeated)) return
    this.#figures.repeated++
    this.#push(message, delay + dice.below(REPEATED_AFTER_MS))
  }

  /** Tries a message again later, because its server did not take it. */
  sendLater(message: Message): void {
    this.#push(message, RETRY_MS)
  }

  #push(message: Message, delay: number): void {
    this.#waiting.push({ ...message, at: this.#now + delay, number: this.#sent++ })
  }

  /** The next message that arrives by now. */
  nextDue(): Message | undefined {
    const due = this.#waiting.filter((one) => one.at <= this.#now).toSorted(byTime)
    for (const message of due) {
      this.#waiting = this.#waiting.filter((one) => one !== message)
      if (this.isConnected(message.from, message.to)) return message
      this.sendLater(message)
    }
    return undefined
  }
}

function byTime(a: OnItsWay, b: OnItsWay): number {
  return a.at - b.at || a.number - b.number
}
