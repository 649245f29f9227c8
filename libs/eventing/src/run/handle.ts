// A command becomes facts: load, look for the command's id, decide, append with the expected revision, answer.
import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { naturalId, Refusal, type AnyAggregate, type Circumstances, type Found, type Ref, type Via } from '../pure';
import {
  Conflict,
  OutcomeUnknown,
  type EventStore,
  type NewEvent,
  type Position,
  type Recorded,
  START,
  Unavailable,
} from '../store/port';
import { keyOf, keys } from '../pure';

export interface Command {
  readonly type: string;
  /** Valid by its contract. */
  readonly data: object;
  /** Of the aggregate; absent for a command that opens a stream. */
  readonly id?: string;
  readonly tenantId: string;
  readonly actor: string;
  /** Same id and body, same answer. Without one the command gets an id of its own, and a blind repeat is a second command. */
  readonly commandId?: string;
  /** Only if the stream is at this revision. */
  readonly expected?: number;
  readonly occurredAt?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly traceparent?: string;
}

export interface Answer {
  readonly id: string;
  readonly revision: number;
  readonly position: Position;
  readonly outcome: 'opened' | 'changed' | 'unchanged';
}

/** No such aggregate, or another tenant's: the same answer. */
export class NotFound extends Error {}
/** `If-Match` named a revision that the stream is not at. */
export class Stale extends Error {
  constructor(readonly revision: number) {
    super(`at revision ${revision}`);
  }
}
/** Others wrote to the same stream in every attempt. Nothing was stored. */
export class TooContended extends Error {}
/** The command id was used before, with another body. */
export class CommandIdReused extends Error {}

interface Known {
  readonly hash: string;
  readonly first: number;
  readonly revision: number;
  readonly position: Position;
}
/** What is known of a stream. Only ever a starting point: the expected revision proves it. */
interface Entry {
  readonly state: unknown;
  readonly revision: number;
  readonly position: Position;
  readonly tenantId?: string;
  /** Shared by all generations of the entry: a command that was stored stays stored. */
  readonly commands: Map<string, Known>;
}

const ATTEMPTS = 4;
/** A repeat is recognised within the last events of its aggregate; beyond them the memory would grow with the stream. */
const COMMANDS_REMEMBERED = 1_000;
const UNKNOWN_OUTCOME_WAITS_MS = [20, 100, 500, 1_000, 2_000, 4_000];

export interface CommandHandlerOptions {
  readonly store: EventStore;
  /** Keys the hash that is kept beside a command's id: a bare hash of a phone number can be guessed. */
  readonly hashKey: Buffer;
  readonly now?: () => Date;
  /** Streams whose state is kept in memory. */
  readonly cachedStreams?: number;
}

export interface CommandHandler {
  handle(aggregate: AnyAggregate, command: Command): Promise<Answer>;
  /** The state of an aggregate as the store has it now. */
  find<S>(ref: Ref<S>, tenantId: string): Promise<Found<S>>;
}

