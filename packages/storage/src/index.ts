export { decodeBlock, encodeBlock } from './block-codec.ts'
export { openStorage, type SqliteOptions, type StorageOptions } from './open.ts'
export type { PostgresOptions } from './postgres/pool.ts'
export type { Storage } from './storage.ts'
