import { commandIdOf, judge, type Sending, type Stored, type Told } from './sendings';

const sending = (told: readonly Told[], events: readonly number[] = [2]): Sending => ({
  subject: 'client-1',
  tenantId: 'acme',
  key: 'k-1',
  path: '/accounts',
  body: {},
  stream: 'account-a',
  events,
  told: [...told],
});
const answered = (more: object = {}): Told => ({
  is: 'stored',
  body: { id: 'a', revision: 5, position: 'epoch.12', outcome: 'changed', ...more },
  etag: null,
});
const unknown: Told = { is: 'unknown' };
const notStored: Told = { is: 'not stored' };
const refused: Told = { is: 'refused', status: 409, code: 'four-eyes' };

const whole = { streams: 1, events: 2, first: 4, revision: 5, position: '12' };
const verdictOn = (told: readonly Told[], found?: Partial<Stored>) => {
  const it = sending(told);
  const stored = found && { commandId: commandIdOf(it), ...whole, ...found };
  const {
    acknowledged: _,
    unanswered: __,
    refused: ___,
    refusedForOthers: _____,
    unansweredStored: ____,
    ...wrong
  } = judge([it], new Map(stored ? [[stored.commandId, stored]] : []));
  return Object.entries(wrong)
    .filter(([, n]) => n > 0)
    .map(([name]) => name);
};

test.each([
  ['an answer, and its events', [answered()], {}],
  ['an answer after some that were lost', [unknown, notStored, answered()], {}],
  ['an answer that nothing was to be done', [answered({ outcome: 'unchanged' })], undefined],
  ['no answer, and no events', [unknown], undefined],
  ['no answer, and all events', [unknown], {}],
  ['a refusal', [refused], undefined],
  ['"not stored", and nothing stored', [notStored, notStored], undefined],
])('is right: %s', (_, told, found) => expect(verdictOn(told, found)).toEqual([]));

test.each([
  ['an acknowledged command that is not there', [answered()], undefined, 'lost'],
  ['half a command', [unknown], { events: 1, first: 5 }, 'partial'],
  ['half a command that was acknowledged', [answered()], { events: 1, first: 5 }, 'partial'],
  ['a command that was made twice', [answered()], { events: 4, first: 2 }, 'partial'],
  ['a command with another between its events', [unknown], { first: 3 }, 'partial'],
  ['a command in two streams', [unknown], { streams: 2 }, 'partial'],
  ['another revision than was answered', [answered()], { first: 5, revision: 6 }, 'otherwise'],
  ['another position than was answered', [answered()], { position: '13' }, 'otherwise'],
  ['events where nothing was to be done', [answered({ outcome: 'unchanged' })], {}, 'otherwise'],
  ['events of a refused command', [refused], {}, 'storedThoughRefused'],
  ['events of a command that was refused when it was sent again', [unknown, refused], {}, 'storedThoughRefused'],
  ['events of a command that was told to be not stored', [notStored], {}, 'storedThoughNot'],
])('is wrong, and found out: %s', (_, told, found, wrong) => expect(verdictOn(told, found)).toContain(wrong));
