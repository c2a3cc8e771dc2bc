export { ForwardExtremities } from './oracle/forward-extremities.ts'
export { isAllowedBy, type Judgement, RoomOracle, stateOf } from './oracle/room-oracle.ts'
