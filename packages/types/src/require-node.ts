/** What of the global `process` tells the runtime; browsers have none, and other runtimes name themselves. */
interface Runtime {
  readonly process?: {
    readonly version?: string
    readonly versions?: Readonly<Record<string, string | undefined>>
  }
  readonly Deno?: unknown
}

/**
 * Ends the loading of a package on a Node.js that is too old for it, with a sentence instead of the first thing that is
 * missing. Other runtimes are let through: they say that they are some Node.js.
 *
 * @param oldest - the first version that the package runs on
 * @throws {Error}
 */
export function requireNode(oldest: number, name: string): void {
  const { Deno, process }: Runtime = globalThis as Runtime
  const { bun, node } = process?.versions ?? {}
  if (node === undefined || bun !== undefined || Deno !== undefined) return
  if (Number.parseInt(node, 10) >= oldest) return
  const error = new Error(`${name} needs Node.js ${oldest} or later, and this is ${process?.version}`)
  // Where it was noticed tells nobody anything.
  error.stack = `${error.name}: ${error.message}`
  throw error
}
