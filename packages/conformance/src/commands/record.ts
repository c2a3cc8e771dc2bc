import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { buildComponents, type ComponentSource } from '../interop/components.ts'
import { freePortPrefix, startPolyliths } from '../interop/polylith.ts'
import { tellStories } from '../interop/tell.ts'
import { HOLES } from '../record/stories/holes.ts'
import { withSourceOptions } from './source-options.ts'

interface RecordOptions extends ComponentSource {
  readonly only?: string
}

/** `conformance record FOLDER`: what the reference's room servers do in rooms with holes, as recordings to replay. */
export function recordCommand(): Command {
  return withSourceOptions(new Command('record'))
    .description('records two federating homeservers of the reference while the link between them breaks')
    .argument('<folder>', 'takes hs1.jsonl and hs2.jsonl')
    .option('--only <pattern>', 'stories to tell')
    .action(async (folder: string, options: RecordOptions) => {
      await mkdir(folder, { recursive: true })
      const components = await buildComponents(options)
      const files = [join(folder, 'hs1.jsonl'), join(folder, 'hs2.jsonl')] as const
      const only = options.only === undefined ? undefined : new RegExp(options.only)
      await using polyliths = await startPolyliths(components, await freePortPrefix(), undefined, files)
      const observations = await tellStories(polyliths.servers, only, HOLES)
      for (const { step, status, meaning } of observations)
        if (status !== 200) console.log(`${step}: ${status} ${JSON.stringify(meaning)}`)
      console.log(`${observations.length} steps, recorded in ${files.join(' and ')}`)
    })
}
