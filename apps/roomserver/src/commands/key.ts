import { lockFile, newSigningKey } from '@roomserver/engine'
import { systemClock } from '@roomserver/types'
import { Command } from 'commander'
import { type Rotation, rotateConfigured, rotateEmbedded, writeKey } from '../key/rotate-key.ts'
import { existingConfigOf } from './server-config.ts'
import { path, type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver key rotate` */
export function keyCommand(): Command {
  const rotate = withServerOptions(new Command('rotate'))
    .description('make a new signing key and keep the old one for verification; stop all components first')
    .action(rotateKey)
  const create = new Command('create')
    .argument('<file>', 'where the key goes; must not exist', path)
    .description('make a signing key')
    .action(createKey)
  return new Command('key').description('the signing key').addCommand(create).addCommand(rotate)
}

function createKey(file: string): void {
  const key = newSigningKey()
  writeKey(file, key)
  process.stdout.write(`new key   ${key.keyId} in ${file}\n`)
}

async function rotateKey(options: ServerOptions): Promise<void> {
  const config = await existingConfigOf(options)
  const { database } = config
  using _lock = database.kind === 'sqlite' ? lockFile(database.file) : undefined
  const now = systemClock.now()
  process.stdout.write(
    `${describe(options.config === undefined ? rotateEmbedded(config, now) : rotateConfigured(config, now))}\n`,
  )
}

function describe({ old, new: fresh, file, oldFile, oldVerifyKeys }: Rotation): string {
  return [
    `new key   ${fresh.keyId} in ${file}`,
    `old key   ${old.keyId} in ${oldFile}; keep the file`,
    `other servers have to be told, in old_verify_keys (Dendrite's federation component does): ${JSON.stringify(oldVerifyKeys)}`,
    'Start every component that reads the key again, all of them before anybody sends: events signed with the old key from now on are not valid.',
  ].join('\n')
}
