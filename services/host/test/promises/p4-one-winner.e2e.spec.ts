// Of concurrent writers to one aggregate one wins a version; the others are told so, and have changed nothing.
import { delay } from '@kams/eventing';
import { chance, SEED } from '@kams/testing/faults/chance';
import { check, openHistory, pauseAfter, readHistory, type History } from '@kams/testing/faults/history';
import { promised, trials } from '@kams/testing/faults/promise';
import { dataFolder, removeFolder, type TestHost } from '@kams/testing/host';
import { join } from 'node:path';
import { ask, installation, WHO, type Answer, type Installation } from './installation';
import { commandIdOf } from './sendings';

/** Writers, streams that they share, and rounds in which all of them write. */
const FORMS = [
  { writers: 16, streams: 1, rounds: trials(80, 2_000) },
  { writers: 64, streams: 8, rounds: trials(20, 500) },
];
const NODES = 3;
const PAUSE_MS = 4;
const READ_EVERY_MS = 20;

const { next } = chance(SEED);
let kams: Installation;
let nodes: TestHost[];
let folder: string;
let history: History;

beforeAll(async () => {
  folder = await dataFolder();
  history = openHistory(join(folder, 'history.ndjson'));
  kams = await installation();
  nodes = [await kams.start(), ...(await Promise.all(Array.from({ length: NODES - 1 }, () => kams.start())))];
}, 120_000);
afterAll(async () => {
  await kams?.stop();
  await removeFolder(folder);
}, 60_000);

interface Written {
  readonly stream: string;
  readonly key: string;
  readonly raw: string;
  /** As it went by it; absent: whatever is there. */
  readonly expected?: number;
  readonly answer: Answer;
}

const accountOf = (stream: string): string => stream.slice('account-'.length);
let keys = 0;

async function newStream(): Promise<string> {
  const key = `open-${++keys}`;
  const sent = ask(kams.tokens, `${nodes[0]!.url}/accounts`, { profile: { name: key } }, { key });
  const stream = `account-${(JSON.parse((await sent)!.text) as { id: string }).id}`;
  history.append(stream, commandIdOf({ ...WHO, key })).ok();
  return stream;
}

/** All that the stream has, by the commands that made it. */
async function read(stream: string): Promise<number> {
  const told = history.read(stream);
  const { rows } = await kams.client.query<{ id: string }>(
    `select metadata->>'commandId' as id from es.events where stream_id = $1 order by revision`,
    [stream],
  );
  told(rows.map((it) => it.id));
  return rows.length;
}

/** All streams again and again while they are written, and once when all is answered. */
async function readOn(streams: readonly string[], enough: () => boolean): Promise<void> {
  for (;;) {
    const isLast = enough();
    let longest = 0;
    for (const it of streams) longest = Math.max(longest, await read(it));
    if (isLast) return;
    for (let left = pauseAfter(longest, READ_EVERY_MS); left > 0 && !enough(); left -= READ_EVERY_MS) await delay(READ_EVERY_MS);
  }
}

/** All read the same version, and write it through different nodes after a moment; half of them say which version they go by. */
async function write(stream: string, writer: number, revision: number): Promise<Written> {
  const expected = writer % 2 === 0 ? revision : undefined;
  const key = `write-${++keys}`;
  const raw = `${revision}.${writer}`;
  await delay(next() * PAUSE_MS);
  const told = history.append(stream, commandIdOf({ ...WHO, key }));
  const url = `${nodes[writer % NODES]!.url}/accounts/${accountOf(stream)}/rate-criterion`;
  const ifMatch = expected === undefined ? undefined : `"${expected}"`;
  const answer = await ask(kams.tokens, url, { code: 'note', raw }, { key, ifMatch });
  if (!answer) throw new Error(`no answer from ${url}`);
  if (answer.status === 200) told.ok();
  else told.fail();
  return { stream, key, raw, expected, answer };
}

