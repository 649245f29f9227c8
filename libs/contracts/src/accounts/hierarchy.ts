// 客户层级: who belongs to whom, since when. One ledger a tenant, because "no cycle" is a rule over all links.
import { z } from 'zod';
import { command, contract, event, field } from '../define';
import { localDate, text, uuid } from '../values';
import { unknownAccount } from './account';

const accountId = field(uuid(), 'Account', '客户');
const parentId = field(uuid(), 'Parent', '上级客户');
const linkType = field(z.enum(['subsidiary', 'branch', 'division']), 'Kind of link', '隶属类型');
const validFrom = field(localDate(), 'Valid from', '生效日期');
const validTo = field(localDate(), 'Valid to', '失效日期', 'The first day on which the link is not there.');

const child = '0190f5a0-0000-7000-8000-000000000001';
const parent = '0190f5a0-0000-7000-8000-000000000002';

export const hierarchyContract = contract({
  name: 'hierarchy',
  plural: 'hierarchy',
  label: { en: 'Account hierarchy', zh: '客户层级' },
  description: 'Which account is part of which, as of any day, without a circle.',
  ledger: true,

  commands: {
    Link: command({
      version: 1,
      label: { en: 'Link to parent', zh: '建立隶属关系' },
      description: 'Puts an account under a parent from a day on; a link that holds on that day ends there.',
      data: z.strictObject({ accountId, parentId, linkType, validFrom }),
      example: { accountId: child, parentId: parent, linkType: 'subsidiary', validFrom: '2024-07-01' },
    }),
    Unlink: command({
      version: 1,
      label: { en: 'Unlink from parent', zh: '解除隶属关系' },
      description: 'Ends the link that holds on that day.',
      data: z.strictObject({ accountId, validTo, reason: field(text(500), 'Reason', '原因').optional() }),
      example: { accountId: child, validTo: '2026-01-01', reason: 'Sold' },
    }),
  },

  events: {
    AccountHierarchyLinked: event({
      version: 1,
      label: { en: 'Hierarchy linked', zh: '隶属关系已建立' },
      description: 'An account is part of a parent, from one day on, perhaps to another.',
      public: 'account.hierarchy_linked',
      data: z.strictObject({ accountId, parentId, linkType, validFrom, validTo: validTo.nullable() }),
      example: { accountId: child, parentId: parent, linkType: 'subsidiary', validFrom: '2024-07-01', validTo: null },
    }),
    AccountHierarchyUnlinked: event({
      version: 1,
      label: { en: 'Hierarchy unlinked', zh: '隶属关系已解除' },
      description: 'A link ended.',
      public: 'account.hierarchy_unlinked',
      data: z.strictObject({ accountId, parentId, linkType, validFrom, validTo, reason: text(500).optional() }),
      example: {
        accountId: child,
        parentId: parent,
        linkType: 'subsidiary',
        validFrom: '2024-07-01',
        validTo: '2026-01-01',
        reason: 'Sold',
      },
    }),
  },

  refusals: {
    'unknown-account': unknownAccount,
    'hierarchy-cycle': {
      en: 'The account would stand above itself on some day. The accounts of the circle are in "path".',
      zh: '该隶属关系会形成循环，见 path。',
    },
    'not-linked': { en: 'The account has no parent on that day.', zh: '该客户在该日没有上级。' },
  },
});
export type HierarchyContract = typeof hierarchyContract;
