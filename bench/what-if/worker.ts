// Stores the year, or replays it, in a process of its own.
import 'reflect-metadata';
import { whatIf } from '@kams/accounts/api/what-if';
import { valueRecord } from '@kams/accounts/projections/value-record';
import { SCHEMA } from '@kams/accounts/schema';
import { accountContract, type AccountContract } from '@kams/contracts/accounts/account';
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import type { EventData, EventOf } from '@kams/contracts/define';
import { naturalId, projector, storeFeed, type NewEvent } from '@kams/eventing';
import { newId } from '@kams/eventing/run/ids';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { scorer, type Score } from '@kams/methods/scorecard';
import { DEFAULT_LADDER, nextTier, type Standing } from '@kams/methods/tier-ladder';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import { readerOf } from '@kams/platform/read-model/reader';
import { chance } from '@kams/testing/faults/chance';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serve } from '../child';
import { took } from '../cpu';

const ACCOUNTS = 10_000;
const CRITERIA = 11;
const QUARTERS = ['2026-01-10', '2026-04-10', '2026-07-10', '2026-10-10'];
const TENANT = 'acme';
const AT_ONCE = 128;

/** Eleven criteria, as the default model has; `tilted` gives the first of them half of the weight. */
function model(tilted: boolean): ScoringModelContent {
  const weight = (i: number) => (tilted ? (i === 0 ? '0.5' : '0.05') : i === 0 ? '0.1' : '0.09');
  return {
    name: 'KAV-1',
    criteria: Array.from({ length: CRITERIA }, (_, i) => ({
      code: `c${i}`,
      label: { en: `Criterion ${i}`, zh: `指标${i}` },
      weight: weight(i),
      normaliser: { kind: 'linear' as const, lo: '0', hi: '100', clamp: true },
      missing: 'exclude' as const,
    })),
    minCoverage: '0.7',
    ladder: DEFAULT_LADDER,
  };
}

const start = async (url: string, postgresPid: number) => {
  const store = await postgresStore({ connection: url });
  const source = await openReadDatabase({ url, poolSize: 4 });
  const dice = chance(10);
  const content = model(false);
  const score = scorer(content);
  const modelRef = { modelId: naturalId(TENANT, 'model', ['1']), version: 1 };

  type Fact = EventOf<AccountContract>;
  const event = ({ type, data }: Fact, on: string): NewEvent => {
    const commandId = newId();
    const metadata = {
      tenantId: TENANT,
      actor: 'user-1',
      occurredAt: `${on}T09:00:00.000Z`,
      commandId,
      commandHash: '',
      correlationId: commandId,
      causationId: commandId,
    };
    return { id: newId(), type, schema: 1, data, metadata };
  };
  /** What the commands of a year would have stored. */
  function yearOf(n: number): NewEvent[] {
    const accountId = naturalId(TENANT, 'account', [String(n)]);
    const events: NewEvent[] = [];
    const ratings = new Map<string, { raw: string; sourceEventIds: string[] }>();
    let standing: Standing = { tier: null, below: 0 };
    for (const [quarter, on] of QUARTERS.entries()) {
      for (let i = 0; i < CRITERIA; i++) {
        if (quarter > 0 && dice.between(0, 3) > 0) continue;
        const raw = String(dice.between(20, 100));
        const it = event({ type: 'CriterionRated', data: { accountId, code: `c${i}`, raw } }, on);
        ratings.set(`c${i}`, { raw, sourceEventIds: [it.id] });
        events.push(it);
      }
      const result = score([...ratings].map(([code, it]) => ({ code, ...it }))) as Score;
      const next = nextTier({ ladder: content.ladder, current: standing, score: result.total, scheduled: true });
      const { cause, computed: computedTier, below } = next;
      const scored = { accountId, modelRef, ...result, computedTier, cause, below, needsApproval: false, by: 'user-1' };
      events.push(event({ type: 'AccountScored', data: scored as unknown as EventData<AccountContract, 'AccountScored'> }, on));
      const { tier: to } = next;
      if (to !== standing.tier) {
        const data = {
          accountId,
          from: standing.tier,
          to,
          cause: cause as 'placed',
          modelRef,
          effectiveFrom: `${on}T09:00:00.000Z`,
        };
        events.push(event({ type: 'AccountTierChanged', data }, on));
      }
      standing = { tier: to, below };
    }
    return events;
  }

  return {
    async store() {
      let n = 0;
      const worker = async () => {
        while (n < ACCOUNTS) {
          const events = yearOf(n++);
          await store.append(`${accountContract.name}-${(events[0]!.data as { accountId: string }).accountId}`, 'none', events);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const readModel = postgresReadModel(source, SCHEMA);
      await readModel.prepare(valueRecord);
      const it = projector(valueRecord, storeFeed(store, [accountContract]), readModel);
      const stopping = new AbortController();
      const running = it.run(stopping.signal);
      const { position } = await store.head();
      while (!(await it.reached(position, 1_000))) if (it.failure()) throw it.failure();
      stopping.abort();
      await running;
      await source.query(`analyze ${SCHEMA}.value_record`);
    },

    async replay() {
      const reader = readerOf(source.queries, {
        tenantId: TENANT,
        accounts: null,
        sees: () => true,
        cursorAt: () => '',
        valuesAt: () => undefined,
      });
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const question = {
        model: model(true),
        from: '2026-01-01T00:00:00.000000Z',
        before: '2027-01-01T00:00:00.000000Z',
        limit: 1_000,
      };
      let found!: Awaited<ReturnType<typeof whatIf>>;
      const time = await took({ postgres: postgresPid }, async () => void (found = await whatIf(reader, question)));
      delay.disable();
      const { accounts, assessments, moved } = found;
      return { accounts, assessments, moved, took: time, longestTurnMs: delay.max / 1e6 };
    },

    async close() {
      await source.destroy();
      await store.close();
    },
  };
};

export type WhatIfJobs = Awaited<ReturnType<typeof start>>;
serve(start);
