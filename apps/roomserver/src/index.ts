#!/usr/bin/env -S node --max-semi-space-size=16
import { run } from './cli.ts'

await run(process.argv)
