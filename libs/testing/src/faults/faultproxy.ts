// A TCP proxy that does to connections what networks do: slow, torn, silent, cut. In the test's own process, moved by calls.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { chance, type Chance } from './chance';

export type Direction = 'to server' | 'to client';

/** What connections suffer. Absent: nothing of the kind. */
export interface Faults {
  readonly latencyMs?: number;
  /** Added to the latency, from 0 to this. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** Bytes arrive in pieces of 1 to so many, 1 ms apart. */
  readonly sliceBytes?: number;
  /** A connection is cut when its client has got so many bytes. */
  readonly limitBytes?: number;
  /**
   * Bytes do not arrive while it lasts, and all the same nothing is closed. One direction is a partition that is noticed on one
   * side only, both are a black hole. What was held arrives when it is over.
   */
  readonly held?: Direction | 'both';
}

/** Seen from the request whose bytes match. After the first the server knows nothing of it, after the last it has done it. */
export type Moment = 'before it is sent' | 'after it is sent' | 'before its answer';

export interface FaultProxy {
  readonly port: number;
  /** An address with this proxy in the place of its host and port. */
  through(url: string): string;
  /** From now on, for the connections that there are, and for those to come unless it says otherwise. */
  set(faults: Faults, whom?: 'all' | 'those there are'): void;
  /** Cuts the next connection whose client sends what matches; resolves when it is cut. Several may wait at once. */
  cut(pattern: RegExp, moment: Moment): Promise<void>;
  /** Resets all connections there are; says how many. */
  cutAll(): number;
  /** Cuts all connections and takes no new one, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** `target` is asked for each connection: a server may come back elsewhere. Its host and port count. */
export async function faultProxy(target: string | (() => string), seed = 0): Promise<FaultProxy> {
  const dice = chance(seed);
  const links = new Set<Link>();
  const ambushes = new Set<Ambush>();
  let faults: Faults = {};
  let port = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const { hostname, port: at } = new URL(typeof target === 'string' ? target : target());
    const link = new Link(client, connect({ host: hostname, port: Number(at), allowHalfOpen: true, noDelay: true }), {
      faults,
      dice,
      ambushes,
      onGone: () => links.delete(link),
    });
    links.add(link);
  });
  const cutAll = () => {
    const all = [...links];
    for (const it of all) it.cut();
    return all.length;
  };
  const up = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  const down = async () => {
    const closed = new Promise((done) => server.close(done));
    cutAll();
    await closed;
  };
  await up();

  return {
    port,
    through: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    set(given, whom = 'all') {
      if (whom === 'all') faults = given;
      for (const it of links) it.suffer(given);
    },
    cut: (pattern, moment) => new Promise((resolve) => ambushes.add({ pattern, moment, resolve })),
    cutAll,
    down,
    up,
    close: async () => void (server.listening && (await down())),
  };
}

interface Ambush {
  readonly pattern: RegExp;
  readonly moment: Moment;
  resolve(): void;
}

interface LinkOptions {
  readonly faults: Faults;
  readonly dice: Chance;
  readonly ambushes: Set<Ambush>;
  onGone(): void;
}

/** A pattern may lie across two pieces; it is at most so long. */
const PATTERN_BYTES = 512;

