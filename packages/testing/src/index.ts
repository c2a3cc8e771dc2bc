export { createDatabase, type TestDatabase } from './servers/database.ts'
export { findNatsServer, startNats } from './servers/nats.ts'
export { findPostgres, type PostgresServerOptions, startPostgres } from './servers/postgres.ts'
export { freePort, type TestServer } from './servers/running.ts'