async function rounds({ writers, streams, rounds }: (typeof FORMS)[number]): Promise<Written[]> {
  const all: Written[] = [];
  const names = await Promise.all(Array.from({ length: streams }, newStream));
  const revisions = new Map(names.map((it) => [it, 0]));
  let over = false;
  const reading = readOn(names, () => over);
  for (let round = 0; round < rounds; round++) {
    const written = await Promise.all(
      Array.from({ length: writers }, (_, i) => {
        const stream = names[i % streams]!;
        return write(stream, Math.floor(i / streams), revisions.get(stream)!);
      }),
    );
    all.push(...written);
    for (const { stream, answer } of written) {
      if (answer.status === 200) revisions.set(stream, Math.max(revisions.get(stream)!, revisionOf(answer)));
    }
  }
  over = true;
  await reading;
  return all;
}
const revisionOf = ({ etag }: Answer): number => Number(etag!.slice(1, -1));
const codeOf = ({ text }: Answer): string => (JSON.parse(text) as { code: string }).code;

/** Counts what no outcome of a fair race explains. */
async function judged(all: readonly Written[]) {
  const won = all.filter((it) => it.answer.status === 200);
  const lost = all.filter((it) => it.answer.status !== 200);
  const places = new Set(won.map((it) => `${it.stream} ${revisionOf(it.answer)}`));
  const { rows } = await kams.client.query<{ stream: string; holes: number; last: number }>(
    `select stream_id as stream, max(revision)::int as last, (max(revision) + 1 - count(*))::int as holes from es.events group by 1`,
  );
  const { rows: made } = await kams.client.query<{ id: string }>(`select metadata->>'commandId' as id from es.events`);
  const stored = new Set(made.map((it) => it.id));
  const current = new Map(rows.map((it) => [it.stream, it.last]));

  const told = (it: Written): boolean => {
    const { status, etag, text } = it.answer;
    if (it.expected === undefined) return status === 409 && codeOf(it.answer) === 'version-conflict';
    // The version that it is told of is one behind which its own lies.
    const revision = etag === null ? -1 : revisionOf(it.answer);
    return status === 412 && text.includes('"stale"') && revision > it.expected && revision <= current.get(it.stream)!;
  };
  return {
    won: won.length,
    lost: lost.length,
    stale: lost.filter((it) => it.expected !== undefined).length,
    wrong: {
      'two-winners': won.length - places.size,
      holes: rows.reduce((sum, it) => sum + Math.abs(it.holes), 0),
      'won-another': won.filter((it) => it.expected !== undefined && revisionOf(it.answer) !== it.expected + 1).length,
      'told-otherwise': lost.filter((it) => !told(it)).length,
      'left-by-losers': lost.filter((it) => stored.has(commandIdOf({ ...WHO, key: it.key }))).length,
      events: made.length - won.length - rows.length,
    },
  };
}

/** What people see of each stream is what its last winner wrote. */
async function shownOtherwise(all: readonly Written[]): Promise<number> {
  let otherwise = 0;
  for (const stream of new Set(all.map((it) => it.stream))) {
    const won = all.filter((it) => it.stream === stream && it.answer.status === 200);
    const last = won.reduce((most, it) => (revisionOf(it.answer) > revisionOf(most.answer) ? it : most));
    const { position } = JSON.parse(last.answer.text) as { position: string };
    const file = await ask(kams.tokens, `${nodes[1]!.url}/accounts/${accountOf(stream)}?after=${position}`);
    const { revision, ratings } = JSON.parse(file!.text) as { revision: number; ratings: Record<string, { raw: string }> };
    if (revision !== revisionOf(last.answer) || ratings['note']?.raw !== last.raw) otherwise++;
  }
  return otherwise;
}

promised(
  'P4',
  'of concurrent writers to one aggregate one wins a version, and the others are told so and have changed nothing',
  async (tell) => {
    const all: Written[] = [];
    for (const form of FORMS) all.push(...(await rounds(form)));
    const { wrong, won, lost, stale } = await judged(all);
    const shown = await shownOtherwise(all);
    await history.close();
    const { faults, reads } = check(await readHistory(history.file));
    const forms = FORMS.map((it) => `${it.writers}/${it.streams}x${it.rounds}`).join(',');
    tell({ writers: forms, nodes: NODES, won, lost, stale, reads, ...wrong, 'shown-otherwise': shown, faults: faults.length });
    expect(Object.values(wrong).every((it) => it === 0)).toBe(true);
    expect({ shown, faults }).toEqual({ shown: 0, faults: [] });
    expect(stale).toBeGreaterThan(FORMS[0]!.rounds * 6);
  },
  120_000 + FORMS.reduce((sum, it) => sum + it.rounds * it.writers * 20, 0),
);
