import { Controller } from '@nestjs/common';
import type { RowOf } from '@kams/eventing';
import { Asked, list, one, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import { z } from 'zod';
import { roleAssignments, roleAssignmentTable, type GrantedAs } from '../projections/role-assignments';
import { SCHEMA } from '../schema';
import { roleAssignmentItem, roleAssignmentPage } from './answers';

const FROM = { schema: SCHEMA, table: roleAssignmentTable, account: null } as const;
const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('subject').default('subject'),
  subject: z.string().max(255).optional(),
});

const item = ({ id, revision, subject, roles, changed_at }: RowOf<typeof roleAssignmentTable>) => ({
  id,
  revision,
  subject,
  roles: roles as readonly GrantedAs[],
  changedAt: changed_at,
});

@Controller('role-assignments')
export class RoleAssignmentsController {
  @Read('', {
    summary: 'Who has been given which roles',
    resource: 'role_assignment',
    query: listQuery,
    answer: roleAssignmentPage,
    shows: [roleAssignments],
  })
  async list(@Asked() { query: { subject, ...query }, reader }: AskedFor<typeof listQuery>) {
    const page = await list(reader, { ...FROM, equal: { subject }, ...query });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'The roles of a subject',
    resource: 'role_assignment',
    answer: roleAssignmentItem,
    shows: [roleAssignments],
  })
  async one(@Asked() { id, reader }: AskedFor) {
    return item(await one(reader, FROM, id));
  }
}
