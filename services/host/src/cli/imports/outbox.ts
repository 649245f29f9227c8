// Commands on their way to the host: gathered into bulk requests, a few at the same time, each account before its purchases.
import { hash } from 'node:crypto';
import { wordsOf, type HostClient, type LineAnswer } from '../host-client';
import { Flaw } from './cells';
import type { MetAccount, PurchaseCommand } from './row-command';
import type { Outcome, Settled } from './results';

export interface Outbox<C> {
  add(command: C): void;
  /** Resolves when another command may be added. */
  room(): Promise<void>;
  /** Resolves when everything was answered. */
  drain(): Promise<void>;
}

export type Settle<C> = (command: C, settled: Settled) => void;

/** The host takes 1,000 commands and 1 MB in one request. */
const MOST_COMMANDS = 1_000;
const MOST_BYTES = 900_000;
/** One is decided, one is on its way, one is made. */
const AT_ONCE = 3;

/** Settles everything at once as valid: what comes here fits its contract. */
export const dryOutbox = <C>(settle: Settle<C>): Outbox<C> => ({
  add: (command) => settle(command, { outcome: 'valid' }),
  room: async () => undefined,
  drain: async () => undefined,
});

export interface HostOutboxOptions<C> {
  readonly host: HostClient;
  readonly path: string;
  /** The command's name in its contract. */
  readonly type: string;
  readonly settle: Settle<C>;
  /** Another one each time, and for every run: a command whose answer was lost is sent again under the key that it had. */
  readonly idempotencyKey: () => string;
  readonly met: MetAccounts;
}

/** What is known of the accounts that this run has met: by their keys, the request that registers them. */
export type MetAccounts = Map<string, Promise<ReadonlyMap<string, Flaw>>>;

export function hostOutbox<C extends PurchaseCommand>({
  host,
  path,
  type,
  settle,
  idempotencyKey,
  met,
}: HostOutboxOptions<C>): Outbox<C> {
  const onTheWay = new Set<Promise<void>>();
  let failure: unknown;
  let filling = new Batch<C>();
  const full: Batch<C>[] = [];

  async function send({ commands, lines }: Batch<C>): Promise<void> {
    const flaws = await registered(commands.flatMap((it) => it.meets ?? []));
    const sent = commands.map((_, at) => at).filter((at) => !flaws.has(commands[at]!.meets?.key ?? ''));
    const answers = await host.bulk(
      path,
      sent.map((at) => lines[at]!),
    );
    const answerOf = new Map(sent.map((at, i) => [at, answers[i]!]));
    commands.forEach((it, at) => {
      const answer = answerOf.get(at);
      settle(it, answer ? settledOf(answer) : flaws.get(it.meets!.key)!);
    });
  }

  /** Those of the accounts that could not be registered. */
  async function registered(accounts: readonly MetAccount[]): Promise<ReadonlyMap<string, Flaw>> {
    const fresh = new Map(accounts.filter((it) => !met.has(it.key)).map((it) => [it.key, it]));
    const registering = register(host, [...fresh.values()]);
    for (const key of fresh.keys()) met.set(key, registering);
    const all = await Promise.all(new Set(accounts.map((it) => met.get(it.key)!)).add(registering));
    return new Map(all.flatMap((it) => [...it]));
  }

  function launch(batch: Batch<C>): void {
    const sending = send(batch)
      .catch((error: unknown) => void (failure ??= error))
      .finally(() => onTheWay.delete(sending));
    onTheWay.add(sending);
  }

  async function room(): Promise<void> {
    while (full.length > 0) {
      if (failure) throw failure;
      if (onTheWay.size < AT_ONCE) launch(full.shift()!);
      else await Promise.race(onTheWay);
    }
    if (failure) throw failure;
  }

  return {
    add(command) {
      const line = JSON.stringify({ command: type, idempotencyKey: idempotencyKey(), data: command.data });
      if (!filling.takes(line)) {
        full.push(filling);
        filling = new Batch();
      }
      filling.add(command, line);
    },
    room,
    async drain() {
      if (filling.commands.length > 0) full.push(filling);
      filling = new Batch();
      await room();
      await Promise.all(onTheWay);
      if (failure) throw failure;
    },
  };
}

class Batch<C> {
  readonly commands: C[] = [];
  readonly lines: string[] = [];
  #bytes = 0;

  /** A line that is too large for any request travels alone, and the host says so. */
  takes(line: string): boolean {
    const { length } = this.lines;
    return length === 0 || (length < MOST_COMMANDS && this.#bytes + Buffer.byteLength(line) < MOST_BYTES);
  }

  add(command: C, line: string): void {
    this.commands.push(command);
    this.lines.push(line);
    this.#bytes += Buffer.byteLength(line) + 1;
  }
}

/** Said of an account that is there already, under this key or in other words: it stays as it is. */
const IS_THERE = new Set(['key-taken', 'command-id-reused']);

/**
 * Register, not Import: an account that is known keeps the name that someone gave it. The idempotency key comes from the account,
 * so that another run, or a host that was killed in between, ends with one account.
 */
async function register(host: HostClient, accounts: readonly MetAccount[]): Promise<ReadonlyMap<string, Flaw>> {
  const flaws = new Map<string, Flaw>();
  let batch = new Batch<MetAccount>();
  const send = async ({ commands, lines }: Batch<MetAccount>) => {
    const answers = lines.length > 0 ? await host.bulk('/accounts/bulk', lines) : [];
    answers.forEach((answer, i) => {
      if (answer.status < 300 || IS_THERE.has(answer.code ?? '')) return;
      flaws.set(commands[i]!.key, new Flaw('account-rejected', `its account: ${wordsOf(answer)}`));
    });
  };
  for (const account of accounts) {
    const { externalIds } = account.data as { externalIds: unknown };
    const idempotencyKey = `met.${hash('sha256', JSON.stringify(externalIds), 'base64url')}`;
    const line = JSON.stringify({ command: 'Register', idempotencyKey, data: account.data });
    if (!batch.takes(line)) {
      await send(batch);
      batch = new Batch();
    }
    batch.add(account, line);
  }
  await send(batch);
  return flaws;
}

const OUTCOME = { opened: 'created', changed: 'updated', unchanged: 'skipped' } as const satisfies Record<string, Outcome>;

function settledOf(answer: LineAnswer): Settled {
  const { outcome, id, code } = answer;
  return outcome ? { outcome: OUTCOME[outcome], id } : new Flaw(code ?? String(answer.status), wordsOf(answer));
}
