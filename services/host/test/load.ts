// Clients that send one command after another, single and in bulk, each with a key, and go on through every outage.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sending, StoredAnswer, Told } from './history';

export interface LoadOptions {
  readonly url: string;
  token(subject: string, tenantId: string): Promise<string>;
  /** From 0 to 1. */
  chance(): number;
  /** Ends even what waits for an answer. */
  readonly signal: AbortSignal;
}

const TENANTS = ['acme', 'globex', 'initech'];
const AGAIN_MS = 40;
const ANSWER_WITHIN_MS = 20_000;
/** Every fifth command whose answer was lost is given up: it must be there as a whole, or not at all. */
const GIVEN_UP = 0.2;
const BULK_LINES = 25;
const READ_EVERY_MS = 40;

export class Client {
  readonly sent: Sending[] = [];
  acknowledged = 0;
  /** Reads of what was just written, by what came of them; `stale`: an older state, given as if it were the one asked for. */
  readonly reads = { shown: 0, later: 0, unanswered: 0, stale: 0 };
  /** Answers that no outage explains. */
  readonly faults: string[] = [];
  readonly subject: string;
  private readonly tenantId: string;
  private model = '';
  private account = '';
  private child = '';
  private readonly parents: string[] = [];
  private n = 0;
  private links = 0;
  private high = false;
  private written: StoredAnswer | undefined;

  constructor(
    private readonly options: LoadOptions,
    private readonly number: number,
  ) {
    this.subject = `client-${number}`;
    this.tenantId = TENANTS[number % TENANTS.length]!;
  }

  /** A model, an account to put under others, and three to put it under. */
  async begin(): Promise<void> {
    this.model = (await this.must('/scoring-models', { content: MODEL })).id;
    await this.must(`/scoring-models/${this.model}/publish`, {});
    this.child = (await this.must('/accounts', this.profile())).id;
    for (let i = 0; i < 3; i++) this.parents.push((await this.must('/accounts', this.profile())).id);
    await this.opened();
    await this.link(true);
  }

  async run(enough: () => boolean): Promise<void> {
    while (!enough()) {
      const dice = this.options.chance();
      if (dice < 0.02) await this.opened();
      else if (dice < 0.1) await this.bulk();
      else if (dice < 0.15) await this.link(false);
      else if (dice < 0.35) await this.assessed();
      else if (dice < 0.5) await this.send('/accounts', { ...this.profile(), externalIds: [this.externalId()] }, [1], true);
      else if (dice < 0.6) await this.send('/purchases', this.purchase(), [1], true);
      else await this.send(`/accounts/${this.account}/rate-criterion`, { code: 'note', raw: String(this.n) }, [1], true);
    }
  }

  /**
   * Reads what this client wrote last, all the time, with the position that it was answered: what is shown is at least that, or
   * the answer is 503.
   */
  async readOn(enough: () => boolean): Promise<void> {
    for (; !enough(); await sleep(READ_EVERY_MS)) {
      if (!this.written) continue;
      const { id, revision, position } = this.written;
      const answer = await this.ask(`/accounts/${id}?after=${position}`);
      if (answer === undefined) this.reads.unanswered++;
      else if (answer.status === 503) this.reads.later++;
      else if (answer.status === 200)
        this.reads[(JSON.parse(answer.text) as StoredAnswer).revision < revision ? 'stale' : 'shown']++;
      else if (answer.status === 404) this.reads.stale++;
      else this.faults.push(answer.text);
    }
  }

  private async opened(): Promise<void> {
    this.account = (await this.must('/accounts', { ...this.profile(), externalIds: [this.externalId()] })).id;
  }

  /** Up and down, so that each assessment moves the tier: two events. One that has no answer may leave the next with one. */
  private async assessed(): Promise<void> {
    this.high = !this.high;
    await this.must(`/accounts/${this.account}/rate-criterion`, { code: 'influence', raw: this.high ? '90' : '10' });
    await this.send(`/accounts/${this.account}/assess-value`, { modelId: this.model, scheduled: true }, [1, 2], true);
  }

  /** To another parent, from a later day on: the end of one link and the beginning of the next. */
  private async link(first: boolean): Promise<void> {
    const days = ++this.links;
    const validFrom = new Date(Date.UTC(1990, 0, days)).toISOString().slice(0, 10);
    const body = { accountId: this.child, parentId: this.parents[days % 3], linkType: 'subsidiary', validFrom };
    if (first) await this.must('/hierarchy/link', body);
    else await this.send('/hierarchy/link', body, [2], true);
  }

