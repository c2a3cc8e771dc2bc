import { expect } from 'vitest'

/** What each program prints. */
export const OUTPUT: Readonly<Record<string, readonly string[]>> = {
  'bot.ts': [
    'redact yes',
    'kick no: @bot:example.org has level 50, kicking @eve:evil.org needs 60 and more than 0',
    'ban yes',
  ],
  'level-mirror.ts': [
    '{"@alice:example.org":"owner","@bob:example.org":"admin","@carol:example.org":"moderator","@dave:example.org":"member"}',
  ],
  'moderation-check.ts': [
    '{"allow":["*"],"deny":["*.org"]}',
    '  would keep us out',
    '  would be refused: @mod:example.org has level 50, sending m.room.server_acl needs 100',
    '{"allow":["*"],"deny":["evil.com"]}',
    '  keeps us in',
    '  would be refused: @mod:example.org has level 50, sending m.room.server_acl needs 100',
  ],
  'state-reset.ts': ['$ban', expect.stringMatching(/\S/) as string, "MISSING_EVENTS [ '$bob', '$ban' ]"],
  'embedded-chat.ts': [
    'live: @alice:example.org hello',
    'live: @bob:example.org goodbye',
    'later: @alice:example.org still there?',
    'later: @bob:example.org goodbye',
    "[ 'goodbye', 'still there?' ]",
  ],
}
