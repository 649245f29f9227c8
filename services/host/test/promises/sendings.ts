// What the clients of a fault test sent and were told, and what the store must hold because of it.
import { naturalId } from '@kams/eventing';

export type Told =
  | { readonly is: 'stored'; readonly body: StoredAnswer; readonly etag: string | null }
  | { readonly is: 'refused'; readonly status: number; readonly code: string; readonly revision?: number }
  /** 503 `unavailable`, or 409 `version-conflict`: nothing was stored, says the host. */
  | { readonly is: 'not stored' }
  /** No answer, or 503 `outcome-unknown`. */
  | { readonly is: 'unknown' };

export interface StoredAnswer {
  readonly id: string;
  readonly revision: number;
  readonly position: string;
  readonly outcome: 'opened' | 'changed' | 'unchanged';
}

/** One command with one key, however often it was sent. */
export interface Sending {
  readonly subject: string;
  readonly tenantId: string;
  readonly key: string;
  readonly path: string;
  readonly body: object;
  /** Numbers of events that it may make, when it makes any. */
  readonly events: readonly number[];
  /** The stream that it is for. */
  readonly stream: string;
  /** Only if the stream, to which others write as well, is at this revision: it may be refused because they were faster. */
  readonly ifMatch?: string;
  /** What was answered, in order. */
  readonly told: Told[];
}

/** As the host derives it from the key: it stands in every event that the command made. */
export const commandIdOf = ({ tenantId, subject, key }: Pick<Sending, 'tenantId' | 'subject' | 'key'>): string =>
  naturalId(tenantId, 'command', [subject, key]);

/** The events of one command, as the store has them. */
export interface Stored {
  readonly commandId: string;
  readonly streams: number;
  readonly events: number;
  readonly first: number;
  readonly revision: number;
  readonly position: string;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly lost: number;
  readonly otherwise: number;
  readonly partial: number;
  readonly unanswered: number;
  readonly unansweredStored: number;
  readonly storedThoughNot: number;
  readonly storedThoughRefused: number;
  readonly refused: number;
  readonly refusedForOthers: number;
}

/** Compares what was told with what is stored. */
export function judge(sent: readonly Sending[], stored: ReadonlyMap<string, Stored>): Verdict {
  const verdict = {
    acknowledged: 0,
    lost: 0,
    otherwise: 0,
    partial: 0,
    unanswered: 0,
    unansweredStored: 0,
    storedThoughNot: 0,
    storedThoughRefused: 0,
    refused: 0,
    refusedForOthers: 0,
  };
  for (const it of sent) {
    const found = stored.get(commandIdOf(it));
    const told = it.told.find((one) => one.is === 'stored') ?? it.told.at(-1) ?? { is: 'unknown' };
    if (found && (!it.events.includes(found.events) || found.streams !== 1 || found.revision - found.first + 1 !== found.events))
      verdict.partial++;
    if (told.is === 'stored') {
      verdict.acknowledged++;
      const { revision, position, outcome } = told.body;
      if (outcome === 'unchanged') verdict.otherwise += found ? 1 : 0;
      else if (!found) verdict.lost++;
      else if (found.revision !== revision || !position.endsWith(`.${found.position}`)) verdict.otherwise++;
    } else if (told.is === 'refused') {
      if (it.ifMatch !== undefined && told.code === 'stale') verdict.refusedForOthers++;
      else verdict.refused++;
      if (found) verdict.storedThoughRefused++;
    } else if (it.told.every((one) => one.is === 'not stored') && it.told.length > 0) {
      if (found) verdict.storedThoughNot++;
    } else {
      verdict.unanswered++;
      if (found) verdict.unansweredStored++;
    }
  }
  return verdict;
}
