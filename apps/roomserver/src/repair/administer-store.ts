import type { AdministrationApi } from '@roomserver/api'
import { openEngine } from '@roomserver/engine'
import { existingConfigOf } from '../commands/server-config.ts'
import type { ServerOptions } from '../commands/server-options.ts'
import { connectComponents } from '../compose/connect-components.ts'
import { engineOptions } from '../compose/engine-options.ts'
import { createLog } from '../log.ts'

/** Operations that repair rooms. Dispose of it to close what was opened. */
export interface OpenedAdministration extends AsyncDisposable {
  readonly api: AdministrationApi
}

/** The operations of a room server that is opened on a store, and leaves everything else to the server. */
export async function administerStore(options: ServerOptions): Promise<OpenedAdministration> {
  const config = await existingConfigOf(options)
  await using parts = new AsyncDisposableStack()
  const components = parts.use(connectComponents(config))
  const log = createLog('warn', process.stderr)
  const engine = parts.use(
    await openEngine({ ...engineOptions(config, log, components), maintenance: false }),
  )
  const owned = parts.move()
  return { api: engine.parts.administration, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
