// A past to project: accounts with their profiles and ratings, who belongs to whom, scoring models, purchases.
import { accountContract, type AccountContract } from '@kams/contracts/accounts/account';
import type { EventOf } from '@kams/contracts/define';
import { hierarchyContract, type HierarchyContract } from '@kams/contracts/accounts/hierarchy';
import { purchaseContract, type PurchaseContract } from '@kams/contracts/accounts/purchase';
import { scoringModelContract, type ScoringModelContract } from '@kams/contracts/accounts/scoring-model';
import { naturalId, type EventStore, type NewEvent } from '@kams/eventing';
import { newId } from '@kams/eventing/run/ids';

export const ACCOUNTS = 15_000;
const PURCHASES = 40_000;
const MODELS = 500;
export const TENANT = 'acme';

type Fact = EventOf<AccountContract> | EventOf<PurchaseContract> | EventOf<ScoringModelContract> | EventOf<HierarchyContract>;

const idOf = (kind: string, n: number): string => naturalId(TENANT, kind, [String(n)]);
export const accountId = (n: number): string => idOf('account', n);

function event({ type, data }: Fact): NewEvent {
  const commandId = newId();
  const metadata = {
    tenantId: TENANT,
    actor: 'user-1',
    occurredAt: '2026-03-02T09:00:00.000Z',
    commandId,
    commandHash: '',
    correlationId: commandId,
    causationId: commandId,
  };
  return { id: newId(), type, schema: 1, data, metadata };
}

const registered = (n: number): Fact => ({
  type: 'AccountRegistered',
  data: {
    accountId: accountId(n),
    name: `Account ${n} Holding`,
    legalName: `Account ${n} Holding Ltd.`,
    sector: ['technology', 'energy', 'retail'][n % 3],
    country: 'China',
    employees: n,
    externalIds: [{ system: 'erp', type: 'customer', value: String(n) }],
  },
});
const updated = (n: number): Fact => ({
  type: 'AccountProfileUpdated',
  data: {
    accountId: accountId(n),
    changes: [{ field: 'employees', old: n, new: n + 1, validFrom: '2026-01-01', sourceRef: 'annual report 2025' }],
  },
});
const rated = (n: number): Fact => ({
  type: 'CriterionRated',
  data: { accountId: accountId(n), code: 'influence', raw: String(n % 100), note: 'Chairs the trade association' },
});
const linked = (n: number): Fact => ({
  type: 'AccountHierarchyLinked',
  data: {
    accountId: accountId(n),
    parentId: accountId(n >> 3),
    linkType: 'subsidiary',
    validFrom: '2024-07-01',
    validTo: null,
  },
});
const purchased = (n: number): Fact => ({
  type: 'PurchaseRecorded',
  data: {
    ...purchaseContract.events.PurchaseRecorded.example,
    purchaseId: idOf('purchase', n),
    accountId: accountId(n % ACCOUNTS),
    txnId: String(n),
    lines: [6, 8, 10].map((qty) => ({
      sku: '85123A',
      description: 'White hanging heart',
      qty,
      unitPrice: '2.55',
      amount: qty * 255,
    })),
    total: 6_120,
  },
});
const { content } = scoringModelContract.commands.Draft.example;
const modelled = (n: number): Fact[] => {
  const modelId = idOf('model', n);
  const whole = scoringModelContract.commands.Draft.data.parse({ content }).content;
  return [1, 2].flatMap((version): Fact[] => [
    { type: 'ScoringModelDrafted', data: { modelId, content: whole } },
    { type: 'ScoringModelPublished', data: { modelId, version, content: whole } },
  ]);
};

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Events of one append to the one stream of a ledger. */
const LEDGER_STEP = 250;

/** Stores the past, each kind of event behind the other; the number of events of each category. */
export async function storePast(store: EventStore): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const append = async (category: string, id: string, facts: readonly Fact[]) => {
    counts[category] = (counts[category] ?? 0) + facts.length;
    await store.append(`${category}-${id}`, 'any', facts.map(event));
  };
  const { name: account } = accountContract;

  for (const fact of [registered, updated, rated]) await each(ACCOUNTS, (n) => append(account, accountId(n), [fact(n)]));
  for (let n = 1; n < ACCOUNTS; n += LEDGER_STEP)
    await append(
      hierarchyContract.name,
      TENANT,
      upTo(Math.min(LEDGER_STEP, ACCOUNTS - n)).map((i) => linked(n + i)),
    );
  await each(MODELS, (n) => append(scoringModelContract.name, idOf('model', n), modelled(n)));
  await each(PURCHASES, (n) => append(purchaseContract.name, idOf('purchase', n), [purchased(n)]));
  return counts;
}

async function each(count: number, act: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(upTo(256).map(worker));
}
