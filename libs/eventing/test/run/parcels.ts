// A small domain to try the engine with: parcels on their way, tariffs that they look up, and an allowance for a whole tenant.
import { command, contract, event, type AnyContract } from '@kams/contracts/define';
import { z } from 'zod';
import { aggregate, keyOf, refusing, via, type Aggregate, type Claim } from '../../src/pure';
import type { Command } from '../../src/run/handle';

const label = { en: 'Label', zh: '标签' };
const about = { version: 1, label, description: 'For a test.' };
const none = z.strictObject({});
const told = z.strictObject({ to: z.string() });
const moved = z.strictObject({ by: z.number() });

export const tariffContract = contract({
  name: 'tariff',
  plural: 'tariffs',
  label,
  description: 'What a parcel costs.',
  commands: { Set: command({ ...about, opens: true, data: z.strictObject({ price: z.number() }), example: { price: 1 } }) },
  events: { TariffSet: event({ ...about, data: z.strictObject({ price: z.number() }), example: { price: 1 } }) },
  refusals: {},
});
export const tariff = aggregate(tariffContract, { price: 0 })({
  decide: { Set: ({ price }, data) => (price === data.price ? [] : [{ type: 'TariffSet', data }]) },
  evolve: { TariffSet: (_, { price }) => ({ price }) },
});

export const parcelContract = contract({
  name: 'parcel',
  plural: 'parcels',
  label,
  description: 'A parcel.',
  commands: {
    Send: command({
      ...about,
      opens: true,
      data: z.strictObject({ to: z.string(), tags: z.array(z.string()).optional() }),
      example: { to: 'Bern' },
    }),
    Book: command({
      ...about,
      opens: true,
      data: z.strictObject({ carrier: z.string(), number: z.string(), to: z.string() }),
      example: { carrier: 'post', number: '1', to: 'Bern' },
      naturalKey: ({ carrier, number }) => [carrier, number],
    }),
    Import: command({
      ...about,
      opens: true,
      data: z.strictObject({ tag: z.string(), to: z.string() }),
      example: { tag: 't', to: 'Bern' },
      heldKey: ({ tag }) => claimOf(tag),
    }),
    Tag: command({ ...about, data: z.strictObject({ tag: z.string() }), example: { tag: 't' } }),
    Move: command({ ...about, data: moved, example: { by: 1 } }),
    Hop: command({ ...about, data: z.strictObject({ times: z.number() }), example: { times: 2 } }),
    Deliver: command({ ...about, data: none, example: {} }),
    Return: command({ ...about, data: none, example: {} }),
    Weigh: command({ ...about, data: z.strictObject({ tariffId: z.string() }), example: { tariffId: 't' } }),
    Compare: command({ ...about, data: z.strictObject({ tag: z.string() }), example: { tag: 't' } }),
  },
  events: {
    ParcelSent: event({ ...about, public: 'parcel.sent', data: told, example: { to: 'Bern' } }),
    ParcelReaddressed: event({ ...about, data: told, example: { to: 'Bern' } }),
    ParcelMoved: event({ ...about, version: 3, public: 'parcel.moved', data: moved, example: { by: 1 } }),
    ParcelDelivered: event({ ...about, public: 'parcel.delivered', data: none, example: {} }),
    ParcelReturned: event({ ...about, data: none, example: {} }),
    ParcelTagged: event({ ...about, data: z.strictObject({ tag: z.string() }), example: { tag: 't' } }),
    ParcelWeighed: event({ ...about, data: z.strictObject({ price: z.number() }), example: { price: 1 } }),
    ParcelCompared: event({ ...about, data: z.strictObject({ with: z.string().nullable() }), example: { with: null } }),
  },
  refusals: {
    'already-sent': { en: 'It was sent already.', zh: '已寄出。' },
    'not-on-its-way': { en: 'It is delivered.', zh: '已送达。' },
  },
});

const claimOf = (tag: string): Claim => ({ kind: 'tag', parts: [tag] });
const refuse = refusing(parcelContract);

export type Parcel = {
  readonly is: 'none' | 'on its way' | 'delivered';
  readonly to: string;
  readonly moved: number;
  readonly tags: readonly string[];
};
const nowhere: Parcel = { is: 'none', to: '', moved: 0, tags: [] };

