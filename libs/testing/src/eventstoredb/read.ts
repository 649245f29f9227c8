// Reads of a stream and of the log, in both directions; and subscriptions, which are reads that do not end.
import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { randomUUID } from 'node:crypto';
import type { Faults } from './faults';
import type { Entry, Log } from './log';
import { eventMessage, nameOf, refusal } from './wire';

type Call = ServerWritableStream<ReadReq, ReadResp>;
const BACKWARDS = 1;
/** How many events a subscription passes over before it tells of it, for each multiple that the client asks for. */
const SEARCH_WINDOW = 32;

/** What reads have cost so far. */
export interface Counts {
  /** Events that were sent to clients. */
  sent: number;
  /** Where subscriptions to the log began, as their clients asked. */
  readonly subscribedFrom: (bigint | 'start' | 'end')[];
}

export function readCall(log: Log, faults: Faults, counts: Counts) {
  return (call: Call): void => {
    const options = call.request.getOptions()!;
    const work = options.hasSubscription() ? subscribe(call, options) : read(call, options);
    work.catch((error: Error) => call.emit('error', error));
  };

  async function read(call: Call, options: ReadReq.Options): Promise<void> {
    await faults.moment();
    const isBackwards = options.getReadDirection() === BACKWARDS;
    const wanted = filterOf(options);
    const { source, start } = options.hasStream() ? ofStream(options, isBackwards) : ofLog(options, isBackwards);
    if (source === undefined) {
      const missing = new ReadResp();
      missing.setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(options.getStream()!.getStreamIdentifier()));
      call.write(missing);
      return void call.end();
    }
    let left = BigInt(options.getCount());
    for (let i = start; left > 0n && i >= 0 && i < source.length && !call.cancelled; i += isBackwards ? -1 : 1) {
      if (!wanted(source[i]!)) continue;
      left--;
      await send(call, source[i]!);
    }
    call.end();
  }

  async function subscribe(call: Call, options: ReadReq.Options): Promise<void> {
    await faults.moment();
    const source = options.hasStream() ? undefined : log.entries;
    let next = options.hasStream() ? streamStart(options) : logStart(options);
    const wanted = filterOf(options);
    const every = options.hasFilter() ? SEARCH_WINDOW * options.getFilter()!.getCheckpointintervalmultiplier() : Infinity;
    let wake: () => void = () => undefined;
    const unlisten = log.listen(() => wake());
    call.on('cancelled', () => wake());
    await write(call, new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())));
    let passed = 0;
    let isLive = false;
    while (!call.cancelled) {
      await faults.moment();
      const entries = source ?? log.stream(nameOf(options.getStream()!.getStreamIdentifier()));
      const entry = entries[next];
      if (entry === undefined) {
        if (!isLive) await write(call, new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
        isLive = true;
        if (entries.length === next && !call.cancelled) await new Promise<void>((done) => (wake = done));
        continue;
      }
      next++;
      if (wanted(entry)) await send(call, entry);
      if (++passed < every) continue;
      passed = 0;
      const position = entry.position.toString();
      await write(
        call,
        new ReadResp().setCheckpoint(new ReadResp.Checkpoint().setCommitPosition(position).setPreparePosition(position)),
      );
    }
    unlisten();
  }

  async function send(call: Call, entry: Entry): Promise<void> {
    counts.sent++;
    await write(call, eventMessage(entry));
  }

  async function write(call: Call, message: ReadResp): Promise<void> {
    await faults.moment();
    if (call.cancelled || call.write(message)) return;
    await new Promise<void>((done) => {
      const go = () => {
        call.off('drain', go);
        call.off('cancelled', go);
        done();
      };
      call.on('drain', go);
      call.on('cancelled', go);
    });
  }

  function ofStream(options: ReadReq.Options, isBackwards: boolean) {
    const it = options.getStream()!;
    const name = nameOf(it.getStreamIdentifier());
    if (log.isTombstone(name))
      throw refusal(status.FAILED_PRECONDITION, 'stream deleted', { exception: 'stream-deleted', 'stream-name': name });
    const source = log.stream(name);
    const last = source.length - 1;
    if (last < 0) return { source: undefined, start: 0 };
    const start = it.hasStart() ? 0 : it.hasEnd() ? last : Number(it.getRevision());
    return { source, start: isBackwards ? Math.min(start, last) : start };
  }

  function ofLog(options: ReadReq.Options, isBackwards: boolean) {
    const it = options.getAll()!;
    const start = it.hasStart()
      ? 0
      : it.hasEnd()
        ? log.entries.length
        : log.indexAt(BigInt(it.getPosition()!.getCommitPosition()));
    return { source: log.entries as readonly Entry[] | undefined, start: isBackwards ? start - 1 : start };
  }

  /** A subscription begins behind the place that it names. */
  function logStart(options: ReadReq.Options): number {
    const it = options.getAll()!;
    const from = it.hasStart() ? 'start' : it.hasEnd() ? 'end' : BigInt(it.getPosition()!.getCommitPosition());
    counts.subscribedFrom.push(from);
    return from === 'start' ? 0 : from === 'end' ? log.entries.length : log.indexAt(from + 1n);
  }

  function streamStart(options: ReadReq.Options): number {
    const it = options.getStream()!;
    if (it.hasStart()) return 0;
    return it.hasEnd() ? log.stream(nameOf(it.getStreamIdentifier())).length : Number(it.getRevision()) + 1;
  }
}

function filterOf(options: ReadReq.Options): (entry: Entry) => boolean {
  if (!options.hasFilter()) return () => true;
  const filter = options.getFilter()!;
  const isOfType = filter.hasEventType();
  const expression = isOfType ? filter.getEventType()! : filter.getStreamIdentifier()!;
  const regex = expression.getRegex() === '' ? undefined : new RegExp(expression.getRegex());
  const prefixes = expression.getPrefixList();
  return (entry) => {
    const text = isOfType ? entry.type : entry.stream;
    return regex ? regex.test(text) : prefixes.some((it) => text.startsWith(it));
  };
}
