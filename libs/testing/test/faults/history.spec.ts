import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, openHistory, readHistory, type Fault, type Line } from '../../src/faults/history';

/** `a>` sends a, `a+` is told that it is stored, `a-` that it is not, `a?` nothing; `r>` asks, `r=a,b` is told a and b. */
function told(story: string): Line[] {
  const ops = new Map<string, number>();
  let op = 0;
  return story.split(' ').map((word): Line => {
    const [, name, does, values = ''] = /^(\w+)([>+\-?=])(.*)$/.exec(word)!;
    const isRead = name!.startsWith('r');
    if (does === '>') {
      ops.set(name!, ++op);
      return isRead
        ? { op, is: 'invoke', does: 'read', list: 'l' }
        : { op, is: 'invoke', does: 'append', list: 'l', value: name! };
    }
    const number = ops.get(name!)!;
    if (does === '=') return { op: number, is: 'ok', values: values.split(',').filter(Boolean) };
    return { op: number, is: does === '+' ? 'ok' : does === '-' ? 'fail' : 'unknown' };
  });
}
const faultsOf = (story: string): Fault[] => [...new Set(check(told(story)).faults.map((it) => it.is))];

test.each([
  ['one after another', 'a> a+ b> b+ r> r=a,b'],
  ['two at once, in either order', 'a> b> a+ b+ r> r=b,a'],
  ['one without an answer that is there', 'a> a? r> r=a'],
  ['one without an answer that is not there', 'a> a? r> r='],
  ['one whose answer never came at all', 'a> r> r= s> r2> r2=a'],
  ['one without an answer that comes late, behind what was sent after it', 'a> a? b> b+ r> r=b r2> r2=b,a'],
  ['a refused one', 'a> a- r> r='],
  ['one that was refused, sent again, and stored', 'a> a- a> a+ r> r=a'],
  ['one that had no answer, was sent again, and is stored once', 'a> a? a> a+ r> r=a'],
  ['a read that began before the answer came and does not show it', 'a> r> a+ r= r2> r2=a'],
  ['a read that shows what is not answered yet', 'a> r> r=a a+ r2> r2=a'],
  ['two reads at once of which the later one is shorter', 'a> r> r2> a+ r2=a r= r3> r3=a'],
  ['a read that was never answered', 'a> a+ r> r2> r2=a'],
])('may be so: %s', (_, story) => expect(faultsOf(story)).toEqual([]));

test.each<[string, string, Fault]>([
  ['an acknowledged one that is not there', 'a> a+ r> r=', 'lost'],
  ['one that was told again later on, and was not there in between', 'a> a+ r> r= a> a+ r2> r2=a', 'lost'],
  ['an acknowledged one that one read lacks and a later one has', 'a> a+ r> r= r2> r2=a', 'lost'],
  ['one that was acknowledged at the second time', 'a> a? a> a+ r> r=', 'lost'],
  ['one that is there twice', 'a> a+ b> b+ r> r=a,b,a', 'doubled'],
  ['one without an answer that is there twice', 'a> a? a> a? r> r=a,a', 'doubled'],
  ['a refused one that is there', 'a> a- r> r=a', 'refused but there'],
  ['one that nobody sent', 'a> a+ r> r=a,x', 'there before it was sent'],
  ['one that is read before it was sent', 'r> r=a a> a+ r2> r2=a', 'there before it was sent'],
  ['two reads of which neither begins the other', 'a> b> a+ b+ r> r=a,b r2> r2=b,a', 'forked'],
  ['a read that lacks one in the middle', 'a> b> c> a? b? c? r> r=a,c r2> r2=a,b,c', 'forked'],
  ['a later read that shows less', 'a> a? b> b? r> r=a,b r2> r2=a', 'shrunk'],
  ['one in front of another that was acknowledged before it was sent', 'a> a+ b> b+ r> r=b,a', 'out of order'],
  ['the same with one in between', 'x> a> a+ b> b+ x+ r> r=b,x,a', 'out of order'],
  ['a list that nobody read', 'a> a+', 'not read'],
  ['a list that was read before the last answer only', 'a> a+ r> r=a b> b+', 'not read'],
])('can not be so, and is found out: %s', (_, story, fault) => expect(faultsOf(story)).toContain(fault));

test('lists are judged each for itself, and counted together', () => {
  const line = (op: number, list: string, value: string): Line => ({ op, is: 'invoke', does: 'append', list, value });
  const lines: Line[] = [
    line(1, 'one', 'a'),
    { op: 1, is: 'ok' },
    line(2, 'two', 'a'),
    { op: 2, is: 'unknown' },
    line(3, 'two', 'b'),
    { op: 3, is: 'fail' },
    { op: 4, is: 'invoke', does: 'read', list: 'one' },
    { op: 5, is: 'invoke', does: 'read', list: 'two' },
    { op: 4, is: 'ok', values: ['a'] },
    { op: 5, is: 'ok', values: ['a'] },
  ];
  expect(check(lines)).toEqual({ lists: 2, reads: 2, acknowledged: 1, refused: 1, unknown: 1, unknownStored: 1, faults: [] });
});

test('a history is written line by line, and read as it was written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kams-history-'));
  const history = openHistory(join(folder, 'history.ndjson'));
  const [first, second, third] = ['a', 'b', 'c'].map((value) => history.append('l', value));
  first!.ok();
  second!.fail();
  third!.unknown();
  history.read('l')(['a', 'c']);
  await history.close();
  expect((await readFile(history.file, 'utf8')).split('\n')[0]).toBe(
    '{"op":0,"is":"invoke","does":"append","list":"l","value":"a"}',
  );
  expect(check(await readHistory(history.file))).toMatchObject({
    acknowledged: 1,
    refused: 1,
    unknown: 1,
    unknownStored: 1,
    faults: [],
  });
  await rm(folder, { recursive: true });
});
