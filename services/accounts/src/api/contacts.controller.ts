import { Controller, Res } from '@nestjs/common';
import { personFields } from '@kams/contracts/accounts/contact';
import { text, uuid } from '@kams/contracts/values';
import { comparable, type RowOf } from '@kams/eventing';
import { Asked, list, one, paging, Problem, Read, Runtime, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { contacts, contactTable } from '../projections/contacts';
import { SCHEMA } from '../schema';
import { contactFile, contactPage } from './answers';

const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('registeredAt').default('registeredAt'),
  accountId: uuid().optional(),
  role: z.string().max(40).optional(),
});

const searchBody = z.strictObject({
  limit: z.int().min(1).max(200).default(50),
  cursor: paging.cursor,
  accountId: uuid().optional(),
  name: text(120).optional().meta({ description: 'Part of a name; case, width and blanks do not matter.' }),
  email: personFields.email.optional(),
  phone: personFields.phone.optional(),
});

const FROM = { schema: SCHEMA, table: contactTable, account: 'account_id' } as const;
type ContactRow = RowOf<typeof contactTable>;

@Controller('contacts')
export class ContactsController {
  constructor(private readonly runtime: Runtime) {}

  @Read('', {
    summary: 'Contacts',
    resource: 'contact',
    account: 'accountId',
    query: listQuery,
    answer: contactPage,
    shows: [contacts],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const { accountId, role, sort, limit, cursor } = query;
    const page = await list(reader, {
      ...FROM,
      equal: { accountId, role },
      sort,
      limit,
      cursor,
    });
    return { items: await Promise.all(page.items.map((row) => this.item(row))), next: page.next };
  }

  @Read('search', {
    summary: 'Contacts by what is known of the person',
    resource: 'contact',
    account: 'accountId',
    asksBy: { name: 'person.name', email: 'person.email', phone: 'person.phone' },
    description: 'By a part of the name, by e-mail or by phone. A POST, because an address with a name in it would be logged.',
    body: searchBody,
    answer: contactPage,
    shows: [contacts],
  })
  async search(@Asked() { body, reader }: AskedFor<z.ZodObject, typeof searchBody>) {
    const { accountId, name, email, phone, limit, cursor } = body;
    const { vault } = this.runtime;
    const words = {
      ...(name !== undefined && { name: vault.wordsOf(reader.tenantId, 'part', name) }),
      ...(email !== undefined && { email: vault.wordsOf(reader.tenantId, 'whole', email) }),
      ...(phone !== undefined && { phone: vault.wordsOf(reader.tenantId, 'whole', phone) }),
    };
    if (Object.keys(words).length === 0) {
      throw new Problem('invalid', { errors: [{ pointer: '/name', reason: 'give name, email or phone' }] });
    }
    const page = await list(reader, {
      ...FROM,
      equal: { accountId },
      where: [{ sql: 'words @> ?', values: [JSON.stringify(words)] }],
      sort: 'registered_at',
      limit,
      cursor,
    });
    const found = await Promise.all(page.items.map((row) => this.item(row)));
    // The words of a name may be those of another one with the same pairs of letters.
    const sought = comparable(name ?? '');
    return { items: found.filter(({ person }) => comparable(person['name'] ?? '').includes(sought)), next: page.next };
  }

  @Read(':id', {
    summary: 'The file of a contact',
    resource: 'contact',
    account: 'accountId',
    answer: contactFile,
    shows: [contacts],
  })
  async file(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return { ...(await this.item(row)), consents: Object.values(row.consents as object) };
  }

  /** A row with what is personal open. */
  private async item(row: ContactRow) {
    const values = Object.entries(row.person as Readonly<Record<string, string>>);
    const person = await Promise.all(
      values.map(async ([name, value]) => [name, await this.runtime.vault.openText(row.tenant_id, value)] as const),
    );
    return {
      id: row.id,
      revision: row.revision,
      accountId: row.account_id,
      person: Object.fromEntries(person) as Record<string, string>,
      role: row.role,
      power: row.power,
      stance: row.stance,
      reportsTo: row.reports_to,
      departedOn: row.departed_on,
      pseudonym: row.pseudonym,
      registeredAt: row.registered_at,
      changedAt: row.changed_at,
    };
  }
}
