import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openMove } from '@roomserver/engine'
import { type MoveProgress, openStorage, type StorageOptions } from '@roomserver/storage'
import { parseServerName } from '@roomserver/types'
import { Command, InvalidArgumentError } from 'commander'
import { checkStore } from '../check/check-store.ts'
import { connectionStringFault, databaseConfig } from '../config/connection-string.ts'
import { storeOptions } from '../compose/engine-options.ts'
import { createLog } from '../log.ts'

interface MoveOptions {
  readonly from: StorageOptions
  readonly to: StorageOptions
}

const NOTATION = 'postgresql://…, or the path of an SQLite file or of its folder'

/** `roomserver move --from … --to …` */
export function moveCommand(): Command {
  return new Command('move')
    .requiredOption('-f, --from <store>', `the store to move: ${NOTATION}`, storeOf)
    .requiredOption(
      '-t, --to <store>',
      'an empty store of the other kind; the same command goes on with it',
      storeOf,
    )
    .description('move all rooms from SQLite to PostgreSQL, or back; no server may be running')
    .action(move)
}

/** How often a table that takes long says how far it is. */
const REPORT_MS = 2_000

async function move({ from, to }: MoveOptions): Promise<void> {
  await using moving = await openMove(from, to)
  await report(moving.copy())
  print('copied; checking the new store')
  if (!(await isWhole(to))) {
    process.exitCode = 1
    return print('the new store has findings and stays unusable; the old one is as it was')
  }
  await moving.finish()
  print('moved. Start the server with the new store, and not with the old one again, which is as it was')
}

async function report(copying: AsyncIterable<MoveProgress>): Promise<void> {
  let last: MoveProgress | undefined
  let at = Date.now()
  const tell = ({ table, rows, total }: MoveProgress) => {
    print(`${table}  ${rows} of ${total} rows`)
    at = Date.now()
  }
  for await (const progress of copying) {
    if (last !== undefined && last.table !== progress.table) tell(last)
    else if (Date.now() - at > REPORT_MS) tell(progress)
    last = progress
  }
  if (last !== undefined) tell(last)
}

/** Runs `check` over the copy. */
async function isWhole(to: StorageOptions): Promise<boolean> {
  const log = createLog('warn', process.stderr)
  await using storage = await openStorage({ ...to, migrate: false }, { logger: log })
  const serverName = parseServerName((await storage.serverName()) ?? 'localhost')
  const { rooms, found } = await checkStore(storage, { serverName }, log, {}, print)
  print(`${rooms} rooms checked, ${found} findings`)
  return found === 0
}

function storeOf(text: string): StorageOptions {
  const isUrl = /^postgres(?:ql)?:\/\//.test(text)
  if (isUrl && connectionStringFault(text) !== undefined)
    throw new InvalidArgumentError(`Expected ${NOTATION}.`)
  return storeOptions(
    databaseConfig(isUrl ? text : `file:${fileOf(text.replace(/^(?:file|sqlite):/, ''))}`, {}),
  )
}

/** The file of a store; of a folder, the one that an embedded server keeps there. */
function fileOf(path: string): string {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  return resolve(isFolder ? join(path, 'roomserver.db') : path)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
