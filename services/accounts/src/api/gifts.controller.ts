import { Controller, Res } from '@nestjs/common';
import { giftPolicyContent } from '@kams/contracts/accounts/gift-policy';
import { money, uuid } from '@kams/contracts/values';
import type { RowOf } from '@kams/eventing';
import { naturalId } from '@kams/eventing/pure';
import {
  asInstant,
  asOfAndKnownAt,
  Asked,
  list,
  one,
  pageOf,
  paging,
  Problem,
  Read,
  Runtime,
  sortBy,
  type AskedFor,
  type Reader,
} from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { giftPolicyAt } from '../domain/gift-policy';
import { contacts, contactTable } from '../projections/contacts';
import { giftMovements } from '../projections/gift-movements';
import { giftPolicies, giftPolicyTable, type GiftPolicyVersion } from '../projections/gift-policies';
import { gifts, giftTable } from '../projections/gifts';
import { SCHEMA } from '../schema';

const status = z.enum(['requested', 'approved', 'rejected', 'delivered', 'returned', 'lapsed']);
const instant = z.iso.datetime({ precision: null });
const text = z.string().meta({ description: '`[erased]` once the recipient is forgotten.' });

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('requestedAt', 'lapsesAt', 'value').default('-requestedAt'),
  status: status.optional(),
  accountId: uuid().optional(),
  recipient: uuid().optional().meta({ description: 'The pseudonym, as the answers have it.' }),
  requestedBy: z.string().max(255).optional(),
});
const ledgerQuery = z.strictObject({ asOf: asOfAndKnownAt.asOf });

const giftItem = z.object({
  id: z.uuid(),
  ledgerId: z.uuid(),
  accountId: z.uuid(),
  recipient: z.uuid().meta({ description: 'The pseudonym of the contact; it stays when the person is forgotten.' }),
  status,
  value: money(),
  what: text,
  occasion: text.nullable(),
  requestedBy: z.string(),
  requestedAt: instant,
  approverId: z.string().nullable(),
  approverRole: z.string().nullable(),
  policyVersion: z.int().meta({ description: 'Of the policy that decided last; 0: the default.' }),
  lapsesAt: instant,
  approvedAt: instant.nullable(),
  deliveredAt: instant.nullable(),
  countsUntil: instant.nullable().meta({ description: 'From this instant on it takes nothing of the cap.' }),
  endedAt: instant.nullable(),
  reason: text.nullable(),
  changedAt: instant,
});

const ledger = z.object({
  accountId: z.uuid(),
  recipient: z.uuid(),
  asOf: instant,
  policyVersion: z.int(),
  cap: money(),
  used: money(),
  left: money(),
  movements: z
    .array(
      z.object({
        giftId: z.uuid(),
        at: instant,
        what: z.enum(['reserved', 'delivered', 'returned', 'lapsed', 'out_of_window']),
        currency: z.string(),
        change: z.int(),
        used: z.int(),
      }),
    )
    .meta({ description: 'What each gift took of the cap and gave back, the oldest first, with what was used after it.' }),
});

const policyVersion = z.object({ version: z.int(), content: giftPolicyContent, publishedAt: instant.nullable() });
const policyFile = z.object({
  revision: z.int().nullable(),
  inForce: policyVersion.meta({ description: 'Version 0 is the default, until another one is published.' }),
  versions: z.array(policyVersion),
});

const FROM = { schema: SCHEMA, table: giftTable, account: 'account_id' } as const;
type GiftRow = RowOf<typeof giftTable>;

const LEDGER = {
  resource: 'gift_ledger',
  account: 'accountId',
  query: ledgerQuery,
  answer: ledger,
  description: 'What was reserved, given and released, and how much of the cap is used, as of a day or an instant.',
} as const;

