// A host of a few lines for the tests of the command line: it remembers what was said, and can be told to fail.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Said {
  readonly path: string;
  readonly command: string;
  readonly data: Record<string, unknown>;
  readonly outcome: string;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => boolean | Promise<boolean>;

interface BulkLine {
  readonly command: string;
  readonly idempotencyKey: string;
  readonly data: Record<string, unknown>;
}

/** What a command is about, as the contracts say it. */
function keyOf(path: string, { command, data }: BulkLine): string {
  if (path === '/contacts/bulk') return `contact ${(data['externalId'] as { value: string }).value}`;
  if (path === '/opportunities/bulk') return `opportunity ${(data['externalId'] as { value: string }).value}`;
  if (command === 'Import') return `account ${JSON.stringify(data['externalId'])}`;
  if (command === 'Register') return `account ${JSON.stringify((data['externalIds'] as unknown[])[0])}`;
  if (command === 'Record') return `purchase ${String(data['txnId'])}`;
  return `link ${String(data['accountId'])}`;
}

export class FakeHost {
  readonly said: Said[] = [];
  readonly requests: string[] = [];
  readonly tokens: string[] = [];
  /** Asked first; true means that the request was answered, or was left without an answer. */
  handler: Handler = () => false;
  /** What is refused, by a part of its JSON: status and code. */
  refuses = new Map<string, { status: number; code: string }>();
  readonly #known = new Map<string, string>();
  readonly #answers = new Map<string, object>();
  readonly #server = createServer((request, response) => void this.#take(request, response));

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const path = request.url!;
    this.requests.push(`${request.method} ${path}`);
    this.tokens.push(request.headers.authorization ?? '');
    if (await this.handler(request, response, body)) return;
    if (path === '/health/live') return answer(response, 200, { status: 'live' });
    if (path.endsWith('/bulk')) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(this.decide(path, body));
      return;
    }
    answer(response, 404, { code: 'not-found', detail: 'There is nothing here under this address.' });
  }

  /** The answers to a bulk request; a command said again under its own key gets the answer that it had. */
  decide(path: string, body: string): string {
    return body
      .split('\n')
      .map((text, i) => JSON.stringify({ line: i + 1, ...this.#decideLine(path, text) }) + '\n')
      .join('');
  }

  #decideLine(path: string, text: string): object {
    const line = JSON.parse(text) as BulkLine;
    for (const [part, problem] of this.refuses) if (text.includes(part)) return { ...problem, detail: 'No.' };
    const key = keyOf(path, line);
    if (line.command === 'Record' || path === '/contacts/bulk' || path === '/opportunities/bulk') {
      const by = line.data['account'] as { externalId?: unknown };
      const externalId = by.externalId ?? by;
      if (!this.#known.has(`account ${JSON.stringify(externalId)}`))
        return { status: 404, code: 'unknown-account', detail: 'Who?' };
    }
    const before = this.#answers.get(line.idempotencyKey);
    if (before) return before;
    const content = JSON.stringify(line.data);
    const known = this.#known.get(key);
    if (known !== undefined && line.command === 'Register') return { status: 409, code: 'key-taken', detail: 'Taken.' };
    if (known !== undefined && known !== content && line.command === 'Record')
      return { status: 409, code: 'purchase-differs', detail: 'It is recorded with other content.' };
    const outcome = known === undefined ? 'opened' : known === content ? 'unchanged' : 'changed';
    this.#known.set(key, content);
    this.said.push({ path, command: line.command, data: line.data, outcome });
    const made = { status: outcome === 'opened' ? 201 : 200, id: `id of ${key}`, revision: 0, position: 'e.1', outcome };
    this.#answers.set(line.idempotencyKey, made);
    return made;
  }
}

export function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
