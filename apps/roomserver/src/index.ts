#!/usr/bin/env -S node --max-semi-space-size=8
import { run } from './cli.ts'

await run(process.argv)