/** A client, its connection to the server, and a lane for each direction. */
class Link {
  private readonly lanes: readonly Lane[];
  private sent = '';
  private received = 0;
  /** The answer that is coming is not for the client. */
  private onAnswer: (() => void) | undefined;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly options: LinkOptions,
  ) {
    this.lanes = [
      new Lane('to server', client, server, options.dice, (bytes) => this.sending(bytes)),
      new Lane('to client', server, client, options.dice, (bytes) => this.receiving(bytes)),
    ];
    this.suffer(options.faults);
    for (const socket of [client, server]) {
      // A side that resets is gone; one that ends may still be told what is on its way.
      socket.on('error', () => this.cut());
      socket.on('close', () => client.destroyed && server.destroyed && options.onGone());
    }
  }

  suffer(faults: Faults): void {
    this.faults = faults;
    for (const it of this.lanes) it.suffer(faults);
  }
  private faults: Faults = {};

  cut(): void {
    for (const it of this.lanes) it.close();
    reset(this.client);
    this.server.destroy();
    this.options.onGone();
  }

  /** How many of the bytes go on; none when the connection is cut over them. */
  private sending(bytes: Buffer): Buffer | undefined {
    this.sent = (this.sent + bytes.toString('latin1')).slice(-PATTERN_BYTES - bytes.length);
    for (const ambush of this.options.ambushes) {
      if (!ambush.pattern.test(this.sent)) continue;
      this.options.ambushes.delete(ambush);
      this.sent = '';
      if (ambush.moment === 'before its answer') {
        this.onAnswer = ambush.resolve;
        break;
      }
      // Ended and not reset: what was sent is to be read.
      if (ambush.moment === 'after it is sent') this.server.end(bytes);
      else this.server.destroy();
      reset(this.client);
      ambush.resolve();
      return undefined;
    }
    return bytes;
  }

  private receiving(bytes: Buffer): Buffer | undefined {
    if (this.onAnswer) {
      this.cut();
      this.onAnswer();
      return undefined;
    }
    const { limitBytes = Infinity } = this.faults;
    this.received += bytes.length;
    if (this.received < limitBytes) return bytes;
    this.client.end(bytes.subarray(0, bytes.length - (this.received - limitBytes)));
    this.server.destroy();
    return undefined;
  }
}

/**
 * With a reset, at once. Node's own `resetAndDestroy` ends the socket first: where the other side dies while that is on its way,
 * the socket is never closed, and the process spins when it wants to end (Node 20.20).
 */
function reset(socket: Socket): void {
  if (!socket.writableEnded) Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}

/** Beyond so much on its way the sender is not read. */
const ON_ITS_WAY_BYTES = 1_000_000;

/** One direction: pieces with an instant each at which they arrive, in their order. `undefined` is the end. */
class Lane {
  private readonly queue: { readonly piece: Buffer | undefined; readonly at: number }[] = [];
  private bytes = 0;
  private last = 0;
  private timer: NodeJS.Timeout | undefined;
  private faults: Faults = {};

  constructor(
    private readonly direction: Direction,
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly dice: Chance,
    private readonly passing: (bytes: Buffer) => Buffer | undefined,
  ) {
    from.on('data', (bytes) => {
      for (const piece of this.sliced(bytes)) this.add(piece);
      this.move();
    });
    from.on('end', () => {
      this.add(undefined);
      this.move();
    });
  }

  suffer(faults: Faults): void {
    this.faults = faults;
    this.move();
  }

  close(): void {
    clearTimeout(this.timer);
    this.queue.length = 0;
  }

  private *sliced(bytes: Buffer): Generator<Buffer> {
    const { sliceBytes } = this.faults;
    for (let at = 0, next; at < bytes.length; at = next) {
      next = sliceBytes === undefined ? bytes.length : at + this.dice.between(1, sliceBytes);
      yield bytes.subarray(at, next);
    }
  }

  private add(piece: Buffer | undefined): void {
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Infinity, sliceBytes } = this.faults;
    const delayed = performance.now() + latencyMs + this.dice.next() * jitterMs;
    // One behind the other, and none faster than the line carries it.
    const carried = ((piece?.length ?? 0) * 1_000) / bytesPerSecond;
    this.last = Math.max(delayed, this.last + (sliceBytes === undefined ? 0 : 1)) + carried;
    this.queue.push({ piece, at: this.last });
    this.bytes += piece?.length ?? 0;
    if (this.bytes > ON_ITS_WAY_BYTES) this.from.pause();
  }

  private move(): void {
    clearTimeout(this.timer);
    const { held } = this.faults;
    if (held === 'both' || held === this.direction) return;
    for (let next = this.queue[0]; next; next = this.queue[0]) {
      const wait = next.at - performance.now();
      if (wait > 0) {
        this.timer = setTimeout(() => this.move(), wait);
        break;
      }
      this.queue.shift();
      this.bytes -= next.piece?.length ?? 0;
      if (next.piece === undefined) this.to.end();
      else {
        const passed = this.passing(next.piece);
        if (passed && this.to.writable) this.to.write(passed);
      }
    }
    if (this.bytes <= ON_ITS_WAY_BYTES) this.from.resume();
  }
}
