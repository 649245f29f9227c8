// The services of a process at work: commands, projections and feeds on one store, one read database and one bus.
import {
  busFeed,
  commandHandler,
  delay,
  eraser,
  inbox,
  isPublished,
  leases,
  logBus,
  pastIn,
  projector,
  reactor,
  receiver,
  rebuild,
  relay,
  scheduler,
  storeFeed,
  type Answer,
  type AnyAggregate,
  type Bus,
  type Checkpoints,
  type Command,
  type CommandHandler,
  type EventStore,
  type Feed,
  type Head,
  type Inbox,
  type InboxPlace,
  type Leases,
  type LogDamaged,
  type Position,
  type Projection,
  type Projector,
  type Publisher,
  type ReadModel,
  type Eraser,
  type Held,
  type Proof,
  type RebuildProgress,
  type Relay,
  type Term,
  type Vault,
} from '@kams/eventing';
import { groupedBy } from '@kams/eventing/grouped-by';
import { randomBytes, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Subject } from '../config/value';
import { problemTable, type ProblemText } from '../http/problems';
import { postgresAgenda } from '../read-model/agenda';
import { postgresCheckpoints } from '../read-model/checkpoints';
import { definitionHash } from '../read-model/ddl';
import { postgresInbox } from '../read-model/inbox';
import { postgresLeases } from '../read-model/leases';
import { parkedOf, type Parked } from '../read-model/parked';
import { postgresReadModel } from '../read-model/postgres-read-model';
import type { ReadDatabase } from '../read-model/read-database';
import { rightsBook, type RightsBook } from '../rights/rights-book';
import { RIGHTS_CONTRACTS } from '../rights/roles-held';
import { contractsOf, policyOf, projectionsOf, readersOf, type Service } from '../service';

export interface RuntimeOptions {
  /** Those that this process runs. */
  readonly services: readonly Service[];
  /** All of the installation, wherever they run; absent: there are no others. */
  readonly installation?: readonly Service[];
  readonly store: EventStore;
  readonly readDatabase: ReadDatabase;
  /** Where the events of other services come from; absent: from the log, where their services store them. */
  readonly inlet?: Bus;
  /** A way to where public events are published, for one relay alone; absent: they are not. */
  readonly outlet?: () => Publisher;
  readonly hashKey: Buffer;
  /** Seals what is personal. */
  readonly vault: Vault;
  readonly cursorKey: Buffer;
  /** Who are administrators without a grant: the first ones. */
  readonly administrators: readonly Subject[];
  /** Whose operators operate this installation; absent: those of every tenant. */
  readonly operatingTenant?: string;
  /** How long an answer may wait for a projection that is behind. */
  readonly readWaitMs: number;
  readonly log: Logger;
  /** The tests' clock; production has its own. */
  readonly now?: () => Date;
  /** How often it is looked for what is due. */
  readonly timerEveryMs?: number;
  /** How long what this process owns is still its own when it says nothing any more. */
  readonly leaseMs?: number;
  /** No other process can be alive: what is owned is owned by the dead, and taken at once. */
  readonly alone?: boolean;
}

export type RebuildState = 'running' | 'done' | 'stopped' | 'failed';
export interface RebuildReport extends Partial<RebuildProgress> {
  readonly state: RebuildState;
  readonly error?: string;
}
interface Worker {
  readonly name: string;
  run(signal: AbortSignal, term?: Term): Promise<void>;
  failure(): Error | undefined;
}
export interface Working extends Pick<Worker, 'name' | 'failure'> {
  /** By one process at a time. */
  readonly isOwned: boolean;
}
/** What one service has of another. Requests do not need it: while its broker is away they are answered as ever. */
export interface Collecting {
  readonly name: string;
  readonly service: string;
  readonly producer: string;
  readonly inbox: Inbox;
  /** Where it stood when this process began. */
  readonly start: Position;
  failure(): Error | undefined;
  lag(place: InboxPlace): Promise<number>;
}
/** A topic and who fills it. Requests do not need it: while its broker is away they are answered as ever. */
export interface Relaying extends Omit<Relay, 'run'> {
  readonly name: string;
}
interface Projecting {
  readonly it: Projector;
  /** What it reads, when that is not the log. */
  readonly from: Collecting | undefined;
}
interface Rebuild {
  report: RebuildReport;
  readonly ended: Promise<void>;
}
const OF_RIGHTS: ReadonlySet<string> = new Set(RIGHTS_CONTRACTS.map((it) => it.name));