/** Of gifts by themselves, by their recipient, and of their policy. */
@Controller()
export class GiftsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('gifts', {
    summary: 'Gifts',
    resource: 'gift_ledger',
    account: 'accountId',
    query: listQuery,
    answer: pageOf(giftItem),
    shows: [gifts],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { sort, limit, cursor, ...equal } = query;
    const page = await list(reader, { ...FROM, equal, sort, limit, cursor });
    return { items: await Promise.all(page.items.map((row) => this.item(row))), next: page.next };
  }

  @Read('gifts/:id', { summary: 'A gift', resource: 'gift_ledger', account: 'accountId', answer: giftItem, shows: [gifts] })
  async file(@Asked() { id, reader }: AskedFor) {
    return this.item(await one(reader, FROM, id));
  }

  @Read('contacts/:id/gifts', {
    ...LEDGER,
    summary: 'The gift ledger of a contact, who may be forgotten',
    shows: [gifts, giftPolicies, contacts],
  })
  async ofContact(@Asked() { id, reader, query }: AskedFor<typeof ledgerQuery>) {
    const { account_id } = await one(reader, { schema: SCHEMA, table: contactTable, account: 'account_id' }, id);
    return this.ledger(reader, account_id, naturalId(reader.tenantId, 'pseudonym', [id]), query.asOf);
  }

  @Read('gift-ledgers/:id', { ...LEDGER, summary: 'A gift ledger by its own id', shows: [gifts, giftPolicies] })
  async ofLedger(@Asked() { id, reader, query }: AskedFor<typeof ledgerQuery>) {
    const { items } = await list(reader, { ...FROM, equal: { ledgerId: id }, sort: 'requestedAt', limit: 1 });
    const [first] = items;
    if (!first) throw new Problem('not-found');
    return this.ledger(reader, first.account_id, first.recipient, query.asOf);
  }

  @Read('gift-policy', { summary: 'The caps of gifts', resource: 'gift_policy', answer: policyFile, shows: [giftPolicies] })
  async policy(@Asked() { reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await policyOf(reader);
    if (row) reply.header('etag', `"${row.revision}"`);
    const versions = (row?.versions ?? []) as GiftPolicyVersion[];
    const { version, content } = giftPolicyAt({ is: 'policy', versions }, this.runtime.now().toISOString());
    const publishedAt = versions.find((it) => it.version === version)?.publishedAt ?? null;
    return { revision: row?.revision ?? null, inForce: { version, content, publishedAt }, versions };
  }

  private async ledger(reader: Reader, accountId: string, recipient: string, asked: string | undefined) {
    const asOf = asInstant(asked, this.runtime.now().toISOString());
    const movements = await giftMovements(reader, SCHEMA, recipient, asOf);
    const versions = ((await policyOf(reader))?.versions ?? []) as GiftPolicyVersion[];
    const { version: policyVersion, content } = giftPolicyAt({ is: 'policy', versions }, asOf);
    const { currency, perRecipient: cap } = content;
    const used = movements.findLast((it) => it.currency === currency)?.used ?? 0;
    const inCurrency = (minor: number) => ({ minor, currency });
    return {
      accountId,
      recipient,
      asOf,
      policyVersion,
      cap: inCurrency(cap),
      used: inCurrency(used),
      left: inCurrency(Math.max(0, cap - used)),
      movements,
    };
  }

  /** A row with what is personal open. */
  private async item({ tenant_id, ...row }: GiftRow) {
    const opened = <T extends string | null>(value: T) => this.runtime.vault.openText(tenant_id, value);
    return {
      id: row.id,
      ledgerId: row.ledger_id,
      accountId: row.account_id,
      recipient: row.recipient,
      status: row.status,
      value: { minor: row.value, currency: row.ccy },
      what: await opened(row.what),
      occasion: await opened(row.occasion),
      requestedBy: row.requested_by,
      requestedAt: row.requested_at,
      approverId: row.approver_id,
      approverRole: row.approver_role,
      policyVersion: row.policy_version,
      lapsesAt: row.lapses_at,
      approvedAt: row.approved_at,
      deliveredAt: row.delivered_at,
      countsUntil: row.counts_until,
      endedAt: row.ended_at,
      reason: await opened(row.reason),
      changedAt: row.changed_at,
    };
  }
}

/** The policy of a tenant; undefined: none was published. */
async function policyOf(reader: Reader) {
  const { items } = await list(reader, { schema: SCHEMA, table: giftPolicyTable, account: null, sort: 'id', limit: 1 });
  return items[0];
}
