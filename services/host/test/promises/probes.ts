// A service with a bit of everything that reads events: rows of a stream, rows that several streams feed, and a reaction. Its
// code is broken as a test says, until it is mended.
import { command, contract, event } from '@kams/contracts/define';
import { projection, reaction, table } from '@kams/eventing';
import { aggregate } from '@kams/eventing/pure';
import type { Service } from '@kams/platform';
import { z } from 'zod';

const label = { en: 'Probe', zh: '探针' };
const about = { version: 1, label, description: 'For a test.', example: {} as never };
const added = z.strictObject({ n: z.int(), colour: z.string() });

export const probeContract = contract({
  name: 'probe',
  plural: 'probes',
  label,
  description: 'For a test.',
  commands: { Add: command({ ...about, data: added, opens: true }) },
  events: { ProbeAdded: event({ ...about, data: added }) },
  refusals: {},
});
const heard = z.strictObject({ of: z.string(), n: z.int() });
export const echoContract = contract({
  name: 'echo',
  plural: 'echoes',
  label,
  description: 'For a test.',
  commands: { Hear: command({ ...about, data: heard, opens: true }) },
  events: { EchoHeard: event({ ...about, data: heard }) },
  refusals: {},
});
const probe = aggregate(
  probeContract,
  0,
)({
  decide: { Add: (_, data) => [{ type: 'ProbeAdded', data }] },
  evolve: { ProbeAdded: (sum, { n }) => sum + n },
});
const echo = aggregate(
  echoContract,
  0,
)({
  decide: { Hear: (_, data) => [{ type: 'EchoHeard', data }] },
  evolve: { EchoHeard: (times) => times + 1 },
});

export const POISON = { throws: 13, constraint: 17, hangs: 99, passes: 3 } as const;
/** What a later release will have stored. */
export const LATER = { type: 'ProbePainted', schema: 2 } as const;

let isBroken = true;
const failures = new Map<string, number>();
export const THROWS_BEFORE_IT_WORKS = 3;

/** As code is that does not expect what it gets. */
function fragile(reader: string, { n }: { readonly n: number }, id: string): void {
  if (isBroken && n === POISON.throws) throw new RangeError('thirteen is nothing that this can count');
  if (n !== POISON.passes) return;
  const before = failures.get(`${reader} ${id}`) ?? 0;
  failures.set(`${reader} ${id}`, before + 1);
  if (before < THROWS_BEFORE_IT_WORKS) throw new RangeError('not yet');
}

/** The next release: it knows the type that was unknown, reads the version that was too new, and throws at nothing. */
export function mend(): void {
  isBroken = false;
  const { ProbeAdded } = probeContract.events;
  const later = {
    ProbeAdded: { ...ProbeAdded, version: LATER.schema, upcasts: { 1: (data: object) => data } },
    [LATER.type]: { ...ProbeAdded },
  };
  Object.assign(probeContract.events, later);
}

const probeTable = table(
  'probe',
  { tenant_id: 'text', id: 'text', revision: 'int', last: 'int', path: 'json' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id' },
);
const seen = (
  row: { readonly path: unknown } | undefined,
  it: { readonly id: string; readonly tenantId: string; readonly revision: number; readonly data: z.output<typeof added> },
) => {
  fragile('probes', it.data, it.id);
  const path = [...((row?.path ?? []) as number[]), it.data.n];
  return { tenant_id: it.tenantId, id: it.id, revision: it.revision, last: it.data.n, path };
};
const onProbe = { ProbeAdded: seen, [LATER.type]: seen };
export const probes = projection({ name: 'probes', from: [probeContract], table: probeTable })(onProbe);

const colourTable = table('colour', { colour: 'text', sum: 'int', path: 'json' }, { primaryKey: ['colour'], groupBy: 'colour' });
const counted = (
  row: { readonly sum: number; readonly path: unknown } | undefined,
  it: { readonly id: string; readonly data: z.output<typeof added> },
) => {
  fragile('colours', it.data, it.id);
  return { colour: it.data.colour, sum: (row?.sum ?? 0) + it.data.n, path: [...((row?.path ?? []) as number[]), it.data.n] };
};
const onColour = { ProbeAdded: counted, [LATER.type]: counted };
export const colours = projection({ name: 'colours', from: [probeContract], table: colourTable, key: (it) => it.data.colour })(
  onColour,
);

const hears = ({
  id,
  eventId,
  data,
}: {
  readonly id: string;
  readonly eventId: string;
  readonly data: z.output<typeof added>;
}) => {
  fragile('echoes', data, id);
  return { to: echo, type: 'Hear', id: eventId, data: { of: id, n: data.n } };
};
const onHeard = { ProbeAdded: hears, [LATER.type]: hears };

export const probesService: Service = {
  name: 'probes',
  description: 'For a test.',
  aggregates: [probe, echo],
  projections: [probes, colours],
  reactions: [reaction({ name: 'echo-hears-each-probe', from: [probeContract] })(onHeard)],
  controllers: [],
};
