// A call that appends, as it is traced: the same of every driver.
import { linkedTo, SpanKind } from '../trace';
import type { Append } from './append';

export const toldOf = <T>(batch: readonly Append[], call: () => Promise<T>): Promise<T> =>
  linkedTo(batch, 'append', SpanKind.CLIENT, call);
