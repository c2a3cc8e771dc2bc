import { decodeBase64, ed25519, encodeBase64, POLICY_KEY_ID, signEvent } from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'

/**
 * What a policy server does when it is asked to sign an event: `lie` gives a signature that is not good, `other-signatures` a
 * good one under the wrong key ID, `die` no answer, `hang` none before nobody waits any more.
 */
export type PolicyAction = 'sign' | 'refuse' | 'lie' | 'die' | 'hang' | 'other-signatures'

/** What it answers, as the room server takes it. */
export type TestPolicyAnswer =
  | { readonly kind: 'signed'; readonly signatures: JsonObject }
  | { readonly kind: 'refused'; readonly errcode: string; readonly error: string }

/** A small policy server: signs what it is asked to, unless it is told to do otherwise. */
export class TestPolicyServer {
  readonly server: string
  publicKey = ''
  /** IDs of the events that it was asked about. */
  readonly asked: string[] = []
  action: (eventId: string) => PolicyAction = () => 'sign'
  /** What it says when it refuses. */
  words = 'looks like spam'
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve()
  /** Events that are waited for at the moment, and how many were at the most. */
  atOnce = 0
  mostAtOnce = 0
  #seed = ''

  private constructor(server: string) {
    this.server = server
  }

  /** @param letter - makes the key */
  static async start(server = 'p', letter = 'B'): Promise<TestPolicyServer> {
    const policy = new TestPolicyServer(server)
    await policy.rotate(letter)
    return policy
  }

  /** Signs with another key from now on. */
  async rotate(letter: string): Promise<void> {
    this.#seed = `${letter.repeat(42)}A`
    const key = await ed25519.publicKey(decodeBase64(this.#seed) as Uint8Array<ArrayBuffer>)
    this.publicKey = encodeBase64(key)
  }

  /** Content of the `m.room.policy` that names it. */
  get content(): JsonObject {
    return { via: this.server, public_keys: { ed25519: this.publicKey } }
  }

  async sign(
    event: { readonly eventId: string; readonly json: string; readonly roomVersion: string },
    signal: AbortSignal,
  ): Promise<TestPolicyAnswer> {
    this.asked.push(event.eventId)
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
    try {
      await this.gate
      return await this.answer(this.action(event.eventId), event, signal)
    } finally {
      this.atOnce--
    }
  }

  /** What comes of doing this with an event. */
  async answer(
    action: PolicyAction,
    { json, roomVersion: version }: { readonly json: string; readonly roomVersion: string },
    signal: AbortSignal,
  ): Promise<TestPolicyAnswer> {
    if (action === 'refuse') return { kind: 'refused', errcode: 'M_FORBIDDEN', error: this.words }
    if (action === 'die') throw new Error('connection refused')
    if (action === 'hang') await new Promise((resolve) => signal.addEventListener('abort', resolve))
    if (action === 'lie') return this.#signed({ [POLICY_KEY_ID]: 'A'.repeat(86) })
    const signature = await this.signatureFor(json, version)
    return action === 'other-signatures'
      ? this.#signed({ 'ed25519:1': signature })
      : this.#signed({ [POLICY_KEY_ID]: signature, 'ed25519:1': 'evil' })
  }

  /** Its signature of an event. */
  async signatureFor(json: string, version: string): Promise<string> {
    const rules = roomVersion(version)
    if (rules === undefined) throw new TypeError(`no room version ${version}`)
    const key = { server: this.server, keyId: POLICY_KEY_ID, seed: this.#seed }
    const { signatures } = JSON.parse(await signEvent(json, rules, key)) as {
      readonly signatures: Record<string, Record<string, string>>
    }
    return signatures[this.server]?.[POLICY_KEY_ID] ?? ''
  }

  #signed(signatures: JsonObject): TestPolicyAnswer {
    return { kind: 'signed', signatures: { [this.server]: signatures } }
  }
}