  private async bulk(): Promise<void> {
    const isPurchases = this.options.chance() < 0.5;
    const path = isPurchases ? '/purchases/bulk' : '/accounts/bulk';
    const lines = Array.from({ length: BULK_LINES }, (_, i) =>
      isPurchases
        ? { command: 'Record', data: this.purchase() }
        : i % 3 === 0
          ? { command: 'Register', data: { ...this.profile(), externalIds: [this.externalId(), this.externalId()] } }
          : { command: 'RateCriterion', id: this.account, data: { code: `bulk-${i}`, raw: String(this.n + i) } },
    ).map((it) => ({ ...it, idempotencyKey: this.key() }));
    const sendings = lines.map((it) => this.noted(path, it, it.idempotencyKey, [1]));
    const body = lines.map((it) => JSON.stringify(it)).join('\n');
    for (;;) {
      const answer = await this.ask(path, body, {}, 'application/x-ndjson');
      const answers =
        answer?.status === 200
          ? answer.text
              .trim()
              .split('\n')
              .map((it) => JSON.parse(it) as Line)
          : undefined;
      for (const [i, it] of sendings.entries()) {
        const line = answers?.[i];
        this.note(
          it,
          line === undefined
            ? answer
              ? toldBy(answer.status, answer.text, null)
              : UNKNOWN
            : toldBy(line.status, JSON.stringify(line), null),
        );
      }
      if (sendings.every((it) => isOver(it.told.at(-1)!)) || this.givesUp()) return;
      await sleep(AGAIN_MS, undefined, { signal: this.options.signal });
    }
  }

  private async must(path: string, body: object): Promise<StoredAnswer> {
    const { told } = await this.send(path, body, [1], false);
    const last = told.at(-1)!;
    if (last.is !== 'stored') throw new Error(`${path} was answered ${JSON.stringify(last)}`);
    return last.body;
  }

  /** Until it has an answer, or is given up. */
  private async send(path: string, body: object, events: readonly number[], mayGiveUp: boolean): Promise<Sending> {
    const it = this.noted(path, body, this.key(), events);
    for (;;) {
      const told = await this.sendOnce(it);
      if (told.is === 'stored' && path.startsWith('/accounts')) this.written = told.body;
      if (isOver(told) || (mayGiveUp && this.givesUp())) return it;
      await sleep(AGAIN_MS, undefined, { signal: this.options.signal });
    }
  }

  /** The same command with the same key, as often as one likes. */
  async sendOnce(it: Sending): Promise<Told> {
    if (it.path.endsWith('/bulk')) {
      const answer = await this.ask(it.path, JSON.stringify(it.body), {}, 'application/x-ndjson');
      return this.note(
        it,
        answer
          ? toldBy(answer.status === 200 ? (JSON.parse(answer.text) as Line).status : answer.status, answer.text, null)
          : UNKNOWN,
      );
    }
    const answer = await this.ask(it.path, JSON.stringify(it.body), { 'idempotency-key': it.key });
    return this.note(it, answer ? toldBy(answer.status, answer.text, answer.etag) : UNKNOWN);
  }

  /** Without a body it is a question. */
  private async ask(path: string, body?: string, headers: object = {}, type = 'application/json') {
    try {
      const answer = await fetch(`${this.options.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${await this.options.token(this.subject, this.tenantId)}`,
          ...(body !== undefined && { 'content-type': type }),
          ...headers,
        },
        body,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') };
    } catch {
      return undefined;
    }
  }

  private noted(path: string, body: object, key: string, events: readonly number[]): Sending {
    const it: Sending = { subject: this.subject, tenantId: this.tenantId, key, path, body, events, told: [] };
    this.sent.push(it);
    return it;
  }
  private note(it: Sending, told: Told): Told {
    it.told.push(told);
    if (told.is === 'stored') this.acknowledged++;
    return told;
  }

  private givesUp = (): boolean => this.options.chance() < GIVEN_UP;
  private key = (): string => `${this.number}-${++this.n}`;
  private profile = () => ({ profile: { name: `Client ${this.number} No ${this.n}` } });
  private externalId = () => ({ system: 'erp', type: 'customer', value: `${this.number}-${++this.n}` });
  private purchase = () => ({
    sourceSystem: 'erp',
    txnId: `${this.number}-${++this.n}`,
    account: { accountId: this.child },
    kind: 'sale',
    lines: [{ sku: 'A', qty: 1 + (this.n % 9), unitPrice: '2.50' }],
    ccy: 'EUR',
    txnAt: '2026-01-05T09:00:00Z',
    zone: 'Europe/London',
  });
}

interface Line extends StoredAnswer {
  readonly status: number;
}
const UNKNOWN: Told = { is: 'unknown' };
const isOver = ({ is }: Told): boolean => is === 'stored' || is === 'refused';

function toldBy(status: number, text: string, etag: string | null): Told {
  const body = JSON.parse(text) as StoredAnswer & { code?: string };
  if (status < 300) return { is: 'stored', body, etag };
  if (status === 503) return body.code === 'unavailable' ? { is: 'not stored' } : UNKNOWN;
  return { is: 'refused', status, code: body.code ?? '' };
}

const MODEL = {
  name: 'Value',
  criteria: [
    {
      code: 'influence',
      label: { en: 'Influence', zh: '影响力' },
      weight: '1',
      normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true },
      missing: 'exclude',
    },
  ],
  minCoverage: '0.5',
  ladder: {
    rungs: [
      { tier: 'A', from: '50' },
      { tier: 'B', from: '0' },
    ],
    hysteresis: '0',
    demoteAfter: 1,
  },
};
