// The generator, without a server: what it gives, that it is sound, and that the story holds whatever the day and the seed.
import { accountsService } from '@kams/accounts';
import { accountsContracts } from '@kams/contracts/accounts';
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { contactContract } from '@kams/contracts/accounts/contact';
import { scoringModelContract, type ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import type { CommandContract, CommandData } from '@kams/contracts/define';
import { commandHandler, memoryPersonKeys, Vault, type Answer } from '@kams/eventing';
import { memoryStore } from '@kams/eventing/store/memory';
import { sum, lineAmount } from '@kams/methods/money';
import { unifiedSocialCreditCode } from '@kams/methods/names';
import { checkModel } from '@kams/methods/scorecard';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Running } from '@kams/platform/run/run-service';
import { DEVELOPER } from '../src/cli/connection';
import { ACCOUNTS, CORRECTIONS, SOLD } from '../src/sample/accounts';
import { accountId, purchaseId, TENANT } from '../src/sample/act';
import { at, dayBefore, endOfYearFrom, weekOf, workdays } from '../src/sample/calendar';
import { sampleCommands, type SampleCommand } from '../src/sample/commands';
import { contactId, DEPARTED, PEOPLE } from '../src/sample/contacts';
import { SEED } from '../src/sample/load';
import { CANCELLED } from '../src/sample/purchases';
import { showSample } from '../src/sample/show';
import { APPROVED, DEMOTED } from '../src/sample/value';

type Record = CommandData<typeof purchaseContract, 'Record'>;

const ENDS_ON = '2026-03-01';
const commands = sampleCommands(SEED, ENDS_ON);
const purchasesIn = (all: readonly SampleCommand[]): readonly Record[] =>
  all.filter((it) => it.type === 'Record').map((it) => it.data as Record);
const purchases = purchasesIn(commands);
const amountOf = ({ lines }: Pick<Record, 'lines'>): number =>
  sum(
    lines.map((it) => lineAmount(it.qty, it.unitPrice, 'CNY')),
    'CNY',
  ).minor;

test('the same seed and day give the same commands; another seed gives other purchases of the same accounts', () => {
  expect(sampleCommands(SEED, ENDS_ON)).toEqual(commands);
  const other = sampleCommands(SEED + 1, ENDS_ON);
  expect(purchasesIn(other)).not.toEqual(purchases);
  const registered = (all: readonly SampleCommand[]) => all.filter((it) => it.type === 'Register');
  expect(registered(other)).toEqual(registered(commands));
});

test('every command is valid by its contract, and stands in it as it will be stored', () => {
  for (const { aggregate, type, data } of commands) {
    const contract = accountsContracts.find((it) => it.name === aggregate)!;
    const definition = (contract.commands as unknown as { [name: string]: CommandContract })[type]!;
    expect(definition.data.parse(data)).toEqual(data);
  }
});

test('a command has an id of its own, is given by a role, and belongs to the tenant of the command line', () => {
  expect(new Set(commands.map((it) => it.commandId)).size).toBe(commands.length);
  expect(TENANT).toBe(DEVELOPER.tenantId);
  for (const { actor, tenantId } of commands) expect([actor, tenantId]).toEqual([expect.stringMatching(/^sample-/), TENANT]);
});

test('figures are rated by the controller, judgements by the manager of the account', () => {
  const raters = groupBy(
    commands.filter((it) => it.type === 'RateCriterion'),
    (it) => (it.data as { code: string }).code,
  );
  const of = (code: string) => new Set(raters.get(code)!.map((it) => it.actor));
  expect(raters.size).toBe(11);
  expect([of('revenue'), of('growth'), of('margin')]).toEqual(Array(3).fill(new Set(['sample-controller-1'])));
  expect(of('influence')).toEqual(new Set(['sample-kam-1', 'sample-kam-2', 'sample-kam-3']));
});

