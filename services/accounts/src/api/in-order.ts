import { Problem } from '@kams/platform';

/** A period, or a part of one, that does not end before it begins. @throws Problem `invalid` */
export function inOrder<P extends { readonly from?: string | undefined; readonly to?: string | undefined }>(it: P): P {
  if (it.from !== undefined && it.to !== undefined && it.to < it.from)
    throw new Problem('invalid', { errors: [{ pointer: '/to', reason: 'is before from' }] });
  return it;
}
