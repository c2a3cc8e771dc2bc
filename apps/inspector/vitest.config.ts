import { join } from 'node:path'
import { project } from '../../vitest.shared.ts'

export default project(import.meta.dirname, join(import.meta.dirname, 'test/page-setup.ts'))
