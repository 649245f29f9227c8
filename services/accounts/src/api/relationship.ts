// How good the relationship with an account was at an instant (F-14 to F-16), from what was judged, who decides there, and when we
// were in touch.
import { holdsSql, type RowOf } from '@kams/eventing';
import { groupedBy } from '@kams/eventing/grouped-by';
import { DAY_MS } from '@kams/methods/dates';
import {
  ASSESSORS_OF_TIER,
  concentration,
  HALF_LIFE_DAYS,
  relationshipIndex,
  relationshipQuality,
  SINGLE_THREAD_FROM,
  type Dimensions,
} from '@kams/methods/relationship';
import { quote, type Reader } from '@kams/platform';
import { accountHistory } from '../projections/account-history';
import { buyingCentreHistory } from '../projections/buying-centre-history';
import { contactTable } from '../projections/contacts';
import { interactionTable } from '../projections/interactions';
import { judgementTable } from '../projections/relationship-judgements';
import { relationshipTable } from '../projections/relationships';
import { SCHEMA } from '../schema';
import type { AtDates } from './tiers';

const [CENTRE, CONTACTS, ACCOUNT, JUDGED, TALKS, RELATIONS] = [
  buyingCentreHistory.table,
  contactTable,
  accountHistory.table,
  judgementTable,
  interactionTable,
  relationshipTable,
].map(({ name }) => `${quote(SCHEMA)}.${quote(name)}`);
/** 组织关系 looks back a year. */
const MEETINGS_DAYS = 365;
const MEETINGS = ['meeting', 'visit'];
const DECIDE = ['decision_maker', 'approver'];

interface InCentre {
  readonly contactId: string;
  readonly role: string;
  readonly power: number;
}
type Judgement = Pick<RowOf<typeof judgementTable>, 'contact_id' | 'by'> & { judged: Dimensions; occurred_at: Date };
interface Talk {
  readonly kind: string;
  readonly occurred_at: Date;
  readonly participants: readonly ({ readonly contactId: string } | { readonly userId: string })[];
}

const inCentre = (reader: Reader, accountId: string, { asOf, known }: AtDates): Promise<InCentre[]> =>
  reader.query(
    `select key as "contactId", attributes->'role'->>'role' as role, (attributes->'role'->>'power')::int as power
       from (select key, jsonb_object_agg(a.name, a.value) as attributes
               from ${CENTRE} h, jsonb_each(h.attributes) a(name, value)
              where tenant_id = $1 and ${holdsSql('h', 3, 4)}
                and key in (select id::text from ${CONTACTS} where tenant_id = $1 and account_id = $2)
              group by key) it
      where attributes ? 'role' and not attributes ? 'departed' order by key`,
    [reader.tenantId, accountId, asOf, known],
  );

/** Of each assessor the newest that still counts, by contact. */
async function judgements(reader: Reader, accountId: string, { asOf, known }: AtDates) {
  const rows = await reader.query<Judgement>(
    `select distinct on (contact_id, by) contact_id, by, judged, occurred_at from ${JUDGED}
      where tenant_id = $1 and account_id = $2 and occurred_at <= $3 and recorded_at <= $4
        and occurred_at > $3::timestamptz - make_interval(days => $5)
      order by contact_id, by, occurred_at desc, recorded_at desc`,
    [reader.tenantId, accountId, asOf, known, HALF_LIFE_DAYS],
  );
  return groupedBy(rows, (it) => it.contact_id);
}

const talks = (reader: Reader, accountId: string, { asOf, known }: AtDates, days: number): Promise<Talk[]> =>
  reader.query(
    `select kind, occurred_at, participants from ${TALKS}
      where tenant_id = $1 and account_id = $2 and status = 'logged' and direction = 'two_way'
        and occurred_at <= $3 and occurred_at > $3::timestamptz - make_interval(days => $5) and logged_at <= $4
      order by occurred_at desc, id`,
    [reader.tenantId, accountId, asOf, known, days],
  );