/** Until a projection that the code has changed is tried again. */
const RENEWED_AGAIN_MS = 1_000;

const LEASE_MS = 5_000;

/** An older version of a projection may still run: it has rows of its own to own, and no commit of its succeeds on the others. */
const leaseOf = (projection: Projection): string => `${projection.name}@${definitionHash(projection)}`;

/** What the requests of this process are served from. */
export class Runtime implements OnModuleDestroy {
  readonly commands: CommandHandler;
  readonly bus: Bus;
  /** Those that this process runs. */
  readonly services: readonly Service[];
  /** All that share its store and its database, wherever they run. */
  readonly installation: readonly Service[];
  readonly store: EventStore;
  readonly readDatabase: ReadDatabase;
  /** Opens what is personal, for who may see it. */
  readonly vault: Vault;
  /** Every code that an answer may carry. */
  readonly problems: ReadonlyMap<string, ProblemText>;
  /** MACs the cursors of lists. */
  readonly cursorKey: Buffer;
  readonly readWaitMs: number;
  readonly now: () => Date;
  /** What everyone may do. */
  readonly rights: RightsBook;
  /** What is held back, and what people do about it. */
  readonly parked: Parked;
  /** Names this process among those that run the same services. */
  readonly owner = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;

  private readonly leaseMs: number;
  private readonly alone: boolean;
  private readonly timerEveryMs: number;
  private history = '';
  private readonly inlet: Bus | undefined;
  private readonly outlet: (() => Publisher) | undefined;
  private readonly log: Logger;
  private readonly closing = new AbortController();
  private readonly stopping = new AbortController();
  private readonly projectors = new Map<string, Projecting>();
  /** What works besides the projectors: reactions, timers, erasures. */
  private readonly working: Working[] = [];
  private readonly relaying: Relaying[] = [];
  private readonly collecting: Collecting[] = [];
  private readonly erasures: Eraser[] = [];
  private readonly running: Promise<void>[] = [];
  private readonly rebuilds = new Map<string, Rebuild>();
  private caughtUp = false;
  private isDamaged = false;

  constructor({
    services,
    installation = services,
    store,
    readDatabase,
    inlet,
    outlet,
    hashKey,
    vault,
    cursorKey,
    administrators,
    operatingTenant,
    readWaitMs,
    log,
    now = () => new Date(),
    timerEveryMs = 500,
    leaseMs = LEASE_MS,
    alone = false,
  }: RuntimeOptions) {
    this.now = now;
    this.timerEveryMs = timerEveryMs;
    setMaxListeners(0, this.stopping.signal); // everything that works here listens to it
    this.leaseMs = leaseMs;
    this.alone = alone;
    this.parked = parkedOf(
      readDatabase,
      installation.map((it) => it.name),
    );
    this.services = services;
    this.installation = installation;
    this.store = store;
    this.readDatabase = readDatabase;
    this.inlet = inlet;
    this.outlet = outlet;
    this.log = log;
    this.cursorKey = cursorKey;
    this.readWaitMs = readWaitMs;
    this.problems = problemTable(installation);
    this.commands = commandHandler({ store, hashKey, vault, now });
    this.vault = vault;
    this.bus = logBus(installation.map((it) => ({ name: it.name, contracts: contractsOf(it), store })));
    this.rights = rightsBook({
      policy: policyOf(installation),
      administrators,
      operatingTenant,
      feed: storeFeed(store, RIGHTS_CONTRACTS),
      now,
    });
  }

