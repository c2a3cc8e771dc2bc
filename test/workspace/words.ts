// cspell:ignore rejudge
/** Words of a former dialect that have no ordinary use here: identifiers and prose use those of `docs/glossary.md`. */
export const BANNED_WORDS: readonly string[] = [
  'hearsay',
  'joinUp',
  'rejudge',
  'recheck',
  'mend',
  'mends',
  'mended',
  'mending',
  'scribe',
  'voucher',
  'onlooker',
  'takeIn',
  'takeUp',
  'toldState',
  'toldStates',
  'unheardEnds',
  'maxEnds',
  'walkChains',
  'applyAllowed',
  // Users and servers are "they" or named.
  'he',
  'He',
  'him',
  'his',
  'His',
]

/** "7.5 is no integer" is "7.5 is not an integer"; "there is no room" and "is no longer" are English. */
export const IS_NO =
  /(?<!there )(?<!There )\bis no (?!longer|more|other|such|good|faster|cost|damage|difference)[a-z]/