/** The last that was said of this or an earlier instant; what was told late takes its place among the others. */
async function stageAt(reader: Reader, accountId: string, { asOf, known }: AtDates): Promise<string | null> {
  const [row] = await reader.query<{ stage: string }>(
    `select it.stage from ${RELATIONS} r, jsonb_to_recordset(r.stages) it(stage text, at timestamptz, "recordedAt" timestamptz)
      where tenant_id = $1 and account_id = $2 and it.at <= $3 and it."recordedAt" <= $4
      order by it.at desc, it."recordedAt" desc limit 1`,
    [reader.tenantId, accountId, asOf, known],
  );
  return row?.stage ?? null;
}

async function assessorsNeeded(reader: Reader, accountId: string, { asOf, known }: AtDates): Promise<number> {
  const [row] = await reader.query<{ tier: string | null }>(
    `select max(attributes->>'tier') as tier from ${ACCOUNT} h where tenant_id = $1 and key = $2 and ${holdsSql('h', 3, 4)}`,
    [reader.tenantId, accountId, asOf, known],
  );
  return ASSESSORS_OF_TIER[row?.tier ?? ''] ?? 1;
}

const counted = (all: readonly string[]): readonly number[] => [...groupedBy(all, (it) => it).values()].map((it) => it.length);
const thread = (all: readonly string[]) => {
  const share = concentration(counted(all));
  return { concentration: share, isSingle: share !== null && Number(share) > SINGLE_THREAD_FROM };
};

/** F-15 in its three layers, and per contact what it is made of. @param windowDays in which a contact counts as reached */
export async function relationshipAt(reader: Reader, accountId: string, at: AtDates, windowDays: number) {
  const [stage, centre, judged, met, needed] = await Promise.all([
    stageAt(reader, accountId, at),
    inCentre(reader, accountId, at),
    judgements(reader, accountId, at),
    talks(reader, accountId, at, MEETINGS_DAYS),
    assessorsNeeded(reader, accountId, at),
  ]);
  const end = Date.parse(at.asOf);
  const daysSince = (instant: Date) => (end - instant.getTime()) / DAY_MS;
  const inWindow = met.filter((it) => daysSince(it.occurred_at) < windowDays);
  const contactsOf = (it: Talk) => it.participants.flatMap((one) => ('contactId' in one ? [one.contactId] : []));
  const usersOf = (it: Talk) => it.participants.flatMap((one) => ('userId' in one ? [one.userId] : []));

  const contacts = centre.map(({ contactId, role, power }) => {
    const all = judged.get(contactId) ?? [];
    const found = all.length === 0 ? undefined : relationshipQuality(all.map((it) => it.judged));
    const newest = Math.max(...all.map((it) => it.occurred_at.getTime()));
    const last = met.find((it) => contactsOf(it).includes(contactId))?.occurred_at;
    const quality = found && {
      score: found.score,
      dims: found.dims,
      assessorIds: all.map((it) => it.by).sort(),
      wanting: Math.max(0, needed - all.length),
      isDisputed: found.isDisputed,
      assessedAt: new Date(newest).toISOString(),
    };
    return {
      ...{ contactId, role, power },
      quality: quality ?? null,
      lastContactAt: last?.toISOString() ?? null,
      isReached: last !== undefined && daysSince(last) < windowDays,
    };
  });
  const indexOf = (some: typeof contacts) =>
    relationshipIndex(
      some.map(({ power, isReached, quality }) => ({
        influence: power,
        isReached,
        ...(quality?.wanting === 0 && { quality: { score: quality.score, days: daysSince(new Date(quality.assessedAt)) } }),
      })),
    );
  const deciding = contacts.filter((it) => DECIDE.includes(it.role));
  const isWithThem = (it: Talk) => deciding.some(({ contactId }) => contactsOf(it).includes(contactId));
  return {
    stage,
    ...indexOf(contacts),
    layers: {
      breadth: { mapped: contacts.length, reached: contacts.filter((it) => it.isReached).length },
      key: { index: indexOf(deciding).index },
      organisation: { meetings: met.filter((it) => MEETINGS.includes(it.kind) && isWithThem(it)).length },
    },
    singleThread: { byUs: thread(inWindow.flatMap(usersOf)), byThem: thread(inWindow.flatMap(contactsOf)) },
    contacts,
  };
}
