import { requireNode } from '@roomserver/types'

// Imported before everything else, which an older Node.js cannot load.
requireNode(24, '@roomserver/storage-contract')
