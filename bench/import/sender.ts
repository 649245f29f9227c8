// Sends purchases in bulk, a few requests at a time.
import { serve } from '../child';
import { cpuOf, cpuOfTree, perOperation } from '../cpu';

export interface Sending {
  readonly url: string;
  readonly token: string;
  readonly accounts: readonly string[];
  readonly purchases: number;
  readonly lines: number;
  readonly atOnce: number;
  readonly serverPid: number;
  readonly postgresPid: number;
}

/** As many as go into the 1 MB that a request may have. */
const IN_A_REQUEST = 400;
let txn = 0;

function request(accounts: readonly string[], count: number, lines: number): string {
  const sold = Array.from({ length: lines }, (_, i) => ({
    sku: `851${i}A`,
    qty: i + 1,
    unitPrice: '2.55',
    category: 'decoration',
  }));
  const data = {
    sourceSystem: 'erp',
    kind: 'sale',
    lines: sold,
    ccy: 'GBP',
    txnAt: '2010-12-01T08:26:00Z',
    zone: 'Europe/London',
  };
  return Array.from({ length: count }, () => {
    const accountId = accounts[txn % accounts.length];
    return `${JSON.stringify({ command: 'Record', data: { txnId: String(++txn), account: { accountId }, ...data } })}\n`;
  }).join('');
}

async function send({ url, token, accounts, purchases, lines, atOnce, serverPid, postgresPid }: Sending) {
  const bodies: string[] = [];
  for (let left = purchases; left > 0; left -= IN_A_REQUEST) bodies.push(request(accounts, Math.min(left, IN_A_REQUEST), lines));
  const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` };
  const worker = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const answer = await fetch(`${url}/purchases/bulk`, { method: 'POST', headers, body });
      const refused = (await answer.text()).split('\n').filter((it) => it !== '' && !/"status":20[01]/.test(it));
      if (!answer.ok || refused.length > 0) throw new Error(`refused: ${answer.status} ${refused[0]}`);
    }
  };
  const read = () => ({ at: performance.now(), server: cpuOf(serverPid), postgres: cpuOfTree(postgresPid) });
  const before = read();
  await Promise.all(Array.from({ length: atOnce }, worker));
  const after = read();
  const sent = purchases * lines;
  return {
    perSecond: (sent / (after.at - before.at)) * 1_000,
    nodeUs: perOperation(before.server, after.server, sent),
    postgresUs: perOperation(before.postgres, after.postgres, sent),
  };
}

const start = async () => ({ send });
export type SenderJobs = Awaited<ReturnType<typeof start>>;

serve(start);
