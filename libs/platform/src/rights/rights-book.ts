// The rights of everyone who asks this process, as of the last fact that it has seen: a projection that is kept in memory, from
// the first fact on at every start, so that a right that was taken is gone with the next request.
import { persistent, reached, type Feed, type Position } from '@kams/eventing';
import type { Rule } from '@kams/contracts/policy';
import { LRUCache } from 'lru-cache';
import type { Subject } from '../config/value';
import { Rights } from './rights';
import { RolesHeld } from './roles-held';

export interface RightsBook {
  /** Undefined as long as facts of before the start are not read: a right might be missing, or be gone. */
  rightsOf(tenantId: string, subject: string): Rights | undefined;
  /** Resolves when the facts up to there are in it; false when they are not after `waitMs`. */
  reached(position: Position, waitMs: number): Promise<boolean>;
  run(signal: AbortSignal): Promise<void>;
  failure(): Error | undefined;
}

const SUBJECTS_KEPT = 10_000;

export function rightsBook(options: {
  readonly policy: readonly Rule[];
  /** Who are administrators by the settings, without a fact that says so. */
  readonly administrators: readonly Subject[];
  /** Whose operators operate this installation; absent: those of every tenant. */
  readonly operatingTenant?: string;
  readonly feed: Pick<Feed, 'from' | 'head'>;
  readonly now: () => Date;
}): RightsBook {
  const { policy, administrators, operatingTenant, feed, now } = options;
  const roles = new RolesHeld();
  const kept = new LRUCache<string, Rights>({ max: SUBJECTS_KEPT });
  const place = reached();
  let isComplete = false;

  const isFirst = (tenantId: string, subject: string): boolean =>
    administrators.some((it) => [tenantId, '*'].includes(it.tenantId) && [subject, '*'].includes(it.subject));

  const following = persistent(async (signal, isGoing) => {
    const atTheStart = await feed.head();
    isComplete ||= place.position >= atTheStart;
    if (place.position >= atTheStart) isGoing(); // it answers again, though nothing new may come
    for await (const stretch of feed.from(place.position, signal)) {
      if (stretch.occurrences.length > 0) kept.clear();
      const unreadable = stretch.occurrences.find((it) => it.unreadable)?.unreadable;
      if (unreadable) {
        // A right might be missing, or be gone: nobody is asked by the rest.
        isComplete = false;
        throw unreadable;
      }
      for (const it of stretch.occurrences) roles.take(it);
      place.advance(stretch.position);
      isComplete ||= place.position >= atTheStart;
      isGoing();
    }
  });

  return {
    rightsOf(tenantId, subject) {
      const day = now().toISOString().slice(0, 10);
      const known = kept.get(`${tenantId} ${subject}`);
      if (known?.who.day === day) return known;
      const granted = roles.of(tenantId, subject);
      const byTheSettings = isFirst(tenantId, subject);
      if (!isComplete && !byTheSettings) return undefined;
      const held = byTheSettings ? [...granted, { role: 'administrator' as const, accountId: null }] : granted;
      const rights = new Rights(policy, roles, { tenantId, held, day, operates: (operatingTenant ?? tenantId) === tenantId });
      kept.set(`${tenantId} ${subject}`, rights);
      return rights;
    },

    reached: place.reached,

    run: following.run,
    failure: following.failure,
  };
}
