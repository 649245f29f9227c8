// Requests to the host. What is only for now (it restarts, it is busy, the network broke) is tried again; all that the command
// line sends may be sent twice.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tokens } from './connection';
import { Failure } from './failure';

export interface ProblemAnswer {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly [more: string]: unknown;
}

/** The host's no. */
export class Refused extends Failure {
  constructor(
    readonly problem: ProblemAnswer,
    message: string,
  ) {
    super(message);
  }
}

/** What a bulk route says of one line. */
export interface LineAnswer extends ProblemAnswer {
  readonly line: number;
  readonly id?: string;
  readonly outcome?: 'opened' | 'changed' | 'unchanged';
}

export interface HostClientOptions {
  readonly url: string;
  readonly tokens: Tokens;
  readonly signal: AbortSignal;
  /** How long a host that has answered once may be away before the command gives up. */
  readonly patienceMs?: number;
  /** Told when something is tried again. */
  readonly onWait?: (why: string) => void;
  readonly pausesMs?: readonly number[];
}

interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
  readonly accept?: string;
}

const PAUSES_MS = [200, 500, 1_000, 2_000, 5_000];
/** A bulk request of a thousand commands takes about a second; one that takes two minutes hangs. */
const ANSWER_MS = 120_000;

export class HostClient {
  readonly url: string;
  readonly #options: HostClientOptions;
  #reached = false;

  constructor(options: HostClientOptions) {
    this.#options = options;
    this.url = options.url;
  }

  async get<T>(path: string): Promise<T> {
    return this.#read<T>(path, await this.#ask({ method: 'GET', path }));
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    const text = await this.#ask({ method: 'POST', path, body: JSON.stringify(body), type: 'application/json' });
    return this.#read<T>(path, text);
  }