export function commandHandler({
  store,
  hashKey,
  now = () => new Date(),
  cachedStreams = 50_000,
}: CommandHandlerOptions): CommandHandler {
  const cache = new LRUCache<string, Entry>({ max: cachedStreams });
  const busy = new Map<string, Promise<unknown>>();

  const nothing = (aggregate: AnyAggregate): Entry => ({
    state: aggregate.initial,
    revision: -1,
    position: START,
    commands: new Map(),
  });

  const hashOf = (type: string, data: object): string =>
    createHmac('sha256', hashKey).update(type).update('\n').update(JSON.stringify(data)).digest('base64url').slice(0, 22);

  /** The entry with everything that the stream has beyond it. */
  async function refresh(aggregate: AnyAggregate, stream: string, entry: Entry): Promise<Entry> {
    const events = await store.read(stream, { from: entry.revision + 1 });
    if (events.length === 0) return entry;
    const grown = grow(aggregate, entry, events);
    cache.set(stream, grown);
    return grown;
  }

  async function find<S>({ of, id }: Ref<S>, tenantId: string): Promise<Found<S>> {
    const stream = `${of.contract.name}-${id}`;
    const entry = await refresh(of, stream, cache.get(stream) ?? nothing(of));
    if (entry.tenantId !== undefined && entry.tenantId !== tenantId) return { id, state: of.initial, revision: -1 };
    return { id, state: entry.state as S, revision: entry.revision };
  }

  async function look(aggregate: AnyAggregate, type: string, data: object, at: Circumstances): Promise<object> {
    const refs = aggregate.look?.[type]?.(data, at);
    if (!refs) return {};
    const found = await Promise.all(
      Object.entries(refs).map(
        async ([name, ref]) => [name, await resolve(ref as Ref<unknown> | Via<unknown, unknown>, at.tenantId)] as const,
      ),
    );
    return Object.fromEntries(found);
  }
  async function resolve(ref: Ref<unknown> | Via<unknown, unknown>, tenantId: string): Promise<Found<unknown> | undefined> {
    if ('of' in ref) return find(ref, tenantId);
    const next = ref.then((await find(ref.first, tenantId)).state);
    return next && find(next, tenantId);
  }

  async function append(stream: string, revision: number, events: readonly NewEvent[]) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await store.append(stream, revision < 0 ? 'none' : revision, events);
      } catch (error) {
        const wait = UNKNOWN_OUTCOME_WAITS_MS[attempt];
        if (!(error instanceof OutcomeUnknown)) throw error;
        if (wait === undefined) throw new Unavailable('the store does not say whether the events were stored', { cause: error });
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  /** The stream that a command without an id is for: the same natural key, or the same command id, is the same stream. */
  async function addressed(aggregate: AnyAggregate, { type, data, tenantId, commandId }: Command): Promise<string> {
    const { name, ledger, commands } = aggregate.contract;
    if (ledger) return tenantId;
    const { heldKey, naturalKey } = definitionOf(commands, type);
    const held = heldKey?.(data);
    if (held) {
      const { state, id } = await find(keyOf(name, tenantId, held), tenantId);
      return state.holder ?? id;
    }
    const parts = naturalKey?.(data);
    if (parts) return naturalId(tenantId, name, parts);
    return commandId === undefined ? uuidv7() : naturalId(tenantId, name, ['opened by', commandId]);
  }

  async function decideAndAppend(aggregate: AnyAggregate, command: Command, id: string): Promise<Answer> {
    const { contract } = aggregate;
    const { type, data, tenantId, actor } = command;
    const definition = definitionOf(contract.commands, type);
    const opens = definition.opens || contract.ledger;
    const commandId = command.commandId ?? uuidv7();
    const stream = `${contract.name}-${id}`;
    const hash = hashOf(type, data);
    const at: Circumstances = {
      id,
      tenantId,
      actor,
      at: definition.occurredAt?.(data) ?? command.occurredAt ?? now().toISOString(),
    };

    // A command that opens a stream starts from nothing and lets the append prove it: no read for what is new.
    let entry = cache.get(stream) ?? (opens ? nothing(aggregate) : undefined);
    let proven = entry === undefined;
    entry ??= await refresh(aggregate, stream, nothing(aggregate));

    /** A refusal and "nothing to do" append nothing, so no revision proves what they rest on: read on and decide again. */
    const prove = async () => {
      entry = await refresh(aggregate, stream, entry!);
      proven = true;
    };

    for (let attempt = 1; ;) {
      const known = entry.commands.get(commandId);
      if (known) {
        if (known.hash !== hash) throw new CommandIdReused();
        return { id, revision: known.revision, position: known.position, outcome: known.first === 0 ? 'opened' : 'changed' };
      }
      const foreign = entry.tenantId !== undefined && entry.tenantId !== tenantId;
      if (foreign || (entry.revision < 0 && !opens)) {
        if (proven) throw new NotFound();
        await prove();
        continue;
      }
      if (command.expected !== undefined && command.expected !== entry.revision) {
        if (proven) throw new Stale(entry.revision);
        await prove();
        continue;
      }

      let facts;
      try {
        const found = await look(aggregate, type, data, at);
        facts = aggregate.decide[type]!(entry.state, data, { ...at, ...found } as never);
        if (facts.length > 0) await claim(aggregate, command, commandId, at);
      } catch (error) {
        if (!(error instanceof Refusal) || proven) throw error;
        await prove();
        continue;
      }
      if (facts.length === 0) {
        if (proven) return { id, revision: entry.revision, position: entry.position, outcome: 'unchanged' };
        await prove();
        continue;
      }

      const metadata = {
        tenantId,
        actor,
        occurredAt: at.at,
        commandId,
        commandHash: hash,
        correlationId: command.correlationId ?? commandId,
        causationId: command.causationId ?? commandId,
        ...(command.traceparent && { traceparent: command.traceparent }),
      };
      const events = facts.map((fact): NewEvent => ({
        id: uuidv7(),
        type: fact.type,
        schema: contract.events[fact.type]!.version,
        data: fact.data as object,
        metadata,
      }));
      try {
        const appended = await append(stream, entry.revision, events);
        cache.set(stream, grow(aggregate, entry, placed(stream, entry.revision, appended.position, events)));
        return {
          id,
          revision: appended.revision,
          position: appended.position,
          outcome: entry.revision < 0 ? 'opened' : 'changed',
        };
      } catch (error) {
        if (!(error instanceof Conflict)) {
          cache.delete(stream);
          throw error;
        }
        if (attempt++ === ATTEMPTS) throw new TooContended();
        await prove();
      }
    }
  }

  async function claim(
    aggregate: AnyAggregate,
    command: Command,
    commandId: string,
    { id, tenantId, actor }: Circumstances,
  ): Promise<void> {
    const owner = aggregate.contract.name;
    for (const it of aggregate.claims?.[command.type]?.(command.data) ?? []) {
      const key = keyOf(owner, tenantId, it);
      const held = cache.get(`${keys(owner).contract.name}-${key.id}`);
      if ((held?.state as { holder?: string } | undefined)?.holder === id) continue;
      await handle(keys(owner), {
        type: 'Claim',
        data: { ...it, holder: id },
        id: key.id,
        tenantId,
        actor,
        commandId: naturalId(tenantId, 'claim', [commandId, key.id]),
        correlationId: command.correlationId ?? commandId,
        causationId: commandId,
      });
    }
  }

  /** One command of a stream at a time in this process: only another process can then be the reason of a conflict. */
  async function handle(aggregate: AnyAggregate, command: Command): Promise<Answer> {
    const id = command.id ?? (await addressed(aggregate, command));
    const stream = `${aggregate.contract.name}-${id}`;
    const before = busy.get(stream);
    const mine = before ? before.then(() => decideAndAppend(aggregate, command, id)) : decideAndAppend(aggregate, command, id);
    const settled = mine.then(ignore, ignore);
    busy.set(stream, settled);
    try {
      return await mine;
    } finally {
      if (busy.get(stream) === settled) busy.delete(stream);
    }
  }

  return { handle, find };
}

