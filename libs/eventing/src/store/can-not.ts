// What not every driver can promise beyond the eight promises of the port. The contract suite skips by this table, by name, and
// says so; who chooses a driver reads it.

export type Ability =
  'positions have no holes' | 'a repeat is told from a first append' | 'times have microseconds' | 'times never go back';

export const CAN_NOT = {
  memory: {
    'times have microseconds': 'the clock of Node has milliseconds',
  },
  postgres: {},
  eventstoredb: {
    'positions have no holes':
      'they are places in a file, and grow by the size of what is written: damage shows in the epoch and in the event at a checkpoint, not in a gap',
    'a repeat is told from a first append':
      'the server gives the first answer again and does not say that it does: it is always `appended`',
    'times have microseconds': 'the client cuts the time of an event to milliseconds',
    'times never go back': "the time is that of the server's clock, and another node's when the leader changes",
  },
} as const satisfies Record<string, Partial<Record<Ability, string>>>;

export type Driver = keyof typeof CAN_NOT;
