// Rows in memory, as a database keeps them: JSON, its fields in an order of their own, and a checkpoint that is compared and set.
import type { Checkpoint, ReadModel, Side } from '../../src/run/read-model';
import type { Projection, Row } from '../../src/run/projection';

interface Tables {
  readonly rows: Map<string, Row>;
  checkpoint: Checkpoint | undefined;
}

export interface MemoryReadModel extends ReadModel {
  rows(side?: Side): readonly Row[];
  readonly sides: Partial<Record<Side, Tables>>;
  /** Called before each commit, which it may make fail. */
  beforeCommit: (side: Side) => Promise<void> | void;
  commits: number;
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
    rows: (side = 'live') => [...tables(side).rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => stored(row)),

    async prepare() {
      sides.live ??= { rows: new Map(), checkpoint: undefined };
    },
    isCurrent: async () => current,
    checkpoint: async (_, side) => sides[side]?.checkpoint,

    async load({ table }, side, groups) {
      const found = new Map<string, Row[]>();
      for (const row of [...tables(side).rows.values()].reverse()) {
        const group = String(row[table.groupBy]);
        if (groups.includes(group)) found.set(group, [...(found.get(group) ?? []), stored(row)]);
      }
      return found;
    },

    async commit(projection, side, from, { upsert, remove, to }) {
      await this.beforeCommit(side);
      const it = tables(side);
      const at = it.checkpoint;
      if (at?.position !== from?.position || at?.epoch !== from?.epoch || at?.generation !== from?.generation) return false;
      for (const row of remove) it.rows.delete(keyOf(projection, row));
      for (const row of upsert) it.rows.set(keyOf(projection, row), stored(row));
      it.checkpoint = { ...to, generation: from?.generation ?? '' };
      this.commits++;
      return true;
    },

    async beginBeside() {
      sides.beside = { rows: new Map(), checkpoint: undefined };
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

/** What jsonb makes of a value. */
const stored = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, it: unknown) =>
    typeof it === 'object' && it !== null && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)))
      : it,
  ) as T;
