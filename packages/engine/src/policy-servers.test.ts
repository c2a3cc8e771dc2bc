import type { PolicyServerApi } from '@roomserver/api'
import { expect, it } from 'vitest'
import { policyServersThrough } from './policy-servers.ts'

const REQUEST = { server: 'p', roomVersion: '12', eventId: '$e', json: '{}' }
const answering = (sign: PolicyServerApi['signByPolicyServer']) =>
  policyServersThrough({ signByPolicyServer: sign }).sign(REQUEST, new AbortController().signal)

it('gives the event to the federation component, and the signatures back', async () => {
  const signatures = { p: { 'ed25519:policy_server': 's' } }
  const asked: unknown[] = []
  const answer = await answering(async (request) => {
    asked.push(request)
    return { signatures, error: null }
  })
  expect(asked).toEqual([{ server_name: 'p', event: { roomVersion: '12', eventId: '$e', json: '{}' } }])
  expect(answer).toEqual({ kind: 'signed', signatures })
})

it("gives the policy server's own words back when it refuses", async () => {
  const error = { errcode: 'M_FORBIDDEN', error: 'no' }
  expect(await answering(async () => ({ signatures: {}, error }))).toEqual({ kind: 'refused', ...error })
})

it('fails when there is no answer, as from a federation component that knows no policy servers', async () => {
  await expect(answering(() => Promise.reject(new Error('404')))).rejects.toThrow('404')
})
