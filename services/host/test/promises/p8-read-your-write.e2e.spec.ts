// A read that carries the position of my command shows my command, or says 503: on another node, while projectors stand still.
import { delay } from '@kams/eventing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { stopAt } from '@kams/testing/faults/killpoints';
import { promised, trials } from '@kams/testing/faults/promise';
import type { TestHost } from '@kams/testing/host';
import { ask, installation, type Installation } from './installation';

const WRITES = trials(1_000, 2_000);
const LANES = 16;
/** Short, so that a projector that stands still is met by the end of the patience as often as by its beginning. */
const READ_WAIT = '100ms';
/** A read that is told to come later does so at most so often. */
const LOOKS = 4;
const SHOWN_WITHIN_MS = 30_000;

const dice = chance(SEED);
let kams: Installation;
const nodes: TestHost[] = [];

beforeAll(async () => {
  kams = await installation();
  // Each stops in the middle of its transactions again and again, and keeps from the other what they hold.
  const options = { env: { KAMS_READ_WAIT: READ_WAIT }, at: stopAt('projector.before-commit', 10) };
  while (nodes.length < 2) nodes.push(await kams.start(options));
}, 120_000);
afterAll(() => kams?.stop(), 60_000);

interface Told {
  readonly id: string;
  readonly revision: number;
  readonly position: string;
}
const counts = { shown: 0, later: 0, stale: 0, 'without-retry-after': 0, otherwise: 0, pauses: 0, held: 0 };

/** Both of the views that show a profile, each made of projections of its own. */
const VIEWS: readonly { readonly path: string; shows(text: string, written: Told, employees: number): boolean }[] = [
  {
    path: '',
    shows: (text, { revision }, employees) => {
      const it = JSON.parse(text) as { revision: number; profile: { employees: number } };
      return it.revision >= revision && it.profile.employees >= employees;
    },
  },
  {
    path: '/history',
    shows: (text, _, employees) => {
      const { items } = JSON.parse(text) as { items: { attribute: string; value: unknown }[] };
      return items.some((it) => it.attribute === 'employees' && it.value === employees);
    },
  },
];

async function look(url: string, { path, shows }: (typeof VIEWS)[number], written: Told, employees: number): Promise<boolean> {
  const answer = await ask(kams.tokens, `${url}/accounts/${written.id}${path}?after=${written.position}`);
  if (answer?.status === 503) {
    counts.later++;
    if (answer.retryAfter === null || !/^[1-9]\d*$/.test(answer.retryAfter)) counts['without-retry-after']++;
    return false;
  }
  if (answer?.status === 200) counts[shows(answer.text, written, employees) ? 'shown' : 'stale']++;
  else counts[answer?.status === 404 ? 'stale' : 'otherwise']++;
  return true;
}

let left = WRITES;
/** Writes through one node and reads from the other, by turns. */
async function lane(number: number): Promise<void> {
  const opened = await ask(kams.tokens, `${nodes[0]!.url}/accounts`, { profile: { name: `Lane ${number}`, employees: 0 } });
  const { id } = JSON.parse(opened!.text) as Told;
  for (let n = 1; left-- > 0; n++) {
    const [writer, reader] = n % 2 === 0 ? nodes : nodes.toReversed();
    const answer = await ask(kams.tokens, `${writer!.url}/accounts/${id}/update-profile`, { set: { employees: n } });
    if (answer?.status !== 200) throw new Error(`a write was answered ${answer?.status} ${answer?.text}`);
    const view = dice.of(VIEWS);
    for (let looks = 0; looks < LOOKS; looks++) if (await look(reader!.url, view, JSON.parse(answer.text) as Told, n)) break;
  }
  // When nothing stands still any more, what was written last is shown.
  lasts.push(async () => {
    const last = await ask(kams.tokens, `${nodes[1]!.url}/accounts/${id}/update-profile`, { set: { employees: 1_000_000 } });
    const written = JSON.parse(last!.text) as Told;
    for (const until = Date.now() + SHOWN_WITHIN_MS; !(await look(nodes[0]!.url, VIEWS[0]!, written, 1_000_000)); await delay(50))
      if (Date.now() > until) throw new Error(`what was written to ${id} is not shown`);
  });
}
const lasts: (() => Promise<void>)[] = [];

let paused: TestHost | undefined;
/** One node after the other stands still, somewhere. */
async function pauseNodes(enough: () => boolean): Promise<void> {
  while (!enough()) {
    await delay(dice.upTo(300));
    paused = dice.of(nodes);
    paused.pause();
    await delay(dice.upTo(100));
    paused.resume();
    paused = undefined;
    counts.pauses++;
  }
}

/** A node that stopped itself, with a transaction open, stands still until it is let go. */
async function letGo(enough: () => boolean): Promise<void> {
  for (; !enough(); await delay(5)) {
    const it = nodes.find((node) => node !== paused && node.isHeld());
    if (!it) continue;
    counts.held++;
    await delay(dice.upTo(250));
    it.resume();
  }
}

promised(
  'P8',
  'a read that carries the position of a command shows the command or is 503 with Retry-After, on another node and while projectors stand still',
  async (tell) => {
    let quiet = false;
    let over = false;
    const letting = letGo(() => over);
    const pausing = pauseNodes(() => quiet);
    try {
      await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)));
      quiet = true;
      await pausing;
      await Promise.all(lasts.map((it) => it()));
    } finally {
      quiet = over = true;
      await Promise.all([pausing, letting]);
      tell({ writes: WRITES, ...counts });
    }
    expect(counts).toMatchObject({ stale: 0, 'without-retry-after': 0, otherwise: 0 });
    expect(counts.shown).toBeGreaterThan(WRITES / 4);
    for (const faults of [counts.later, counts.pauses, counts.held]) expect(faults).toBeGreaterThan(5);
  },
  120_000 + WRITES * 100,
);
