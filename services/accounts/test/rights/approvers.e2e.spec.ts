// Who decides an approval: whoever has the role that it names, at its account, and nobody else.
import { APPROVER_ROLES } from '@kams/contracts/kernel/approval';
import { ROLES, type Role } from '@kams/contracts/policy';
import { startTestServices, type TestServices } from '@kams/testing';
import { accountsService } from '../../src/accounts.module';
import { isInTable } from './expected';
import { ROOT, subjectOf, worldOf, type World } from './world';

const ALL = Object.keys(ROLES) as Role[];
const tenantId = 'approvers';

let kams: TestServices;
let world: World;
beforeAll(async () => {
  kams = await startTestServices([accountsService], { administrators: [{ tenantId: '*', subject: ROOT }] });
  world = await worldOf(kams, tenantId, ALL);
}, 60_000);
afterAll(() => kams?.stop());

const as = (subject: string) => ({ as: { subject, tenantId } });
async function asked(approverRole: Role, accountId?: string, by = ROOT): Promise<string> {
  const subject = { kind: 'account', id: world.own.account };
  const request = { subject, rule: 'over-limit', approverRole, ask: 'More', ...(accountId && { accountId }) };
  const { status, text, body } = await kams.post('/accounts-approvals', request, as(by));
  expect([status, text]).toEqual([201, expect.anything()]);
  return body.id;
}
const told = async (id: string, who: string, command = 'grant', data: object = {}) => {
  const { status, body } = await kams.post(`/accounts-approvals/${id}/${command}`, data, as(who));
  return status === 200 ? 'decided' : `${status} ${body.code}`;
};

function expected(held: Role, named: Role, whose: 'own' | 'other'): string {
  if (!isInTable(held, 'accounts_approval', 'Grant')) return '403 forbidden';
  if (whose === 'other' && ROLES[held].at === 'account') return '404 not-found';
  return held === named ? 'decided' : '403 not-the-approver';
}

test.each(ALL)('P18 %s decides what names this role, of the accounts that are theirs', async (held) => {
  for (const named of APPROVER_ROLES) {
    for (const whose of ['own', 'other'] as const) {
      for (const [command, data] of [
        ['grant', {}],
        ['reject', { reason: 'No' }],
      ] as const) {
        const id = await asked(named, world[whose].account);
        const answer = await told(id, subjectOf(held), command, data);
        expect([named, whose, command, answer]).toEqual([named, whose, command, expected(held, named, whose)]);
      }
    }
  }
});

test('each role that may be named may decide by the policy', () => {
  for (const role of APPROVER_ROLES) expect([role, isInTable(role, 'accounts_approval', 'Grant')]).toEqual([role, true]);
});

test('a role at one account is none at another that is reached by a second role', async () => {
  await kams.post('/role-assignments', { subjectId: 'two-roles', role: 'finance' }, as(ROOT));
  const member = { accountId: world.group, memberId: 'two-roles', role: 'executive_sponsor' };
  expect((await kams.post('/account-teams', member, as(ROOT))).status).toBeLessThan(300);
  expect(await told(await asked('executive_sponsor', world.other.account), 'two-roles')).toBe('403 not-the-approver');
  expect(await told(await asked('executive_sponsor', world.own.account), 'two-roles')).toBe('decided');
  expect(await told(await asked('finance', world.other.account), 'two-roles')).toBe('decided');
});

test('what belongs to no account is decided by a role of the whole tenant', async () => {
  const id = await asked('finance');
  expect(await told(id, subjectOf('executive_sponsor'))).toBe('404 not-found');
  expect(await told(id, subjectOf('compliance_officer'))).toBe('403 not-the-approver');
  expect(await told(id, subjectOf('finance'))).toBe('decided');
});

test('who asks decides nothing, also with the role that decides', async () => {
  const sponsor = subjectOf('executive_sponsor');
  const id = await asked('executive_sponsor', world.own.account, sponsor);
  expect(await told(id, sponsor)).toBe('409 four-eyes');
});

test('a role that is given decides with the next request, and one that is taken no more', async () => {
  const [first, second] = [await asked('finance', world.own.account), await asked('finance', world.own.account)];
  const grant = { subjectId: 'wang', role: 'finance' };
  expect(await told(first, 'wang')).toBe('403 forbidden');
  await kams.post('/role-assignments', grant, as(ROOT));
  expect(await told(first, 'wang')).toBe('decided');
  await kams.post('/role-assignments', { subjectId: 'wang', role: 'compliance_officer' }, as(ROOT));
  await kams.post('/role-assignments/revoke', { ...grant, reason: 'left' }, as(ROOT));
  expect(await told(second, 'wang')).toBe('403 not-the-approver');
});
