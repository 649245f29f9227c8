// The services of a process at work: commands, projections and feeds on one store, one read database and one bus.
import {
  busFeed,
  commandHandler,
  keys,
  logBus,
  projector,
  rebuild,
  storeFeed,
  type Bus,
  type CommandHandler,
  type EventStore,
  type Feed,
  type Projection,
  type Projector,
  type RebuildProgress,
} from '@kams/eventing';
import { randomUUID } from 'node:crypto';
import type { AnyContract } from '@kams/contracts/define';
import type { DataSource } from 'typeorm';
import type { Logger } from 'pino';
import { problemTable, type ProblemText } from '../http/problems';
import { postgresReadModel } from '../read-model/postgres-read-model';
import type { Service } from '../service';

export interface RuntimeOptions {
  readonly services: readonly Service[];
  readonly store: EventStore;
  readonly readDatabase: DataSource;
  readonly hashKey: Buffer;
  readonly cursorKey: Buffer;
  /** How long an answer may wait for a projection that is behind. */
  readonly readWaitMs: number;
  readonly log: Logger;
  readonly now?: () => Date;
}

export type RebuildState = 'running' | 'done' | 'failed';
export interface RebuildReport extends Partial<RebuildProgress> {
  readonly state: RebuildState;
  readonly error?: string;
}

/** What the requests of this process are served from. */
export class Runtime {
  readonly commands: CommandHandler;
  readonly bus: Bus;
  readonly services: readonly Service[];
  readonly store: EventStore;
  readonly readDatabase: DataSource;
  /** Every code that an answer may carry. */
  readonly problems: ReadonlyMap<string, ProblemText>;
  /** MACs the cursors of lists. */
  readonly cursorKey: Buffer;
  readonly readWaitMs: number;
  readonly now: () => Date;

  private history = '';
  private readonly log: Logger;
  private readonly stopping = new AbortController();
  private readonly projectors = new Map<string, Projector>();
  private readonly running: Promise<void>[] = [];
  private readonly rebuilds = new Map<string, RebuildReport>();
  private caughtUp = false;

  constructor({ services, store, readDatabase, hashKey, cursorKey, readWaitMs, log, now = () => new Date() }: RuntimeOptions) {
    this.now = now;
    this.services = services;
    this.store = store;
    this.readDatabase = readDatabase;
    this.log = log;
    this.cursorKey = cursorKey;
    this.readWaitMs = readWaitMs;
    this.problems = problemTable(services);
    this.commands = commandHandler({ store, hashKey, now });
    this.bus = logBus(services.map((it) => ({ name: it.name, contracts: contractsOf(it), store })));
  }

  /** Makes the tables, starts every projector, and builds again what the code has changed. */
  async start(): Promise<void> {
    this.history = (await this.store.head()).epoch;
    for (const service of this.services) {
      const readModel = postgresReadModel(this.readDatabase, service.name);
      for (const projection of service.projections) {
        const state = await readModel.prepare(projection);
        const it = projector(projection, this.feedOf(service, projection), readModel);
        this.projectors.set(projection.name, it);
        this.running.push(it.run(this.stopping.signal));
        if (state === 'outdated') void this.rebuild(projection.name);
      }
    }
    void this.firstCatchUp();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  /** Has every projection come to where the store was at the start? Until then answers may lack what was stored before. */
  get ready(): boolean {
    return this.caughtUp && this.projections().every((it) => it.failure() === undefined);
  }

  /** The epoch of the store, as it was at the start: it is renewed only while nothing runs on it. */
  get epoch(): string {
    return this.history;
  }

  /** Aborts when the process is about to end: streams end with it. */
  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  /** What was not foreseen: in the log with an id that the answer carries. */
  reportFault(error: unknown): string {
    const traceId = randomUUID();
    this.log.error({ err: error, traceId }, 'fault');
    return traceId;
  }

  projections(): readonly Projector[] {
    return [...this.projectors.values()];
  }

  projector(name: string): Projector | undefined {
    return this.projectors.get(name);
  }

  /** Builds a projection again while it goes on serving; a second call for the same one joins the first. */
  rebuild(name: string): RebuildReport {
    const before = this.rebuilds.get(name);
    if (before?.state === 'running') return before;
    const owner = this.services.find((it) => it.projections.some((projection) => projection.name === name));
    const projection = owner?.projections.find((it) => it.name === name);
    if (!owner || !projection) throw new RangeError(`there is no projection ${name}`);

    const report = (it: RebuildReport) => void this.rebuilds.set(name, it);
    report({ state: 'running', projection: name });
    const working = rebuild(projection, this.feedOf(owner, projection), postgresReadModel(this.readDatabase, owner.name), {
      signal: this.stopping.signal,
      progress: (it) => report({ state: 'running', ...it }),
    })
      .then(() => report({ ...this.rebuilds.get(name), state: 'done' }))
      .catch((error: Error) => {
        this.log.error({ err: error, projection: name }, 'rebuild failed');
        report({ ...this.rebuilds.get(name), state: 'failed', error: error.message });
      });
    this.running.push(working);
    return this.rebuilds.get(name)!;
  }

  rebuildOf(name: string): RebuildReport | undefined {
    return this.rebuilds.get(name);
  }

  private feedOf(service: Service, { contracts, over, name }: Projection): Feed {
    const own = storeFeed(this.store, contracts);
    return over === undefined ? own : busFeed(this.bus, `${service.name}.${name}`, over, contracts, own);
  }

  private async firstCatchUp(): Promise<void> {
    const { position } = await this.store.head();
    for (const it of this.projectors.values()) {
      while (!this.stopping.signal.aborted && !(await it.reached(position, 1_000)));
    }
    this.caughtUp = true;
  }
}

/** All that a service stores: its aggregates, and the keys that they hold. */
export const contractsOf = ({ aggregates }: Service): AnyContract[] =>
  aggregates.flatMap((it) => (it.claims ? [it.contract, keys(it.contract.name).contract] : [it.contract]));
