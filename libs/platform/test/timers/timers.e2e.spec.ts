import { START, type Recorded } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { eventually } from '@kams/testing/until';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bell, bells } from './bell';

const ROOT = join(__dirname, '../../../..');
let clock = new Date('2026-03-02T09:00:00.000Z');
let services: TestServices;
beforeAll(async () => {
  services = await startTestServices([bells], { now: () => clock });
});
afterAll(() => services.stop());

const set = async (at: string) => (await services.post('/bells', { at })).body.id as string;
const eventsOf = async (stream: string): Promise<readonly Recorded[]> => services.store.read(stream);
const typesOf = async (id: string) => (await eventsOf(`bell-${id}`)).map((it) => it.type);

const soon = (check: () => Promise<void>) => eventually(check, 2_500);
/** Long enough for a scheduler that looks every 20 ms. */
const aWhile = () => sleep(300);

describe('a timer', () => {
  test('gives its command at its instant and dated at it, and not before', async () => {
    const id = await set('2026-03-02T10:00:00.000Z');
    await aWhile();
    expect(await typesOf(id)).toEqual(['BellSet']);
    clock = new Date('2026-03-02T10:00:05.000Z');
    await soon(async () => expect(await typesOf(id)).toEqual(['BellSet', 'BellRang']));
    const rang = (await eventsOf(`bell-${id}`))[1]!;
    expect(rang.metadata).toMatchObject({ actor: 'timer bell-rings', occurredAt: '2026-03-02T10:00:00.000Z' });
    await aWhile();
    expect(await typesOf(id)).toEqual(['BellSet', 'BellRang']);
  });

  test('is moved by a later event, and taken away by another', async () => {
    const [moved, silenced] = [await set('2026-03-03T10:00:00.000Z'), await set('2026-03-03T10:00:00.000Z')];
    await services.post(`/bells/${moved}/move`, { at: '2026-03-04T10:00:00.000Z' });
    await services.post(`/bells/${silenced}/silence`, {});
    clock = new Date('2026-03-03T12:00:00.000Z');
    await aWhile();
    expect(await typesOf(moved)).toEqual(['BellSet', 'BellMoved']);
    clock = new Date('2026-03-04T12:00:00.000Z');
    await soon(async () => expect(await typesOf(moved)).toEqual(['BellSet', 'BellMoved', 'BellRang']));
    expect(await typesOf(silenced)).toEqual(['BellSet', 'BellSilenced']);
  });

  test('whose command changes nothing is noted, and not given again and again', async () => {
    const id = await set('2026-03-05T10:00:00.000Z');
    // Rung by hand a moment before the timer comes to it, with the row of the timer still there.
    clock = new Date('2026-03-05T10:00:01.000Z');
    await services.post(`/bells/${id}/ring`, {});
    await aWhile();
    expect(await typesOf(id)).toEqual(['BellSet', 'BellRang']);
  });

  test('whose command fails otherwise than by a rule keeps no other waiting, and is told and tried until it is well', async () => {
    const [{ id: cracked }, well] = [
      (await services.post('/bells', { at: '2026-03-05T10:00:00.000Z', cracked: true })).body,
      await set('2026-03-05T11:00:00.000Z'),
    ];
    clock = new Date('2026-03-05T12:00:00.000Z');
    await soon(async () => expect(await typesOf(well)).toEqual(['BellSet', 'BellRang']));
    const failure = () =>
      services.runtime
        .workers()
        .find((it) => it.name === 'timer bell-rings')!
        .failure();
    await soon(async () => expect(failure()?.message).toBe(`${cracked}, due at 2026-03-05T10:00:00.000Z: cracked`));
    await services.post(`/bells/${cracked}/silence`, {});
    await soon(async () => expect(failure()).toBeUndefined());
  });

  test('rebuilt from zero is pending as it was, and rings nothing a second time', async () => {
    const id = await set('2026-04-01T10:00:00.000Z');
    const { position } = await services.store.head();
    services.runtime.rebuild('timer_bell_rings');
    while (services.runtime.rebuildOf('timer_bell_rings')!.state === 'running') await sleep(10);
    expect(services.runtime.rebuildOf('timer_bell_rings')!.state).toBe('done');
    await aWhile();
    expect((await services.store.head()).position).toBe(position);
    clock = new Date('2026-04-01T10:00:00.000Z');
    await soon(async () => expect(await typesOf(id)).toEqual(['BellSet', 'BellRang']));
  });
});

