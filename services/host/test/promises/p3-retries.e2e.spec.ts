// A retry gets the same answer and makes no second event: after cuts, after kills, by another node, and all at once.
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import { delay } from '@kams/eventing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { faultProxy, type FaultProxy, type Moment } from '@kams/testing/faults/faultproxy';
import { endSessionsAt, killAt, SERVER_POINTS } from '@kams/testing/faults/killpoints';
import { promised, trials } from '@kams/testing/faults/promise';
import type { TestHost } from '@kams/testing/host';
import { ask, installation, WHO, type Answer, type Installation } from './installation';
import { commandIdOf } from './sendings';

const CUTS = trials(200, 1_000);
const AT_ONCE = trials(50, 500);
const KILLS = trials(8, 50);
const AT_A_TIME = 8;
const LANES = 4;
const AGAIN_MS = 30;
const ANSWERED_WITHIN_MS = 30_000;

const dice = chance(SEED);
const { of } = dice;
let kams: Installation;
/** Through a proxy on either side of it. */
let first: TestHost;
let second: TestHost;
let towardsFirst: FaultProxy;
let towardsDatabase: FaultProxy;

beforeAll(async () => {
  kams = await installation();
  towardsDatabase = await faultProxy(kams.databaseUrl, SEED);
  first = await kams.start({ databaseUrl: towardsDatabase.through(kams.databaseUrl) });
  towardsFirst = await faultProxy(first.url, SEED);
  second = await kams.start();
}, 120_000);
afterAll(async () => {
  await towardsFirst?.close();
  await kams?.stop();
  await towardsDatabase?.close();
}, 60_000);

let n = 0;
const newKey = (): string => `key-${++n}`;
const idOf = ({ text }: Answer): string => (JSON.parse(text) as { id: string }).id;

interface Command {
  readonly key: string;
  readonly path: string;
  readonly body: object;
  /** Its events and those of the keys that it claims. */
  readonly events: number;
}

/** It says what became of the command: not 503, and not that others were always faster, which asks for another try. */
const isFinal = (it: Answer | undefined): it is Answer =>
  it !== undefined && it.status !== 503 && !(it.status === 409 && it.text.includes('"version-conflict"'));

/** As long as it takes: through whichever node answers. */
async function answered(urls: () => readonly string[], { path, body, key }: Command): Promise<Answer> {
  for (const until = Date.now() + ANSWERED_WITHIN_MS; ; await delay(AGAIN_MS)) {
    const answer = await ask(kams.tokens, `${of(urls())}${path}`, body, { key });
    if (isFinal(answer)) return answer;
    if (Date.now() > until) throw new Error(`${path} has no answer; the nodes said ${first.said()} ${second.said()}`);
  }
}
const safely = (command: Command) => answered(() => [second.url], command);

async function newAccount(): Promise<string> {
  return idOf(await safely({ key: newKey(), path: '/accounts', body: { profile: { name: 'An account' } }, events: 1 }));
}

/** One of every kind of address. */
const KINDS: readonly ((key: string) => Promise<Omit<Command, 'key'>>)[] = [
  async (key) => ({ path: '/accounts', body: { profile: { name: key } }, events: 1 }),
  async (key) => ({ path: '/accounts', body: { profile: { name: key }, externalIds: [externalId(key)] }, events: 2 }),
  async (key) => ({ path: '/accounts/import', body: { externalId: externalId(key), profile: { name: key } }, events: 2 }),
  async (key) => ({ path: '/purchases', body: purchase(await newAccount(), key), events: 1 }),
  async (key) => ({ path: `/accounts/${await newAccount()}/rate-criterion`, body: { code: 'note', raw: key }, events: 1 }),
  async () => ({
    path: '/hierarchy/link',
    body: { accountId: await newAccount(), parentId: await newAccount(), linkType: 'branch', validFrom: '2026-01-01' },
    events: 1,
  }),
];
const externalId = (value: string) => ({ system: 'erp', type: 'customer', value });
const purchase = (accountId: string, txnId: string) => ({
  ...purchaseContract.commands.Record.example,
  account: { accountId },
  txnId,
});

const made: Command[] = [];
async function newCommand(): Promise<Command> {
  const key = newKey();
  const command = { key, ...(await of(KINDS)(key)) };
  made.push(command);
  return command;
}

/** What was answered with success, all in all; more than one kind of it is a broken promise. */
class Answers {
  different = 0;
  refused = 0;

  hold(command: Command, answers: readonly (Answer | undefined)[]): void {
    const told = answers.filter(isFinal);
    this.refused += told.filter((it) => it.status >= 300).length;
    if (new Set(told.map((it) => JSON.stringify(it))).size !== 1) this.different++;
  }
}

