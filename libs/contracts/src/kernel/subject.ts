// What an approval or a form is about: a thing of any kind, by its id.
import { z } from 'zod';
import { field } from '../define';
import { uuid } from '../values';

export const subject = z.strictObject({
  kind: field(
    z.string().regex(/^[a-z][a-z_]{0,39}$/, 'is not the name of a kind like gift_request'),
    'Kind of thing',
    '事项类型',
    'The noun of the thing: `account`, `contact`, `gift_request`, `budget`.',
  ),
  id: field(uuid(), 'Id', '编号'),
});
export type Subject = z.output<typeof subject>;

/** What belongs to an account says so, whatever it is about: by it the facts of an account are put together. */
export const accountId = field(uuid(), 'Account', '客户', 'The account that it belongs to, if it belongs to one.');
