// Clients that send one command after another, single and in bulk, each with a key, to whichever node, and go on through every
// outage.
import { scoringModelContract } from '@kams/contracts/accounts/scoring-model';
import { setTimeout as sleep } from 'node:timers/promises';
import { naturalId } from '@kams/eventing';
import type { Appending, History } from '@kams/testing/faults/history';
import type { Tokens } from './installation';
import { commandIdOf, type Sending, type StoredAnswer, type Told } from './sendings';

export interface LoadOptions {
  /** The nodes; each attempt goes to one of them. */
  readonly urls: readonly string[];
  readonly tokens: Tokens;
  /** From 0 to 1. */
  chance(): number;
  readonly history: History;
  /** An account of the tenant that all of its clients write to. */
  readonly shared: Map<string, string>;
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
  /** Of the shared account, as this client knows it. */
  private seen = 0;

  constructor(
    private readonly options: LoadOptions,
    private readonly number: number,
  ) {
    this.subject = `client-${number}`;
    this.tenantId = TENANTS[number % TENANTS.length]!;
  }

  /** Streams that this client writes to now, alone and with others. */
  streams(): readonly string[] {
    return [`account-${this.account}`, `account-${this.options.shared.get(this.tenantId)}`, `hierarchy-${this.tenantId}`];
  }

  /** A model, an account to put under others, and three to put it under. */
  async begin(): Promise<void> {
    this.model = (await this.must('/scoring-models', { content: MODEL })).id;
    await this.must(`/scoring-models/${this.model}/publish`, {});
    this.child = (await this.must('/accounts', this.profile())).id;
    for (let i = 0; i < 3; i++) this.parents.push((await this.must('/accounts', this.profile())).id);
    await this.opened();
    await this.link(true);
    if (!this.options.shared.has(this.tenantId)) this.options.shared.set(this.tenantId, this.account);
    await this.opened();
  }