  /** Makes the tables, starts every projector, and builds again what the code has changed. */
  async start(): Promise<void> {
    const { epoch, position } = await this.store.head();
    this.history = epoch;
    const { signal } = this.stopping;
    this.begin('rights', this.rights);
    // What waits is listed for all of them, whether they have been started or not.
    const noted = new Map<string, Checkpoints>();
    for (const { name } of this.installation) noted.set(name, await postgresCheckpoints(this.readDatabase, name));
    for (const service of this.services) {
      // By every process, because each forgets the keys that it has in memory; to destroy a key a second time is nothing.
      const erasures = eraser(this.store, contractsOf(service), this.vault, this.commands);
      this.erasures.push(erasures);
      this.begin(`erasures of ${service.name}`, erasures);

      const checkpoints = this.telling(noted.get(service.name)!, (name) => name);
      const { owner, leaseMs, alone } = this;
      const owned = leases(postgresLeases(this.readDatabase, service.name), { owner, leaseMs, alone });
      this.running.push(owned.run(signal));

      await this.startInboxes(service, owned);
      const readModel = this.telling(postgresReadModel(this.readDatabase, service.name), ({ name }) => name);
      for (const projection of projectionsOf(service)) {
        await readModel.prepare(projection);
        const it = projector(projection, this.feedOf(service, projection), readModel);
        this.projectors.set(projection.name, { it, from: this.inboxOf(service, projection) });
        this.running.push(this.owning(owned, leaseOf(projection), it), it.follow(signal));
        if (!(await readModel.isCurrent(projection))) this.running.push(this.renew(projection, readModel));
      }
      for (const it of service.reactions ?? []) {
        const feed = this.feedOf(service, it);
        this.begin(`reaction ${it.name}`, reactor(it, service.name, feed, this.commands, checkpoints), owned);
      }
      await this.startTimers(service, owned);
      this.startRelay(service, owned, checkpoints);
    }
    // Or else the host answers without them, to those who need none: it must be able to say what is wrong.
    while (!this.stopping.signal.aborted && !this.rights.failure() && !(await this.rights.reached(position, 1_000)));
    void this.firstCatchUp(position);
  }

  /** A command. Before it is answered its rights hold, and whoever it erases is erased: the next request is answered by that. */
  async handle(aggregate: AnyAggregate, command: Command): Promise<Answer> {
    const answer = await this.commands.handle(aggregate, command);
    if (OF_RIGHTS.has(aggregate.contract.name)) await this.rights.reached(answer.position, this.readWaitMs);
    if (answer.erases) await Promise.all(this.erasures.map((it) => it.reached(answer.position, this.readWaitMs)));
    return answer;
  }

  private async startTimers(service: Service, owned: Leases): Promise<void> {
    const { commands, now, timerEveryMs: everyMs } = this;
    for (const it of service.timers ?? []) {
      const agenda = await postgresAgenda(this.readDatabase, service.name, it);
      const pending = this.projectors.get(it.pending.name)!.it;
      this.begin(`timer ${it.name}`, scheduler(it, { pending, agenda, commands, now, everyMs }), owned);
    }
  }

  /** Of each service whose events this one reads, if they do not come from the log. */
  private async startInboxes(service: Service, owned: Leases): Promise<void> {
    const bus = this.inlet;
    if (!bus) return;
    for (const [producer, readers] of groupedBy(readersOf(service), (it) => it.over ?? '')) {
      if (producer === '') continue;
      const contracts = [...new Set(readers.flatMap((it) => it.contracts))];
      const rows = await postgresInbox(this.readDatabase, service.name, producer);
      const it = inbox(producer, rows);
      const name = `inbox of ${service.name} from ${producer}`;
      const filling = receiver({
        producer,
        group: `kams.${service.name}`,
        categories: contracts.map(({ name }) => name),
        bus,
        past: pastIn(this.store, producer, contracts),
        rows,
        onPlace: (place) => it.learn(place),
        onFailure: (error) => this.log.warn({ err: error, service: service.name, producer }, 'nothing comes from Kafka'),
      });
      const { position: start } = await it.head();
      this.collecting.push({
        name,
        service: service.name,
        producer,
        inbox: it,
        start,
        failure: filling.failure,
        lag: filling.lag,
      });
      this.running.push(it.run(this.stopping.signal), this.owning(owned, name, filling));
    }
  }

