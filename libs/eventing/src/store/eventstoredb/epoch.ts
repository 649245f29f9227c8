// Which history this is. EventStoreDB has no name for it: the last event of a stream of our own says it, and no reader is shown
// that stream.
import { randomUUID } from 'node:crypto';
import { Conflict, OutcomeUnknown, type Filter } from '../port';
import { wants } from '../recorded';
import type { Client, Seen } from './client';

export const STORE_STREAM = 'kams-store';
const TRIES = 3;

/** Is this for a reader with this filter? */
export function shows(filter?: Filter): (it: Seen) => boolean {
  const wanted = wants(filter);
  return ({ event }) => event !== undefined && event.stream !== STORE_STREAM && wanted(event.stream);
}

/** Undefined: nobody has opened this store yet. @throws Unavailable */
export async function epochIn(client: Client): Promise<string | undefined> {
  const [last] = await client.readStream(STORE_STREAM, { backwards: true, limit: 1 });
  return (last?.event?.data as { epoch: string } | undefined)?.epoch;
}

/** Names the history of a store that has no name yet; of several processes that do it at once one wins. @throws Unavailable */
export async function ensureEpoch(client: Client): Promise<void> {
  if ((await epochIn(client)) !== undefined) return;
  await begin(client, 'none').catch((error: unknown) => {
    if (!(error instanceof Conflict)) throw error;
  });
}

/** @throws OutcomeUnknown, Conflict */
export async function begin(client: Client, expected: 'none' | 'exists'): Promise<string> {
  const epoch = randomUUID();
  const event = { id: randomUUID(), type: 'EpochBegan', schema: 1, data: JSON.stringify({ epoch }), metadata: '{}' };
  for (let tries = 1; ; tries++) {
    try {
      await client.append({ stream: STORE_STREAM, expected, events: [event], bytes: 0 });
      return epoch;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown) || tries === TRIES) throw error;
    }
  }
}
