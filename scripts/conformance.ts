import { join } from 'node:path'

/** Which private package has which command; every other one is a command of `conformance` itself. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  simulation: ['simulate', 'crash'],
  interop: [
    'interop',
    'record',
    'load',
    'federated',
    'soak',
    'hostile',
    'memory',
    'rolling',
    'prometheus',
    'inspect',
  ],
}

// pnpm conformance COMMAND [options]: runs a command of the packages conformance, simulation and interop.
const command = process.argv[2] ?? ''
const owner = Object.keys(PACKAGES).find((name) => PACKAGES[name]?.includes(command)) ?? 'conformance'
await import(join(import.meta.dirname, `../packages/${owner}/src/cli.ts`))
