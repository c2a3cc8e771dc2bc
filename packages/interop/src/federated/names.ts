/** The server under load, and the other one. */
export const NEAR = 'test.example'
export const FAR = 'far.example'

/** All events are signed with one key, which the stand-in says is everybody's. */
export const SIGNING = { keyId: 'ed25519:test', seed: 'A'.repeat(43) }
