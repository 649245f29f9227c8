// A call that appends, as it is measured and traced: the same of every driver.
import { appends } from '../tell';
import { linkedTo, SpanKind } from '../trace';
import type { Append } from './append';

export async function toldOf<T>(batch: readonly Append[], call: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await linkedTo(batch, 'append', SpanKind.CLIENT, call);
  } finally {
    appends.tell({ events: batch.reduce((sum, it) => sum + it.events.length, 0), seconds: (performance.now() - began) / 1_000 });
  }
}