  async run(enough: () => boolean): Promise<void> {
    while (!enough()) {
      const dice = this.options.chance();
      if (dice < 0.02) await this.opened();
      else if (dice < 0.1) await this.bulk();
      else if (dice < 0.15) await this.link(false);
      else if (dice < 0.23) await this.contended();
      else if (dice < 0.4) await this.assessed();
      else if (dice < 0.52) await this.send('/accounts', { ...this.profile(), externalIds: [this.externalId()] }, [1], true);
      else if (dice < 0.62) await this.send('/purchases', this.purchase(), [1], true);
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

  /** All clients of a tenant write to one account, half of the time by the revision that they saw last: 412 is an answer then. */
  private async contended(): Promise<void> {
    const id = this.options.shared.get(this.tenantId)!;
    const ifMatch = this.options.chance() < 0.5 ? `"${this.seen}"` : undefined;
    const { told } = await this.send(
      `/accounts/${id}/rate-criterion`,
      { code: `shared-${this.number}`, raw: String(++this.n) },
      [1],
      true,
      ifMatch,
    );
    const last = told.at(-1)!;
    if (last.is === 'stored') this.seen = last.body.revision;
    if (last.is === 'refused' && last.revision !== undefined) this.seen = last.revision;
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
      const attempts = sendings.map((it) => this.attempt(it));
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
          attempts[i]!,
        );
      }
      if (sendings.every((it) => isOver(it.told.at(-1)!)) || this.givesUp()) return;
      await sleep(AGAIN_MS, undefined, { signal: this.options.signal });
    }
  }

  private async must(path: string, body: object): Promise<StoredAnswer> {
    const { told } = await this.send(path, body, [1], false);
    const last = told.at(-1)!;
    if (last.is === 'refused' && last.status === 404)
      throw new Error(`lost: what ${path} is for was acknowledged, and is not there for another node`);
    if (last.is !== 'stored') throw new Error(`${path} was answered ${JSON.stringify(last)}`);
    return last.body;
  }

  /** Until it has an answer, or is given up. */
  private async send(
    path: string,
    body: object,
    events: readonly number[],
    mayGiveUp: boolean,
    ifMatch?: string,
  ): Promise<Sending> {
    const it = this.noted(path, body, this.key(), events, ifMatch);
    for (;;) {
      const told = await this.sendOnce(it);
      if (told.is === 'stored' && path.startsWith('/accounts')) this.written = told.body;
      if (isOver(told) || (mayGiveUp && this.givesUp())) return it;
      await sleep(AGAIN_MS, undefined, { signal: this.options.signal });
    }
  }

  /** The same command with the same key, as often as one likes. */
  async sendOnce(it: Sending): Promise<Told> {
    const attempt = this.attempt(it);
    if (it.path.endsWith('/bulk')) {
      const answer = await this.ask(it.path, JSON.stringify(it.body), {}, 'application/x-ndjson');
      return this.note(
        it,
        answer
          ? toldBy(answer.status === 200 ? (JSON.parse(answer.text) as Line).status : answer.status, answer.text, null)
          : UNKNOWN,
        attempt,
      );
    }
    const headers = { 'idempotency-key': it.key, ...(it.ifMatch !== undefined && { 'if-match': it.ifMatch }) };
    const answer = await this.ask(it.path, JSON.stringify(it.body), headers);
    return this.note(it, answer ? toldBy(answer.status, answer.text, answer.etag) : UNKNOWN, attempt);
  }

  /** Without a body it is a question. */
  private async ask(path: string, body?: string, headers: object = {}, type = 'application/json') {
    const { urls } = this.options;
    try {
      const url = urls[Math.floor(this.options.chance() * urls.length)]!;
      const answer = await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${await this.options.tokens(this.subject, this.tenantId)}`,
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

  private noted(path: string, body: object, key: string, events: readonly number[], ifMatch?: string): Sending {
    const who = { subject: this.subject, tenantId: this.tenantId, key };
    const it: Sending = { ...who, path, body, events, stream: streamOf(path, body, who), ifMatch, told: [] };
    this.sent.push(it);
    return it;
  }
  private attempt = (it: Sending): Appending => this.options.history.append(it.stream, commandIdOf(it));
  private note(it: Sending, told: Told, attempt: Appending): Told {
    it.told.push(told);
    if (told.is === 'unknown') attempt.unknown();
    else if (told.is === 'stored' && told.body.outcome !== 'unchanged') attempt.ok();
    else attempt.fail();
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
  if (body.code === 'unavailable' || body.code === 'version-conflict') return { is: 'not stored' };
  if (status === 503) return UNKNOWN;
  return { is: 'refused', status, code: body.code ?? '', revision: body.revision };
}

/** The stream that a command is for, as the host derives it. */
function streamOf(path: string, body: object, who: Pick<Sending, 'subject' | 'tenantId' | 'key'>): string {
  const [, plural, id] = /^\/([\w-]+)(?:\/([0-9a-f-]{36}))?/.exec(path)!;
  const line = body as { readonly command?: string; readonly id?: string; readonly data?: object };
  const { tenantId } = who;
  switch (plural) {
    case 'hierarchy':
      return `hierarchy-${tenantId}`;
    case 'purchases': {
      const { sourceSystem, txnId } = (line.data ?? body) as { readonly sourceSystem: string; readonly txnId: string };
      return `purchase-${naturalId(tenantId, 'purchase', [sourceSystem, txnId])}`;
    }
    case 'scoring-models':
      return `scoring_model-${id ?? naturalId(tenantId, 'scoring_model', ['opened by', commandIdOf(who)])}`;
    default:
      return `account-${id ?? line.id ?? naturalId(tenantId, 'account', ['opened by', commandIdOf(who)])}`;
  }
}

/** A tier that moves at once, either way. */
const MODEL = {
  ...scoringModelContract.commands.Draft.example.content,
  ladder: {
    rungs: [
      { tier: 'A', from: '50' },
      { tier: 'B', from: '0' },
    ],
    hysteresis: '0',
    demoteAfter: 1,
  },
};
