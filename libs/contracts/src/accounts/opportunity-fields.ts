// What the parts of an opportunity have alike.
import { z } from 'zod';
import { field } from '../define';
import { code, foreignKey, instant, text, uuid } from '../values';

export const opportunityId = field(uuid(), 'Opportunity', '商机');
export const accountId = field(uuid(), 'Account', '客户');
export const ownerId = field(text(255), 'Owner', '负责人', 'Who of us, as the token names them: `sub`.');
export const competitorId = field(
  foreignKey(120),
  'Competitor',
  '竞争对手',
  'A company, by the key or name that is used for it.',
);
export const reason = field(text(500), 'Reason', '原因', 'Why; of the business and of no person.');
/** The next milestone that can be late, for the timer. */
export const nextDueAt = field(instant(), 'Next due', '下一到期时间').nullable();
export const milestone = z.strictObject({
  code: field(code(40), 'Code', '编号'),
  name: field(text(200), 'Name', '名称', 'What is to be there; of no person.'),
  dueAt: field(instant(), 'Due at', '到期时间'),
  ownerId: ownerId.optional(),
});

export const anOpportunity = {
  opportunityId: '0190f5a0-0000-7000-8000-0000000000d1',
  accountId: '0190f5a0-0000-7000-8000-000000000001',
};