const ignore = () => undefined;

function definitionOf(commands: AnyAggregate['contract']['commands'], type: string) {
  const definition = commands[type];
  if (!definition) throw new RangeError(`there is no command ${type}`);
  return definition;
}

/** The events as they stand in the store after an append that ends at `last`: positions are contiguous within it. */
function placed(stream: string, revision: number, last: Position, events: readonly NewEvent[]): Recorded[] {
  return events.map((it, i) => ({ ...it, stream, revision: revision + 1 + i, position: last, recordedAt: '' }));
}

function grow(aggregate: AnyAggregate, entry: Entry, events: readonly Recorded[]): Entry {
  let { state, revision, position, tenantId } = entry;
  const { commands } = entry;
  for (const it of events) {
    const evolve = aggregate.evolve[it.type];
    const { commandId, commandHash, occurredAt, actor } = it.metadata;
    state = evolve ? evolve(state, it.data, { eventId: it.id, occurredAt, actor }) : state;
    const before = commands.get(commandId);
    commands.set(commandId, {
      hash: commandHash,
      first: before?.first ?? it.revision,
      revision: it.revision,
      position: it.position,
    });
    ({ revision, position } = it);
    tenantId ??= it.metadata.tenantId;
  }
  for (const oldest of commands.keys()) {
    if (commands.size <= COMMANDS_REMEMBERED) break;
    commands.delete(oldest);
  }
  return { state, revision, position, tenantId, commands };
}
