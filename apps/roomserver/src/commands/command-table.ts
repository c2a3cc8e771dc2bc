import type { Command } from 'commander'

/** The commands of one module, and what loads it. */
interface CommandSource {
  readonly names: readonly string[]
  readonly load: () => Promise<readonly Command[]>
}

/** All commands but `completion`, in the order of the help. A module is loaded when one of its commands is asked for. */
export const COMMANDS: readonly CommandSource[] = [
  { names: ['serve'], load: async () => [(await import('./serve.ts')).serveCommand()] },
  { names: ['replay'], load: async () => [(await import('./replay.ts')).replayCommand()] },
  { names: ['check'], load: async () => [(await import('./check.ts')).checkCommand()] },
  { names: ['doctor'], load: async () => [(await import('./doctor.ts')).doctorCommand()] },
  { names: ['repair'], load: async () => [(await import('./repair.ts')).repairCommand()] },
  { names: ['backup'], load: async () => [(await import('./backup.ts')).backupCommand()] },
  { names: ['import'], load: async () => [(await import('./import.ts')).importCommand()] },
  { names: ['migrate'], load: async () => [(await import('./migrate.ts')).migrateCommand()] },
  { names: ['move'], load: async () => [(await import('./move.ts')).moveCommand()] },
  { names: ['key'], load: async () => [(await import('./key.ts')).keyCommand()] },
  {
    names: [
      'rooms',
      'room',
      'members',
      'jobs',
      'event',
      'events',
      'graph',
      'explain',
      'state',
      'diff',
      'history',
      'journal',
      'resolve',
    ],
    load: async () => (await import('./inspect-commands.ts')).inspectCommands(),
  },
  { names: ['watch'], load: async () => [(await import('./watch.ts')).watchCommand()] },
  { names: ['export'], load: async () => [(await import('./export.ts')).exportCommand()] },
  {
    names: ['block', 'unblock', 'purge-room', 'purge-history', 'make-admin', 'send'],
    load: async () => (await import('./administration-commands.ts')).administrationCommands(),
  },
]