describe('a reaction', () => {
  test('gives its command once for an event, and says by whom and of what', async () => {
    const id = await set('2026-04-02T10:00:00.000Z');
    clock = new Date('2026-04-02T10:00:00.000Z');
    await soon(async () => expect(await typesOf(id)).toContain('BellRang'));
    const rang = (await eventsOf(`bell-${id}`))[1]!;
    await soon(async () => expect(await eventsOf(`echo-${rang.id}`)).toHaveLength(1));
    const [answered] = await eventsOf(`echo-${rang.id}`);
    expect(answered).toMatchObject({
      type: 'Answered',
      data: { bell: id },
      metadata: { actor: 'reaction echo-answers-when-bell-rings', causationId: rang.id, occurredAt: rang.metadata.occurredAt },
    });
  });

  test('that a rule refuses says so, and the next ones are given', async () => {
    const id = 'dead0000-0000-7000-8000-000000000001';
    const give = (type: string, data: object, more: object = {}) =>
      services.runtime.commands.handle(bell, { type, data, id, tenantId: 'acme', actor: 'user-1', ...more });
    await give('Set', { at: '2026-04-03T10:00:00.000Z' });
    clock = new Date('2026-04-03T10:00:00.000Z');
    const refused = async () => {
      const { events } = await services.store.readAll(START, 10_000, { categories: ['bells_reaction'] });
      return events;
    };
    await soon(async () => expect(await refused()).toHaveLength(1));
    const rang = (await eventsOf(`bell-${id}`))[1]!;
    expect((await refused())[0]).toMatchObject({
      type: 'ReactionRefused',
      data: {
        eventId: rang.id,
        reaction: 'echo-answers-when-bell-rings',
        command: 'Answer',
        code: 'deaf',
        details: { bell: id },
      },
    });
    const next = await set('2026-04-03T10:00:01.000Z');
    clock = new Date('2026-04-03T11:00:00.000Z');
    await soon(async () => expect(await typesOf(next)).toContain('BellRang'));
    const other = (await eventsOf(`bell-${next}`))[1]!;
    await soon(async () => expect(await eventsOf(`echo-${other.id}`)).toHaveLength(1));
    const text = (await services.ask('/events?types=kams.bells.reaction.refused.v1')).text;
    expect(JSON.parse(text.trim().split('\n')[0]!).data.code).toBe('deaf');
  });
});

test('1,000 instants that passed while nothing ran are given in order, once each, by processes that are killed 50 times', async () => {
  const DUE = 1_000;
  const KILLS = 50;
  const own = await startTestServices([{ ...bells, timers: [], reactions: [] }], {
    now: () => new Date('2026-03-02T09:00:00.000Z'),
  });
  const first = Date.parse('2026-03-02T10:00:00.000Z');
  const instants = Array.from({ length: DUE }, (_, i) => new Date(first + ((i * 7_919) % DUE) * 1_000).toISOString());
  try {
    const ids = await Promise.all(instants.map(async (at) => (await own.post('/bells', { at })).body.id as string));
    const store = await postgresStore({ connection: own.databaseUrl, poolSize: 2 });
    const rung = async () =>
      (await store.readAll(START, 100_000, { categories: ['bell'] })).events.filter((it) => it.type === 'BellRang');
    let kills = 0;
    let during = 0;
    while ((await rung()).length < DUE || kills < KILLS) {
      const child = fork(join(__dirname, 'process.ts'), [own.databaseUrl, '2026-03-03T00:00:00.000Z'], {
        cwd: ROOT,
        execArgv: ['--require', require.resolve('@swc-node/register')],
        stdio: 'inherit',
      });
      await once(child, 'message');
      if (kills < KILLS) {
        await sleep(20 + ((kills * 37) % 60));
        during += (await rung()).length < DUE ? 1 : 0;
        child.kill('SIGKILL');
        kills++;
      } else {
        for (let i = 0; (await rung()).length < DUE && i < 400; i++) await sleep(50);
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
    }
    const all = await rung();
    const byBell = new Map<string, number>();
    for (const { stream } of all) byBell.set(stream, (byBell.get(stream) ?? 0) + 1);
    const doubled = [...byBell.values()].filter((times) => times > 1).length;
    const dates = all.map((it) => Date.parse(it.metadata.occurredAt));
    const outOfOrder = dates.filter((it, i) => i > 0 && it < dates[i - 1]!).length;
    const misdated = all.filter((it) => {
      const at = ids.indexOf(it.stream.slice('bell-'.length));
      return Date.parse(instants[at]!) !== Date.parse(it.metadata.occurredAt);
    }).length;
    await store.close();
    console.log(
      `timers pass due=${DUE} kills=${kills} while_catching_up=${during} given=${all.length} doubled=${doubled} out_of_order=${outOfOrder} misdated=${misdated}`,
    );
    expect({ given: all.length, doubled, outOfOrder, misdated }).toEqual({ given: DUE, doubled: 0, outOfOrder: 0, misdated: 0 });
    expect(during).toBeGreaterThan(0);
  } finally {
    await own.stop();
  }
}, 300_000);
