import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { buildComponents } from '../interop/components.ts'
import { freePortPrefix, startPolyliths } from '../interop/polylith.ts'
import { tellStories } from '../interop/tell.ts'
import { HOLES } from '../record/stories/holes.ts'

const ROOT = join(import.meta.dirname, '../../../..')

interface RecordOptions {
  readonly from: string
  readonly cache: string
  readonly only?: string
}

/** `conformance record FOLDER`: what the reference's room servers do in rooms with holes, as recordings to replay. */
export function recordCommand(): Command {
  return new Command('record')
    .description('records two federating homeservers of the reference while the link between them breaks')
    .argument('<folder>', 'takes hs1.jsonl and hs2.jsonl')
    .option(
      '--from <source>',
      "folder or archive of the reference's source",
      join(ROOT, '../shared/interop/dendrite-c45d0936b5.tar.gz'),
    )
    .option('--cache <folder>', 'where built components are kept', join(tmpdir(), 'roomserver-interop-cache'))
    .option('--only <pattern>', 'stories to tell')
    .action(async (folder: string, options: RecordOptions) => {
      await mkdir(folder, { recursive: true })
      const components = await buildComponents(options.from, options.cache)
      const files = [join(folder, 'hs1.jsonl'), join(folder, 'hs2.jsonl')] as const
      const only = options.only === undefined ? undefined : new RegExp(options.only)
      await using polyliths = await startPolyliths(components, await freePortPrefix(), undefined, files)
      const observations = await tellStories(polyliths.servers, only, HOLES)
      for (const { step, status, meaning } of observations)
        if (status !== 200) console.log(`${step}: ${status} ${JSON.stringify(meaning)}`)
      console.log(`${observations.length} steps, recorded in ${files.join(' and ')}`)
    })
}
