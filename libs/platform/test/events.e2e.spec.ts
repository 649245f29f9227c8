// What GET /events leaves open in the process that serves it.
import { START, type EventStore } from '@kams/eventing';
import { startTestServices, type TestServices } from '@kams/testing';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldService } from './visits';

let kams: TestServices;
beforeAll(async () => {
  kams = await startTestServices([fieldService]);
  const visit = { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-02', subject: 'x'.repeat(200) };
  for (let i = 0; i < 20; i++) await kams.post('/visits', visit);
});
afterAll(() => kams?.stop());
afterEach(() => void jest.restoreAllMocks());

const subscriptions = { begun: 0, open: 0, pages: 0 };
/** Counts what is subscribed to; `endless` has always more to say, and ends when nobody asks any more. */
function subscribeTo(kind: 'the store' | 'endless'): void {
  Object.assign(subscriptions, { begun: 0, open: 0, pages: 0 });
  const real: EventStore['subscribe'] = kams.store.subscribe.bind(kams.store);
  jest.spyOn(kams.store, 'subscribe').mockImplementation(async function* (...args) {
    const page = await kams.store.readAll(START, 100);
    subscriptions.begun++;
    subscriptions.open++;
    try {
      if (kind === 'the store') yield* real(...args);
      else for (; ; subscriptions.pages++) yield page;
    } finally {
      subscriptions.open--;
    }
  });
}

async function stream(method = 'GET'): Promise<{ asked: ClientRequest; answer: IncomingMessage }> {
  const headers = { authorization: `Bearer ${await kams.token()}`, accept: 'text/event-stream' };
  const asked = request(`${kams.url}/events`, { method, headers, agent: false }).end();
  asked.on('error', () => undefined);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return { asked, answer };
}
/** The one subscription of a test is open, or was. */
async function comesTo(open: 0 | 1): Promise<void> {
  const isThere = () => subscriptions.begun === 1 && subscriptions.open === open;
  for (const until = Date.now() + 5_000; !isThere() && Date.now() < until;) await sleep(5);
  expect(subscriptions).toMatchObject({ begun: 1, open });
}
/** Until the reader's side is full, and nothing moves any more. */
async function stands(): Promise<void> {
  for (let before = -1; before !== subscriptions.pages; await sleep(200)) before = subscriptions.pages;
}

test('the subscription of a reader who waits for the next event ends when he leaves', async () => {
  subscribeTo('the store');
  const { asked, answer } = await stream();
  answer.resume();
  await comesTo(1);
  asked.destroy();
  await comesTo(0);
});

test('the subscription of a reader who does not read stands still, and ends when he leaves', async () => {
  subscribeTo('endless');
  const { asked } = await stream();
  await comesTo(1);
  await stands();
  expect(subscriptions.open).toBe(1);
  expect(subscriptions.pages).toBeGreaterThan(0);
  asked.destroy();
  await comesTo(0);
});

test('a HEAD leaves no subscription open', async () => {
  subscribeTo('the store');
  const { answer } = await stream('HEAD');
  expect(answer.statusCode).toBe(200);
  await comesTo(0);
});