/** Typed, so that the rules may look up another one of their own kind. */
const itself = (): Aggregate<AnyContract, Parcel> => parcel as unknown as Aggregate<AnyContract, Parcel>;

export const parcel = aggregate(
  parcelContract,
  nowhere,
)({
  look: {
    Weigh: ({ tariffId }) => ({ tariff: { of: tariff, id: tariffId } }),
    Compare: ({ tag }, { tenantId }) => ({
      other: via(keyOf('parcel', tenantId, claimOf(tag)), ({ holder }) => (holder ? { of: itself(), id: holder } : undefined)),
    }),
  },
  claims: {
    Send: ({ tags = [] }) => tags.map(claimOf),
    Import: ({ tag }) => [claimOf(tag)],
    Tag: ({ tag }) => [claimOf(tag)],
  },
  decide: {
    Send: (it, { to }) => (it.is === 'none' ? [{ type: 'ParcelSent', data: { to } }] : refuse('already-sent')),
    Book: (it, { to }) =>
      it.is === 'none' ? [{ type: 'ParcelSent', data: { to } }] : it.to === to ? [] : refuse('already-sent', { to: it.to }),
    Import: (it, { to }) =>
      it.is === 'none'
        ? [{ type: 'ParcelSent', data: { to } }]
        : it.to === to
          ? []
          : [{ type: 'ParcelReaddressed', data: { to } }],
    Tag: (it, { tag }) => (it.tags.includes(tag) ? [] : [{ type: 'ParcelTagged', data: { tag } }]),
    Move: (it, { by }) =>
      it.is === 'delivered'
        ? refuse('not-on-its-way', { moved: it.moved })
        : by === 0
          ? []
          : [{ type: 'ParcelMoved', data: { by } }],
    Hop: (_, { times }) => Array.from({ length: times }, () => ({ type: 'ParcelMoved' as const, data: { by: 1 } })),
    Deliver: (it) => (it.is === 'delivered' ? [] : [{ type: 'ParcelDelivered', data: {} }]),
    Return: (it) => (it.is === 'delivered' ? [{ type: 'ParcelReturned', data: {} }] : []),
    Weigh: (_, __, { tariff: found }) => [
      { type: 'ParcelWeighed', data: { price: found.revision < 0 ? -1 : found.state.price } },
    ],
    Compare: (_, __, { other }) => [{ type: 'ParcelCompared', data: { with: other?.state.to ?? null } }],
  },
  evolve: {
    ParcelSent: (_, { to }) => ({ ...nowhere, is: 'on its way', to }),
    ParcelReaddressed: (it, { to }) => ({ ...it, to }),
    ParcelMoved: (it, { by }) => ({ ...it, moved: it.moved + by }),
    ParcelDelivered: (it) => ({ ...it, is: 'delivered' }),
    ParcelReturned: (it) => ({ ...it, is: 'on its way' }),
    ParcelTagged: (it, { tag }) => ({ ...it, tags: [...it.tags, tag] }),
    ParcelWeighed: (it) => it,
    ParcelCompared: (it) => it,
  },
});

export const allowanceContract = contract({
  name: 'allowance',
  plural: 'allowance',
  label,
  description: 'Parcels that a tenant may still send.',
  ledger: true,
  commands: { Use: command({ ...about, data: z.strictObject({ parcels: z.number() }), example: { parcels: 1 } }) },
  events: { AllowanceUsed: event({ ...about, data: z.strictObject({ parcels: z.number() }), example: { parcels: 1 } }) },
  refusals: { 'used-up': { en: 'No more this year.', zh: '已用完。' } },
});
export const ALLOWANCE = 40;
export const allowance = aggregate(allowanceContract, { used: 0 })({
  decide: {
    Use: ({ used }, data) =>
      used + data.parcels > ALLOWANCE ? refusing(allowanceContract)('used-up', { used }) : [{ type: 'AllowanceUsed', data }],
  },
  evolve: { AllowanceUsed: ({ used }, { parcels }) => ({ used: used + parcels }) },
});

export const say = (type: string, data: object = {}, more: Partial<Command> = {}): Command => ({
  type,
  data,
  tenantId: 'acme',
  actor: 'user-1',
  ...more,
});