test('all is told in order, within 52 weeks that end with the day that was named', () => {
  const instants = commands.map((it) => it.occurredAt);
  expect(instants).toEqual(instants.toSorted());
  expect(instants[0]).toBe(at('2025-03-03', '09:00'));
  expect(instants.at(-1)! < at('2026-03-01', '00:00')).toBe(true);
  for (const { aggregate, type, data, occurredAt } of commands) {
    if (aggregate === 'purchase')
      expect(occurredAt).toBe(type === 'Record' ? (data as Record).txnAt : (data as { reversedAt: string }).reversedAt);
  }
});

test.each(['2026-02-27', '2026-02-28', '2026-03-01', '2028-02-29'])(
  'a year that ends on %s is found again from its first working day',
  (endsOn) => {
    const days = workdays(endsOn);
    expect(days).toHaveLength(260);
    expect(workdays(endOfYearFrom(at(days[0], '10:00')))).toEqual(days);
  },
);

test('the year ends on the day before the start, by the clocks of Shanghai', () => {
  expect(dayBefore(new Date('2026-03-01T15:59:59Z'))).toBe('2026-02-28');
  expect(dayBefore(new Date('2026-03-01T16:00:00Z'))).toBe('2026-03-01');
});

test('there are 24 accounts in five groups, half of them with Chinese names, each with a name and keys of its own', () => {
  const registered = commands
    .filter((it) => it.aggregate === 'account' && it.type === 'Register')
    .map((it) => it.data as { profile: { name: string; country: string } });
  expect(new Set(registered.map((it) => it.profile.name)).size).toBe(24);
  const chinese = registered.filter((it) => /^\p{Script=Han}+(股份)?有限公司$/u.test(it.profile.name));
  expect(chinese).toHaveLength(12);
  expect(chinese.every((it) => it.profile.country === '中国')).toBe(true);

  const children = commands.filter((it) => it.type === 'Link').map((it) => (it.data as { accountId: string }).accountId);
  expect(ACCOUNTS.filter((it) => !children.includes(accountId(it.key)))).toHaveLength(5);
  expect(children.filter((it) => it === accountId(SOLD.child))).toHaveLength(2);
});

test('each account has two to five people: one decides, the others report there, and each has a mailbox of its own', () => {
  const people = groupBy(PEOPLE, (it) => it.key);
  expect([...people.keys()]).toEqual(ACCOUNTS.map((it) => it.key));
  for (const at of people.values()) {
    expect(at.length).toBeGreaterThanOrEqual(2);
    expect(at.length).toBeLessThanOrEqual(5);
    expect(at.filter((it) => it.role === 'decision_maker')).toHaveLength(1);
  }
  expect(new Set(PEOPLE.map((it) => it.mailbox)).size).toBe(PEOPLE.length);

  const saidOf = (type: string) => commands.filter((it) => it.aggregate === contactContract.name && it.type === type);
  expect(saidOf('Register').map((it) => it.id)).toEqual(PEOPLE.map((it) => contactId(it.mailbox)));
  const roles = saidOf('SetRole').map((it) => it.data as { role: string; reportsTo?: string });
  expect(new Set(roles.map((it) => it.role)).size).toBe(6);
  expect(roles.filter((it) => it.role === 'decision_maker' || it.reportsTo === undefined)).toHaveLength(24);
  const consents = groupBy(saidOf('ChangeConsent'), (it) => (it.data as { status: string }).status);
  expect([...consents.keys()].sort()).toEqual(['granted', 'refused']);
  expect(saidOf('ChangeConsent').length).toBeLessThan(PEOPLE.length);
  expect(saidOf('Depart')).toMatchObject([{ id: contactId(DEPARTED.mailbox) }]);
});

test('nobody can be written to or called: mail goes to example domains, and the numbers are kept for fiction', () => {
  for (const { data } of commands.filter((it) => it.aggregate === contactContract.name && it.type === 'Register')) {
    const { email, phone } = (data as { person: { email: string; phone: string } }).person;
    expect(email).toMatch(/\.example$/);
    expect(phone).toMatch(/^\+(8612\d{9}|447700900\d{3})$/);
  }
});