const whole = (body: object): RegExp => new RegExp(JSON.stringify(body).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
const MOMENTS: readonly Moment[] = ['before it is sent', 'after it is sent', 'before its answer', 'before its answer'];

/**
 * Sent through the first node while a connection on one of its sides is cut, then through both again.
 * True when the first answer did not come, or did not say what became of the command.
 */
async function cutOnce(answers: Answers): Promise<boolean> {
  const command = await newCommand();
  const moment = of(MOMENTS);
  const atDatabase = dice.next() < 0.5;
  const cut = atDatabase ? towardsDatabase.cut(/es\.append_batch/, moment) : towardsFirst.cut(whole(command.body), moment);
  const url = towardsFirst.through(first.url).replace(/\/$/, '');
  const before = await ask(kams.tokens, `${url}${command.path}`, command.body, { key: command.key });
  if (!atDatabase) await cut;
  const after = [await safely(command), await answered(() => [first.url], command)];
  answers.hold(command, [before, ...after]);
  return !isFinal(before);
}

async function inLanes(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Answers that two nodes give to equal requests at the same moment. */
async function allAtOnce(answers: Answers): Promise<void> {
  const command = await newCommand();
  const urls = [first.url, second.url];
  const all = Array.from({ length: AT_A_TIME }, (_, i) =>
    ask(kams.tokens, `${urls[i % 2]}${command.path}`, command.body, command),
  );
  answers.hold(command, [...(await Promise.all(all)), await safely(command)]);
}

/** A node that dies while commands run in it; the other one is asked the same. */
async function killOnce(answers: Answers, i: number): Promise<number> {
  const point = of(['append.before-lock', 'append.after-commit'] as const);
  const atRandom = i % 3 === 2;
  const node = await kams.start(atRandom ? {} : { at: killAt(point, dice.between(1, 12)) });
  let alive = true;
  const gone = node.gone.then(() => void (alive = false));
  let unanswered = 0;
  const sending = Array.from({ length: AT_A_TIME }, async () => {
    while (alive) {
      const command = await newCommand();
      const before = await ask(kams.tokens, `${node.url}${command.path}`, command.body, { key: command.key });
      if (before === undefined) unanswered++;
      answers.hold(command, [before, await safely(command)]);
    }
  });
  if (atRandom) {
    await delay(dice.upTo(300));
    await node.end('SIGKILL');
  }
  await gone;
  await Promise.all(sending);
  return unanswered;
}

/** Commands by the number of their events that is not the one they should have. */
async function wrongCounts(): Promise<{ doubled: number; lost: number }> {
  const { rows } = await kams.client.query<{ id: string; n: number }>(
    `select metadata->>'causationId' as id, count(*)::int as n from es.events group by 1`,
  );
  const found = new Map(rows.map((it) => [it.id, it.n]));
  const counts = made.map(({ key, events }) => ({ events, n: found.get(commandIdOf({ ...WHO, key })) ?? 0 }));
  return { doubled: counts.filter((it) => it.n > it.events).length, lost: counts.filter((it) => it.n < it.events).length };
}

/** The same keys with another body, by the node that did not see the first. */
async function otherBodies(count: number): Promise<number> {
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const { key, path } = of(made.filter((it) => it.path.endsWith('/rate-criterion')));
    const answer = await ask(kams.tokens, `${second.url}${path}`, { code: 'note', raw: 'another' }, { key });
    if (answer?.status !== 422 || !answer.text.includes('command-id-reused')) wrong++;
  }
  return wrong;
}

promised(
  'P3',
  'a retry gets the same answer and makes no second event, after cuts, kills and all at once, whichever node it comes to',
  async (tell) => {
    const answers = new Answers();
    let unanswered = 0;
    await inLanes(CUTS, async () => {
      if (await cutOnce(answers)) unanswered++;
    });
    tell({ cuts: CUTS, unanswered });

    await inLanes(AT_ONCE, () => allAtOnce(answers));
    tell({ 'at-once': `${AT_ONCE}x${AT_A_TIME}` });

    let interrupted = 0;
    for (let i = 0; i < KILLS; i++) {
      const commands = await killOnce(answers, i);
      interrupted += commands;
    }
    tell({ kills: KILLS, interrupted });

    for (const point of SERVER_POINTS) {
      await endSessionsAt(kams.client, point, 5);
      await inLanes(CUTS / 10, () => allAtOnce(answers));
      await kams.client.query(`select setval('es.passings', 1)`);
    }
    const { doubled, lost } = await wrongCounts();
    const { different, refused } = answers;
    const otherBodyTaken = await otherBodies(20);
    tell({ commands: made.length, doubled, lost, different, refused, 'other-body-taken': otherBodyTaken });
    expect({ doubled, lost, different, refused, otherBodyTaken }).toEqual({
      doubled: 0,
      lost: 0,
      different: 0,
      refused: 0,
      otherBodyTaken: 0,
    });
    expect(unanswered).toBeGreaterThan(CUTS / 3);
    expect(interrupted).toBeGreaterThan(KILLS / 2);
  },
  120_000 + CUTS * 1_000 + AT_ONCE * 500 + KILLS * 15_000,
);
