import type { PolicyServerApi } from '@roomserver/api'
import type { PolicyServers } from '@roomserver/core'

/** The policy servers of rooms, asked through the federation component. */
export function policyServersThrough(api: PolicyServerApi): PolicyServers {
  return {
    sign: async ({ server, roomVersion, eventId, json }, signal) => {
      const event = { roomVersion, eventId, json }
      const { signatures, error } = await api.signByPolicyServer({ server_name: server, event }, { signal })
      return error === null ? { kind: 'signed', signatures } : { kind: 'refused', ...error }
    },
  }
}
