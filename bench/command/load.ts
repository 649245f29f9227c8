// Who sends: autocannon, in a process of its own, because it needs half a core.
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { serve } from '../child';
import { percentiles, type Measured } from '../closed-loop';
import { cpuOf, cpuOfTree, perOperation } from '../cpu';
import { AN_ACCOUNT, aRating } from './requests';

export interface Load {
  readonly url: string;
  readonly token: string;
  /** Accounts to rate, some for each connection alone; none: accounts are registered. */
  readonly rate: readonly string[];
  readonly connections: number;
  readonly warmUpMs: number;
  readonly ms: number;
  readonly serverPid: number;
  readonly postgresPid: number;
}

export interface Loaded extends Measured {
  /** CPU of the sender, in µs a request. */
  readonly senderUs?: number;
}

/** What a connection sends, over and over: each account is given another rating than it has. */
function ratings(accounts: readonly string[]): autocannon.Request[] {
  return [80, 81].flatMap((raw) =>
    accounts.map((id) => ({ path: `/accounts/${id}/rate-criterion`, body: JSON.stringify(aRating(raw)) })),
  );
}

async function run({ url, token, rate, connections, warmUpMs, ms, serverPid, postgresPid }: Load): Promise<Loaded> {
  const latencies: number[] = [];
  const refused = new Map<number, number>();
  let recording = false;
  let connection = 0;
  const options: autocannon.Options = {
    url,
    connections,
    duration: (warmUpMs + ms + 500) / 1_000,
    sampleInt: 100,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    requests: [{ path: '/accounts', body: JSON.stringify(AN_ACCOUNT) }],
    setupClient(client) {
      const nth = connection++;
      if (rate.length > 0) client.setRequests(ratings(rate.filter((_, i) => i % connections === nth)));
    },
  };
  const ended = new Promise<void>((done, failed) => {
    autocannon(options, (error: unknown) => (error ? failed(error) : done())).on('response', (_client, status, _bytes, ms) => {
      if (status >= 300) refused.set(status, (refused.get(status) ?? 0) + 1);
      else if (recording) latencies.push(ms);
    });
  });
  const read = () => ({
    at: performance.now(),
    server: cpuOf(serverPid),
    postgres: cpuOfTree(postgresPid),
    own: cpuOf(process.pid),
  });

  await sleep(warmUpMs);
  const before = read();
  recording = true;
  await sleep(ms);
  recording = false;
  const after = read();
  await ended;
  if (refused.size > 0) throw new Error(`not every request was accepted: ${JSON.stringify([...refused])}`);
  const requests = latencies.length;
  return {
    perSecond: (requests / (after.at - before.at)) * 1_000,
    ...percentiles(latencies),
    nodeUs: perOperation(before.server, after.server, requests),
    postgresUs: perOperation(before.postgres, after.postgres, requests),
    senderUs: perOperation(before.own, after.own, requests),
  };
}

const start = async () => ({ run });
export type LoadJobs = Awaited<ReturnType<typeof start>>;

serve(start);
