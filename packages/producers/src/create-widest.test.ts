import { JetStreamApiError } from '@nats-io/jetstream'
import { describe, expect, it } from 'vitest'
import { createWidest } from './create-widest.ts'

const refusal = (code: number) =>
  new JetStreamApiError({ code: 503, err_code: code, description: `no: ${code}` })
const ONE_SERVER = refusal(10_074)
const TOO_FEW_PEERS = refusal(10_005)

/** Tries to create a stream where `answer` decides on each attempt; an `Error` refuses it. */
async function attempt(answer: (replicas: number, attempt: number) => unknown) {
  const tried: number[] = []
  let pauses = 0
  const create = async (replicas: number) => {
    const found = answer(replicas, tried.push(replicas))
    if (found instanceof Error) throw found
    return found
  }
  const result = await createWidest(create, async () => void pauses++).catch((error: unknown) => error)
  return { result, tried, pauses }
}

describe('a stream that is created', () => {
  it('has three replicas where there are servers enough', async () => {
    expect(await attempt(() => 'made')).toEqual({ result: 'made', tried: [3], pauses: 0 })
  })

  it('has one at once where there is one server', async () => {
    const one = await attempt((replicas) => (replicas > 1 ? ONE_SERVER : 'made'))
    expect(one).toEqual({ result: 'made', tried: [3, 1], pauses: 0 })
  })

  it('waits for the servers of a cluster that has just been started', async () => {
    const late = await attempt((_replicas, count) => (count <= 20 ? TOO_FEW_PEERS : 'made'))
    expect(late).toEqual({ result: 'made', tried: Array.from({ length: 21 }, () => 3), pauses: 20 })
  })

  it('takes the servers that there are, when the others do not come', async () => {
    const two = await attempt((replicas) => (replicas > 2 ? TOO_FEW_PEERS : 'made'))
    expect(two).toEqual({ result: 'made', tried: [...Array.from({ length: 21 }, () => 3), 2], pauses: 20 })
    const none = await attempt(() => TOO_FEW_PEERS)
    expect(none.result).toBe(TOO_FEW_PEERS)
    expect(none.tried.slice(-3)).toEqual([3, 2, 1])
  })

  it.each([
    ['another answer of the message server', refusal(10_065)],
    ['no answer', new Error('timeout')],
    ['another error with such a code', Object.assign(new Error('no'), { code: 10_005 })],
  ])('is not tried again after %s', async (_what, error) => {
    expect(await attempt(() => error)).toEqual({ result: error, tried: [3], pauses: 0 })
  })

  it('is given up where even one server says that there is none', async () => {
    expect(await attempt(() => ONE_SERVER)).toEqual({ result: ONE_SERVER, tried: [3, 1], pauses: 0 })
  })
})
