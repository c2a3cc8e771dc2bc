import { RoomBuilder, type TestPolicyServer } from '@roomserver/testing'

/** A room of users of servers `a`, `b` and `p`, in which `p` is the policy server. */
export async function policyRoom(policy: TestPolicyServer, version = '11'): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ version })
  await room.join('@bob:b')
  await room.join(`@guard:${policy.server}`)
  await room.state('m.room.policy', '', policy.content)
  return room
}

/** The signatures of an event. */
export function signaturesOf(json: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const { signatures } = JSON.parse(json) as {
    readonly signatures: Readonly<Record<string, Readonly<Record<string, string>>>>
  }
  return signatures
}