test('credit codes have the right check characters, of a region that has no number', () => {
  const codes = ACCOUNTS.map((it) => it['credit code']).filter((it) => it !== '');
  expect(codes).toHaveLength(12);
  for (const code of codes) expect(unifiedSocialCreditCode(code)).toMatch(/^91000000/);
});

test('both versions of the model are sound, have the same eleven criteria and other weights', () => {
  const contents = commands
    .filter((it) => it.aggregate === scoringModelContract.name && 'content' in it.data)
    .map((it) => (it.data as { content: ScoringModelContent }).content);
  expect(contents.map(checkModel)).toEqual([[], []]);
  const [first, second] = contents.map((it) => it.criteria);
  expect(first!.map((it) => it.code)).toEqual(second!.map((it) => it.code));
  expect(first).toHaveLength(11);
  expect(first!.map((it) => it.weight)).not.toEqual(second!.map((it) => it.weight));
});

test('about 1,500 purchases of one to eight lines, in CNY', () => {
  expect(purchases.length).toBeGreaterThan(1_400);
  expect(purchases.length).toBeLessThan(1_650);
  const counts = new Set(purchases.map((it) => it.lines.length));
  expect([Math.min(...counts), Math.max(...counts)]).toEqual([1, 8]);
  expect(new Set(purchases.map((it) => it.ccy))).toEqual(new Set(['CNY']));
});

test('a return comes later than the sale that it names, and gives back a part of it', () => {
  const sales = new Map(purchases.filter((it) => it.kind === 'sale').map((it) => [it.txnId, it]));
  const returns = purchases.filter((it) => it.kind === 'return');
  expect(returns.length).toBeGreaterThan(30);
  const whole = returns.filter((it) => {
    const sale = sales.get(it.reverses!)!;
    expect(it.txnAt > sale.txnAt).toBe(true);
    for (const { sku, qty } of it.lines) {
      expect(-qty).toBeGreaterThan(0);
      expect(-qty).toBeLessThanOrEqual(sale.lines.find((line) => line.sku === sku)!.qty);
    }
    return amountOf(it) === -amountOf(sale);
  });
  expect(whole.map((it) => it.txnId)).toEqual([`RT-${ACCOUNTS.find((it) => it.key === CANCELLED.key)!.no}-900`]);
});

test('a correction is dated back, so that it was so before it was known', () => {
  const corrections = commands.filter((it) => it.type === 'UpdateProfile');
  expect(corrections).toHaveLength(CORRECTIONS.length);
  for (const { occurredAt, data } of corrections) {
    expect((data as { validFrom: string }).validFrom < occurredAt.slice(0, 10)).toBe(true);
  }
});

function groupBy<T, K>(items: readonly T[], keyOf: (it: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const it of items) groups.set(keyOf(it), [...(groups.get(keyOf(it)) ?? []), it]);
  return groups;
}