  private startRelay(service: Service, owned: Leases, checkpoints: Checkpoints): void {
    const contracts = contractsOf(service);
    if (!this.outlet || !isPublished(contracts)) return;
    const to = this.outlet();
    const onFailure = (error: Error) => this.log.warn({ err: error, service: service.name }, 'nothing comes to Kafka');
    const it = relay(service.name, contracts, { store: this.store, to, checkpoints, onFailure });
    const name = `relay of ${service.name}`;
    this.relaying.push({ ...it, name });
    this.running.push(this.owning(owned, name, it).finally(() => to.close()));
  }

  /** Without `owned` it works in every process. */
  private begin(name: string, worker: Omit<Worker, 'name'>, owned?: Leases): void {
    this.working.push({ name, isOwned: owned !== undefined, failure: () => worker.failure() });
    this.running.push(owned ? this.owning(owned, name, worker) : worker.run(this.stopping.signal));
  }

  /** What is parked is said in the log as well, once: nobody may be looking. */
  private telling<R>(
    it: R & { tried(reader: never, held: Held, error: string, parked: boolean, proof?: Proof): Promise<void> },
    nameOf: (reader: Parameters<typeof it.tried>[0]) => string,
  ): R {
    return {
      ...it,
      tried: async (reader: never, held: Held, error: string, parked: boolean, proof?: Proof) => {
        await it.tried(reader, held, error, parked, proof);
        if (parked && !held.parked)
          this.log.error({ reader: nameOf(reader), event: held.event, error }, 'an event is parked: kams parked list');
      },
    };
  }

  /** It works whenever this process owns it. */
  private owning(owned: Leases, name: string, { run }: Pick<Worker, 'run'>): Promise<void> {
    const { signal } = this.stopping;
    return owned.own(name, signal, (term) => run(AbortSignal.any([signal, term.signal]), term));
  }

  /** Which process owns each projection, reaction and timer now. */
  async owners(): Promise<ReadonlyMap<string, string>> {
    const names = new Map(this.installation.flatMap(projectionsOf).map((it) => [leaseOf(it), it.name]));
    const held = await Promise.all(this.installation.map((it) => postgresLeases(this.readDatabase, it.name).held()));
    return new Map(held.flat().map(({ name, owner }) => [names.get(name) ?? name, owner]));
  }

  /** The HTTP server is about to close, and waits for every answer: the endless ones end. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  async stop(): Promise<void> {
    this.closing.abort();
    this.stopping.abort();
    await Promise.all(this.running);
  }

  /** Has every projection come to where the store was at the start? Until then answers may lack what was stored before. */
  get ready(): boolean {
    return this.caughtUp && [...this.projections(), ...this.working].every((it) => it.failure() === undefined);
  }

  /** The epoch of the store, as it was at the start: it is renewed only while nothing runs on it. */
  get epoch(): string {
    return this.history;
  }

  /** Aborts when the process is about to end: streams end with it. */
  get stopped(): AbortSignal {
    return this.closing.signal;
  }

  /** What was not foreseen: in the log with an id that the answer carries. */
  reportFault(error: unknown): string {
    const traceId = randomUUID();
    this.log.error({ err: error, traceId }, 'fault');
    return traceId;
  }

  /** Said once: from now on every answer says the same. */
  reportDamage(error: LogDamaged): void {
    if (this.isDamaged) return;
    this.isDamaged = true;
    this.log.fatal({ err: error }, 'the log is not what it was: nothing is told from it any more');
  }

  projections(): readonly Projector[] {
    return [...this.projectors.values()].map(({ it }) => it);
  }

  /** Reactions, timers and erasures, each with why it stands still, if it does. */
  workers(): readonly Working[] {
    return this.working;
  }

  relays(): readonly Relaying[] {
    return this.relaying;
  }

  inboxes(): readonly Collecting[] {
    return this.collecting;
  }

