import { Controller } from '@nestjs/common';
import { Asked, itemOf, list, one, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import { z } from 'zod';
import { roleAssignments, roleAssignmentTable } from '../projections/role-assignments';
import { SCHEMA } from '../schema';
import { roleAssignmentItem, roleAssignmentPage } from './answers';

const FROM = { schema: SCHEMA, table: roleAssignmentTable, account: null } as const;
const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('subject').default('subject'),
  subject: z.string().max(255).optional(),
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
    return { items: page.items.map(itemOf), next: page.next };
  }

  @Read(':id', {
    summary: 'The roles of a subject',
    resource: 'role_assignment',
    answer: roleAssignmentItem,
    shows: [roleAssignments],
  })
  async one(@Asked() { id, reader }: AskedFor) {
    return itemOf(await one(reader, FROM, id));
  }
}
