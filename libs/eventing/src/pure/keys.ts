// Natural keys that one aggregate alone may hold: an external id of an account. Each key is a stream of its own, so the
// store itself lets one claim win. A claim is made before the events of the command are stored; a process that dies
// between the two leaves a claim that the same command, sent again, finds and uses.
import { command, contract, event, type AnyContract } from '@kams/contracts/define';
import { z } from 'zod';
import { aggregate, naturalId, refusing, type Aggregate, type Claim, type Ref } from './aggregate';

export interface KeyState {
  readonly holder?: string;
}

const claim = z.strictObject({ kind: z.string(), parts: z.array(z.string()), holder: z.string() });
const example = { kind: 'external_id', parts: ['erp', 'customer', '17850'], holder: '0190f5a0-0000-7000-8000-000000000001' };
const claimed = { en: 'Key claimed', zh: '标识占用' };
const released = { en: 'Key released', zh: '标识释放' };

const keysOf = new Map<string, Aggregate<AnyContract, KeyState>>();

/** The aggregate of the keys of `owner`'s things; its category is `<owner>_key`. */
export function keys(owner: string): Aggregate<AnyContract, KeyState> {
  const existing = keysOf.get(owner);
  if (existing) return existing;
  const keyContract = contract({
    name: `${owner}_key`,
    plural: `${owner}_keys`,
    label: { en: 'Key', zh: '标识' },
    description: `Who holds a natural key of ${owner}.`,
    commands: {
      Claim: command({
        version: 1,
        label: claimed,
        description: 'Make the key the holder’s.',
        opens: true,
        data: claim,
        example,
      }),
      Release: command({ version: 1, label: released, description: 'Give the key up.', data: claim, example }),
    },
    events: {
      KeyClaimed: event({ version: 1, label: claimed, description: 'The key is the holder’s.', data: claim, example }),
      KeyReleased: event({ version: 1, label: released, description: 'The key is free.', data: claim, example }),
    },
    refusals: {
      'key-taken': {
        en: 'Another one holds this key. Look it up by the key, or use another key.',
        zh: '该标识已被占用。请按标识查询，或改用其他标识。',
      },
    },
  });
  const refuse = refusing(keyContract);
  const made = aggregate(
    keyContract,
    {} as KeyState,
  )({
    decide: {
      Claim: ({ holder }, data) =>
        holder === undefined
          ? [{ type: 'KeyClaimed', data }]
          : holder === data.holder
            ? []
            : refuse('key-taken', { kind: data.kind, key: data.parts, holder }),
      Release: ({ holder }, data) => (holder === data.holder ? [{ type: 'KeyReleased', data }] : []),
    },
    evolve: {
      KeyClaimed: (_, { holder }) => ({ holder }),
      KeyReleased: () => ({}),
    },
  }) as unknown as Aggregate<AnyContract, KeyState>;
  keysOf.set(owner, made);
  return made;
}

/** The stream that says who holds a key. */
export const keyOf = (owner: string, tenantId: string, { kind, parts }: Claim): Ref<KeyState> => ({
  of: keys(owner),
  id: naturalId(tenantId, kind, parts),
});