  /** What each projection reads and how far that goes: the log, or an inbox. Without those of which it can not be said now. */
  async heads(log: Head): Promise<ReadonlyMap<string, Head>> {
    const ofInboxes = new Map(
      await Promise.all(this.collecting.map(async (it) => [it, await it.inbox.head().catch(() => undefined)] as const)),
    );
    const found = [...this.projectors].map(([name, { from }]) => [name, from ? ofInboxes.get(from) : log] as const);
    return new Map(found.flatMap(([name, head]) => (head ? [[name, head] as const] : [])));
  }

  /** When the first event was stored that a projection has not looked at; undefined: there is none. @throws Unavailable */
  async behindSince(name: string, head: Head): Promise<string | undefined> {
    const { it, from } = this.projectors.get(name)!;
    const position = it.position();
    if (position >= head.position) return undefined;
    return from ? from.inbox.storedAfter(position) : (await this.store.readAll(position, 1)).events[0]?.recordedAt;
  }

  /** Does a projection show what was stored at this position of the log, or will it within so long? */
  async reached(name: string, position: Position, waitMs: number): Promise<boolean> {
    const { it, from } = this.projectors.get(name)!;
    if (!from) return it.reached(position, waitMs);
    const until = performance.now() + waitMs;
    const place = await from.inbox.reached(position, waitMs);
    return place !== undefined && it.reached(place, Math.max(0, until - performance.now()));
  }

  private inboxOf({ name }: Service, { over }: Pick<Projection, 'over'>): Collecting | undefined {
    return this.collecting.find((it) => it.service === name && it.producer === over);
  }

  projector(name: string): Projector | undefined {
    return this.projectors.get(name)?.it;
  }

  /** Builds a projection again while it goes on serving; a second call for the same one joins the first. */
  rebuild(name: string): RebuildReport {
    return this.rebuilding(name).report;
  }

  rebuildOf(name: string): RebuildReport | undefined {
    return this.rebuilds.get(name)?.report;
  }

  private rebuilding(name: string): Rebuild {
    const before = this.rebuilds.get(name);
    if (before?.report.state === 'running') return before;
    const owner = this.services.find((it) => projectionsOf(it).some((projection) => projection.name === name));
    const projection = owner && projectionsOf(owner).find((it) => it.name === name);
    if (!owner || !projection) throw new RangeError(`there is no projection ${name}`);

    const working = rebuild(projection, this.feedOf(owner, projection), postgresReadModel(this.readDatabase, owner.name), {
      signal: this.stopping.signal,
      progress: (progress) => (it.report = { state: 'running', ...progress }),
    });
    const ended = working.then(
      (done) => void (it.report = { ...it.report, state: done ? 'done' : 'stopped' }),
      (error: Error) => {
        this.log.error({ err: error, projection: name }, 'rebuild failed');
        it.report = { ...it.report, state: 'failed', error: error.message };
      },
    );
    const it: Rebuild = { report: { state: 'running', projection: name }, ended };
    this.rebuilds.set(name, it);
    this.running.push(ended);
    return it;
  }

  /** Builds again what the code has changed, however often it takes: until then its projector stands still. */
  private async renew(projection: Projection, readModel: ReadModel): Promise<void> {
    const { signal } = this.stopping;
    const isCurrent = () => readModel.isCurrent(projection).catch(() => false);
    while (!signal.aborted && !(await isCurrent())) {
      await this.rebuilding(projection.name).ended;
      await delay(RENEWED_AGAIN_MS, signal);
    }
  }

  private feedOf(service: Service, reader: Pick<Projection, 'contracts' | 'over' | 'name'>): Feed {
    const { contracts, over, name } = reader;
    const from = this.inboxOf(service, reader);
    if (from) return from.inbox.feed(contracts);
    const own = storeFeed(this.store, contracts, this.vault);
    return over === undefined ? own : busFeed(this.bus, `${service.name}.${name}`, over, contracts, own);
  }

  private async firstCatchUp(position: Position): Promise<void> {
    for (const { it, from } of this.projectors.values()) {
      const to = from ? from.start : position;
      while (!this.stopping.signal.aborted && !(await it.reached(to, 1_000)));
    }
    this.caughtUp = true;
  }
}
