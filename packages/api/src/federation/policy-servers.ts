import type { z } from 'zod'
import { type ApiOf, repeatable } from '../endpoint.ts'
import { HeaderedEvent } from '../events.ts'
import { jsonObject, orNull, serverName, struct, text } from '../wire/builders.ts'

/** Body of a request of `signByPolicyServer`. Asks the policy server of a room to sign an event. */
export const SignByPolicyServerRequest = struct('api.SignByPolicyServerRequest', {
  server_name: serverName('The policy server.'),
  event: orNull(HeaderedEvent),
})
export type SignByPolicyServerRequest = z.infer<typeof SignByPolicyServerRequest>

/** How a policy server refuses: the Matrix error that it answers with. */
export const PolicyServerError = struct('gomatrix.RespError', { errcode: text(), error: text() })
export type PolicyServerError = z.infer<typeof PolicyServerError>

/** Answer of `signByPolicyServer`. */
export const SignByPolicyServerResponse = struct('api.SignByPolicyServerResponse', {
  signatures: jsonObject('What the policy server answered: server name → key ID → signature.'),
  error: orNull(PolicyServerError, 'Set when the policy server answered with an error.'),
})
export type SignByPolicyServerResponse = z.infer<typeof SignByPolicyServerResponse>

/** What the room server asks of a federation component that knows policy servers; those of Dendrite do not. */
export const policyServerEndpoints = {
  /** Asks the policy server of a room to sign an event (`POST /_matrix/policy/v1/sign`). */
  signByPolicyServer: repeatable({
    path: '/federationapi/signByPolicyServer',
    request: SignByPolicyServerRequest,
    response: SignByPolicyServerResponse,
    summary: 'Asks the policy server of a room to sign an event (`POST /_matrix/policy/v1/sign`).',
  }),
}

/** The way to policy servers. Methods reject with `COMPONENT_FAILED` when a policy server does not answer. */
export type PolicyServerApi = ApiOf<typeof policyServerEndpoints>
