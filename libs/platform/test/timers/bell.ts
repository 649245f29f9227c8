// A made-up thing that is due: it rings at its instant, unless it was moved or silenced. And what follows when it rings.
import { command, contract, event, type EventOf } from '@kams/contracts/define';
import { instant } from '@kams/contracts/values';
import { projection, reaction, table, timer } from '@kams/eventing';
import { aggregate, refusing } from '@kams/eventing/pure';
import type { Service } from '../../src';
import { z } from 'zod';

const label = { en: 'Bell', zh: '铃' };
const about = { version: 1, label, description: 'For a test.', example: {} as never };
const at = z.strictObject({ at: instant() });
/** `cracked`: code that nobody expected to fail fails at it. */
const made = at.extend({ cracked: z.boolean().optional() });
const nothing = z.strictObject({});

export const bellContract = contract({
  name: 'bell',
  plural: 'bells',
  label,
  description: 'For a test.',
  commands: {
    Set: command({ ...about, data: made, opens: true }),
    Move: command({ ...about, data: at }),
    Silence: command({ ...about, data: nothing }),
    Ring: command({ ...about, data: nothing }),
  },
  events: {
    BellSet: event({ ...about, data: made, public: 'bell.set' }),
    BellMoved: event({ ...about, data: at }),
    BellSilenced: event({ ...about, data: nothing }),
    BellRang: event({ ...about, data: nothing, public: 'bell.rang' }),
  },
  refusals: { 'too-early': { en: 'It is not due.', zh: '未到期。' } },
});
const refuse = refusing(bellContract);

type Bell = { readonly due: string | null; readonly cracked?: boolean };
export const bell = aggregate(bellContract, { due: null } as Bell)({
  decide: {
    Set: (_, data): EventOf<typeof bellContract>[] => [{ type: 'BellSet', data }],
    Move: (_, data) => [{ type: 'BellMoved', data }],
    Silence: ({ due }) => (due === null ? [] : [{ type: 'BellSilenced', data: {} }]),
    Ring: ({ due, cracked }, _, { at: now }) => {
      if (cracked) throw new RangeError('cracked');
      return due === null ? [] : now < due ? refuse('too-early') : [{ type: 'BellRang', data: {} }];
    },
  },
  evolve: {
    BellSet: (_, { at: due, cracked }) => ({ due, cracked }),
    BellMoved: (_, { at: due }) => ({ due }),
    BellSilenced: () => ({ due: null }),
    BellRang: () => ({ due: null }),
  },
});

const echoContract = contract({
  name: 'echo',
  plural: 'echoes',
  label,
  description: 'For a test.',
  commands: {
    Answer: command({ ...about, data: z.strictObject({ bell: z.string() }), opens: true }),
  },
  events: { Answered: event({ ...about, data: z.strictObject({ bell: z.string() }) }) },
  refusals: { deaf: { en: 'Nobody hears this bell.', zh: '无人听见。' } },
});
const deaf = refusing(echoContract);
/** Answers one bell once; one that is called deaf is refused. */
export const echo = aggregate(
  echoContract,
  [] as readonly string[],
)({
  decide: {
    Answer: (heard, data) => {
      if (data.bell.startsWith('dead')) return deaf('deaf', { bell: data.bell });
      return [{ type: 'Answered', data }];
    },
  },
  evolve: { Answered: (heard, { bell: it }) => [...heard, it] },
});

const rungs = table(
  'rung',
  { tenant_id: 'text', id: 'text', revision: 'int', times: 'int', at: 'instant' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id' },
);
const rung = projection({ name: 'rung', from: [bellContract], table: rungs })({
  BellRang: (row, { tenantId, id, revision, occurredAt }) => ({
    tenant_id: tenantId,
    id,
    revision,
    times: (row?.times ?? 0) + 1,
    at: occurredAt,
  }),
});

export const bells: Service = {
  name: 'bells',
  description: 'For a test.',
  aggregates: [bell, echo],
  projections: [rung],
  timers: [
    timer({
      name: 'bell-rings',
      from: [bellContract],
      give: ({ id }) => ({ to: bell, type: 'Ring', id, data: {} }),
    })({
      BellSet: ({ data }) => ({ at: data.at }),
      BellMoved: ({ data }) => ({ at: data.at }),
      BellSilenced: () => null,
      BellRang: () => null,
    }),
  ],
  reactions: [
    reaction({ name: 'echo-answers-when-bell-rings', from: [bellContract] })({
      BellRang: ({ id, eventId }) => ({ to: echo, type: 'Answer', id: eventId, data: { bell: id } }),
    }),
  ],
  controllers: [],
};