  /**
   * Commands to a bulk route, a JSON text each; their answers in the same order. Those that the host could not take now are
   * sent again, alone.
   */
  async bulk(path: string, commands: readonly string[]): Promise<LineAnswer[]> {
    const answers = new Array<LineAnswer>(commands.length);
    let open = commands.map((_, at) => at);
    for (const patience = this.#patience(); open.length > 0;) {
      const given = await this.#lines(
        path,
        open.map((at) => commands[at]!),
      );
      const again: number[] = [];
      open.forEach((at, i) => {
        const answer = given[i]!;
        if (isForNow(answer)) again.push(at);
        else answers[at] = answer;
      });
      if (again.length > 0) await patience.wait(`${again.length} commands were not taken (${given.find(isForNow)!.code})`);
      open = again;
    }
    return answers;
  }

  async #lines(path: string, commands: readonly string[]): Promise<LineAnswer[]> {
    const type = 'application/x-ndjson';
    try {
      const text = await this.#ask({ method: 'POST', path, body: commands.join('\n'), type, accept: type });
      const answers = text.split('\n', commands.length).map((line) => this.#read<LineAnswer>(path, line));
      if (answers.length === commands.length) return answers;
      throw new Failure(`${this.url}${path} answered ${answers.length} of ${commands.length} lines.`);
    } catch (error) {
      // One command that is too large for any request is that command's own answer.
      if (error instanceof Refused && error.problem.status === 413 && commands.length === 1)
        return [{ line: 1, ...error.problem }];
      throw error;
    }
  }

  /** An answer that goes on, as server-sent events do. */
  async stream(path: string, headers: Readonly<Record<string, string>>): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send({ method: 'GET', path, accept: 'text/event-stream' }, this.#options.signal, headers);
    if (response.ok && response.body) return response.body;
    throw this.#refusal(response.status, await response.text());
  }

  async #ask(ask: Ask): Promise<string> {
    const patience = this.#patience();
    for (let renewed = false; ;) {
      try {
        const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(ANSWER_MS)]);
        const response = await this.#send(ask, signal);
        const text = await response.text();
        if (response.ok) return text;
        if (response.status === 401 && !renewed && this.#options.tokens.renew()) renewed = true;
        else if (MAY_PASS.has(response.status)) {
          await patience.wait(`${response.status} from ${this.url}`, response.headers.get('retry-after'));
        } else throw this.#refusal(response.status, text);
      } catch (error) {
        if (error instanceof Failure) throw error;
        await patience.wait(this.#lost(error).message);
      }
    }
  }

  async #send(ask: Ask, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const { method, path, body, type, accept = 'application/json' } = ask;
    const token = await this.#options.tokens.current();
    try {
      const response = await fetch(this.url + path, {
        method,
        body,
        signal,
        redirect: 'error',
        headers: { authorization: `Bearer ${token}`, accept, ...(type && { 'content-type': type }), ...headers },
      });
      this.#reached = true;
      return response;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw this.#reached ? error : this.#lost(error);
    }
  }

  #read<T>(path: string, text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Failure(`${this.url}${path} answered something that is not JSON. Is it a KAMS host? Mend KAMS_URL.`);
    }
  }

  /** Waits longer each time, as long as the last wait began within the patience. */
  #patience() {
    const { patienceMs = 5_000, pausesMs = PAUSES_MS, onWait, signal } = this.#options;
    const until = Date.now() + patienceMs;
    let times = 0;
    return {
      wait: async (why: string, retryAfter: string | null = null) => {
        signal.throwIfAborted();
        if (Date.now() > until)
          throw new Failure(
            `${why.replace(/\.$/, '')}. Gave up after ${Math.round(patienceMs / 1000)} s; run the command again.`,
          );
        if (times === 0) onWait?.(why);
        const pauseMs = pausesMs[Math.min(times++, pausesMs.length - 1)]!;
        await sleep(Math.max(pauseMs * (0.75 + Math.random() / 2), 1_000 * Number(retryAfter ?? 0) || 0), undefined, { signal });
      },
    };
  }

  #lost(error: unknown): Failure {
    const code = codeOf(error);
    if (code === 'ECONNREFUSED') {
      return new Failure(`No host answers at ${this.url}. Start it with "npm start", or say with KAMS_URL where it is.`);
    }
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      return new Failure(`The host of ${this.url} can not be found. Mend KAMS_URL.`);
    }
    return new Failure(`The connection to ${this.url} was lost (${code}). Is it a KAMS host? Look at its log.`);
  }

  #refusal(status: number, text: string): Refused {
    const problem = problemOf(status, text);
    const { tokens } = this.#options;
    const reason = typeof problem['reason'] === 'string' ? `, ${problem['reason']}` : '';
    if (status === 401) return new Refused(problem, `The host refuses the token (401${reason}). ${tokens.cure}`);
    if (status === 403) return new Refused(problem, `The token does not allow this. ${problem.detail ?? ''}`.trim());
    return new Refused(problem, problem.detail ? wordsOf(problem) : `${this.url} answered ${status}: ${text.slice(0, 200)}`);
  }
}

/** What a problem means, where it lies, and what the operator needs to find it in the log. */
export function wordsOf({ status, detail = `answered with ${status}`, errors, traceId }: ProblemAnswer): string {
  const places = Array.isArray(errors) ? (errors as { pointer: string; reason: string }[]) : [];
  const trace = typeof traceId === 'string' ? [`traceId ${traceId}`] : [];
  return [detail, ...places.map(({ pointer, reason }) => `${pointer} ${reason}`), ...trace].join(' ');
}

const MAY_PASS = new Set([429, 502, 503, 504]);

const isForNow = ({ status, code }: ProblemAnswer): boolean => MAY_PASS.has(status) || code === 'version-conflict';

function problemOf(status: number, text: string): ProblemAnswer {
  try {
    return { ...(JSON.parse(text) as object), status };
  } catch {
    return { status };
  }
}

interface NetworkError {
  readonly name?: string;
  readonly code?: string;
  readonly cause?: { readonly code?: string; readonly errors?: readonly { readonly code?: string }[] };
}

/** fetch hides it in the cause; several addresses tried (IPv6 and IPv4) have one each. */
function codeOf(error: unknown): string {
  const { cause, code, name } = error as NetworkError;
  return cause?.code ?? cause?.errors?.[0]?.code ?? code ?? name ?? String(error);
}