describe.each([
  [SEED, '2026-03-01'],
  [7, '2028-02-29'],
])('carried out with seed %d to %s, the streams of each week last come first', (seed, endsOn) => {
  const store = memoryStore();
  const hashKey = Buffer.alloc(32, 7);
  const { handle } = commandHandler({ store, hashKey, vault: new Vault(memoryPersonKeys(), hashKey) });
  const aggregates = new Map(accountsService.aggregates.map((it) => [it.contract.name, it]));
  const outcomes: Answer['outcome'][] = [];
  const carryOut = async (it: SampleCommand) => void outcomes.push((await handle(aggregates.get(it.aggregate)!, it)).outcome);

  const all = sampleCommands(seed, endsOn);
  const days = workdays(endsOn);
  /** The worst order that a week allows: only the commands of one aggregate keep theirs. */
  const mixed = [...groupBy(all, (it) => weekOf(it.occurredAt)).values()].flatMap((week) =>
    [...groupBy(week, (it) => it.id).values()].toReversed().flat(),
  );
  const tiersOf = async (key: string) =>
    (await store.read(`account-${accountId(key)}`))
      .filter((it) => it.type === 'AccountTierChanged')
      .map((it) => ({
        on: it.metadata.occurredAt.slice(0, 10),
        by: it.metadata.actor,
        ...(it.data as { to: string; approverId?: string }),
      }));

  beforeAll(async () => {
    for (const it of mixed) await carryOut(it);
  });

  test('no command is refused, and none is without effect', () => {
    expect(new Set(outcomes)).toEqual(new Set(['opened', 'changed']));
    expect(outcomes).toHaveLength(all.length);
  });

  test('one account is demoted at the second quarter below its tier, and then released', async () => {
    expect(await tiersOf(DEMOTED.key)).toMatchObject([{ to: 'A' }, { to: 'B', on: days[DEMOTED.workday] }]);
    const scored = (await store.read(`account-${accountId(DEMOTED.key)}`)).filter((it) => it.type === 'AccountScored');
    expect(scored.map((it) => [it.metadata.occurredAt.slice(0, 10), (it.data as { cause: string }).cause]).slice(2, 4)).toEqual([
      [days[DEMOTED.warnedOn], 'demotion-pending'],
      [days[DEMOTED.workday], 'demoted'],
    ]);
  });

  test('one account jumps two tiers once another person than the assessor approves', async () => {
    const [, jump] = await tiersOf(APPROVED.key);
    expect(jump).toMatchObject({ from: 'C', to: 'A', on: days[APPROVED.workday], approverId: 'sample-sales-director' });
  });

  test('the largest order was called off, so its buyer is among the last', () => {
    const net = new Map<string, number>();
    for (const it of purchasesIn(all)) {
      const no = (it.account as { externalId: { value: string } }).externalId.value;
      net.set(no, (net.get(no) ?? 0) + amountOf(it));
    }
    const ranked = [...net].toSorted(([, a], [, b]) => b - a).map(([no]) => ACCOUNTS.find((it) => it.no === no)!.key);
    const largest = purchasesIn(all).toSorted((a, b) => amountOf(b) - amountOf(a))[0]!;
    expect(largest.account).toMatchObject({ externalId: { value: ACCOUNTS.find((it) => it.key === CANCELLED.key)!.no } });
    expect(ranked.indexOf(CANCELLED.key)).toBeGreaterThan(18);
  });

  test('carried out again, nothing changes', async () => {
    const before = await store.head();
    for (const it of all) await carryOut(it);
    expect(await store.head()).toEqual(before);
  });
});

test('the generator knows the ids that the engine gives to purchases', async () => {
  const { handle } = commandHandler({ store: memoryStore(), hashKey: Buffer.alloc(32, 7) });
  const [account, purchase] = ['account', 'purchase'].map((name) =>
    accountsService.aggregates.find((it) => it.contract.name === name)!,
  );
  await handle(
    account!,
    commands.find((it) => it.type === 'Register' && it.id === accountId(ACCOUNTS[0]!.key))!,
  );
  const { id, ...unaddressed } = commands.find(
    (it) => it.type === 'Record' && JSON.stringify(it.data).includes(`"${ACCOUNTS[0]!.no}"`),
  )!;
  expect((await handle(purchase!, unaddressed)).id).toBe(id);
  expect(purchaseId('erp', (unaddressed.data as Record).txnId)).toBe(id);
});

test('in production nothing is added', async () => {
  const said = jest.spyOn(console, 'error').mockImplementation();
  await showSample({ config: { mode: 'production' } } as Running);
  expect(said.mock.calls).toEqual([[expect.stringMatching(/--sample is for development; nothing was added/)]]);
  said.mockRestore();
});

test('the host refuses an argument that it does not know, and says how it is called', () => {
  const main = join(__dirname, '../src/main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', '@swc-node/register', main, '--smaple'], {
    encoding: 'utf8',
    env: { ...process.env, KAMS_PORT: 'never read' },
  });
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toMatch(/unknown option '--smaple'[^]*Usage: npm start -- \[options\][^]*--sample/);
});
