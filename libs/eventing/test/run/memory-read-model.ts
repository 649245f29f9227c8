// Rows in memory, as a database keeps them: JSON, its fields in an order of their own, and a checkpoint that is compared and set.
import type { Checkpoint, ReadModel, RowsRefused, Side } from '../../src/run/read-model';
import type { Held, HoldingBack } from '../../src/run/parking';
import type { Projection, Row } from '../../src/run/projection';

interface Tables {
  readonly rows: Map<string, Row>;
  checkpoint: Checkpoint | undefined;
  readonly held: Map<string, Held>;
}

export interface MemoryReadModel extends ReadModel {
  rows(side?: Side): readonly Row[];
  readonly sides: Partial<Record<Side, Tables>>;
  /** Called before each commit, which it may make fail. */
  beforeCommit: (side: Side) => Promise<void> | void;
  commits: number;
  readonly skipped: string[];
  /** Called with the rows of a write, which it may refuse. */
  beforeWrite: (rows: readonly Row[]) => Promise<void> | void;
}

/** Of one projection. */
export function memoryReadModel({ current = true } = {}): MemoryReadModel {
  const sides: Partial<Record<Side, Tables>> = {};
  let generation = 0;
  const tables = (side: Side): Tables => {
    const found = sides[side];
    if (!found) throw new Error(`there is no table ${side}`);
    return found;
  };
  const keyOf = ({ table }: Projection, row: Row) => JSON.stringify(table.primaryKey.map((name) => row[name]));

  return {
    sides,
    commits: 0,
    beforeCommit: () => undefined,
    beforeWrite: () => undefined,
    skipped: [],
    rows: (side = 'live') => [...tables(side).rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => stored(row)),

    async prepare() {
      sides.live ??= { rows: new Map(), checkpoint: undefined, held: new Map() };
    },
    isCurrent: async () => current,
    checkpoint: async (_, side) => sides[side]?.checkpoint,

    async load({ table: { groupBy, closedBy } }, side, groups, since) {
      const found = new Map<string, Row[]>();
      for (const row of [...tables(side).rows.values()].reverse()) {
        const group = String(row[groupBy]);
        if (closedBy !== undefined && (row[closedBy] as string) < since) continue;
        if (groups.includes(group)) found.set(group, [...(found.get(group) ?? []), stored(row)]);
      }
      return found;
    },

    async commit(projection, side, from, { upsert, remove, to, holding }) {
      await this.beforeCommit(side);
      const it = tables(side);
      const at = it.checkpoint;
      if (at?.position !== from?.position || at?.epoch !== from?.epoch || at?.generation !== from?.generation) return false;
      await this.beforeWrite(upsert);
      if (holding && !holdBack(it, holding)) return false;
      for (const row of remove) it.rows.delete(keyOf(projection, row));
      for (const row of upsert) it.rows.set(keyOf(projection, row), stored(row));
      it.checkpoint = { ...to, generation: from?.generation ?? '' };
      this.commits++;
      return true;
    },

    async refused(_, _side, groups) {
      const found = new Map<string, RowsRefused>();
      for (const [group, { upsert }] of groups) {
        try {
          await this.beforeWrite(upsert);
        } catch (error) {
          found.set(group, error as RowsRefused);
        }
      }
      return found;
    },

    async held(_, side, key) {
      const all = [...(sides[side]?.held.values() ?? [])];
      return { held: key === undefined ? all : all.filter((it) => it.key === key), skipped: this.skipped };
    },

    async tried(_, it, error, parked) {
      const found = tables('live').held.get(it.key);
      if (found) tables('live').held.set(it.key, { ...found, tries: found.tries + 1, error, parked, wanted: false });
    },

    async settle(projection, of, held, { upsert, remove, left }) {
      const it = tables('live');
      await this.beforeWrite(upsert);
      const found = it.held.get(held.key);
      if (found?.waiting !== held.waiting || found.event.eventId !== held.event.eventId) return false;
      if (it.checkpoint?.generation !== of) return false;
      for (const row of remove) it.rows.delete(keyOf(projection, row));
      for (const row of upsert) it.rows.set(keyOf(projection, row), stored(row));
      if (left) it.held.set(held.key, left);
      else it.held.delete(held.key);
      return true;
    },

    async beginBeside() {
      sides.beside = { rows: new Map(), checkpoint: undefined, held: new Map() };
    },

    async replace(_, { evenIfBehind }) {
      const { live, beside } = sides;
      if (!beside?.checkpoint) return false;
      if (!evenIfBehind && live?.checkpoint && live.checkpoint.position > beside.checkpoint.position) return false;
      beside.checkpoint = { ...beside.checkpoint, generation: String(++generation) };
      sides.live = beside;
      delete sides.beside;
      current = true;
      return true;
    },
  };
}

function holdBack({ held }: Tables, { opened, behind }: HoldingBack): boolean {
  if ([...behind.keys()].some((key) => !held.has(key))) return false;
  for (const [key, more] of behind) held.set(key, { ...held.get(key)!, waiting: held.get(key)!.waiting + more });
  for (const it of opened) held.set(it.key, it);
  return true;
}

/** What jsonb makes of a value. */
const stored = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, it: unknown) =>
    typeof it === 'object' && it !== null && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)))
      : it,
  ) as T;
