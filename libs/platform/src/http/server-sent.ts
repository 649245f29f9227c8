// A stream of server-sent events. Where nothing happens for long, a comment now and then keeps those on the way from taking the
// connection for a dead one.
import { PassThrough, pipeline, type Readable } from 'node:stream';

export const HEARTBEAT_MS = 15_000;

/**
 * The events, each one whole, at the pace of their reader: to one who does not read no heartbeat is written either. When the
 * stream is destroyed the events are asked to `return`; what they wait for until then must end by itself.
 */
export function serverSent(events: AsyncIterable<string>): Readable {
  const stream = new PassThrough();
  const beat = setInterval(() => stream.writableNeedDrain || stream.write(': still here\n\n'), HEARTBEAT_MS);
  stream.once('close', () => clearInterval(beat));
  pipeline(events, stream, ignore); // the stream fails with what the events fail with, and its reader is told
  return stream;
}

const ignore = () => undefined;
