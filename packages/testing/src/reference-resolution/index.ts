export { createByRoomId } from './checks.ts'
export { type Random, type RandomEvent, type RandomRoom, randomRoom, seededRandom } from './random-room.ts'
export { resolveSlowly, type SlowSteps, slowSteps } from './resolve-slowly.ts'
export { type ChainReading, keyOf, type Room, type State } from './state.ts'
