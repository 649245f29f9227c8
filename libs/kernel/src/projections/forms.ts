// 表单: one row a form, as it is now, with every step by which it came to be so. What was written in words stands in it as it
// does in the log, sealed.
import type { EventData } from '@kams/contracts/define';
import { formContract, type FormContract } from '@kams/contracts/kernel/form';
import { projection, table, type Projection, type RowOf } from '@kams/eventing';

export const formTable = table(
  'form',
  {
    tenant_id: 'text',
    id: 'uuid',
    revision: 'int',
    template_id: 'uuid',
    version: 'int',
    subject_kind: 'text',
    subject_id: 'uuid',
    account_id: 'uuid?',
    answers: 'json',
    texts: 'json',
    completeness: 'int',
    score: 'json?',
    steps: 'json',
    submitted_by: 'text',
    submitted_at: 'instant',
    erased_at: 'instant?',
    changed_at: 'instant',
  },
  {
    primaryKey: ['tenant_id', 'id'],
    groupBy: 'id',
    indexes: [
      'id',
      'tenant_id, submitted_at, id',
      'tenant_id, template_id, submitted_at, id',
      'tenant_id, subject_id, submitted_at, id',
      'tenant_id, account_id, submitted_at, id',
    ],
  },
);
type FormRow = RowOf<typeof formTable>;
type Submitted = EventData<FormContract, 'FormSubmitted'>;
type Said = Pick<Submitted, 'answers' | 'texts' | 'completeness' | 'score'>;

/** The submission, or a correction: what was said with it. */
export interface Step extends Said {
  readonly eventId: string;
  readonly by: string;
  readonly at: string;
  readonly supersedes: string | null;
  /** Sealed. */
  readonly reason: string | null;
  readonly cleared: readonly string[];
}

interface Happened {
  readonly eventId: string;
  readonly actor: string;
  readonly occurredAt: string;
}
const step = (
  { eventId, actor, occurredAt }: Happened,
  { answers, texts, completeness, score }: Said,
  correction: Pick<Step, 'supersedes' | 'reason' | 'cleared'>,
): Step => ({ eventId, by: actor, at: occurredAt, ...correction, answers, texts, completeness, score });

const FIRST = { supersedes: null, reason: null, cleared: [] };

/** Those that were said anew in the place of the old ones; those that were taken back are gone. */
function changed<T extends { readonly field: string }>(all: unknown, anew: readonly T[], cleared: readonly string[]): T[] {
  const gone = new Set([...anew.map(({ field }) => field), ...cleared]);
  return [...(all as T[]).filter(({ field }) => !gone.has(field)), ...anew];
}

/** The forms of a service. */
export const formsOf = (service: string): Projection =>
  projection({
    name: `${service}_forms`,
    from: [formContract(service)],
    table: formTable,
  })({
    FormSubmitted: (_, event): FormRow => {
      const { templateId, version, subject, accountId, answers, texts, completeness, score } = event.data;
      return {
        tenant_id: event.tenantId,
        id: event.id,
        revision: event.revision,
        template_id: templateId,
        version,
        subject_kind: subject.kind,
        subject_id: subject.id,
        account_id: accountId ?? null,
        answers,
        texts,
        completeness,
        score: score ?? null,
        steps: [step(event, event.data, FIRST)],
        submitted_by: event.actor,
        submitted_at: event.occurredAt,
        erased_at: null,
        changed_at: event.recordedAt,
      };
    },
    FormCorrected: (row, event) => {
      const { answers, texts, cleared, completeness, score, supersedes, reason } = event.data;
      return (
        row && {
          ...row,
          answers: changed(row.answers, answers, cleared),
          texts: changed(row.texts, texts, cleared),
          completeness,
          score: score ?? null,
          steps: [...(row.steps as Step[]), step(event, event.data, { supersedes, reason, cleared })],
          changed_at: event.recordedAt,
        }
      );
    },
    FormErased: (row, { occurredAt, recordedAt }) => row && { ...row, erased_at: occurredAt, changed_at: recordedAt },
  });
