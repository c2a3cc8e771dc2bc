import type { ClientUser, Drive } from '../interop/drive.ts'
import type { Homeservers } from '../interop/homeserver.ts'
import { createRoom, history, join, redact, send, setState } from '../interop/room.ts'
import { eventually } from '../interop/drive.ts'
import { textOf } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'

/** Tells of a room that homeservers share, over links that can be cut. */
export class ScenarioRun {
  readonly #drive: Drive
  readonly #servers: Homeservers
  readonly #name: string
  room = ''
  #count = 0

  constructor(drive: Drive, servers: Homeservers, name: string) {
    this.#drive = drive
    this.#servers = servers
    this.#name = name
  }

  /** A room in which everybody may set state, which the others have joined. */
  async open(creator: ClientUser, version: string, others: readonly ClientUser[]): Promise<void> {
    const alias = `${this.#name.replaceAll(/\W/g, '')}${version}`
    this.room = await createRoom(this.#drive, this.#step(alias), creator, {
      preset: 'public_chat',
      room_version: version,
      room_alias_name: alias,
      power_level_content_override: { state_default: 0, events: {} },
    })
    const [, host = ''] = creator.id.split(/:(.*)/)
    for (const user of others) await join(this.#drive, this.#step('join'), user, `#${alias}:${host}`)
  }

  /** A room that only members of another one, or whoever is invited, may join. The story goes on in it. */
  async openRestricted(creator: ClientUser, version: string, to: string): Promise<void> {
    const allow = [{ type: 'm.room_membership', room_id: to }]
    this.room = await createRoom(this.#drive, this.#step('restricted'), creator, {
      preset: 'private_chat',
      room_version: version,
      power_level_content_override: { state_default: 0, events: {}, invite: 0 },
      initial_state: [{ type: 'm.room.join_rules', content: { join_rule: 'restricted', allow } }],
    })
  }

  /** Replaces the room by one of another version. The story goes on in that. */
  async upgrade(user: ClientUser, version: string): Promise<void> {
    const path = `/_matrix/client/r0/rooms/${encodeURIComponent(this.room)}/upgrade`
    const step = this.#step('upgrades')
    const answer = await this.#drive.call(step, user, 'POST', path, { new_version: version })
    this.room = textOf(answer['replacement_room'])
    this.#drive.label(this.room, `!${step}`)
  }

  /** From now on, what the homeservers send each other gets lost on the way. */
  cut(): void {
    for (const { link } of this.#servers) link.mode = 'drop'
  }

  /** Whatever is under way gets lost before the link is whole again. */
  async heal(): Promise<void> {
    await new Promise((done) => setTimeout(done, 400))
    for (const { link } of this.#servers) Object.assign(link, { mode: 'pass', from: undefined })
  }

  async send(user: ClientUser, times = 1): Promise<string> {
    let id = ''
    for (let i = 0; i < times; i++) {
      const text = `${this.#step('says')}`
      id = await send(this.#drive, text, user, this.room, text)
    }
    return id
  }

  async set(user: ClientUser, type: string, content: JsonObject, key = ''): Promise<string> {
    return await setState(this.#drive, this.#step(type), user, this.room, type, content, key)
  }

  async topic(user: ClientUser): Promise<void> {
    await this.set(user, 'm.room.topic', { topic: this.#step('topic') })
  }

  async redact(user: ClientUser, event: string): Promise<void> {
    await redact(this.#drive, this.#step('redacts'), user, this.room, event)
  }

  async act(user: ClientUser, action: string, target?: ClientUser): Promise<void> {
    const path = `/_matrix/client/r0/rooms/${encodeURIComponent(this.room)}/${action}`
    await this.#drive.call(this.#step(action), user, 'POST', path, target && { user_id: target.id })
  }

  /** Pages back to the beginning of the room, or as far as somebody knows it. */
  async scroll(user: ClientUser): Promise<void> {
    await history(user, this.room)
  }

  async join(user: ClientUser, via: number): Promise<void> {
    const server = this.#servers[via]?.serverName ?? ''
    await join(this.#drive, this.#step('joins'), user, this.room, [server])
  }

  /** Waits until these users' homeservers have what is said now by `speaker`. */
  async heard(speaker: ClientUser, listeners: readonly ClientUser[], seconds = 20): Promise<void> {
    await this.send(speaker)
    const text = `${this.#name} ${this.#count}`
    for (const listener of listeners) {
      await eventually(
        async () => JSON.stringify(await history(listener, this.room)),
        (seen) => seen.includes(text),
        seconds,
      )
    }
  }

  #step(what: string): string {
    this.#count++
    return `${what}: ${this.#name} ${this.#count}`
  }
}
