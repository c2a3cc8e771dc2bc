import './node-version.ts'
export type { ContractStore } from './contract-store.ts'
export { commitOne, newEvent, newKey, newOutput, newRoom, storedRoom, writeSet } from './sample.ts'
export { CONTRACT_PARTS, type ContractPart, storageContract } from './storage-contract.ts'
