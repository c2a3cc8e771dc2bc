/** The variables and what they stand for; printed by `--help`. */
export const SECRET_VARIABLES = {
  ROOMSERVER_DATABASE: 'connection string, instead of room_server.database.connection_string',
  ROOMSERVER_TOKEN: 'bearer token that callers must send, instead of roomserver.token',
  ROOMSERVER_PRIVATE_KEY: 'text of the PEM file, instead of global.private_key',
  ROOMSERVER_METRICS_PASSWORD: 'instead of global.metrics.basic_auth.password',
} as const
