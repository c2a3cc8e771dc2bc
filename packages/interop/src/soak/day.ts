import type { Pdu } from '@roomserver/events'
import type { EventId, UserId } from '@roomserver/types'
import { Dice } from '@roomserver/testing'
import { DayRoom, inputRequest } from './day-room.ts'

/** Calls an operation of the room server. */
export type Call = (operation: string, body: string) => Promise<string>

/** What the day is like. */
export interface DayOptions {
  readonly serverName: string
  readonly rooms: number
  /** Members of the largest room; one in a hundred has a tenth of it, most have 3 to 20. */
  readonly members: number
  readonly seed: number
}

/** How many joins go into a request while rooms are filled. */
const JOINS_AT_ONCE = 50
/** One event in so many is followed by a question. */
const QUESTION_EVERY = 8
const BODIES = 'lorem ipsum dolor sit amet '

/**
 * An ordinary day of a homeserver: rooms of people who are in several of them, the first rooms busier than the last; messages
 * above all, memberships, other state, forks that are merged; and the questions that other components ask meanwhile.
 */
export class Day {
  readonly #options: DayOptions
  readonly #call: Call
  readonly #dice: Dice
  readonly #rooms: DayRoom[] = []
  readonly #old = new Map<DayRoom, EventId[]>()
  readonly #busy = new Set<DayRoom>()
  /** Room number i is chosen while a number drawn is below this. */
  readonly #sums: readonly number[]
  #steps = 0
  /** Events that the server took. */
  events = 0

  constructor(call: Call, options: DayOptions) {
    this.#call = call
    this.#options = options
    this.#dice = new Dice(options.seed)
    let sum = 0
    this.#sums = Array.from(
      { length: options.rooms },
      (_unused, index) => (sum += 1_000_000 / (index + 1) ** 0.9),
    )
  }

  /** Makes the rooms. The largest comes last, so that its members are known by then, in another order. */
  async fill(): Promise<void> {
    const { rooms, members, serverName } = this.#options
    const people = Array.from(
      { length: members + 4 * rooms },
      (_unused, index) => `@person${index}:${serverName}`,
    )
    for (let index = 1; index <= rooms; index++) {
      const isLargest = index === rooms
      const size = isLargest
        ? members
        : index % 100 === 20
          ? Math.ceil(members / 10)
          : 3 + this.#dice.below(18)
      const step = isLargest ? 7_919 : 1
      const first = this.#dice.below(people.length)
      const users = Array.from({ length: size }, (_unused, i) => this.#personOf(people, first + i * step))
      // The largest is the fourth busiest, as in load.mjs.
      this.#rooms.splice(isLargest ? 3 : index, 0, await this.#makeRoom(`soak${index}`, new Set(users)))
    }
  }

  #personOf(people: readonly UserId[], index: number): UserId {
    return people[index % people.length] ?? ''
  }

  async #makeRoom(name: string, users: ReadonlySet<UserId>): Promise<DayRoom> {
    const room = new DayRoom(name, this.#options.serverName, Date.now())
    await this.#put(await room.begin())
    let joins: Pdu[] = []
    for (const user of users) {
      joins.push(await room.join(user))
      if (joins.length < JOINS_AT_ONCE) continue
      await this.#put(joins)
      joins = []
    }
    if (joins.length > 0) await this.#put(joins)
    return room
  }

  /** Does the next thing in some room that nothing else is being done in. */
  async step(): Promise<void> {
    const room = this.#freeRoom()
    if (room === undefined) return
    this.#busy.add(room)
    try {
      await this.#happen(room)
    } finally {
      this.#busy.delete(room)
    }
    if (++this.#steps % QUESTION_EVERY === 0) await this.#question(this.#steps / QUESTION_EVERY)
  }

  #freeRoom(): DayRoom | undefined {
    const most = this.#sums.at(-1) ?? 0
    for (let tries = 0; tries < 50; tries++) {
      const drawn = this.#dice.below(Math.ceil(most))
      const room = this.#rooms[this.#sums.findIndex((sum) => drawn < sum)]
      if (room !== undefined && !this.#busy.has(room)) return room
    }
    return this.#rooms.find((room) => !this.#busy.has(room))
  }

  async #happen(room: DayRoom): Promise<void> {
    const who = this.#dice.pick(room.members)
    const number = this.#dice.below(1_000_000)
    switch (this.#dice.among(85, 8, 4)) {
      case 0: {
        await this.#put([await room.message(who, BODIES.repeat(1 + this.#dice.below(30)))])
        this.#remember(room)
        return
      }
      case 1: {
        const leaves = who !== room.owner && room.members.length > 3 && this.#dice.chance(33)
        return this.#put([await (leaves ? room.leave(who) : room.join(who, `name ${number}`))])
      }
      case 2:
        return this.#put([await room.topic(`topic ${number}`)])
      default: {
        const base = room.extremities
        const tips = [await room.topic(`one ${number}`, base), await room.topic(`other ${number}`, base)]
        for (const tip of tips) await this.#put([tip])
        room.endWith(tips)
        return this.#put([await room.message(room.owner, 'merged')])
      }
    }
  }

  /** Keeps some old events of a room to ask about. */
  #remember(room: DayRoom): void {
    const old = this.#old.get(room) ?? []
    if (old.length < 50) old.push(...room.extremities)
    this.#old.set(room, old)
  }

  async #question(number: number): Promise<void> {
    const room = this.#rooms[this.#dice.chance(25) ? 3 : this.#dice.below(this.#rooms.length)]
    if (room === undefined) return
    const room_id = room.roomId
    const state_to_fetch = [
      { EventType: 'm.room.power_levels', StateKey: '' },
      { EventType: 'm.room.member', StateKey: room.owner },
    ]
    const ask = (operation: string, request: object) => this.#call(operation, JSON.stringify(request))
    const prev_event_ids = [this.#dice.maybe(this.#old.get(room) ?? []) ?? room.extremities[0]]
    switch (number % 4) {
      case 0:
        return void (await ask('queryLatestEventsAndState', { room_id, state_to_fetch }))
      case 1:
        return void (await ask('queryStateAfterEvents', { room_id, prev_event_ids, state_to_fetch }))
      case 2:
        return void (await ask('queryMembershipsForRoom', { room_id, joined_only: true, sender: '' }))
      default:
        return void (await ask('queryLatestEventsAndState', { room_id, state_to_fetch: null }))
    }
  }

  async #put(events: readonly Pdu[]): Promise<void> {
    const answer = await this.#call('inputRoomEvents', inputRequest(events, this.#options.serverName))
    const { ErrMsg: failure } = JSON.parse(answer) as { readonly ErrMsg: string }
    if (failure !== '') throw new Error(`events were not taken: ${failure}`)
    this.events += events.length
  }
}
